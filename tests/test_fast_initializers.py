"""Do weights start as they should: constant, or drawn evenly up to a limit and never beyond?"""

from __future__ import annotations

from fractions import Fraction
from math import prod, sqrt
from typing import Any

import ml_dtypes  # noqa: F401 - it makes NumPy know bfloat16
import numpy as np
import pytest

from adjoint.fast.initializers import Constant, GlorotUniform, Ones, Zeros, initializer_of, uniform

DTYPES = [np.dtype(name) for name in ("float16", "bfloat16", "float32", "float64")]
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@each_dtype
@pytest.mark.parametrize(("initializer", "value"), [(Zeros(), 0), (Ones(), 1), (Constant(-2.5), -2.5)])
def test_constant_initializers_fill_the_shape(initializer: Any, value: float, dtype: Any) -> None:
    array = initializer((2, 3, 4), dtype=dtype)
    assert (array.shape, array.dtype) == ((2, 3, 4), dtype)
    assert (array == value).all()


@each_dtype
@pytest.mark.parametrize("limit", [0.3, sqrt(1 / 3), 1.0, sqrt(7)])
def test_drawn_numbers_fill_their_range_and_never_leave_it(dtype: Any, limit: float) -> None:
    """In float16 and bfloat16, rounding alone would bring one of a few hundred beyond an uneven limit."""
    array = uniform((40, 500), dtype, limit)
    assert (array.shape, array.dtype) == ((40, 500), dtype)
    numbers = array.astype("float64")
    assert np.abs(numbers).max() <= limit
    assert numbers.max() > 0.99 * limit
    assert numbers.min() < -0.99 * limit
    quarters = np.histogram(numbers, 4, (-limit, limit))[0]
    assert abs(quarters - 5000).max() < 500


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((4, 5, 2, 3), 100), ((5, 3, 2), 25), ((2, 3, 4, 5, 6), 264), ((7, 1), 8), ((50,), 100)],
)
def test_glorot_uniform_has_the_limit_of_both_fans(shape: tuple[int, ...], fans: int) -> None:
    """Worked by hand: the window's elements times the sum of the last two axes."""
    limit = Fraction(6, fans)
    most = max(
        Fraction(float(np.abs(GlorotUniform()(shape, dtype=np.dtype("float32"))).max())) ** 2
        for _ in range(2000 // prod(shape) + 20)
    )
    assert 0.9 * limit < most <= limit


def test_an_empty_weight_has_nothing_to_draw() -> None:
    assert GlorotUniform()((0, 3, 2), dtype=DTYPES[2]).shape == (0, 3, 2)


def test_a_seed_draws_the_same_and_none_draws_anew() -> None:
    shape, dtype = (3, 2, 4), DTYPES[2]
    assert np.array_equal(GlorotUniform(7)(shape, dtype), GlorotUniform(7)(shape, dtype))
    assert not np.array_equal(GlorotUniform(7)(shape, dtype), GlorotUniform(8)(shape, dtype))
    anew = GlorotUniform()
    assert not np.array_equal(anew(shape, dtype), anew(shape, dtype))


def test_none_is_the_default_and_a_name_its_class() -> None:
    assert initializer_of("x", None, "glorot_uniform") == GlorotUniform()
    assert initializer_of("x", None, "zeros") == Zeros()
    assert initializer_of("x", "ones", "zeros") == Ones()
    assert initializer_of("x", "constant", "zeros") == Constant(0.0)
