"""Does the bound accuse nobody wrongly, and somebody rightly?  Every honest order of summation is within it.

One-tap convolutions over n channels: each element of the output is a sum of n products.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import inf, nextafter

import numpy as np
import pytest

from adjoint.reference.answer import Answer
from adjoint.reference.bound import Claim, Interval, accepted
from adjoint.reference.exact import FORMATS, Tensor, round_to
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Translation, channels_first, output
from tests.summing import ORDERS, ROUNDINGS, Numbers, Rounding, left_to_right

BATCH, FILTERS = 160, 125
TERMS = (1, 2, 7, 31, 100)
DTYPES = tuple(FORMATS)


def drawn(dtype: str, n: int) -> tuple[Numbers, Numbers]:
    """Return input (batch, n), kernel (n, filters): signed, of many sizes, cancelling."""
    random, fl = np.random.default_rng([1, n]), ROUNDINGS[dtype]
    wide = 3 if dtype == "float16" else 12

    def numbers(*shape: int) -> Numbers:
        return fl(random.choice((-1, 1), shape) * 2.0 ** random.uniform(-wide, wide, shape))

    x, w = numbers(BATCH, n), numbers(n, FILTERS)
    x[: BATCH // 2, n // 2 :] = -x[: BATCH // 2, : n - n // 2]  # the second half of the terms takes the first
    w[n // 2 :, : FILTERS // 2] = w[: n - n // 2, : FILTERS // 2]  # back, or nearly so
    return x, w


def tensor(dtype: str, numbers: Numbers, shape: tuple[int, ...]) -> Tensor:
    read = Tensor.from_array(numbers)
    return Tensor(dtype, shape, read.integers, read.exponent)


def call(dtype: str, n: int) -> Translation:
    x, w = drawn(dtype, n)
    one = (1,)
    return Translation(
        input=tensor(dtype, x, (BATCH, n, 1)),
        kernel=tensor(dtype, w, (n, FILTERS, 1)),
        bias=None,
        geometries={"": Geometry(one, one, one, one, one, (0,))},
        layout=channels_first(1),
        kernel_layout=channels_first(1),
        dtype=dtype,
        round_trip=(range(1, 2),),
    )


def outside(seen: Numbers, interval: Interval) -> int:
    low, high = (np.array(end).reshape(BATCH, FILTERS) for end in (interval.low, interval.high))
    return int(np.count_nonzero(~((low <= seen) & (seen <= high))))


def terms(dtype: str, n: int) -> Numbers:
    x, w = drawn(dtype, n)
    return x.T[:, :, np.newaxis] * w[:, np.newaxis, :]


@cache
def interval(dtype: str, n: int) -> Interval:
    return accepted(output(call(dtype, n)), Claim(dtype))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.__name__)
@pytest.mark.parametrize("n", TERMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_order_of_summation_is_accused(
    dtype: str, n: int, order: Callable[[Numbers, Rounding], Numbers]
) -> None:
    assert outside(order(terms(dtype, n), ROUNDINGS[dtype]), interval(dtype, n)) == 0


def test_a_million_elements_of_each_dtype_were_judged() -> None:
    assert len(ORDERS) * len(TERMS) * BATCH * FILTERS >= 10**6


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_better_accumulator_that_is_claimed_is_held_to(dtype: str) -> None:
    n = 100
    claimed = accepted(output(call(dtype, n)), Claim("float32"))
    better, worse = (
        fl(left_to_right(terms(dtype, n), fl)) for fl in (ROUNDINGS["float32"], ROUNDINGS[dtype])
    )
    assert outside(ROUNDINGS[dtype](better), claimed) == 0
    assert outside(worse, claimed) > BATCH * FILTERS / 4


def one(dtype: str, exact: Fraction, magnitude: Fraction, n: int) -> Answer:
    def scalar(value: Fraction) -> Tensor:
        shift = value.denominator.bit_length() - 1
        return Tensor(dtype, (1,), (value.numerator,), -shift)

    return Answer(scalar(exact), scalar(magnitude), Tensor(dtype, (1,), (n,)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 50])
def test_both_ends_are_the_last_that_the_definition_accepts(dtype: str, n: int) -> None:
    form = FORMATS[dtype]
    exact, magnitude = Fraction(5, 4), Fraction(37, 2)
    allowed = accepted(one(dtype, exact, magnitude, n), Claim(dtype))
    error = n * magnitude / 2**form.precision + n * Fraction(2) ** (form.emin - form.precision)

    def rounded(value: Fraction) -> float:
        return round_to(value.numerator, 1 - value.denominator.bit_length(), form)

    assert allowed.low == (rounded(exact - error),)
    assert allowed.high == (rounded(exact + error),)
    assert allowed.low[0] <= exact <= allowed.high[0]
    assert allowed.unit == (float(magnitude / 2**form.precision),)
    better = accepted(one(dtype, exact, magnitude, n), Claim("float64"))
    assert better.unit == (float(magnitude / 2**53),)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_every_term_is_zero_nothing_but_zero_is_accepted(dtype: str) -> None:
    allowed = accepted(one(dtype, Fraction(0), Fraction(0), 40), Claim(dtype, flush=True))
    assert (allowed.low, allowed.high) == ((0.0,), (0.0,))


def test_flushing_that_is_claimed_may_lose_a_subnormal() -> None:
    tiny = Fraction(2) ** -130
    small = one("float32", tiny, tiny, 1)
    assert accepted(small, Claim("float32")).low[0] > 0
    assert accepted(small, Claim("float32", flush=True)).low[0] <= 0


def test_a_sum_beyond_the_largest_number_may_be_infinite_and_nothing_less() -> None:
    huge = one("float16", Fraction(70000), Fraction(70000), 1)
    assert accepted(huge, Claim("float16")).high == (inf,)
    assert accepted(huge, Claim("float32")).low == (inf,)


def test_a_bound_of_as_many_terms_as_the_accumulator_has_numbers_is_vacuous() -> None:
    full, less = (one("bfloat16", Fraction(1), Fraction(1), n) for n in (256, 255))
    assert accepted(full, Claim("bfloat16")).vacuous
    assert not accepted(less, Claim("bfloat16")).vacuous
    assert not accepted(full, Claim("float32")).vacuous


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_lost_term_and_a_coarser_format_are_accused(dtype: str) -> None:
    products, allowed = terms(dtype, 7), interval(dtype, 7)
    assert outside(left_to_right(products[1:], ROUNDINGS[dtype]), allowed) > BATCH * FILTERS / 4
    if dtype in ("float32", "float64"):
        coarse = ROUNDINGS["bfloat16" if dtype == "float32" else "float32"]
        assert outside(coarse(left_to_right(products, ROUNDINGS["float64"])), allowed) > BATCH * FILTERS / 2


def test_next_to_the_ends_nothing_is_accepted() -> None:
    allowed = interval("float64", 7)
    seen = np.array(allowed.high).reshape(BATCH, FILTERS)
    assert outside(seen, allowed) == 0
    beyond = np.array([nextafter(high, inf) for high in allowed.high]).reshape(BATCH, FILTERS)
    assert outside(beyond, allowed) == BATCH * FILTERS
