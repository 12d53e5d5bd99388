"""Do the modules of adjoint.fast do what PyTorch's do, with weights of their own and `output_size`?"""

from __future__ import annotations

import inspect
from random import Random
from typing import Any

import numpy as np
import pytest

from adjoint.fast import torch_functional, torch_modules
from tests.gathering import Convolution

MODULES: dict[int, Any] = {n: getattr(torch_modules, f"ConvTranspose{n}d") for n in (1, 2, 3)}
FUNCTIONS: dict[int, Any] = {n: getattr(torch_functional, f"conv_transpose{n}d") for n in (1, 2, 3)}
each_rank = pytest.mark.parametrize("n", MODULES)


def sizes(random: Random, n: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(random.randint(low, high) for _ in range(n))


@each_rank
def test_module_transposes_the_convolution_that_gathers(n: int) -> None:
    """The output is longer by what is asked for, in either way to ask."""
    random, numbers = Random(n), np.random.default_rng(n)
    for _ in range(200):
        groups = random.choice((1, 2, 3))
        inner, outer = groups * random.randint(1, 2), groups * random.randint(1, 2)
        length, kernel = sizes(random, n, 1, 5 - n), sizes(random, n, 1, 5 - n)
        stride, dilation, padding = (sizes(random, n, *range_) for range_ in ((1, 3), (1, 3), (0, 2)))
        extras = tuple(random.randrange(step) for step in stride)
        axes = zip(length, kernel, stride, dilation, padding, extras, strict=True)
        output = tuple((i - 1) * s + (k - 1) * d + 1 - 2 * p + e for i, k, s, d, p, e in axes)
        if min(output) < 1:
            continue
        x = numbers.integers(-9, 10, (2, inner, *length)).astype("float32")
        module = MODULES[n](inner, outer, kernel, stride, padding, groups=groups, dilation=dilation)
        weight = numbers.integers(-9, 10, module.weight.shape).astype("float32")
        bias = numbers.integers(-9, 10, outer).astype("float32")
        module.set_weights([weight, bias])
        convolution = Convolution(length, kernel, output, stride, dilation, padding, groups)
        wanted = convolution.transposed(x.astype(np.int64), weight.astype(np.int64))
        wanted += bias.astype(np.int64).reshape(-1, *[1] * n)
        assert np.array_equal(module(x, list(output)), wanted)
        assert np.array_equal(module(x, output_size=(2, outer, *output)), wanted)
        assert np.array_equal(module(x[0], (outer, *output)), wanted[0])
        padded = MODULES[n](inner, outer, kernel, stride, padding, extras, groups=groups, dilation=dilation)
        padded.weight, padded.bias = weight, bias
        assert np.array_equal(padded(x), wanted)


@each_rank
@pytest.mark.parametrize(("groups", "limit"), [(1, 1 / 12), (3, 1 / 4)])
def test_weight_and_bias_are_drawn_within_the_root_of_k(n: int, groups: int, limit: float) -> None:
    """Worked by hand: groups over 6 channels and 2 elements of the window."""
    most = {"weight": 0.0, "bias": 0.0}
    for _ in range(40):
        module = MODULES[n](9, 6, (2, 1, 1)[:n], groups=groups)
        assert list(map(id, module.parameters())) == [id(module.weight), id(module.bias)]
        for name in most:
            drawn = getattr(module, name)
            assert len(np.unique(drawn)) > drawn.size - 3
            most[name] = max(most[name], abs(drawn).max() ** 2)
    assert 0.8 * limit < min(most.values()) <= max(most.values()) <= limit
    assert len(MODULES[n](9, 6, 2, bias=False).parameters()) == 1


def test_module_gives_what_pytorch_gave() -> None:
    """The numbers are those of PyTorch 2.13."""
    module = torch_modules.ConvTranspose1d(1, 2, 3, stride=2, padding=1)
    module.weight = np.array([[[1, 2, 3], [4, 5, 6]]], "float32")
    module.bias = np.array([1000, 2000], "float32")
    x = np.array([[1, 10, 100]], "float32")
    wanted = [[1002, 1013, 1020, 1130, 1200, 1300], [2005, 2046, 2050, 2460, 2500, 2600]]
    assert module(x, output_size=[6]).tolist() == wanted
    assert module(x).tolist() == [row[:5] for row in wanted]
    assert module(x[np.newaxis], output_size=(1, 2, 5)).tolist() == [[row[:5] for row in wanted]]


@pytest.mark.parametrize(
    ("n", "arguments", "shapes"),
    [
        (1, {"kernel_size": 3, "stride": 2}, ((20, 16, 50), (20, 33, 101))),
        (
            2,
            {"kernel_size": (3, 5), "stride": (2, 1), "padding": (4, 2)},
            ((2, 16, 50, 100), (2, 33, 93, 100)),
        ),
        (
            3,
            {"kernel_size": (3, 5, 2), "stride": (2, 1, 1), "padding": (0, 4, 2)},
            ((1, 16, 10, 50, 100), (1, 33, 21, 46, 97)),
        ),
    ],
)
def test_examples_of_the_pages(
    n: int, arguments: dict[str, Any], shapes: tuple[tuple[int, ...], ...]
) -> None:
    assert MODULES[n](16, 33, **arguments)(np.zeros(shapes[0], "float32")).shape == shapes[1]


@each_rank
def test_parameters_stand_in_the_order_of_the_page(n: int) -> None:
    names = "in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation"
    assert ", ".join(inspect.signature(MODULES[n]).parameters) == f"{names}, padding_mode, device, dtype"


@each_rank
@pytest.mark.parametrize("dtype", [None, "float16", "bfloat16", np.float64])
def test_weights_have_their_shapes_and_dtype(n: int, dtype: Any) -> None:
    module = MODULES[n](4, 6, 3, groups=2, dtype=dtype)
    assert (module.weight.shape, module.bias.shape) == ((4, 3, *[3] * n), (6,))
    assert module.weight.dtype == module.bias.dtype == np.dtype(dtype or "float32")
    assert MODULES[n](4, 6, 3, bias=False).bias is None


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"in_channels": 0}, ValueError, "in_channels=0: give at least 1"),
    ({"out_channels": 2.0}, TypeError, "out_channels=2.0: give an integer"),
    ({"kernel_size": 0}, ValueError, "kernel_size=0: give at least 1"),
    ({"kernel_size": (2,) * 4}, ValueError, "has length 4: give length"),
    ({"stride": 0}, ValueError, "stride=0: give at least 1"),
    ({"padding": -1}, ValueError, "padding=-1: give at least 0"),
    ({"padding": "same"}, TypeError, "padding='same': give an integer"),
    ({"output_padding": -1}, ValueError, "output_padding=-1: give at least 0"),
    ({"dilation": 1.5}, TypeError, "dilation=1.5: give an integer"),
    ({"groups": 0}, ValueError, "groups=0: give at least 1"),
    ({"groups": 3}, ValueError, "groups=3: give a divisor of in_channels, which is 4"),
    ({"groups": 4}, ValueError, "groups=4: give a divisor of out_channels, which is 6"),
    ({"padding_mode": "reflect"}, ValueError, "padding_mode='reflect': give 'zeros'"),
    ({"device": "cuda"}, NotImplementedError, "device='cuda' is not implemented"),
    ({"dtype": "complex64"}, NotImplementedError, "dtype='complex64' is not implemented"),
    ({"filters": 2}, TypeError, "filters"),
]


