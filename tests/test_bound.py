"""Is the bound what its definition says, and no wider?  Sums of n products, and the steps of a layer.

The sums are one-tap convolutions over n channels, in every order; `test_no_false_alarm` has whole ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import inf, isinf, nextafter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adjoint.reference.answer import Answer
from adjoint.reference.bound import Claim, Interval, accepted, accepted_output
from adjoint.reference.exact import FORMATS, Tensor, round_to
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Translation, channels_first, channels_last, output
from tests.right import gathered, in_steps, in_wider, joined, scatter, split
from tests.rounded_calls import WIDTHS, Rounded, tensor
from tests.rounded_calls import drawn as drawn_call
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


def call(dtype: str, n: int) -> Translation:
    x, w = drawn(dtype, n)
    one = (1,)
    return Translation(
        input=tensor(x[..., np.newaxis], dtype),
        kernel=tensor(w[..., np.newaxis], dtype),
        bias=None,
        geometries={"": Geometry(one, one, one, one, one, (0,))},
        layout=channels_first(1),
        kernel_layout=channels_first(1),
        dtype=dtype,
        round_trip=(range(1, 2),),
    )


def outside(seen: Numbers, interval: Interval) -> int:
    low, high = (np.array(end).reshape(seen.shape) for end in (interval.low, interval.high))
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


def rounded(value: Fraction, dtype: str) -> float:
    above, below = value.as_integer_ratio()
    return round_to(above, 1 - below.bit_length(), FORMATS[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 50])
def test_both_ends_are_the_last_that_the_definition_accepts(dtype: str, n: int) -> None:
    form = FORMATS[dtype]
    exact, magnitude = Fraction(5, 4), Fraction(37, 2)
    allowed = accepted(one(dtype, exact, magnitude, n), Claim(dtype))
    error = n * magnitude / 2**form.precision + n * Fraction(2) ** (form.emin - form.precision)

    assert (allowed.low, allowed.high) == ((rounded(exact - error, dtype),), (rounded(exact + error, dtype),))
    assert allowed.low[0] <= exact <= allowed.high[0]
    assert allowed.unit == (float(magnitude / 2**form.precision),)
    better = accepted(one(dtype, exact, magnitude, n), Claim("float64"))
    assert better.unit == (float(magnitude / 2**53),)


def mixing(dtype: str, exact: Fraction, magnitude: Fraction, n: int, mixed: int) -> Answer:
    """Return what `one` does, where a transform may stray by u times `mixed`."""
    return replace(one(dtype, exact, magnitude, n), mixed=Tensor(dtype, (1,), (mixed,)))


@pytest.mark.parametrize("rounds", ["", "tf32"])
def test_the_ends_lie_farther_apart_by_what_a_transform_strays_also_of_inputs_of_11_bits(rounds: str) -> None:
    exact, magnitude, n, mixed = Fraction(5, 4), Fraction(37, 2), 3, 1000
    claim = Claim("float32", input_rounding=rounds, algorithm="transform")
    allowed = accepted(mixing("float32", exact, magnitude, n, mixed), claim)
    u, eta = Fraction(1, 2**24), Fraction(1, 2**150)
    g = Fraction(2, 2**11) + Fraction(1, 2**22) if rounds else 0
    error = g * magnitude + n * u * (1 + g) * magnitude + n * eta + (u + g) * mixed
    ends = rounded(exact - error, "float32"), rounded(exact + error, "float32")
    assert (*allowed.low, *allowed.high) == ends


def test_what_a_transform_may_stray_is_vacuous_from_the_largest_sum_on() -> None:
    claim, unit = Claim("float32", algorithm="transform"), Fraction(1)
    assert accepted(mixing("float32", unit, unit, 1, 1 << 24), claim).vacuous
    assert not accepted(mixing("float32", unit, unit, 1, (1 << 24) - 1), claim).vacuous
    nothing = Fraction(0)
    assert not accepted(mixing("float32", nothing, nothing, 1, 0), claim).vacuous


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


def fractions(numbers: Numbers) -> NDArray[Any]:
    return np.array([Fraction(value) for value in numbers.ravel().tolist()], object).reshape(numbers.shape)


def defined(call: Rounded, claim: Claim) -> tuple[Numbers, Numbers]:
    """Return both ends as the definition has them, in the operation's order, from sums of fractions."""
    x, w, bias = map(fractions, split(call))
    products = list(gathered(x, w, call.geometry))
    terms = [np.where(there, term, 0) for term, there in products]
    form, biased = FORMATS[claim.accumulator], int(call.bias is not None)
    u, normal = Fraction(1, 2**form.precision), Fraction(2) ** form.emin
    g = Fraction(2, 2**11) + Fraction(1, 2**22) if claim.input_rounding else 0
    eta = normal if claim.flush else normal * u

    def ends(y: Fraction, part: Fraction, b: Fraction, n: int) -> list[float]:
        """Of n terms, a bias of b among them; `part` is what the products add to S."""
        error = g * part + n * u * ((1 + g) * part + abs(b)) + n * eta if part or b else Fraction(0)
        return [rounded(y - error, call.dtype), rounded(y + error, call.dtype)]

    def hull(y: Fraction, part: Fraction, n: int, b: Fraction) -> tuple[float, float]:
        found = ends(y + b, part, b, n + biased)
        for end in ends(y, part, Fraction(0), n) if biased else []:
            found.append(end if isinf(end) else rounded(Fraction(end) + b, call.dtype))
        return min(found), max(found)

    count = sum(there.astype(int) for _, there in products)
    low, high = np.vectorize(hull)(sum(terms), sum(map(abs, terms)), count, bias)
    return joined(low), joined(high)


