"""Does a tensor of exact numbers hold what was put in, and give it back or refuse?"""

from __future__ import annotations

from fractions import Fraction
from math import inf, ldexp
from random import Random
from typing import Any

import numpy as np
import pytest

from adjoint.reference.exact import FORMATS, InexactError, Tensor, round_to

FLOATS = ("float16", "float32", "float64")
BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def numbers(tensor: Tensor) -> list[Fraction]:
    return [integer * Fraction(2) ** tensor.exponent for integer in tensor.integers]


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_ends_of_the_range_and_the_subnormals_survive_a_round_trip(dtype: str) -> None:
    info = np.finfo(dtype)
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


def test_every_finite_float16_survives_a_round_trip() -> None:
    array = np.arange(2**16, dtype=np.uint16).view(np.float16)
    array = array[np.isfinite(array)]
    assert array.size == 63488
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


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_and_infinities_are_refused(value: float, dtype: str) -> None:
    with pytest.raises(InexactError):
        Tensor.from_array(np.array([1, value], dtype))


def test_the_formats_are_numpys() -> None:
    assert {name: form.precision for name, form in FORMATS.items()} == BITS
    for dtype in FLOATS:
        info = np.finfo(dtype)
        assert (info.nmant + 1, info.minexp, info.maxexp - 1) == (
            FORMATS[dtype].precision,
            FORMATS[dtype].emin,
            FORMATS[dtype].emax,
        )


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_rounding_is_numpys_rounding_of_a_float64(dtype: str) -> None:
    random, info = Random(1), np.finfo(dtype)
    for _ in range(4000):
        bits, top = random.randint(1, 53), random.randint(info.minexp - info.nmant - 3, info.maxexp + 1)
        value = random.choice((-1, 1)) * random.getrandbits(bits) | random.choice((0, 1))
        with np.errstate(over="ignore"):
            demanded = float(np.float64(ldexp(value, top - bits)).astype(dtype))
        assert round_to(value, top - bits, FORMATS[dtype]) == demanded, (value, top - bits)


def test_rounding_to_float64_is_pythons_division() -> None:
    random = Random(2)
    for _ in range(4000):
        value, down = random.getrandbits(random.randint(1, 90)) - 2**40, random.randint(0, 1100)
        assert round_to(value, -down, FORMATS["float64"]) == value / 2**down, (value, down)


@pytest.mark.parametrize(
    ("dtype", "value", "exponent", "rounded"),
    [
        ("bfloat16", 2**8 + 1, -8, 1.0),  # a tie, to even
        ("bfloat16", 2**8 + 3, -8, 1 + 2**-6),  # the next tie
        ("bfloat16", 2**20 + 2**12 + 1, -20, 1 + 2**-7),  # just above a tie
        ("bfloat16", 2**8 - 1, 120, 255 * 2.0**120),  # the largest
        ("bfloat16", 2**9 - 1, 119, inf),  # half-way past it
        ("bfloat16", -(2**9) + 1, 119, -inf),
        ("bfloat16", 3, -135, 2.0**-133),  # between none and the smallest subnormal
        ("bfloat16", 1, -134, 0.0),  # half of it
        ("float16", 2**60 + 2**49 + 1, -60, 1 + 2**-10),  # a tie, once rounded to float64 first
        ("float64", 1, 1024, inf),
        ("float64", 0, 9999, 0.0),
    ],
)
def test_rounding_happens_once_to_nearest_ties_to_even(
    dtype: str, value: int, exponent: int, rounded: float
) -> None:
    assert round_to(value, exponent, FORMATS[dtype]) == rounded


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
    largest = Tensor.from_array(np.array([np.finfo(dtype).max]))
    assert np.isfinite(Tensor(dtype, (1,), largest.integers, largest.exponent).to_array()).all()
    with pytest.raises(InexactError):
        Tensor(dtype, (1,), largest.integers, largest.exponent + 1).to_array()


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_number_between_the_subnormals_is_refused(dtype: str) -> None:
    smallest = Tensor.from_array(np.array([np.finfo(dtype).smallest_subnormal]))
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
