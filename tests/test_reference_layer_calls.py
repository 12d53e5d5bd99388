"""Do whole calls of the layers of Keras and TensorFlow come to what they must?  All axes and channels."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis, translation
from tests.gathering import Convolution
from tests.reference_calls import (
    MODULES,
    RANKS,
    cut,
    each_axis,
    each_layer,
    knows,
    legal,
    line,
    of_layer,
    on_axis,
    tensor,
)


def windows(size: int, kernel: int, stride: int, dilation: int, padding: str, output: int) -> int:
    """Return how many zeros the convolution of `output` elements puts at the start; -1 if not to `size`."""
    reach = (kernel - 1) * dilation + 1
    if padding == "valid":
        return 0 if len(range(0, output - reach + 1, stride)) == size else -1
    if len(range(0, output, stride)) != size:
        return -1
    return max((size - 1) * stride + reach - output, 0) // 2


STEPS: list[dict[str, Any]] = [{"strides": (2, 3, 1)}, {"strides": (1, 2, 3), "output_padding": (0, 1, 2)}]
STEPS += [{"dilation_rate": (2, 1, 3)}, {"strides": 2}, {}]


@each_layer
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_all_axes_channels_and_samples_together_are_the_convolutions_transpose(
    api: str, padding: str
) -> None:
    """Against `gathering`, whose convolution says what is put at the start."""
    rank, random = RANKS[api], np.random.default_rng(5)
    for steps, first in product(STEPS, (False, True)):
        if not knows(api, steps):
            continue
        given = {
            name: cut(rank, *value) if isinstance(value, tuple) else value for name, value in steps.items()
        }
        x = random.integers(-9, 10, (2, 3, *(3, 2, 4)[:rank]))
        w, bias = random.integers(-9, 10, (3, 2, *(3, 4, 2)[:rank])), np.array([100, -200])
        data_format = "channels_first" if first else "channels_last"
        answer = of_layer(
            api,
            x if first else np.moveaxis(x, 1, -1),
            np.moveaxis(w, (0, 1), (-1, -2)),
            bias,
            padding=padding,
            data_format=data_format,
            **given,
        )
        values = answer.values.to_array().astype(np.int64)
        values = values if first else np.moveaxis(values, -1, 1)
        stride, dilation = (
            (given.get(name, 1),) * rank if isinstance(given.get(name, 1), int) else given[name]
            for name in ("strides", "dilation_rate")
        )
        sizes = zip(x.shape[2:], w.shape[2:], stride, dilation, values.shape[2:], strict=True)
        start = tuple(windows(n, k, s, d, padding, o) for n, k, s, d, o in sizes)
        assert min(start) >= 0, (steps, values.shape)
        forward = Convolution(x.shape[2:], w.shape[2:], values.shape[2:], stride, dilation, start)
        demanded = forward.transposed(x, w) + bias.reshape(-1, *[1] * rank)
        assert np.array_equal(values, demanded), (steps, first)


@pytest.mark.parametrize("api", apis.APIS)
def test_gradients_lie_as_the_tensors_that_they_are_of_and_are_adjoint_to_the_output(api: str) -> None:
    """The sum of g * y is that of each gradient times its tensor, y without its bias being linear in both."""
    random = np.random.default_rng(8)
    call = legal(api)
    drawn = {name: random.integers(-9, 10, held.shape) for name, held in call.tensors.items()}
    drawn = {name: values for name, values in drawn.items() if name != "bias"}
    given = {name: tensor(values) for name, values in drawn.items()}
    bare = {"bias": False} if api in MODULES else {"use_bias": False} if api in RANKS else {}
    translated = apis.translate(api, given, {**call.arguments, **bare})
    y = translation.output(translated).values.to_array().astype(np.int64)
    g = random.integers(-9, 10, y.shape)
    found = translation.gradients(translated, tensor(g))
    x, kernel = drawn.values()
    for of, values in (("input", x), ("kernel", kernel)):
        gradient = found[of].values.to_array().astype(np.int64)
        assert gradient.shape == values.shape
        assert np.vdot(gradient, values) == np.vdot(g, y) != 0


@each_layer
def test_no_two_axes_are_taken_for_each_other(api: str) -> None:
    rank = RANKS[api]
    for axis in range(rank):
        x, kernel = np.ones((1, *(4, 5, 6)[:rank], 1)), np.ones((*(1, 2, 3)[:rank], 1, 1))
        found = of_layer(api, x, kernel, strides=on_axis(rank, axis, 3, 1)).values.shape[1:-1]
        stretched = {0: (12, 6, 8), 1: (4, 15, 8), 2: (4, 6, 18)}
        assert found == stretched[axis][:rank]


EXAMPLES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "keras.layers.Conv1DTranspose": ((4, 10), (4, 21)),
    "keras.layers.Conv2DTranspose": ((4, 10, 8), (4, 20, 16)),
    "keras.layers.Conv3DTranspose": ((4, 10, 8, 12), (4, 20, 16, 24)),
}


@pytest.mark.parametrize("api", EXAMPLES)
def test_the_pages_example_has_the_pages_shape(api: str) -> None:
    """One channel of the 128: they change no shape."""
    given, made = EXAMPLES[api]
    kernel = 3 if RANKS[api] == 1 else 2
    ends = {"kernel_size": kernel, "strides": 2, "activation": "relu"}
    answer = of_layer(
        api, np.ones((*given, 1)), np.ones((*[kernel] * RANKS[api], 32, 1)), np.ones(32), **ends
    )
    assert answer.values.shape == (*made, 32)
    assert not answer.readings


# What the makers' own tests, which the clauses name, expect of a size: (size, kernel, stride), size.
MADE: list[tuple[tuple[int, int, int], dict[str, Any], int]] = [
    ((14, 7, 16), {}, 224),
    ((8, 2, 2), {}, 16),
    ((8, 3, 2), {}, 17),
    ((4, 2, 2), {"padding": "same"}, 8),
    ((6, 3, 2), {"padding": "same"}, 12),
    ((8, 2, 3), {"padding": "same", "output_padding": 2}, 23),
    ((7, 3, 1), {}, 9),
]


@each_axis
def test_sizes_are_those_of_the_makers_tests(api: str, axis: int) -> None:
    for (size, kernel, stride), arguments, length in MADE:
        if knows(api, arguments):
            found = line(api, axis, [1] * size, [1] * kernel, strides=stride, **arguments)
            assert {len(values) for values in found.values()} == {length}


@each_layer
def test_an_empty_batch_gives_an_empty_output(api: str) -> None:
    rank = RANKS[api]
    answer = of_layer(api, np.ones((0, *(2, 3, 4)[:rank], 1)), np.ones((*[2] * rank, 4, 1)))
    assert (answer.values.shape, answer.values.integers) == ((0, *(3, 4, 5)[:rank], 4), ())
