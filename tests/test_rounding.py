"""Is every number rounded once, to nearest, ties to even?  Held to a search through all numbers of a format.

The oracle knows a format by its bit patterns alone, which `struct` reads: it finds the two neighbours of a
number among them by bisection, and compares fractions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import copysign, inf, ldexp
from random import Random

import numpy as np
import pytest

from adjoint.reference.exact import FORMATS, Format, Tensor, round_all, round_floats, round_to
from adjoint.reference.operation import Geometry, conv_transpose

# Of each format: how struct writes a pattern and reads the number, the pattern of infinity.
READ = {"float16": "He", "bfloat16": "If", "float32": "If", "float64": "Qd"}
INFINITE = {"float16": 0x7C00, "bfloat16": 0x7F80, "float32": 0x7F800000, "float64": 0x7FF0000000000000}
ONE = {"float16": 0x3C00, "bfloat16": 0x3F80, "float32": 0x3F800000, "float64": 0x3FF0000000000000}
NORMAL = {"float16": 0x400, "bfloat16": 0x80, "float32": 0x800000, "float64": 0x10000000000000}
WIDER = [
    ("bfloat16", "float16"),
    ("bfloat16", "float32"),
    ("bfloat16", "float64"),
    ("float16", "float32"),
    ("float16", "float64"),
    ("float32", "float64"),
]


@cache
def number(dtype: str, pattern: int) -> Fraction:
    """Return the number of a pattern without sign; that of infinity is one step past the largest."""
    if pattern == INFINITE[dtype]:
        return 2 * number(dtype, pattern - 1) - number(dtype, pattern - 2)
    written, read = READ[dtype]
    raw = struct.pack(f"<{written}", pattern << (16 if dtype == "bfloat16" else 0))
    return Fraction(struct.unpack(f"<{read}", raw)[0])


def nearest(value: Fraction, dtype: str) -> float:
    """Return the number of the format nearest to `value`, of two the one with an even pattern."""
    size, sign = abs(value), -1 if value < 0 else 1
    low, high = 0, INFINITE[dtype]
    if size >= number(dtype, high):
        return sign * inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if number(dtype, middle) <= size else (low, middle)
    below, above = size - number(dtype, low), number(dtype, high) - size
    found = low if below < above or (below == above and low % 2 == 0) else high
    return sign * (inf if found == INFINITE[dtype] else float(number(dtype, found)))


def dyadic(value: Fraction) -> tuple[int, int]:
    """Return `value` as an odd integer, or none, and the exponent of its power of two."""
    above, below = value.as_integer_ratio()
    twos = (above & -above).bit_length() - 1 if above else 0
    return above >> twos, twos + 1 - below.bit_length()


def same(found: float, demanded: float) -> bool:
    """Compare two numbers with their signs, zero's too."""
    return found == demanded and copysign(1, found) == copysign(1, demanded)


def rounds_rightly(value: Fraction, dtype: str) -> bool:
    """Round `value` and its negative, written over several powers of two, and compare with the oracle."""
    integer, exponent = dyadic(value)
    return all(
        same(
            round_to(sign * integer << zeros, exponent - zeros, FORMATS[dtype]), nearest(sign * value, dtype)
        )
        for sign in (1, -1)
        for zeros in (0, 1, 70)
    )


def between(low: Fraction, high: Fraction) -> Iterator[Fraction]:
    """Yield two neighbours, the ties and near ties between them, and numbers close to either."""
    gap = high - low
    for part in (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1)):
        for tiny in (0, gap / 2**3, gap / 2**12, gap / 2**30, gap / 2**54, gap / 2**80, gap / 2**1200):
            yield from (abs(low + part * gap + off) for off in (tiny, -tiny))


def adversarial(dtype: str) -> list[int]:
    """Return patterns: around zero, the border to the normal numbers, one, the largest; at random."""
    random, end = Random(7), INFINITE[dtype]
    near = [anchor + off for anchor in (NORMAL[dtype], 2 * NORMAL[dtype], ONE[dtype]) for off in range(-3, 3)]
    drawn = [random.randrange(end) for _ in range(40)] + [random.randrange(NORMAL[dtype]) for _ in range(20)]
    return [*range(4), *near, *range(end - 4, end), *drawn]


