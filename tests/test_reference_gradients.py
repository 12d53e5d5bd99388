"""Are the reference's three gradients those of its operation?  Held to `gathering`, in every small case."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, bias_gradient, conv, conv_transpose, kernel_gradient
from tests.gathering import Convolution
from tests.spaces import SPACES, exact, examples, whole

LINE = Geometry((2,), (2,), (3,), (1,), (1,), (0,))


@pytest.mark.parametrize("space", SPACES)
def test_the_inputs_gradient_is_the_gathering_convolution(space: str) -> None:
    for said, geometry, gathering, _, y, w, _ in examples(space):
        gathered = whole(conv(exact(y), exact(w), geometry, gathering.groups))
        assert np.array_equal(gathered, gathering(y, w)), said


@pytest.mark.parametrize("space", SPACES)
def test_the_kernels_gradient_is_what_unit_impulses_gather_times_the_input(space: str) -> None:
    for said, geometry, gathering, x, y, w, _ in examples(space):
        found = whole(kernel_gradient(exact(x), exact(y), geometry, gathering.groups))
        assert found.shape == w.shape, said
        assert np.array_equal(found, gathering.kernel_gradient(x, y)), said


@pytest.mark.parametrize("space", SPACES)
def test_the_biases_gradient_is_the_sum_over_all_but_the_filters(space: str) -> None:
    for said, _, _, _, y, _, bias in examples(space):
        found = whole(bias_gradient(exact(y)))
        assert found.shape == bias.shape, said
        assert np.array_equal(found, np.moveaxis(y, 1, 0).reshape(len(bias), -1).sum(axis=1)), said


@pytest.mark.parametrize("space", SPACES)
def test_output_and_gradients_are_adjoint_to_the_gathering_convolution(space: str) -> None:
    for said, geometry, gathering, x, y, w, bias in examples(space):
        given = exact(x), exact(w), geometry, gathering.groups
        demanded = np.vdot(x, gathering(y, w))
        assert np.vdot(y, whole(conv_transpose(*given))) == demanded, said
        assert np.vdot(x, whole(conv(exact(y), *given[1:]))) == demanded, said
        by_kernel = kernel_gradient(exact(x), exact(y), geometry, gathering.groups)
        assert np.vdot(w, whole(by_kernel)) == demanded, said
        added = np.vdot(bias, whole(bias_gradient(exact(y))))
        assert np.vdot(y, whole(conv_transpose(*given, exact(bias)))) == demanded + added, said


def test_the_gradients_agree_on_an_example_worked_by_hand() -> None:
    geometry = Geometry((3,), (2,), (6,), (2,), (3,), (1,))
    gathering = Convolution(windows=(3,), kernel=(2,), length=(6,), stride=(2,), dilation=(3,), start=(1,))
    x, y, w = np.array([[[1, 10, 100]]]), np.array([[[2, 3, 5, 7, 11, 13]]]), np.array([[[1, -1]]])
    # input and tap meet: 0 and 1 in 2; 1 and 0 in 1, 1 and 1 in 4; 2 and 0 in 3; the others outside
    assert whole(conv(exact(y), exact(w), geometry)).tolist() == [[[0 - 5, 3 - 11, 7 - 0]]]
    by_kernel = [[[10 * 3 + 100 * 7, 1 * 5 + 10 * 11]]]
    assert whole(kernel_gradient(exact(x), exact(y), geometry)).tolist() == by_kernel
    assert gathering.kernel_gradient(x, y).tolist() == by_kernel
    assert whole(bias_gradient(exact(y))).tolist() == [41]


def test_there_is_one_group_where_none_are_counted() -> None:
    y, w = exact(np.arange(12).reshape(2, 2, 3)), exact(np.arange(8).reshape(2, 2, 2))
    assert conv(y, w, LINE) == conv(y, w, LINE, 1)


def test_gradients_keep_the_powers_of_two_of_what_they_are_sums_of() -> None:
    x, y = exact(np.array([[[3, -5]]]), -6), exact(np.array([[[7, 11, 13]]]), 2)
    found = kernel_gradient(x, y, LINE)
    assert (found.integers, found.exponent) == ((3 * 7 - 5 * 11, 3 * 11 - 5 * 13), -4)
    total = bias_gradient(exact(np.array([[[3, -5]], [[4, 9]]]), -3))
    assert [value * Fraction(2) ** total.exponent for value in total.integers] == [Fraction(11, 8)]


def test_an_empty_batch_gives_gradients_of_zero_for_the_weights_and_none_for_the_input() -> None:
    x, y = Tensor("float32", (0, 1, 2), ()), Tensor("float32", (0, 4, 3), ())
    w = exact(np.ones((1, 4, 2), np.int64))
    assert (conv(y, w, LINE).shape, conv(y, w, LINE).integers) == ((0, 1, 2), ())
    by_kernel = kernel_gradient(x, y, LINE)
    assert (by_kernel.shape, by_kernel.integers) == ((1, 4, 2), (0,) * 8)
    assert bias_gradient(y) == Tensor("float32", (4,), (0,) * 4)


def test_an_axis_without_elements_has_no_part_in_the_kernels_gradient() -> None:
    geometry = Geometry((0,), (2,), (3,), (1,), (1,), (0,))
    x, y = Tensor("float32", (2, 1, 0), ()), exact(np.ones((2, 2, 3), np.int64))
    by_kernel = kernel_gradient(x, y, geometry)
    assert (by_kernel.shape, by_kernel.integers) == ((1, 2, 2), (0,) * 4)


def test_gradients_have_the_dtype_of_their_first_tensor() -> None:
    geometry = Geometry((1,), (1,), (1,), (1,), (1,), (0,))
    one, two = Tensor("float16", (1, 1, 1), (2,)), Tensor("float32", (1, 1, 1), (3,))
    assert conv(one, two, geometry).dtype == kernel_gradient(one, two, geometry).dtype == "float16"
    assert bias_gradient(one).dtype == "float16"
