"""How can an honest implementation sum?  Products along an axis, in every order, one rounding an operation.

Numbers of the four dtypes are held as float64.  An operation of two of them, done in float64 and rounded
again, is the operation rounded once: 53 bits are more than twice 24 and two.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Rounding = Callable[[Numbers], Numbers]


def to_bfloat16(numbers: Numbers) -> Numbers:
    """Round to 8 bits once, by float64's bits: ties go to even.  By way of float32 it would be twice."""
    bits = np.asarray(numbers, np.float64).view(np.int64)
    rounded = ((bits + (1 << 44) - 1 + (bits >> 45 & 1)) >> 45 << 45).view(np.float64)
    subnormal = np.round(numbers * 2.0**133) * 2.0**-133
    rounded = np.where(np.abs(numbers) < 2.0**-126, subnormal, rounded)
    rounded = np.where(np.abs(rounded) >= 2.0**128, np.copysign(np.inf, numbers), rounded)
    return np.where(np.isnan(numbers), np.nan, rounded)


ROUNDINGS: dict[str, Rounding] = {
    "bfloat16": to_bfloat16,
    "float16": lambda numbers: numbers.astype(np.float16).astype(np.float64),
    "float32": lambda numbers: numbers.astype(np.float32).astype(np.float64),
    "float64": lambda numbers: numbers,
}


def left_to_right(terms: Numbers, fl: Rounding) -> Numbers:
    total = fl(terms[0])
    for term in terms[1:]:
        total = fl(total + fl(term))
    return total


def right_to_left(terms: Numbers, fl: Rounding) -> Numbers:
    return left_to_right(terms[::-1], fl)


def pairwise(terms: Numbers, fl: Rounding) -> Numbers:
    terms = fl(terms)
    while len(terms) > 1:
        even = len(terms) // 2 * 2
        terms = np.concatenate([fl(terms[0:even:2] + terms[1:even:2]), terms[even:]])
    return terms[0]


def blocked(terms: Numbers, fl: Rounding) -> Numbers:
    return left_to_right(np.stack([left_to_right(terms[j : j + 5], fl) for j in range(0, len(terms), 5)]), fl)


def shuffled(terms: Numbers, fl: Rounding) -> Numbers:
    return left_to_right(np.random.default_rng(5).permutation(terms), fl)


def zeros_between(terms: Numbers, fl: Rounding) -> Numbers:
    """As zero insertion does it: terms that are zero take part."""
    spread = np.zeros((3 * len(terms), *terms.shape[1:]))
    spread[::3] = terms
    return left_to_right(spread, fl)


def by_size(terms: Numbers, fl: Rounding) -> Numbers:
    """The largest first: the worst order."""
    return left_to_right(np.take_along_axis(terms, np.argsort(-np.abs(terms), axis=0), axis=0), fl)


def fused(terms: Numbers, fl: Rounding) -> Numbers:
    """Products are not rounded before they are added; in float64 they were already."""
    total = np.zeros(terms.shape[1:])
    for term in terms:
        total = fl(total + term)
    return total


def in_float32(terms: Numbers, fl: Rounding) -> Numbers:
    """A better accumulator, rounded at the end; of float64 none is better here."""
    return fl(left_to_right(terms, ROUNDINGS["float32"])) if fl is not ROUNDINGS["float64"] else terms.sum(0)


def in_float64(terms: Numbers, fl: Rounding) -> Numbers:
    return fl(left_to_right(terms, ROUNDINGS["float64"]))


ORDERS = (
    left_to_right, right_to_left, pairwise, blocked, shuffled, zeros_between, by_size, fused, in_float32,
    in_float64,
)  # fmt: skip