@pytest.mark.parametrize("dtype", FORMATS)
def test_ties_near_ties_and_numbers_at_every_border_are_rounded_as_the_search_has_it(dtype: str) -> None:
    values = {
        value
        for pattern in adversarial(dtype)
        for value in between(number(dtype, pattern), number(dtype, pattern + 1))
    }
    print(f"{dtype}: {len(values)} numbers and their negatives")
    assert len(values) > 4000
    for value in values:
        assert rounds_rightly(value, dtype), value


@pytest.mark.parametrize("dtype", FORMATS)
def test_half_a_step_past_the_largest_number_is_infinite_and_less_is_not(dtype: str) -> None:
    form, end = FORMATS[dtype], INFINITE[dtype]
    largest = number(dtype, end - 1)
    border = largest + (number(dtype, end) - largest) / 2
    for part in (1, Fraction(1, 2**10), Fraction(1, 2**2000)):
        for value, demanded in (
            (border, inf),
            (border + part, inf),
            (border - part, float(largest)),
            (largest + part, float(largest)),
        ):
            assert round_to(*dyadic(value), form) == nearest(value, dtype) == demanded
            assert round_to(*dyadic(-value), form) == nearest(-value, dtype) == -demanded


@pytest.mark.parametrize(("dtype", "patterns"), [("float16", 31744), ("bfloat16", 32640)])
def test_every_number_is_itself_and_all_between_two_goes_to_the_nearer_or_the_even(
    dtype: str, patterns: int
) -> None:
    form = FORMATS[dtype]
    assert INFINITE[dtype] == patterns
    finest = dyadic(number(dtype, 1))[1]
    wholes = [int(number(dtype, pattern) / number(dtype, 1)) for pattern in range(patterns + 1)]
    floats = [*(float(number(dtype, pattern)) for pattern in range(patterns)), inf]
    for pattern, (low, high) in enumerate(pairwise(wholes)):
        below, above = floats[pattern : pattern + 2]
        even = above if pattern % 2 else below
        for sign in (1, -1):
            assert round_to(sign * low, finest, form) == sign * below, pattern
            for zeros in (0, 60):
                middle = sign * (low + high) << zeros
                assert round_to(middle, finest - 1 - zeros, form) == sign * even, pattern
                middle <<= 1
                assert round_to(middle - sign, finest - 2 - zeros, form) == sign * below, pattern
                assert round_to(middle + sign, finest - 2 - zeros, form) == sign * above, pattern


def test_every_float16_and_every_midpoint_is_cast_as_numpy_casts_a_float64() -> None:
    numbers = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)
    middles = (numbers + np.r_[numbers[1:], 65536]) / 2
    values = np.r_[numbers, middles, middles * (1 - 2.0**-40), middles * (1 + 2.0**-40)]
    with np.errstate(over="ignore"):
        cast = values.astype(np.float16).astype(np.float64)
    for value, demanded in zip(values.tolist(), cast.tolist(), strict=True):
        assert round_to(*dyadic(Fraction(value)), FORMATS["float16"]) == demanded, value


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("dtype", "wide"), WIDER)
def test_a_number_that_rounds_wrongly_by_way_of_a_wider_format_is_rounded_once(
    dtype: str, wide: str, sign: int
) -> None:
    """Near a tie, the wider format rounds to the tie itself, and the tie then goes to the even side."""
    random, binade = Random(8), NORMAL[dtype]
    for pattern in [
        ONE[dtype] + offset for offset in (0, 1, *random.choices(range(-8 * binade, 8 * binade), k=50))
    ]:
        odd = 1 if pattern % 2 == 0 else -1  # off the tie, towards the neighbour that it would not go to
        for tiny in (Fraction(1, 2**80), Fraction(1, 2**300)):
            middle = (number(dtype, pattern) + number(dtype, pattern + 1)) / 2
            trap = sign * (middle + odd * tiny)
            twice = nearest(Fraction(nearest(trap, wide)), dtype)
            once = round_to(*dyadic(trap), FORMATS[dtype])
            assert once == nearest(trap, dtype) != twice, trap


