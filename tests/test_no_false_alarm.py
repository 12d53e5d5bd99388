"""Is anybody accused wrongly?  Whole implementations, each honest in its own way, on calls of many axes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from adjoint.reference.apis import translate
from adjoint.reference.bound import Claim, Interval, accepted_output
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.special import accepted_special
from tests.right import BY_ACCUMULATOR, DIRECT, WAYS, Implementation, bias_first, bias_last, gather
from tests.rounded_calls import Rounded, drawn
from tests.summing import ROUNDINGS, Numbers

BATCH, CALLS = 40, range(40)
each_dtype = pytest.mark.parametrize("dtype", ROUNDINGS)


@cache
def judged(dtype: str, seed: int, accumulator: str) -> tuple[Rounded, Interval]:
    """Return a call, and what is accepted; of every fifth, behind a relu."""
    call = drawn(dtype, seed, BATCH)
    translation = call.translation(activation=activation(seed))
    return call, accepted_output(translation, Claim(accumulator))[""]


def activation(seed: int) -> str:
    return "relu" if seed % 5 == 0 else "linear"


def answered(how: Implementation, call: Rounded, seed: int) -> Numbers:
    return np.maximum(how(call), 0) if activation(seed) == "relu" else how(call)


def outside(seen: Numbers, interval: Interval) -> int:
    low, high = (np.array(end).reshape(seen.shape) for end in (interval.low, interval.high))
    agrees = (np.isnan(seen) & np.isnan(low)) | ((low <= seen) & (seen <= high))
    return int(np.count_nonzero(~agrees))


def in_units(seen: Numbers, interval: Interval) -> float:
    unit = np.array(interval.unit)
    return float(np.max(np.abs(seen.ravel() - interval.exact)[unit > 0] / unit[unit > 0], initial=0))


@each_dtype
def test_no_honest_implementation_is_accused_in_a_million_elements(dtype: str) -> None:
    accused, count, largest = {}, 0, 0.0
    ways = {**DIRECT, **{name: how for (name, _), how in BY_ACCUMULATOR[dtype].items()}}
    for seed in CALLS:
        call, interval = judged(dtype, seed, dtype)
        assert not interval.vacuous
        for name, how in ways.items():
            seen = answered(how, call, seed)
            count, largest = count + seen.size, max(largest, in_units(seen, interval))
            if outside(seen, interval):
                accused[name] = seed
    print(f"{dtype}: {count} elements of {len(ways)} implementations, at most {largest:.1f} units from exact")
    assert accused == {}
    assert count >= 10**6
    assert largest < 10


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_who_sums_in_a_wider_format_and_claims_it_is_not_accused(dtype: str) -> None:
    accused = {
        (name, seed)
        for (name, accumulator), how in BY_ACCUMULATOR[dtype].items()
        for seed in CALLS
        for call, interval in [judged(dtype, seed, accumulator)]
        if outside(answered(how, call, seed), interval)
    }
    assert accused == set()


@each_dtype
def test_the_calls_have_what_bounds_fail_on(dtype: str) -> None:
    """Cancelling sums, sums of many sizes, and of the geometries every kind."""
    cancelled, sizes, calls = 0, [], [judged(dtype, seed, dtype) for seed in CALLS]
    for _, interval in calls:
        sums = np.array(interval.unit) * 2.0 ** FORMATS[dtype].precision
        kept = sums > 0
        cancelled += np.count_nonzero(np.abs(interval.exact)[kept] < sums[kept] / 100)
        sizes.append(sums[kept])
    every = np.concatenate(sizes)
    assert cancelled > every.size / 50
    assert every.max() / every.min() > 2**10
    seen = [(call, call.geometry) for call, _ in calls]
    assert {len(where.input) for _, where in seen} == {1, 2, 3}
    assert {call.groups for call, _ in seen} == {1, 2}
    assert {call.bias is None for call, _ in seen} == {True, False}
    for steps in ("stride", "dilation", "crop"):
        assert any(len(set(getattr(where, steps))) > 1 for _, where in seen), steps


@each_dtype
def test_the_last_number_accepted_passes_and_the_next_does_not(dtype: str) -> None:
    for seed in CALLS:
        _, interval = judged(dtype, seed, dtype)
        low, high = np.array(interval.low), np.array(interval.high)
        assert outside(low, interval) == outside(high, interval) == 0
        assert outside(following(high, dtype), interval) == high.size
        assert outside(-following(-low, dtype), interval) == low.size


def following(numbers: Numbers, dtype: str) -> Numbers:
    """Return the next number of the format above each."""
    if dtype != "bfloat16":
        return np.nextafter(numbers.astype(dtype), np.array(np.inf, dtype)).astype(np.float64)
    bits = (numbers + 0.0).astype(np.float32).view(np.int32)
    return (bits + np.where(bits < 0, -(1 << 16), 1 << 16)).astype(np.int32).view(np.float32).astype(float)


SPECIAL = ("scatter", "scatter backwards", "scatter at random", "gather", "zero insertion")


def special_calls(dtype: str) -> Iterator[tuple[Rounded, Interval]]:
    """Yield calls of torch's functions with NaN and infinities in the input, and what is accepted."""
    random = np.random.default_rng(6)
    for seed in range(60):
        rank, groups = 1 + seed % 3, 1 + seed % 2
        sizes = {"stride": (1, 4), "dilation": (1, 3), "padding": (0, 2)}
        arguments = {name: tuple(random.integers(*ends, rank).tolist()) for name, ends in sizes.items()}
        input, kernel = (tuple(random.integers(2, 4, rank).tolist()) for _ in range(2))
        shapes = {"input": (4, 2 * groups, *input), "weight": (2 * groups, 3, *kernel), "bias": (3 * groups,)}
        arrays = {name: random.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
        places = random.random(shapes["input"]) < 0.1
        arrays["input"][places] = random.choice([np.nan, np.inf, -np.inf], int(places.sum()))
        api, named = f"torch.nn.functional.conv_transpose{rank}d", {**arguments, "groups": groups}
        tensors = {
            name: Tensor.from_array(np.nan_to_num(array, posinf=0, neginf=0))
            for name, array in arrays.items()
        }
        (where,) = translate(api, tensors, named).geometries.values()
        x, w, bias = (array.astype(np.float64) for array in arrays.values())
        (interval,) = accepted_special(api, arrays, named, Claim(dtype)).values()
        yield Rounded(x, w, bias, where, groups, dtype), interval


@np.errstate(invalid="ignore")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nobody_who_meets_nan_and_infinities_honestly_is_accused(dtype: str) -> None:
    kinds = {"NaN": 0, "infinite": 0, "finite": 0}
    for call, interval in special_calls(dtype):
        for name in SPECIAL:
            for how in (bias_first, bias_last):
                assert outside(how(call, WAYS[name]), interval) == 0, name
        low = np.array(interval.low)
        kinds["NaN"] += np.count_nonzero(np.isnan(low))
        kinds["infinite"] += np.count_nonzero(np.isinf(low))
        kinds["finite"] += np.count_nonzero(np.isfinite(low))
    assert min(kinds.values()) > 500, kinds


@np.errstate(invalid="ignore")
def test_who_lets_nan_spread_or_loses_it_is_accused() -> None:
    spread = lost = 0
    for call, interval in special_calls("float32"):
        spread += outside(bias_last(call, WAYS["one matrix"]), interval) > 0  # zeros of the matrix meet NaN
        kept = Rounded(
            np.where(np.isfinite(call.x), call.x, 0),
            call.w,
            call.bias,
            call.geometry,
            call.groups,
            call.dtype,
        )
        lost += outside(bias_last(kept, gather), interval) > 0
    assert min(spread, lost) > 40
