"""Are the numbers of a call what their kind promises?  Exact data tell every flip and exchange."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from adjoint import tensors as wire
from adjoint.cases import data

SHAPES = {"input": (2, 7, 4, 2), "kernel": (7, 6, 1, 2), "bias": (6,)}


def drawn(kind: str, dtype: str, seed: int = 3, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"shapes": SHAPES, "orders": {}, "terms": 14, **more}
    made = data.tensors(kind, dtype=dtype, seed=seed, **given)
    return {name: wire.decode(spec).astype(np.float64) for name, spec in made.items()}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_no_exchange_of_two_rows_or_slices_leaves_exact_data_as_they_are(dtype: str, seed: int) -> None:
    for array in drawn("exact", dtype, seed).values():
        parts = [list(np.moveaxis(array, j, 0)) for j in range(array.ndim)]
        parts += [list(array.reshape(-1, array.shape[-1]))] if array.ndim > 1 else []
        for each in parts:
            assert not any(np.array_equal(one, other) for one, other in combinations(each, 2))


def test_parts_that_must_repeat_do_and_still_no_flip_leaves_them_as_they_are() -> None:
    for seed in range(20):
        (kernel,) = drawn("exact", "bfloat16", seed, shapes={"kernel": (1, 1, 3)}, terms=100).values()
        assert set(kernel.ravel()) <= {-1, 0, 1}
        assert not np.array_equal(kernel, np.flip(kernel, 2))


@pytest.mark.parametrize(("dtype", "precision"), [("float16", 11), ("bfloat16", 8), ("float32", 24)])
def test_exact_data_are_whole_and_as_large_as_the_sum_of_their_terms_lets(dtype: str, precision: int) -> None:
    made = drawn("exact", dtype)
    assert all(np.array_equal(array, np.rint(array)) for array in made.values())
    largest = max(np.abs(array).max() for array in made.values())
    assert 2**precision / 3 < 14 * largest**2 + largest <= 2**precision


def test_too_many_terms_leave_no_room() -> None:
    with pytest.raises(ValueError, match="256 terms leave no room for exact sums in bfloat16: at most 256"):
        drawn("exact", "bfloat16", terms=256)
    assert np.abs(drawn("exact", "bfloat16", terms=255)["input"]).max() == 1


def test_an_empty_tensor_has_no_numbers() -> None:
    assert drawn("exact", "float32", shapes={"input": (0, 3, 2)})["input"].shape == (0, 3, 2)


def test_special_data_are_not_finite_in_the_input_alone_and_one_tap_of_several_is_zero() -> None:
    for seed in range(20):
        made = drawn("special", "float32", seed)
        assert 1 <= np.count_nonzero(~np.isfinite(made["input"])) <= 3
        assert np.count_nonzero(made["kernel"] == 0) >= 1
        assert np.isfinite(made["kernel"]).all()
        assert np.isfinite(made["bias"]).all()
        assert (
            drawn("special", "float32", seed, shapes={"input": (1, 1, 3), "kernel": (1, 1, 1)})["kernel"] != 0
        )
