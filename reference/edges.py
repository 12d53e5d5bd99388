"""What may become of numbers at the edges of a format, where the documents are silent?  The readings known.

Signs of zeros, subnormal numbers, sums too large for the format, weights that are not finite: systems differ
there, and an `open` clause of each document asks for what is seen.  The clauses are named by their last part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ldexp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adjoint.reference.apis import translate
from adjoint.reference.bound import Claim, Interval, accepted_output
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.operation import conv_transpose
from adjoint.reference.special import accepted_special

Arrays = Mapping[str, NDArray[Any]]
Readings = dict[str, Interval]


def _signs(api: str, arrays: Arrays, arguments: Mapping[str, Any], claim: Claim) -> Readings:
    """A sum of zeros is -0 where each is, if it begins with the first; else it begins with +0, and is +0."""
    (positive,) = _finite(api, arrays, arguments, claim).values()
    negative = _all_negative_zeros(api, arrays, arguments)
    exact = tuple(-0.0 if zero else value for zero, value in zip(negative, positive.exact, strict=True))
    begun = replace(positive, low=exact, high=exact, exact=exact)
    return {"negative where every term is": begun, "never negative": _exactly(positive)}


def _subnormals(api: str, arrays: Arrays, arguments: Mapping[str, Any], claim: Claim) -> Readings:
    """Where input or products are subnormal, and so is every sum of them."""
    (kept,) = _finite(api, arrays, arguments, claim).values()
    zeros = (0.0,) * len(kept.exact)
    return {"kept": _exactly(kept), "taken for zero": replace(kept, low=zeros, high=zeros, exact=zeros)}


def _overflow(api: str, arrays: Arrays, arguments: Mapping[str, Any], claim: Claim) -> Readings:
    """An element whose exact sum is too large; where only a part of a sum is, no more readings are known."""
    (exact,) = _finite(api, arrays, arguments, claim).values()
    form = FORMATS[arrays["input"].dtype.name]
    largest = ldexp(2 - 2.0 ** (1 - form.precision), form.emax)

    def clamped(ends: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(min(max(end, -largest), largest) for end in ends)

    least = replace(exact, low=clamped(exact.low), high=clamped(exact.high), exact=clamped(exact.exact))
    return {
        "infinite where the exact sum is too large": exact,
        "the largest number in place of an infinity": least,
    }


def _weights(api: str, arrays: Arrays, arguments: Mapping[str, Any], claim: Claim) -> Readings:
    """Zeros that are inserted between the input's elements meet every tap; those that are not meet none."""
    (apart,) = accepted_special(api, arrays, arguments, claim).values()
    return {"only where a tap meets an element of the input": apart}


EDGES: dict[str, Callable[[str, Arrays, Mapping[str, Any], Claim], Readings]] = {
    "sign-of-zero": _signs,
    "subnormal": _subnormals,
    "overflow": _overflow,
    "weights-not-finite": _weights,
}
"""By the rule: from an API, its tensors and arguments, and a claim, to the readings, each by its name.

They raise `Refused` and `Unspecified` as the others do; the data are those of `adjoint.cases.data`.
"""
SIGNED = "sign-of-zero"


def _finite(api: str, arrays: Arrays, arguments: Mapping[str, Any], claim: Claim) -> Readings:
    tensors = {name: Tensor.from_array(array) for name, array in arrays.items()}
    return accepted_output(translate(api, tensors, arguments), claim)


def _exactly(interval: Interval) -> Interval:
    """Return the exact values alone: of data whose sums every order gives alike."""
    return replace(interval, low=interval.exact, high=interval.exact)


def _all_negative_zeros(api: str, arrays: Arrays, arguments: Mapping[str, Any]) -> list[bool]:
    """Return, for each output in the API's order, whether it has terms and all of them are -0; no bias."""

    def sums(made: Callable[[NDArray[Any]], NDArray[Any]]) -> tuple[int, ...]:
        numbers = {name: made(array).astype(int).ravel().tolist() for name, array in arrays.items()}
        tensors = {
            name: Tensor(array.dtype.name, array.shape, tuple(numbers[name]))
            for name, array in arrays.items()
        }
        call = translate(api, tensors, arguments)
        (geometry,) = call.geometries.values()
        return call.layout.leave(conv_transpose(call.input, call.kernel, geometry, call.groups)).integers

    terms = sums(np.ones_like)
    signs = sums(lambda array: np.where(np.signbit(array), -1, 1))
    others = sums(lambda array: array != 0)
    each = zip(terms, signs, others, strict=True)
    return [count > 0 and total == -count and not nonzero for count, total, nonzero in each]
