"""Are the readings of what happens at the edges of a format told apart, each by a system that does so?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from adjoint.call import Call
from adjoint.cases import edges
from adjoint.cases.settings import RULES, Axis, Setting, call_of
from adjoint.claimed import under
from adjoint.comparing import compare
from adjoint.demand import demand
from adjoint.golden import Check
from adjoint.reference.bound import Claim
from adjoint.reference.exact import FORMATS
from adjoint.spec import load

Array = np.ndarray[Any, Any]
Sum = Callable[[list[Any], Any], Any]
DTYPES = ("float32", "float64", "float16", "bfloat16")


def first_to_last(terms: list[Any], zero: Any) -> Any:
    return sum(terms, start=zero)


def begins_with_the_first(terms: list[Any], zero: Any) -> Any:
    return sum(terms[1:], start=terms[0]) if terms else zero


def exactly(beyond: float) -> Sum:
    """Sum without rounding; what is too large for the dtype becomes `beyond`, with its sign."""

    def total(terms: list[Any], zero: Any) -> Any:
        exact = sum(map(Fraction, map(float, terms)), start=Fraction(0))
        limit = Fraction(2) ** (FORMATS[zero.dtype.name].emax + 1)
        return zero.dtype.type(np.sign(exact) * beyond if abs(exact) >= limit else float(exact))

    return total


def system(call: Call, total: Sum, change: Callable[[Any], Any] = lambda number: number) -> Array:
    """A one-dimensional layer of PyTorch's, with stride 3, whose sums and numbers are what is said."""
    x, w = (call.arrays()[name] for name in ("input", "weight"))
    zero = x.dtype.type(0)
    y = np.zeros((1, w.shape[1], (x.shape[2] - 1) * 3 + w.shape[2]), x.dtype)
    for f, o in np.ndindex(y.shape[1:]):
        met = [(c, o // 3, o % 3) for c in range(x.shape[1]) if o % 3 < w.shape[2]]
        terms = [change(change(x[0, c, i]) * w[c, f, k]) for c, i, k in met]
        y[0, f, o] = total(terms, zero)
    return y


def made(rule: str, dtype: str = "float32", seed: int = 0) -> Call:
    plain = Setting(
        "torch.nn.functional.conv_transpose1d", (Axis(3, 2, 3),), channels=3, filters=2, data=rule
    )
    return call_of(edges.telling(replace(plain, dtype=dtype, seed=seed)))


def seen(call: Call, rule: str, output: Array, claim: Claim | None = None) -> str:
    return compare({"readings": demand(call, claim, rule).values}, output).seen


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs_of_zeros(dtype: str) -> None:
    call = made("sign-of-zero", dtype)
    assert seen(call, "sign-of-zero", system(call, first_to_last)) == "never negative"
    begun = system(call, begins_with_the_first)
    assert np.signbit(begun[begun == 0]).any()
    assert seen(call, "sign-of-zero", begun) == "negative where every term is"
    assert seen(call, "sign-of-zero", np.where(begun == 0, -begun, begun)) == "none of the readings known"
    assert seen(call, "sign-of-zero", begun + 1) == "none of the readings known"


def test_a_sum_of_one_negative_zero_is_negative_if_it_begins_with_the_first() -> None:
    """With one channel, and a stride as long as the kernel and longer, no element has two terms."""
    rule = "sign-of-zero"
    setting = Setting("torch.nn.functional.conv_transpose1d", (Axis(3, 2, 3),), filters=2, data=rule)
    call = call_of(setting)
    begun = system(call, begins_with_the_first)
    assert np.signbit(begun[begun == 0]).any()
    assert seen(call, rule, begun) == "negative where every term is"
    assert seen(call, rule, system(call, first_to_last)) == "never negative"


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("dtype", DTYPES)
def test_subnormal_numbers(dtype: str, seed: int) -> None:
    call = made("subnormal", dtype, seed)
    least = {"float16": -14, "float64": -1022}.get(dtype, -126)

    def flushed(number: Any) -> Any:
        return number if abs(float(number)) >= 2.0**least else number * 0

    kept = system(call, first_to_last)
    assert np.count_nonzero(kept) > 4
    assert (np.abs(kept.astype(np.float64)) < 2.0**least).all()
    assert seen(call, "subnormal", kept) == "kept"
    assert seen(call, "subnormal", system(call, first_to_last, flushed)) == "taken for zero"
    assert seen(call, "subnormal", np.where(np.arange(8) % 3 == 1, 0, kept)) == "none of the readings known"


def test_subnormal_inputs_and_subnormal_products_of_normal_numbers() -> None:
    inputs, products = (np.abs(made("subnormal", seed=seed).arrays()["input"]) for seed in (0, 1))
    assert (inputs < np.finfo(np.float32).tiny).all()
    assert (products >= np.finfo(np.float32).tiny).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_that_are_too_large(dtype: str) -> None:
    call, form = made("overflow", dtype), FORMATS[dtype]
    largest = np.ldexp(2 - 2.0 ** (1 - form.precision), form.emax)
    with np.errstate(all="ignore"):
        plain = system(call, first_to_last)
    wide, clamped = system(call, exactly(np.inf)), system(call, exactly(largest))
    assert np.isinf(plain).sum() > np.isinf(wide).sum() > np.isinf(clamped).sum() == 0
    assert seen(call, "overflow", plain) == "more infinities and NaN than the readings known"
    lost = np.where(np.isinf(plain) & ~np.isinf(wide), np.nan, plain)
    assert seen(call, "overflow", lost) == "more NaN than the readings known"
    assert seen(call, "overflow", wide) == "infinite where the exact sum is too large"
    assert seen(call, "overflow", clamped) == "the largest number in place of an infinity"
    assert seen(call, "overflow", np.abs(plain)) == "none of the readings known"
    if dtype == "float16":  # for others, float32 is no wider where it ends
        told = seen(call, "overflow", wide, Claim("float32"))
        assert told == "infinite where the exact sum is too large"


def test_weights_that_are_not_finite() -> None:
    call = made("weights-not-finite")
    with np.errstate(all="ignore"):
        apart = system(call, first_to_last)
    assert np.isnan(apart).any()
    assert np.isinf(apart).any()
    assert seen(call, "weights-not-finite", apart) == "only where a tap meets an element of the input"
    between = np.where(np.arange(8) % 3 == 2, np.nan, apart)
    assert seen(call, "weights-not-finite", between) == "more NaN than the readings known"
    assert seen(call, "weights-not-finite", apart + 1) == "none of the readings known"


def test_each_document_asks_for_each_dtype_of_each_edge_and_no_two_readings_are_alike() -> None:
    asked = set()
    for setting in edges.settings():
        values = demand(call_of(setting), rule=RULES[setting.data]).values
        assert len({str(value) for value in values.values()}) == len(values)
        asked.add((setting.api, setting.dtype, setting.data, setting.seed % 2))
    apis = len(load().apis())
    assert len(asked) == apis * 4 * 5 == 300


def test_under_a_claim_an_edge_keeps_the_readings_of_its_rule() -> None:
    call, claim = made("sign-of-zero"), Claim("float32")
    check = Check("values", "torch-functional.sign-of-zero", {"readings": {}})
    (anew,) = (check.demanded["readings"] for check in under([check], call, claim))
    assert anew == demand(call, claim, "sign-of-zero").values
    assert anew.keys() == {"never negative", "negative where every term is"}