@pytest.mark.parametrize("dtype", FORMATS)
def test_a_number_that_rounds_wrongly_by_way_of_all_its_bits_is_rounded_once_to_a_subnormal(
    dtype: str,
) -> None:
    """As above, through the same format without an end to its exponents."""
    random, form = Random(9), FORMATS[dtype]
    for pattern in [1, 2, 3, *(random.randrange(1, NORMAL[dtype] // 2) for _ in range(50))]:
        low, high = number(dtype, pattern), number(dtype, pattern + 1)
        odd = 1 if pattern % 2 == 0 else -1
        trap = (low + high) / 2 + odd * (high - low) / 2**60
        assert round_to(*dyadic(trap), form) == nearest(trap, dtype) == float(high if odd == 1 else low)


def test_the_named_trap_of_float32() -> None:
    trap = 1 + Fraction(1, 2**24) + Fraction(1, 2**80)
    assert np.float32(float(trap)) == 1
    assert round_to(*dyadic(trap), FORMATS["float32"]) == 1 + 2.0**-23


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("exponent", [-100_000, -5000, -1200, 1200, 5000, 100_000])
def test_exponents_far_outside_every_format_give_zero_or_infinity(dtype: str, exponent: int) -> None:
    for integer in (1, -1, 3, 2**24 + 1, -(2**53) - 1):
        found = round_to(integer, exponent, FORMATS[dtype])
        assert same(found, nearest(integer * Fraction(2) ** exponent, dtype))
        assert same(found, copysign(0.0 if exponent < 0 else inf, integer))
        assert round_to(integer << 100_000, exponent - 100_000, FORMATS[dtype]) == found
    assert same(round_to(0, exponent, FORMATS[dtype]), 0.0)


@pytest.mark.parametrize("dtype", FORMATS)
def test_sums_of_products_that_cancel_are_rounded_once_at_the_end(dtype: str) -> None:
    random, form = Random(10), FORMATS[dtype]

    def draw() -> Fraction:
        return random.choice((-1, 1)) * number(dtype, random.randrange(INFINITE[dtype]))

    geometry = Geometry((1,), (1,), (1,), (1,), (1,), (0,))
    cancelled = 0
    for _ in range(300):
        pairs = [(draw(), draw()) for _ in range(4)]
        pairs += [(-x, w) for x, w in pairs[:3]]
        pairs += [(Fraction(random.choice((-1, 1)), 2**70), pairs[3][1])]
        random.shuffle(pairs)
        x, w = (np.array([float(factor) for factor in factors]) for factors in zip(*pairs, strict=True))
        exact = conv_transpose(
            Tensor.from_array(x.reshape(1, -1, 1)), Tensor.from_array(w.reshape(-1, 1, 1)), geometry
        )
        demanded = sum(x * w for x, w in pairs)
        found = Tensor(dtype, exact.shape, exact.integers, exact.exponent).rounded()
        assert found == [nearest(demanded, dtype)], pairs
        cancelled += abs(demanded) * 2**form.precision < sum(abs(x * w) for x, w in pairs)
    assert cancelled > 50


def test_the_formats_are_numpys() -> None:
    assert FORMATS["bfloat16"] == Format(8, FORMATS["float32"].emin, FORMATS["float32"].emax)
    for dtype in ("float16", "float32", "float64"):
        info = np.finfo(dtype)
        assert (info.nmant + 1, info.minexp, info.maxexp - 1) == (
            FORMATS[dtype].precision,
            FORMATS[dtype].emin,
            FORMATS[dtype].emax,
        )


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_rounding_is_numpys_rounding_of_a_float64(dtype: str) -> None:
    random, info = Random(1), np.finfo(dtype)
    for _ in range(4000):
        bits, top = random.randint(1, 53), random.randint(info.minexp - info.nmant - 3, info.maxexp + 1)
        value = random.choice((-1, 1)) * random.getrandbits(bits) | random.choice((0, 1))
        with np.errstate(over="ignore"):
            demanded = float(np.float64(ldexp(value, top - bits)).astype(dtype))
        assert round_to(value, top - bits, FORMATS[dtype]) == demanded, (value, top - bits)


def test_rounding_to_float64_is_pythons_division() -> None:
    random = Random(2)
    for _ in range(4000):
        value, down = random.getrandbits(random.randint(1, 90)) - 2**40, random.randint(0, 1100)
        assert round_to(value, -down, FORMATS["float64"]) == value / 2**down, (value, down)


@pytest.mark.parametrize(
    ("dtype", "value", "exponent", "rounded"),
    [
        ("bfloat16", 2**8 + 1, -8, 1.0),  # a tie, to even
        ("bfloat16", 2**8 + 3, -8, 1 + 2**-6),  # the next tie
        ("bfloat16", 2**20 + 2**12 + 1, -20, 1 + 2**-7),  # just above a tie
        ("bfloat16", 2**8 - 1, 120, 255 * 2.0**120),  # the largest
        ("bfloat16", 2**9 - 1, 119, inf),  # half-way past it
        ("bfloat16", -(2**9) + 1, 119, -inf),
        ("bfloat16", 3, -135, 2.0**-133),  # between none and the smallest subnormal
        ("bfloat16", 1, -134, 0.0),  # half of it
        ("float16", 2**60 + 2**49 + 1, -60, 1 + 2**-10),  # a tie, once rounded to float64 first
        ("float64", 1, 1024, inf),
        ("float64", 0, 9999, 0.0),
    ],
)
def test_rounding_happens_once_to_nearest_ties_to_even(
    dtype: str, value: int, exponent: int, rounded: float
) -> None:
    assert round_to(value, exponent, FORMATS[dtype]) == rounded


@pytest.mark.parametrize("dtype", FORMATS)
def test_many_numbers_are_rounded_as_one_is(dtype: str) -> None:
    random, form = Random(9), FORMATS[dtype]
    around = range(form.emin - form.precision - 2, form.emax + 3, max(form.emax // 40, 1))
    for exponent in (*around, -1200, 990):
        odd = [
            2 * random.getrandbits(form.precision) + 1 for _ in range(12)
        ]  # half-way, but for what follows
        integers = [(near << 70) + more for near in odd for more in (-1, 0, 1)]
        integers += [random.getrandbits(size) for size in (1, 8, 24, 53, 54, 64, 200)] + [0]
        integers += [-value for value in integers]
        demanded = [round_to(value, exponent - 70, form) for value in integers]
        assert all(map(same, round_all(integers, exponent - 70, form), demanded)), exponent
    assert round_all([1 << 2000, -1], 0, form) == [inf, -1]


@pytest.mark.parametrize("dtype", FORMATS)
def test_floats_are_rounded_to_a_format(dtype: str) -> None:
    random, form = Random(9), FORMATS[dtype]
    scales = [2.0**exponent for exponent in range(max(form.emin, -1022) - 9, min(form.emax, 1000) + 3, 7)]
    ties = [(2 * random.getrandbits(form.precision) + 1) * scale for scale in scales]
    numbers = np.array([*ties, *(random.uniform(-1, 1) * scale for scale in scales), inf, -inf, 0.0])
    for value, found in zip(numbers.tolist(), round_floats(numbers, form), strict=True):
        demanded = value if abs(value) == inf else nearest(Fraction(value), dtype)
        assert same(found, demanded), value


@pytest.mark.parametrize(
    ("value", "exponent"),
    [
        (2**1024 - 1, -10),  # float64 has no such number
        (-(2**1030), -899),
        (2**53 + 1, -1128),  # a little more than half of the smallest: rounded to 53 bits, it is half
    ],
)
@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_many_are_rounded_as_one_is_where_float64_does_not_reach(
    value: int, exponent: int, form: Format
) -> None:
    both = [1, value]
    assert round_all(both, exponent, form) == [round_to(each, exponent, form) for each in both]
