"""Do torch's modules come to what their pages say?  Weights, forms, output_size: small examples by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis, torch_modules
from adjoint.reference.answer import Answer, Refused, Unspecified
from tests.reference_calls import FUNCTIONS, MODULES, cut, legal, ones, tensor

ONE, TWO, THREE = MODULES
each_module = pytest.mark.parametrize("api", MODULES)


def call(api: str, x: Any, weight: Any, bias: Any = None, **arguments: Any) -> Answer:
    """Return the answer of a module whose channels and kernel_size follow from its weights."""
    tensors = {"input": tensor(x), "weight": tensor(weight)}
    if bias is not None:
        tensors["bias"] = tensor(bias)
    channels, share, *kernel = np.shape(weight)
    own = {
        "in_channels": channels,
        "out_channels": share * arguments.get("groups", 1),
        "kernel_size": tuple(kernel),
        "bias": bias is not None,
    }
    return apis.answer(api, tensors, {**own, **arguments})


def line(values: list[int], taps: list[int], bias: int | None = None, **arguments: Any) -> list[float]:
    """Return what one sample of one channel becomes on one axis."""
    answer = call(ONE, [[values]], [[taps]], None if bias is None else [bias], **arguments)
    assert not answer.readings
    return list(answer.values.to_array().ravel().tolist())


@pytest.mark.parametrize(
    ("arguments", "demanded"),
    [
        ({}, [1, 12, 123, 230, 300]),
        ({"stride": 2}, [1, 2, 13, 20, 130, 200, 300]),
        ({"padding": 1}, [12, 123, 230]),
        ({"stride": 2, "padding": 1, "output_padding": 1}, [2, 13, 20, 130, 200, 300]),
        ({"stride": 2, "padding": 1, "output_padding": 1, "output_size": None}, [2, 13, 20, 130, 200, 300]),
        ({"dilation": 2}, [1, 10, 102, 20, 203, 30, 300]),
        ({"padding_mode": "zeros", "device": "cpu", "dtype": "float32"}, [1, 12, 123, 230, 300]),
    ],
)
def test_a_module_computes_what_the_function_does(arguments: dict[str, Any], demanded: list[int]) -> None:
    assert line([1, 10, 100], [1, 2, 3], **arguments) == demanded
    assert line([1, 10, 100], [1, 2, 3], bias=5, **arguments) == [value + 5 for value in demanded]


@pytest.mark.parametrize(
    ("arguments", "size", "demanded"),
    [
        ({"stride": 2}, 7, [1, 2, 13, 20, 130, 200, 300]),
        ({"stride": 2}, 8, [1, 2, 13, 20, 130, 200, 300, 0]),
        ({"stride": 2, "padding": 1}, 5, [2, 13, 20, 130, 200]),
        ({"stride": 2, "padding": 1}, 6, [2, 13, 20, 130, 200, 300]),
        ({"stride": 3, "output_padding": 0}, 11, [1, 2, 3, 10, 20, 30, 100, 200, 300, 0, 0]),
        ({"stride": 2, "dilation": 3}, 12, [1, 0, 10, 2, 100, 20, 3, 200, 30, 0, 300, 0]),
        ({"padding": 1}, 3, [12, 123, 230]),
    ],
)
@pytest.mark.parametrize("form", [list, tuple, lambda sizes: [1, 1, *sizes], lambda sizes: (1, 1, *sizes)])
def test_output_size_stands_for_the_output_padding_that_leads_to_it(
    arguments: dict[str, Any], size: int, demanded: list[int], form: Any
) -> None:
    assert line([1, 10, 100], [1, 2, 3], output_size=form([size]), **arguments) == demanded


def test_output_size_may_be_of_a_call_whose_smallest_output_has_no_elements() -> None:
    """One element, kernel 1, stride 3, padding 1: the formula gives -1, and 1 at the most."""
    assert line([7], [5], stride=3, padding=1, output_size=[1]) == [0]
    for size, answer in ((0, Unspecified), (-1, Refused), (2, Refused), (-2, Refused)):
        with pytest.raises(answer):
            line([7], [5], stride=3, padding=1, output_size=[size])
    with pytest.raises(Refused) as refused:
        line([7], [5], stride=3, padding=1)
    assert refused.value.clause == "torch-modules.refuses-negative-size"


@each_module
def test_output_size_has_a_number_for_each_axis_in_their_order(api: str) -> None:
    rank = MODULES[api]
    module = {"stride": 3, "groups": 2}
    least = [7 + 4 - 1, 13 + 2 - 1, 4 + 3 - 1][:rank]  # sizes 3, 5, 2; kernels 4, 2, 3
    for extras in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        sizes = [size + extra for size, extra in zip(least, extras, strict=False)]
        by_padding = legal(api).changed(**module, output_padding=cut(rank, *extras)).answer()
        for form in (sizes, [1, 6, *sizes]):
            assert legal(api).changed(**module, output_size=form).answer() == by_padding
        assert by_padding.values.shape == (1, 6, *sizes)


@each_module
def test_without_a_batch_the_whole_output_size_has_none_either(api: str) -> None:
    rank = MODULES[api]
    sizes = [9, 11, 6][:rank]
    for form in (sizes, (6, *sizes)):
        answer = legal(api).changed(input=ones(4, *(3, 5, 2)[:rank]), output_size=form).answer()
        assert answer.values.shape == answer.magnitude.shape == (6, *sizes)


@each_module
@pytest.mark.parametrize(("name", "value"), [("stride", 0), ("output_padding", -1), ("padding", -1)])
def test_with_an_output_size_too_each_rule_refuses_by_its_clause(api: str, name: str, value: int) -> None:
    with pytest.raises(Refused) as refused:
        legal(api).changed(**{name: value}, output_size=[8, 10, 5][: MODULES[api]]).answer()
    assert refused.value.clause == f"torch-modules.refuses-{name.replace('_', '-')}"


@each_module
def test_no_clause_says_whether_a_module_may_have_no_channels(api: str) -> None:
    with pytest.raises(Unspecified, match="in_channels is 0"):
        torch_modules.construct(api, {**legal(api).arguments, "in_channels": 0})
    with pytest.raises(Refused, match="in_channels is -1"):
        torch_modules.construct(api, {**legal(api).arguments, "in_channels": -1})


@each_module
def test_forms_of_arguments_lead_to_one_geometry(api: str) -> None:
    rank = MODULES[api]
    tensors = {"input": ones(1, 1, *(4, 5, 6)[:rank]), "weight": ones(1, 1, *[2] * rank)}
    own = {"in_channels": 1, "out_channels": 1, "bias": False}
    for form in (2, (2,) * rank, [2] * rank, np.int64(2)):
        held = {"kernel_size": form, "stride": form, "dilation": form, "padding": form}
        made = apis.answer(api, tensors, {**own, **held}).values.shape  # (size - 1) * 2 - 2 * 2 + 2 + 1
        assert made == (1, 1, *(5, 7, 9)[:rank])
    each = {"stride": (1, 2, 3), "padding": (1, 0, 2), "output_padding": (0, 1, 2), "dilation": (2, 3, 1)}
    given = {name: cut(rank, *value) for name, value in each.items()}
    made = apis.answer(api, tensors, {**own, **given, "kernel_size": 2}).values.shape
    assert made == (1, 1, *(4, 13, 15)[:rank])


@each_module
def test_what_is_not_given_is_the_pages_default(api: str) -> None:
    rank = MODULES[api]
    tensors = {
        "input": ones(1, 2, *(4, 5, 6)[:rank]),
        "weight": ones(2, 3, *[2] * rank),
        "bias": tensor([1, 2, 3]),
    }
    answer = apis.answer(api, tensors, {"in_channels": 2, "out_channels": 3, "kernel_size": 2})
    assert answer.values.shape == (1, 3, *(5, 6, 7)[:rank])
    assert answer.values.integers[0] == 3  # two channels, and the first bias


def test_groups_share_channels_and_filters_out() -> None:
    x, weight = [[[1], [10], [100], [1000]]], [[[1], [2]], [[3], [4]], [[5], [6]], [[7], [8]]]
    answer = call(ONE, x, weight, [10000, 20000, 30000, 40000], groups=2)
    assert answer.values.to_array().ravel().tolist() == [10031, 20042, 37500, 48600]
    alone = call(ONE, x, weight, groups=4)
    assert alone.values.to_array().ravel().tolist() == [1, 2, 30, 40, 500, 600, 7000, 8000]


def test_axes_keep_their_order() -> None:
    answer = call(TWO, [[[[1, 10, 100], [2, 20, 200]]]], [[[[1, 3]]]], stride=(2, 1))
    assert answer.values.to_array()[0, 0].tolist() == [[1, 13, 130, 300], [0, 0, 0, 0], [2, 26, 260, 600]]


@each_module
def test_a_module_and_its_function_agree(api: str) -> None:
    (function,) = [name for name, rank in FUNCTIONS.items() if rank == MODULES[api]]
    assert legal(api).answer() == legal(function).answer()


@each_module
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_weights_and_output_have_the_modules_dtype(api: str, dtype: str) -> None:
    rank = MODULES[api]
    shapes = {"input": (1, 2, *[3] * rank), "weight": (2, 3, *[2] * rank), "bias": (3,)}
    tensors = {name: ones(*shape, dtype=dtype) for name, shape in shapes.items()}
    own = {"in_channels": 2, "out_channels": 3, "kernel_size": 2}
    for form in (dtype, f"torch.{dtype}"):
        assert apis.answer(api, tensors, {**own, "dtype": form}).values.dtype == dtype
    if dtype == "float32":
        assert apis.answer(api, tensors, own).values.dtype == dtype


EXAMPLES: list[tuple[str, dict[str, Any], tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    (ONE, {"kernel_size": 3, "stride": 2}, (50,), (101,), {}),
    (TWO, {"kernel_size": (3, 5), "stride": (2, 1), "padding": (4, 2)}, (50, 100), (93, 100), {}),
    (
        THREE,
        {"kernel_size": (3, 5, 2), "stride": (2, 1, 1), "padding": (0, 4, 2)},
        (10, 50, 100),
        (21, 46, 97),
        {},
    ),
    (ONE, {"kernel_size": 3, "stride": 2, "padding": 1}, (6,), (12,), {"output_size": [1, 1, 12]}),
    (TWO, {"kernel_size": 3, "stride": 2, "padding": 1}, (6, 6), (12, 12), {"output_size": (1, 1, 12, 12)}),
]


@pytest.mark.parametrize(("api", "module", "size", "made", "more"), EXAMPLES)
def test_the_pages_examples_have_the_pages_shapes(
    api: str, module: dict[str, Any], size: Any, made: Any, more: dict[str, Any]
) -> None:
    """One sample, one channel and one filter of theirs: they change no other size."""
    rank = MODULES[api]
    kernel = module["kernel_size"] if isinstance(module["kernel_size"], tuple) else (3,) * rank
    own = {"in_channels": 1, "out_channels": 1, "bias": False}
    tensors = {"input": ones(1, 1, *size), "weight": ones(1, 1, *kernel)}
    translated = apis.translate(api, tensors, {**own, **module, **more})
    assert translated.geometries[""].output == made


@pytest.mark.parametrize(
    ("api", "arguments", "shapes", "k"),
    [
        (ONE, {"kernel_size": 5}, {"weight": (4, 6, 5), "bias": (6,)}, Fraction(1, 30)),
        (ONE, {"kernel_size": 5, "groups": 2}, {"weight": (4, 3, 5), "bias": (6,)}, Fraction(1, 15)),
        (TWO, {"kernel_size": (2, 5), "bias": False}, {"weight": (4, 6, 2, 5)}, Fraction(1, 60)),
        (TWO, {"kernel_size": 3, "groups": 2}, {"weight": (4, 3, 3, 3), "bias": (6,)}, Fraction(1, 27)),
        (THREE, {"kernel_size": (2, 3, 5)}, {"weight": (4, 6, 2, 3, 5), "bias": (6,)}, Fraction(1, 180)),
        (THREE, {"kernel_size": 1}, {"weight": (4, 6, 1, 1, 1), "bias": (6,)}, Fraction(1, 6)),
    ],
)
def test_initial_weights_are_drawn_within_the_root_of_k(
    api: str, arguments: dict[str, Any], shapes: dict[str, tuple[int, ...]], k: Fraction
) -> None:
    module = torch_modules.construct(api, {"in_channels": 4, "out_channels": 6, **arguments})
    found = torch_modules.initial_weights(module)
    assert {name: weight.shape for name, weight in found.items()} == shapes
    assert list(found) == list(shapes)
    assert all((weight.value, weight.limit_squared) == (None, k) for weight in found.values())
