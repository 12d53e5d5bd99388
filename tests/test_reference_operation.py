"""Is the reference's operation the transpose of a convolution?  Held to `gathering`, in every small case."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, conv, conv_transpose, magnitude
from tests.gathering import Convolution, Integers


class Axis(NamedTuple):
    """One spatial axis of a geometry."""

    input: int
    kernel: int
    output: int
    stride: int
    dilation: int
    crop: int


class Channels(NamedTuple):
    """How many groups, and how many channels and filters each has."""

    groups: int
    channels: int
    filters: int


def axes(inputs: range, kernels: range, steps: range, crops: range, off: range) -> list[Axis]:
    """Return every axis of these sizes, its output ending `off` elements from the end of the last stamp."""
    found = []
    for i, k, s, d, c in product(inputs, kernels, steps, steps, crops):
        end = (i - 1) * s + (k - 1) * d + 1 - c
        found += [Axis(i, k, end + more, s, d, c) for more in off if end + more >= 1]
    return found


# -12 is below every end: on a line, outputs have every size from 1 to two past the end
LINE = axes(range(1, 4), range(1, 4), range(1, 4), range(3), off=range(-12, 3))
PLANE = axes(range(1, 3), range(1, 3), range(1, 3), range(2), off=range(-1, 2))
VOLUME = [
    *axes(range(2, 3), range(2, 3), range(1, 3), range(1, 2), off=range(-1, 1)),
    Axis(input=3, kernel=1, output=8, stride=3, dilation=1, crop=0),
    Axis(input=1, kernel=3, output=4, stride=2, dilation=2, crop=1),
]
EVERY_SPLIT = [Channels(*sizes) for sizes in product((1, 2), (1, 2), (1, 3))]
UNEQUAL_SPLITS = [Channels(1, 1, 2), Channels(2, 2, 1)]

SPACES: dict[str, list[tuple[tuple[Axis, ...], Channels]]] = {
    "line": list(product(product(LINE), EVERY_SPLIT)),
    "plane": list(product(product(PLANE, repeat=2), UNEQUAL_SPLITS)),
    "volume": list(product(product(VOLUME, repeat=3), UNEQUAL_SPLITS)),
}
COUNTS = {"line": 1458 * 8, "plane": 80**2 * 2, "volume": 10**3 * 2}


class Example(NamedTuple):
    """One point of a space: the operation said twice, and integers to put in."""

    said: str
    geometry: Geometry
    gathering: Convolution
    x: Integers
    y: Integers
    w: Integers
    bias: Integers

    @property
    def groups(self) -> int:
        return self.gathering.groups


def examples(space: str) -> Iterator[Example]:
    """Yield every point; no two numbers of a kernel are alike, and both signs occur."""
    random = np.random.default_rng(20)
    noise = random.integers(-99, 100, 4000)
    numbers = random.permutation(np.r_[-300:0, 1:301])
    for sizes, (groups, channels, filters) in SPACES[space]:
        i, k, o, s, d, c = zip(*sizes, strict=True)
        x_shape, y_shape = (2, groups * channels, *i), (2, groups * filters, *o)
        yield Example(
            f"{sizes}, groups={groups}, channels={channels}, filters={filters}",
            Geometry(i, k, o, s, d, c),
            Convolution(windows=i, kernel=k, length=o, stride=s, dilation=d, start=c, groups=groups),
            np.resize(noise, x_shape),
            np.resize(noise[::-1], y_shape),
            np.resize(numbers, (groups * channels, filters, *k)),
            noise[: groups * filters],
        )


def exact(array: Integers, exponent: int = 0) -> Tensor:
    return Tensor("float64", array.shape, tuple(array.ravel().tolist()), exponent)


def whole(tensor: Tensor) -> Integers:
    assert tensor.exponent == 0
    return np.array(tensor.integers, np.int64).reshape(tensor.shape)


@pytest.mark.parametrize("space", SPACES)
def test_each_space_holds_as_many_points_as_it_did(space: str) -> None:
    points = SPACES[space]
    assert len(points) == len(set(points)) == COUNTS[space]
    assert sum(1 for _ in examples(space)) == COUNTS[space]


@pytest.mark.parametrize("space", SPACES)
def test_conv_transpose_of_unit_impulses_is_the_convolutions_matrix_transposed(space: str) -> None:
    for said, geometry, gathering, x, _, w, _ in examples(space):
        size = x[0].size
        impulses = np.eye(size, dtype=np.int64).reshape(size, *x.shape[1:])
        stamped = whole(conv_transpose(exact(impulses), exact(w), geometry, gathering.groups))
        assert np.array_equal(stamped.reshape(size, -1), gathering.matrix(w)), said


@pytest.mark.parametrize("space", SPACES)
def test_conv_transpose_is_adjoint_to_the_gathering_convolution(space: str) -> None:
    for said, geometry, gathering, x, y, w, _ in examples(space):
        stamped = whole(conv_transpose(exact(x), exact(w), geometry, gathering.groups))
        assert stamped.shape == y.shape, said
        assert np.vdot(gathering(y, w), x) == np.vdot(y, stamped), said


@pytest.mark.parametrize("space", SPACES)
def test_conv_is_the_gathering_convolution(space: str) -> None:
    for said, geometry, gathering, _, y, w, _ in examples(space):
        gathered = whole(conv(exact(y), exact(w), geometry, gathering.groups))
        assert np.array_equal(gathered, gathering(y, w)), said


@pytest.mark.parametrize("space", SPACES)
def test_bias_is_added_once_to_each_element_of_its_filter(space: str) -> None:
    for said, geometry, gathering, x, y, w, bias in examples(space):
        alone = whole(conv_transpose(exact(x), exact(w), geometry, gathering.groups))
        biased = whole(conv_transpose(exact(x), exact(w), geometry, gathering.groups, exact(bias)))
        added = np.moveaxis(np.broadcast_to(bias, (2, *y.shape[2:], len(bias))), -1, 1)
        assert np.array_equal(biased, alone + added), said


@pytest.mark.parametrize("space", SPACES)
def test_magnitude_is_the_sum_of_the_absolute_values_of_every_term(space: str) -> None:
    for said, geometry, gathering, x, y, w, bias in examples(space):
        sums = whole(magnitude(exact(x), exact(w), geometry, gathering.groups, exact(bias)))
        terms = np.abs(x.reshape(len(x), -1, 1) * gathering.matrix(w))
        added = np.repeat(np.abs(bias), y[0, 0].size)
        assert np.array_equal(sums.reshape(len(x), -1), terms.sum(axis=1) + added), said


def test_the_two_formulations_agree_on_an_example_worked_by_hand() -> None:
    gathering = Convolution(windows=(3,), kernel=(2,), length=(6,), stride=(2,), dilation=(3,), start=(1,))
    x, w = np.array([[[1, 10, 100]]]), np.array([[[2, 3]]])
    # 2 at 0, 2, 4 and 3 at 3, 5, 7, one less each: 20 at 1, 3 at 2, 200 at 3, 30 at 4; 2 and 300 are cut off
    by_hand = [[[0, 20, 3, 200, 30, 0]]]
    assert gathering.transposed(x, w).tolist() == by_hand
    geometry = Geometry((3,), (2,), (6,), (2,), (3,), (1,))
    assert whole(conv_transpose(exact(x), exact(w), geometry)).tolist() == by_hand


@pytest.mark.parametrize("bias_exponent", [-9, -5, -4, -3, 0, 7])
def test_powers_of_two_of_all_three_tensors_are_brought_to_one(bias_exponent: int) -> None:
    geometry = Geometry((2,), (2,), (3,), (1,), (1,), (0,))
    x, w = exact(np.array([[[3, -5]]]), -6), exact(np.array([[[7, 11]]]), 2)
    bias = exact(np.array([13]), bias_exponent)
    start = Fraction(13) * Fraction(2) ** bias_exponent
    demanded = [Fraction(term, 16) + start for term in (21, -2, -55)]
    result = conv_transpose(x, w, geometry, bias=bias)
    assert [integer * Fraction(2) ** result.exponent for integer in result.integers] == demanded


def test_conv_keeps_the_product_of_both_powers_of_two() -> None:
    geometry = Geometry((1,), (2,), (2,), (1,), (1,), (0,))
    result = conv(exact(np.array([[[3, -5]]]), -6), exact(np.array([[[7, 11]]]), 2), geometry)
    assert (result.integers, result.exponent) == ((-34,), -4)


def test_an_empty_batch_gives_an_empty_output() -> None:
    geometry = Geometry((2,), (2,), (3,), (1,), (1,), (0,))
    result = conv_transpose(Tensor("float32", (0, 1, 2), ()), exact(np.ones((1, 4, 2), np.int64)), geometry)
    assert (result.shape, result.integers) == ((0, 4, 3), ())


def test_an_axis_without_elements_stamps_nothing() -> None:
    geometry = Geometry((0,), (2,), (3,), (1,), (1,), (0,))
    x, w = Tensor("float32", (2, 1, 0), ()), exact(np.ones((1, 2, 2), np.int64))
    result = conv_transpose(x, w, geometry, bias=exact(np.array([5, 7])))
    assert (result.shape, result.integers) == ((2, 2, 3), (5, 5, 5, 7, 7, 7) * 2)


def test_results_have_the_dtype_of_what_is_convolved() -> None:
    geometry = Geometry((1,), (1,), (1,), (1,), (1,), (0,))
    x, w = Tensor("float16", (1, 1, 1), (2,)), Tensor("float32", (1, 1, 1), (3,))
    assert conv_transpose(x, w, geometry).dtype == conv(x, w, geometry).dtype == "float16"
