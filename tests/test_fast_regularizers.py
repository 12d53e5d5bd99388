"""Do regularizers weigh absolute values and squares, in the dtype of what they are given?"""

from __future__ import annotations

from typing import Any

import ml_dtypes  # noqa: F401 - it makes NumPy know bfloat16
import numpy as np
import pytest

from adjoint.fast.regularizers import L1, L1L2, L2, regularizer_of

ARRAY = np.array([[1, -2], [3, -4]], "float32")  # absolute values sum to 10, squares to 30


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    ("regularizer", "cost"),
    [(L1(0.5), 5), (L2(0.25), 7.5), (L1L2(0.5, 0.25), 12.5), (L1L2(l2=0.5), 15), (L1L2(), 0), (L1(0), 0)],
)
def test_a_regularizer_weighs_sums(regularizer: Any, cost: float, dtype: str) -> None:
    found = regularizer(ARRAY.astype(dtype))
    assert found.dtype == np.dtype(dtype)
    assert found == cost


def test_names_have_the_factors_of_their_classes() -> None:
    assert regularizer_of("x", "l1") == L1(0.01)
    assert regularizer_of("x", "l2") == L2(0.01)
    assert regularizer_of("x", "l1_l2") == L1L2(0, 0)
    assert regularizer_of("x", None) is None


def test_sums_of_short_floats_are_rounded_once() -> None:
    """In float16 itself, the sum of ones would stop at 2048."""
    assert L1(0.25)(np.ones(4096, "float16")) == 1024


def test_a_factor_of_zero_leaves_infinities_alone() -> None:
    assert L1L2(l1=1)(np.array([1e30, 1e30], "float32")) == np.float32(2e30)
    assert L2(1)(np.array([1e30], "float32")) == np.inf


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "2", None, True])
@pytest.mark.parametrize(("kind", "name"), [(L1, "l1"), (L2, "l2"), (L1L2, "l1"), (L1L2, "l2")])
def test_factors_are_numbers_of_zero_or_above(kind: Any, name: str, value: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"{name}={value!r}: give a (number|finite number, zero or above)\."
    ):
        kind(**{name: value})
