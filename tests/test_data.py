"""Are the numbers of a call what their kind promises?  Exact data tell every flip and exchange."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from adjoint import tensors as wire
from adjoint.cases import data, edge_data
from adjoint.reference.exact import FORMATS

SHAPES = {"input": (2, 7, 4, 2), "kernel": (7, 6, 1, 2), "bias": (6,)}
LARGE = {"input": (5, 7, 100), "kernel": (7, 50, 11), "bias": (4000,)}
each_dtype = pytest.mark.parametrize("dtype", FORMATS)


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


def test_four_of_five_numbers_are_four_different_ones() -> None:
    for seed in range(40):
        assert len(set(data.telling("input", (4,), 2, seed).tolist())) == 4


def test_data_that_tell_are_drawn_once_and_others_anew_each_time_from_another_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seeds: list[int] = []

    def drawn(name: str, shape: data.Shape, low: int, high: int, seed: int) -> wire.Array:
        seeds.append(seed)
        return edge_data.drawn(name, shape, low, high, seed)

    monkeypatch.setattr(data, "drawn", drawn)
    data.telling("input", (4, 5), 1000, 0)
    assert seeds == [0]
    for seed in range(1, 40):
        data.telling("input", (4,), 2, seed)
    assert len(set(seeds)) == len(seeds) > 60


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


def test_special_data_are_nan_and_both_infinities_up_to_three_anywhere_in_the_input() -> None:
    shapes = {"input": (1, 1, 3), "kernel": (1, 1, 2)}
    kinds, places, zeros, counts = set(), set(), set(), set()
    for seed in range(60):
        made = drawn("special", "float32", seed, shapes=shapes)
        flat, kernel = made["input"].ravel(), made["kernel"].ravel()
        (found,) = np.nonzero(~np.isfinite(flat))
        kinds |= {str(number) for number in flat[found]}
        places |= set(found.tolist())
        counts.add(len(found))
        zeros |= set(np.nonzero(kernel == 0)[0].tolist())
        assert len(found) <= 1 + seed % 3
        assert np.count_nonzero(kernel) == 1
    assert kinds == {"nan", "inf", "-inf"}
    assert (places, zeros, counts) == ({0, 1, 2}, {0, 1}, {1, 2, 3})


def test_meetings_are_as_many_as_meet_in_one_element() -> None:
    for size, kernel, stride, dilation in product(range(1, 8), range(1, 8), range(1, 7), range(1, 7)):
        met = Counter(i * stride + k * dilation for i, k in product(range(size), range(kernel)))
        assert data.meetings(size, kernel, stride, dilation) == max(met.values())


def exponents(array: wire.Array) -> set[int]:
    """Return e of the numbers, between 2**e and 2**(e + 1)."""
    return set((np.frexp(array)[1] - 1).ravel().tolist())


def significands(array: wire.Array, precision: int) -> set[float]:
    return set((np.abs(np.frexp(array)[0]) * 2**precision).ravel().tolist())


@each_dtype
@pytest.mark.parametrize("terms", [1, 2, 3, 7, 255])
def test_rounded_data_are_as_wide_as_keeps_sums_below_a_quarter_of_the_largest_number(
    dtype: str, terms: int
) -> None:
    """At most from 2**-12 to 2**13; a bias is one term more."""
    quarter = FORMATS[dtype].emax - 2
    wide = max(w for w in range(13) if (terms + 1) * 4 ** (w + 1) <= 2**quarter)
    for array in drawn("rounded", dtype, seed=0, shapes=LARGE, terms=terms).values():
        assert exponents(array) == set(range(-wide, wide + 1))


@each_dtype
def test_rounded_data_are_of_full_precision_and_of_either_sign(dtype: str) -> None:
    precision = FORMATS[dtype].precision
    for array in drawn("rounded", dtype, seed=0, shapes=LARGE).values():
        found = significands(array, precision)
        assert all(number.is_integer() for number in found)
        assert any(number % 2 for number in found)
        assert 0.45 < np.mean(array < 0) < 0.55
        if dtype == "bfloat16":
            assert found == set(range(128, 256))


@each_dtype
def test_channels_take_back_all_but_the_last_bits_of_what_others_brought(
    dtype: str,
) -> None:
    for channels in (6, 7):
        shapes = {"input": (2, channels, 5), "kernel": (channels, 3, 2)}
        last = 2.0 ** (2 - FORMATS[dtype].precision)
        for seed in (1, 3):
            made = drawn("rounded", dtype, seed, shapes=shapes)
            x, w = np.moveaxis(made["input"], 1, 0)[:6], made["kernel"][:6]
            assert np.array_equal(x[1::2], x[::2])
            more = -w[1::2] / w[::2] - 1
            assert (np.abs(more / last - 1) <= 0.25).all()  # a quarter of it may be rounded away
            assert len(np.unique(x[::2])) > 20
        made = drawn("cancelling", dtype, 2, shapes=shapes)
        assert np.array_equal(made["input"][:, 3:6], made["input"][:, :3])
        assert (np.abs((-made["kernel"][3:6] / made["kernel"][:3] - 1) / last - 1) <= 0.25).all()
        plain = drawn("rounded", dtype, 2, shapes=shapes)
        assert not np.any(plain["input"][:, 1:6:2] == plain["input"][:, 0:6:2])
        assert not np.any(np.isclose(plain["kernel"][1:6:2], -plain["kernel"][0:6:2], rtol=1e-3))


@each_dtype
@pytest.mark.parametrize(("terms", "largest"), [(8, 4), (1, 1), (3, 1), (0, 5), (40, 0)])
def test_an_exact_gradient_is_as_large_as_its_sums_with_what_it_meets_let(
    dtype: str, terms: int, largest: float
) -> None:
    most = 2 ** FORMATS[dtype].precision // max(terms * largest, 1)
    made = data.gradient("exact", (40, 60), terms, largest, dtype, seed=2).astype(np.float64)
    assert np.array_equal(made, np.rint(made))
    assert 0.98 * most <= made.max() <= most
    assert -most <= made.min() <= -0.98 * most


def test_where_terms_leave_no_room_an_exact_gradient_has_ones_and_zeros_still() -> None:
    made = data.gradient("exact", (4, 6), 1000, 3, "bfloat16", seed=2).astype(np.float64)
    assert set(made.ravel()) == {-1, 0, 1}


@each_dtype
@pytest.mark.parametrize(("terms", "largest"), [(2, 4), (3, 3), (16, 4), (1, 0.25), (255, 8.5)])
def test_a_rounded_gradient_keeps_its_sums_below_a_quarter_of_the_largest_number(
    dtype: str, terms: int, largest: float
) -> None:
    """Its numbers are of five sizes, at most from 2**8 to 2**13."""
    form = FORMATS[dtype]
    sums = max(terms * largest, 1)
    top = max(t for t in range(-12, 13) if sums * 2.0 ** (t + 1) <= 2.0 ** (form.emax - 2))
    made = data.gradient("rounded", (40, 60), terms, largest, dtype, seed=2).astype(np.float64)
    assert exponents(made) == set(range(top - 4, top + 1))
    assert all(number.is_integer() for number in significands(made, form.precision))
