"""Do NaN and the infinities reach the outputs that they must?  Held to IEEE arithmetic that gathers.

A separate gather adds the terms in float64, whose own rules decide what is NaN and what is infinite.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adjoint.reference import apis
from adjoint.reference.answer import Unspecified
from adjoint.reference.bound import Claim, Interval, accepted_output
from adjoint.reference.exact import Tensor
from adjoint.reference.special import accepted_special

Array = NDArray[Any]
DIRECT = Claim("float32")
VALUES = np.array([nan, inf, -inf, 0, 0, 1, 2, 3, -1, -2, -3, 0.5, 1.5, -0.5, 4, -4, 5, -5])
TORCH = "torch.nn.functional.conv_transpose{}d"


@np.errstate(invalid="ignore")
def gathered(
    x: Array,
    w: Array,
    bias: Array,
    output: tuple[int, ...],
    stride: Any,
    dilation: Any,
    crop: Any,
    groups: int,
) -> Array:
    """Return each output, as a loop over the inputs that meet it; in channels-first order."""
    share, members = w.shape[1], w.shape[0] // groups
    y = np.zeros((len(x), share * groups, *output))
    for n, f, *o in np.ndindex(*y.shape):
        total = np.float64(bias[f])
        first = f // share * members
        for c, *k in np.ndindex(members, *w.shape[2:]):
            at = [a + e - b * d for a, e, b, d in zip(o, crop, k, dilation, strict=True)]
            i = [a // s for a, s in zip(at, stride, strict=True)]
            meets = all(
                a % s == 0 and 0 <= a // s < size for a, s, size in zip(at, stride, x.shape[2:], strict=True)
            )
            if meets:
                total += np.float64(x[n, first + c, *i]) * np.float64(w[first + c, f % share, *k])
        y[n, f, *o] = total
    return y


def holds(interval: Interval, demanded: Array) -> bool:
    """Compare what is special, NaN with NaN; what is finite must lie within."""
    low, high, exact = (
        np.array(end).reshape(demanded.shape) for end in (interval.low, interval.high, interval.exact)
    )
    special = ~np.isfinite(demanded)
    ends = [np.array_equal(end[special], demanded[special], equal_nan=True) for end in (low, high, exact)]
    return all(ends) and bool(((low <= demanded) & (demanded <= high))[~special].all())


def drawn(random: np.random.Generator, shape: tuple[int, ...], special: bool) -> Array:
    """Draw an array; with `special`, one in about six is NaN or infinite, or of few elements one at least."""
    numbers = random.choice(VALUES[3:], shape)
    places = random.random(shape) < 0.1
    if special:
        places.flat[random.integers(places.size)] = True
        numbers[places] = random.choice(VALUES[:3], int(places.sum()))
    return numbers.astype(np.float32)


WHERE = [spot for spot in product((False, True), repeat=3) if any(spot)]
LINES = list(product((1, 4), (1, 2, 3), (1, 3), (1, 2), (0, 1), (1, 2)))
PLANES = [
    ((i, 5 - i), (k, 3), (s, 1), (1, d), (p, 0), g)
    for i, k, s, d, p, g in product((1, 3), (1, 2), (1, 2), (1, 2), (0, 1), (1, 2))
]
SPACES = [((2, 1, 3), (2, 2, 1), (2, 1, 3), (1, 2, 1), (1, 0, 0), g) for g in (1, 2)]


def geometries() -> Iterator[tuple[tuple[int, ...], ...]]:
    for i, k, s, d, p, g in LINES:
        yield (i,), (k,), (s,), (d,), (p,), (g,)
    for *axes, g in (*PLANES, *SPACES):
        yield (*axes, (g,))


@pytest.mark.parametrize("special", WHERE, ids=str)
def test_special_numbers_reach_what_a_gather_says(special: tuple[bool, bool, bool]) -> None:
    random, seen = np.random.default_rng(2), 0
    for input, kernel, stride, dilation, padding, (groups,) in geometries():
        axes = zip(input, kernel, stride, dilation, padding, strict=True)
        output = tuple((i - 1) * s + (k - 1) * d + 1 - 2 * p for i, k, s, d, p in axes)
        if min(output) < 1:
            continue
        shapes = (2, 2 * groups, *input), (2 * groups, 2, *kernel), (2 * groups,)
        x, w, bias = (drawn(random, shape, bad) for shape, bad in zip(shapes, special, strict=True))
        demanded = gathered(x, w, bias, output, stride, dilation, padding, groups)
        arguments = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
        arrays = {"input": x, "weight": w, "bias": bias}
        found = accepted_special(TORCH.format(len(input)), arrays, arguments, DIRECT)
        assert list(found) == [""]
        assert holds(found[""], demanded), (input, kernel, arguments)
        seen += np.isfinite(demanded).any() and not np.isfinite(demanded).all()
    assert seen > 50


@pytest.mark.parametrize("order", ["NHWC", "NCHW"])
def test_the_apis_layouts_are_kept(order: str) -> None:
    random = np.random.default_rng(4)
    x, w = drawn(random, (2, 2, 3, 4), special=True), drawn(random, (2, 3, 2, 1), special=True)
    demanded = gathered(x, w, np.zeros(3), (6, 4), (2, 1), (1, 1), (0, 0), 1)
    given = np.moveaxis(x, 1, -1) if order == "NHWC" else x
    demanded = np.moveaxis(demanded, 1, -1) if order == "NHWC" else demanded
    arguments = {
        "output_shape": list(demanded.shape),
        "strides": [2, 1],
        "padding": "VALID",
        "data_format": order,
    }
    arrays = {"input": given, "filters": np.moveaxis(w, (0, 1), (-1, -2))}
    found = accepted_special("tf.nn.conv_transpose", arrays, arguments, DIRECT)
    assert holds(found[""], demanded)


LAYER = {"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same"}


def layer(random: np.random.Generator, special: bool) -> dict[str, Array]:
    shapes = {"input": (1, 4, 5, 2), "kernel": (2, 2, 3, 2), "bias": (3,)}
    return {name: drawn(random, shape, special) for name, shape in shapes.items()}


def test_without_special_numbers_the_intervals_are_those_of_the_finite_sums() -> None:
    arrays = layer(np.random.default_rng(4), special=False)
    api = "keras.layers.Conv2DTranspose"
    tensors = {name: Tensor.from_array(array) for name, array in arrays.items()}
    finite = accepted_output(apis.translate(api, tensors, LAYER), DIRECT)
    assert accepted_special(api, arrays, LAYER, DIRECT) == finite


def test_each_reading_has_its_own() -> None:
    api, arrays = "keras.layers.Conv2DTranspose", layer(np.random.default_rng(4), special=True)
    found = accepted_special(api, arrays, {**LAYER, "strides": 1}, DIRECT)
    x, w = np.moveaxis(arrays["input"], -1, 1), np.moveaxis(arrays["kernel"], (-1, -2), (0, 1))
    for interval, crop in zip(found.values(), ((0, 0), (1, 1)), strict=True):
        demanded = gathered(x, w, arrays["bias"], (4, 5), (1, 1), (1, 1), crop, 1)
        assert holds(interval, np.moveaxis(demanded, 1, -1))
        assert not holds(interval, np.moveaxis(demanded, 1, -1)[:, ::-1])


def test_a_finite_element_beside_a_special_one_has_the_interval_of_its_own_terms() -> None:
    arrays = {"input": np.array([[[3, nan, 5]]], np.float32), "weight": np.array([[[7]]], np.float32)}
    (found,) = accepted_special(TORCH.format(1), arrays, {}, DIRECT).values()
    low, high = np.array(found.low), np.array(found.high)
    assert low[0] < 21 < high[0] < 21.001
    assert np.isnan([low[1], high[1]]).all()
    assert low[2] < 35 < high[2] < 35.001


def test_of_an_activation_nothing_is_said_and_of_a_transform_anything() -> None:
    arrays = layer(np.random.default_rng(4), special=True)
    api = "keras.layers.Conv2DTranspose"
    with pytest.raises(Unspecified, match="activation is relu"):
        accepted_special(api, arrays, {**LAYER, "activation": "relu"}, DIRECT)
    for algorithm, anything in (("direct", False), ("transform", True)):
        found = accepted_special(api, arrays, LAYER, Claim("float32", algorithm=algorithm))
        assert [interval.vacuous for interval in found.values()] == [anything]