CLAIMS = {
    "its own": lambda dtype: Claim(dtype),
    "float32": lambda _: Claim("float32"),
    "tf32": lambda _: Claim("float32", input_rounding="tf32"),
    "flushing": lambda dtype: Claim(dtype, flush=True),
}


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("claimed", CLAIMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_ends_of_a_layers_output_are_those_of_the_definition(
    dtype: str, claimed: str, activation: str
) -> None:
    claim = CLAIMS[claimed](dtype)
    for seed in range(12):
        call = drawn_call(dtype, seed, batch=2)
        call = lowered(call) if claim.flush else call
        rank = len(call.geometry.input)
        found = accepted_output(call.translation(channels_last(rank), activation), claim)[""]
        ends = [np.moveaxis(end, 1, -1).ravel() for end in defined(call, claim)]
        low, high = ends if activation == "linear" else np.maximum(ends, 0)
        assert np.array_equal(found.low, low), seed
        assert np.array_equal(found.high, high), seed


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounding_between_the_steps_of_a_layer_is_accepted_beside_rounding_once(dtype: str) -> None:
    outside_hull, outside_each = 0, {in_steps: 0, in_wider: 0}
    for seed in range(24):
        call = drawn_call(dtype, seed)
        if call.bias is None:
            continue
        hull = accepted_output(call.translation(), Claim("float32"))[""]
        once = accepted(output(call.translation()), Claim("float32"))
        for way in outside_each:
            seen = way(call, "float32")
            outside_hull += outside(seen, hull)
            outside_each[way] += outside(seen, once)
    assert outside_hull == outside_each[in_wider] == 0
    assert outside_each[in_steps] > 500


def test_inputs_rounded_to_11_bits_are_accepted_where_tf32_is_claimed_and_to_8_are_not() -> None:
    accurate, accused, shorter = Claim("float32"), 0, 0
    for seed in range(24):
        call = drawn_call("float32", seed)
        claimed = accepted_output(call.translation(), replace(accurate, input_rounding="tf32"))[""]
        seen = in_wider(replace(call, x=to_11_bits(call.x), w=to_11_bits(call.w)), "float32")
        assert outside(seen, claimed) == 0, seed
        accused += outside(seen, accepted_output(call.translation(), accurate)[""])
        short = replace(call, x=ROUNDINGS["bfloat16"](call.x), w=ROUNDINGS["bfloat16"](call.w))
        shorter += outside(in_wider(short, "float32"), claimed)
    assert min(accused, shorter) > 3000


def to_11_bits(numbers: Numbers) -> Numbers:
    fractions, exponents = np.frexp(numbers)
    return np.ldexp(np.round(fractions * 2**11), exponents - 11)


@pytest.mark.parametrize(
    ("dtype", "accumulator"), [*((dtype, dtype) for dtype in DTYPES), ("bfloat16", "float32")]
)
def test_what_flushes_is_accepted_where_that_is_claimed(dtype: str, accumulator: str) -> None:
    accused = 0

    def flushing(fl: Rounding) -> Rounding:
        return lambda numbers: np.where(np.abs(fl(numbers)) < 2.0 ** FORMATS[dtype].emin, 0, fl(numbers))

    fl, wide = flushing(ROUNDINGS[dtype]), flushing(ROUNDINGS[accumulator])
    for seed in range(48):
        call = lowered(drawn_call(dtype, seed))
        x, w, bias = split(call)
        seen = joined(fl(fl(scatter(x, w, call.geometry, wide, np.zeros_like(bias))) + bias))
        assert outside(seen, accepted_output(call.translation(), Claim(accumulator, flush=True))[""]) == 0, (
            seed
        )
        accused += outside(seen, accepted_output(call.translation(), Claim(accumulator))[""])
    assert accused > 20


def lowered(call: Rounded) -> Rounded:
    """Return the call with numbers so small that some products and sums are subnormal."""
    scale = 2.0 ** (FORMATS[call.dtype].emin + WIDTHS[call.dtype] + 1)
    return replace(call, x=call.x * scale, bias=None if call.bias is None else call.bias * scale)
