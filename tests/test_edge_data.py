"""Do numbers at the edges of a format lie where they are said to lie?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adjoint.cases.edge_data import MAKERS, drawn
from adjoint.reference.exact import FORMATS

SHAPES = {"input": (5, 7, 100), "kernel": (7, 50, 11)}
each_dtype = pytest.mark.parametrize("dtype", FORMATS)


def made(rule: str, dtype: str, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    found = MAKERS[rule](SHAPES, dtype, seed)
    assert {name: array.shape for name, array in found.items()} == SHAPES
    return found["input"], found["kernel"]


def numbers(array: NDArray[Any]) -> set[float]:
    return set(array.ravel().tolist())


def half_negative(array: NDArray[Any]) -> bool:
    return bool(0.45 < np.mean(np.signbit(array)) < 0.55)


def test_drawn_integers_have_both_ends_and_are_others_for_another_name_shape_or_seed() -> None:
    x = drawn("input", (6, 50), -2, 3, 0)
    assert numbers(x) == set(range(-2, 4))
    assert np.array_equal(x, drawn("input", (6, 50), -2, 3, 0))
    for other in (("kernel", (6, 50), -2, 3, 0), ("input", (50, 6), -2, 3, 0), ("input", (6, 50), -2, 3, 1)):
        assert not np.array_equal(x.ravel(), drawn(*other).ravel())


@each_dtype
def test_a_third_are_ones_the_rest_zeros_and_half_of_both_are_negative(dtype: str) -> None:
    for array in made("sign-of-zero", dtype):
        assert numbers(array) == {-1, 0, 1}
        assert 0.31 < np.mean(array != 0) < 0.36
        assert half_negative(array[array == 0])
        assert half_negative(array[array != 0])


@each_dtype
@pytest.mark.parametrize("seed", range(4))
def test_inputs_or_else_products_are_the_least_three_subnormal_numbers(dtype: str, seed: int) -> None:
    form = FORMATS[dtype]
    least = 2.0 ** (form.emin - form.precision + 1)
    x, w = made("subnormal", dtype, seed)
    assert half_negative(x)
    assert half_negative(w)
    unit = 2.0**form.emin if seed % 2 else least
    assert numbers(np.abs(x) / unit) == numbers(np.abs(w) / (least / unit)) == {1, 2, 3}


@each_dtype
def test_of_the_largest_numbers_each_product_fits_and_no_two_of_a_sign_do(dtype: str) -> None:
    """The two factors are of about one size."""
    x, w = made("overflow", dtype)
    assert half_negative(x)
    assert half_negative(w)
    (x_size,), (w_size,) = numbers(np.abs(x)), numbers(np.abs(w))
    assert x_size * w_size == 1.5 * 2.0 ** FORMATS[dtype].emax
    assert 0.5 < x_size / w_size < 2


@each_dtype
@pytest.mark.parametrize("seed", range(3))
def test_a_kernel_begins_with_nan_and_ends_with_infinity_and_the_input_begins_with_zero(
    dtype: str, seed: int
) -> None:
    x, w = (array.ravel() for array in made("weights-not-finite", dtype, seed))
    assert np.isnan(w[0])
    assert (x[0], w[-1]) == (0, np.inf)
    assert numbers(x[1:]) == numbers(w[1:-1]) == {1, 2, 3, 4, 5}