@each_rank
@pytest.mark.parametrize(("arguments", "error", "said"), REFUSED, ids=[str(row[0]) for row in REFUSED])
def test_module_refuses_its_arguments(
    n: int, arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        MODULES[n](**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **arguments})
    assert said in str(caught.value)


@each_rank
def test_module_refuses_inputs_and_weights_that_do_not_fit(n: int) -> None:
    module = MODULES[n](4, 6, 3)
    x = np.zeros((1, 4, *[2] * n), "float32")
    with pytest.raises(ValueError, match="give 4 channels, in_channels of the module, on axis 1"):
        module(x[:, :3])
    with pytest.raises(ValueError, match="on axis 0"):
        module(x[0, :3])
    for wrong in (x[0, 0], x[np.newaxis]):
        with pytest.raises(ValueError, match=f"give an array with {n + 1} or {n + 2} axes"):
            module(wrong)
    with pytest.raises(TypeError, match="weight has dtype float32: give float64, as input has"):
        module(x.astype("float64"))
    with pytest.raises(ValueError, match=r"weight and bias have shapes .* with a bias"):
        module.set_weights([module.weight])
    module.bias = None
    with pytest.raises(ValueError, match="with a bias"):
        module(x)
    module.bias = np.zeros(6, "float32")
    module.weight = np.zeros((4, 6, *[2] * n), "float32")
    with pytest.raises(ValueError, match="weight and bias have shapes"):
        module(x)
    with pytest.raises(ValueError, match="without a bias"):
        MODULES[n](4, 6, 3, bias=False).set_weights([np.zeros((4, 6, *[3] * n)), np.zeros(6)])
    with pytest.raises(ValueError, match=r"output_padding=\(1,.* give less than"):
        MODULES[n](4, 6, 3, output_padding=1)(x)


@each_rank
def test_output_size_has_a_least_and_a_most(n: int) -> None:
    module = MODULES[n](1, 1, 3, stride=3, padding=1, output_padding=0)
    x = np.ones((1, 1, *[4] * n), "float32")
    for size in range(8, 15):
        if 10 <= size <= 12:
            assert module(x, [size] * n).shape == (1, 1, *[size] * n)
            continue
        with pytest.raises(ValueError, match=rf"output_size=\({size}.* give \[10.* to \[12"):
            module(x, [size] * n)
    with pytest.raises(ValueError, match=f"give length {n} or {n + 2}"):
        module(x, [10] * (n + 1))
    with pytest.raises(ValueError, match=f"give length {n} or {n + 1}"):
        module(x[0], [10] * (n + 2))
    with pytest.raises(TypeError, match="give an integer"):
        module(x, [10.0] * n)


@each_rank
def test_output_size_counts_in_place_of_output_padding(n: int) -> None:
    module = MODULES[n](1, 1, 2, stride=3, output_padding=2)
    x = np.ones((1, 1, *[2] * n), "float32")
    assert module(x).shape[2:] == (7,) * n
    assert module(x, (5,) * n).shape[2:] == (5,) * n


@each_rank
def test_module_without_bias_is_the_function(n: int) -> None:
    numbers = np.random.default_rng(n)
    module = MODULES[n](2, 3, 2, bias=False, dtype="float64")
    module.set_weights([numbers.normal(size=module.weight.shape)])
    x = numbers.normal(size=(2, *[3] * n))
    assert np.array_equal(module(x), FUNCTIONS[n](x, module.weight))
