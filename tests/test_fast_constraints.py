"""Does non-negativity clear what is below zero, and nothing else?"""

from __future__ import annotations

import ml_dtypes  # noqa: F401 - it makes NumPy know bfloat16
import numpy as np
import pytest

from adjoint.fast.constraints import NonNeg, constraint_of


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_non_neg_clears_what_is_below_zero(dtype: str) -> None:
    found = NonNeg()(np.array([[-2, 0.5], [0, -0.25]], dtype))
    assert found.dtype == np.dtype(dtype)
    assert found.tolist() == [[0, 0.5], [0, 0]]
    assert not np.signbit(found).any()


def test_non_neg_has_a_name() -> None:
    assert constraint_of("x", "non_neg") == constraint_of("x", "NonNeg") == NonNeg()
    assert constraint_of("x", None) is None
