"""Does a tensor of exact numbers hold what was put in, and give it back or refuse?"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from adjoint.reference.exact import InexactError, Tensor

FLOATS = ("float16", "bfloat16", "float32", "float64")
BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def numbers(tensor: Tensor) -> list[Fraction]:
    return [integer * Fraction(2) ** tensor.exponent for integer in tensor.integers]


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_ends_of_the_range_and_the_subnormals_survive_a_round_trip(dtype: str) -> None:
    info = ml_dtypes.finfo(dtype)
    tiny, normal, one = info.smallest_subnormal, info.smallest_normal, np.dtype(dtype).type(1)
    small = [0, tiny, -tiny, 3 * tiny, normal - tiny, normal]
    array = np.array([*small, info.eps, 1, one + info.eps, -info.max, info.max], dtype)
    tensor = Tensor.from_array(array)
    assert (tensor.dtype, tensor.shape) == (dtype, (11,))
    assert numbers(tensor) == [Fraction(float(value)) for value in array]
    back = tensor.to_array()
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


@pytest.mark.parametrize("dtype", FLOATS)
def test_any_finite_bit_pattern_survives_a_round_trip(dtype: str) -> None:
    size = np.dtype(dtype).itemsize
    array = np.frombuffer(np.random.default_rng(5).bytes(600 * size), dtype)
    array = array[np.isfinite(array)][:500].reshape(5, 4, 25)
    assert np.array_equal(Tensor.from_array(array).to_array(), array)


@pytest.mark.parametrize(("dtype", "count"), [("float16", 63488), ("bfloat16", 65280)])
def test_every_finite_number_of_half_the_bits_survives_a_round_trip(dtype: str, count: int) -> None:
    array = np.arange(2**16, dtype=np.uint16).view(dtype)
    array = array[np.isfinite(array)]
    assert array.size == count
    assert np.array_equal(Tensor.from_array(array).to_array(), array)


def test_integers_are_shared_over_the_smallest_power_of_two_needed() -> None:
    assert Tensor.from_array(np.array([0.75, -2.5, 0])) == Tensor("float64", (3,), (3, -10, 0), -2)
    assert Tensor.from_array(np.array([[6.0], [4.0]])) == Tensor("float64", (2, 1), (6, 4), 0)


@pytest.mark.parametrize(
    ("array", "integers"),
    [
        (np.array([-5, 7], "int32"), (-5, 7)),
        (np.array([2**63 - 1, -(2**63)]), (2**63 - 1, -(2**63))),
        (np.array([2**64 - 1], "uint64"), (2**64 - 1,)),
        (np.array([True, False]), (1, 0)),
    ],
)
def test_integers_and_booleans_are_read_as_they_are(array: Any, integers: tuple[int, ...]) -> None:
    assert Tensor.from_array(array) == Tensor(array.dtype.name, array.shape, integers)


def test_a_tensor_without_elements_is_over_one() -> None:
    assert Tensor.from_array(np.zeros((0, 2), "float32")) == Tensor("float32", (0, 2), (), 0)


def test_integers_over_a_large_power_of_two_are_given_back() -> None:
    assert Tensor("float32", (2,), (3, -5), 2).to_array().tolist() == [12, -20]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_and_infinities_are_refused(value: float, dtype: str) -> None:
    with pytest.raises(InexactError):
        Tensor.from_array(np.array([1, value], dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_number_of_too_many_bits_is_refused(dtype: str) -> None:
    bits = BITS[dtype]
    for integer in (2**bits - 1, 2**bits, 2 ** (bits + 2), 1 - 2**bits, 2**bits + 2):
        assert Tensor(dtype, (1,), (integer,), -bits).to_array()[0] * 2**bits == integer
    for integer in (2**bits + 1, -(2**bits) - 1, 2 ** (bits + 1) + 2, (2**bits + 1) << 40):
        with pytest.raises(InexactError):
            Tensor(dtype, (1,), (integer,), -bits).to_array()


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_number_above_the_largest_is_refused(dtype: str) -> None:
    largest = Tensor.from_array(np.array([ml_dtypes.finfo(dtype).max]))
    assert np.isfinite(Tensor(dtype, (1,), largest.integers, largest.exponent).to_array()).all()
    with pytest.raises(InexactError):
        Tensor(dtype, (1,), largest.integers, largest.exponent + 1).to_array()


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_number_between_the_subnormals_is_refused(dtype: str) -> None:
    smallest = Tensor.from_array(np.array([ml_dtypes.finfo(dtype).smallest_subnormal]))
    for integer in (1, 3):
        with pytest.raises(InexactError):
            Tensor(dtype, (1,), (integer,), smallest.exponent - 1).to_array()
    assert Tensor(dtype, (1,), (2,), smallest.exponent - 1).to_array()[0] == smallest.to_array()[0]


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2), (3, 2, 0, 1), (1, 0, 3, 2)])
def test_transposed_is_numpys_transpose(axes: tuple[int, ...]) -> None:
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) / 8
    transposed = Tensor.from_array(array).transposed(axes)
    assert transposed.shape == array.transpose(axes).shape
    assert np.array_equal(transposed.to_array(), array.transpose(axes))


def test_transposed_keeps_an_empty_tensor_empty() -> None:
    assert Tensor("float32", (0, 2, 3), (), -4).transposed((2, 0, 1)) == Tensor("float32", (3, 0, 2), (), -4)


def test_planes_are_the_tensor_cut_along_its_first_two_axes() -> None:
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    planes = [array[i, j].ravel().tolist() for i in range(2) for j in range(3)]
    assert Tensor.from_array(array).planes() == planes
    assert Tensor("float32", (2, 3), (1, 2, 3, 4, 5, 6)).planes() == [[1], [2], [3], [4], [5], [6]]
    assert Tensor("float32", (0, 3, 2), ()).planes() == []


def test_planes_without_elements_are_as_many_as_any() -> None:
    assert Tensor("float32", (2, 3, 0), ()).planes() == [[]] * 6


def test_absolute_drops_signs_and_nothing_else() -> None:
    assert Tensor("float16", (3,), (-3, 0, 5), -2).absolute() == Tensor("float16", (3,), (3, 0, 5), -2)


def test_ones_count_and_have_the_shape() -> None:
    assert Tensor("float16", (2, 1), (-3, 0), -2).ones() == Tensor("float16", (2, 1), (1, 1), 0)


def test_reshaped_keeps_the_order() -> None:
    tensor = Tensor("float32", (2, 3), (1, 2, 3, 4, 5, 6), -1)
    assert tensor.reshaped((1, 3, 2)) == Tensor("float32", (1, 3, 2), (1, 2, 3, 4, 5, 6), -1)


def test_over_a_smaller_power_of_two_the_numbers_are_the_same() -> None:
    tensor = Tensor("float32", (3,), (-3, 0, 5), -2)
    assert tensor.over(-5) == Tensor("float32", (3,), (-24, 0, 40), -5)
    assert tensor.over(-3) == Tensor("float32", (3,), (-6, 0, 10), -3)
    assert tensor.over(-2) == tensor


@pytest.mark.parametrize("exponent", [-5, -2, 0, 3])
def test_plus_and_minus_bring_both_to_one_power_of_two(exponent: int) -> None:
    one = Tensor("float32", (2, 1), (3, -5), -2)
    other = Tensor("float16", (2, 1), (7, 11), exponent)
    (a, b), (c, d) = numbers(one), numbers(other)
    assert numbers(one.plus(other)) == [a + c, b + d]
    assert numbers(one.minus(other)) == [a - c, b - d]
    assert [(found.dtype, found.shape) for found in (one.plus(other), one.minus(other))] == [
        ("float32", (2, 1))
    ] * 2


@pytest.mark.parametrize("exponent", [-7, -3, 0, 2])
@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_plus_along_adds_one_number_to_all_that_share_an_index(axis: int, exponent: int) -> None:
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) - 50
    added = np.array([7, -11, 13, 17, -19][: array.shape[axis]])
    demanded = array / 8 + (added * 2.0**exponent).reshape(-1, *(1,) * (3 - axis))
    tensor, other = Tensor.from_array(array / 8), Tensor.from_array(added * 2.0**exponent)
    found = tensor.plus_along(axis, other)
    assert found.shape == array.shape
    assert np.array_equal(found.to_array(), demanded)


def test_plus_along_of_an_empty_tensor_is_empty() -> None:
    empty = Tensor("float32", (0, 2, 3), ())
    assert empty.plus_along(1, Tensor("float32", (2,), (1, 2))) == empty


def test_rounded_gives_each_element_in_the_dtype() -> None:
    assert Tensor("bfloat16", (2, 2), (257, -259, 3, 0), -8).rounded() == [1, -1.015625, 3 / 256, 0]
