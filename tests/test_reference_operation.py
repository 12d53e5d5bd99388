"""Is the reference's operation the transpose of a convolution?  Held to `gathering`, in every small case."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, conv, conv_transpose
from tests.gathering import Convolution
from tests.spaces import COUNTS, SPACES, exact, examples, whole


@pytest.mark.parametrize("space", SPACES)
def test_each_space_holds_as_many_points_as_it_did(space: str) -> None:
    points = SPACES[space]
    print(f"{space}: {len(points)} combinations of small parameters")
    assert len(points) == len(set(points)) == COUNTS[space]
    assert sum(1 for _ in examples(space)) == COUNTS[space]


def test_all_spaces_hold_26464_points() -> None:
    assert sum(map(len, SPACES.values())) == 26_464


@pytest.mark.parametrize("space", SPACES)
def test_conv_transpose_of_unit_impulses_is_the_convolutions_matrix_transposed(space: str) -> None:
    for said, geometry, gathering, x, _, w, _ in examples(space):
        size = x[0].size
        impulses = np.eye(size, dtype=np.int64).reshape(size, *x.shape[1:])
        stamped = whole(conv_transpose(exact(impulses), exact(w), geometry, gathering.groups))
        assert np.array_equal(stamped.reshape(size, -1), gathering.matrix(w)), said


@pytest.mark.parametrize("space", SPACES)
def test_bias_is_added_once_to_each_element_of_its_filter(space: str) -> None:
    for said, geometry, gathering, x, y, w, bias in examples(space):
        alone = whole(conv_transpose(exact(x), exact(w), geometry, gathering.groups))
        biased = whole(conv_transpose(exact(x), exact(w), geometry, gathering.groups, exact(bias)))
        added = np.moveaxis(np.broadcast_to(bias, (2, *y.shape[2:], len(bias))), -1, 1)
        assert biased.shape == y.shape, said
        assert np.array_equal(biased, alone + added), said


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
