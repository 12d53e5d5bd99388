"""How far may rounding stray?  The interval in which each element of an honest result lies.

With y exact, S the sum of the absolute values of its n terms, u the unit roundoff of the accumulator and eta
what underflow may cost, every order of summation, with fused multiply-adds or without, stays within
E = n * u * S + n * eta of y (Jeannerod and Rump, 2013: no higher powers of u are needed).  A value v is
accepted where RN(y - E) <= v <= RN(y + E), RN being the rounding to the output's dtype: it is monotone, so
that binades, subnormals and overflow need no word of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from adjoint.reference.answer import Answer
from adjoint.reference.exact import FORMATS, Format, Tensor, round_to


@dataclass(frozen=True)
class Claim:
    """What an implementation claims of its arithmetic in one dtype.

    Attributes
    ----------
    accumulator : str
        The dtype that sums are held in; no document names one, so that of the output unless claimed.
    flush : bool
        Whether subnormal numbers may be taken for zero.
    """

    accumulator: str
    flush: bool = False


@dataclass(frozen=True)
class Interval:
    """What is accepted for each element, in row-major order; both ends included.

    Attributes
    ----------
    low, high : tuple of float
        Numbers of the output's dtype.
    unit : tuple of float
        u * S of each element, in which a deviation is measured.
    vacuous : bool
        Whether n * u reaches 1 somewhere: the bound then allows too much to mean anything.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    unit: tuple[float, ...]
    vacuous: bool


def accepted(answer: Answer, claim: Claim) -> Interval:
    """Return what is accepted for a tensor that is one sum: a function's output, a gradient.

    Parameters
    ----------
    answer : Answer
        Its exact values, S and n.
    claim : Claim
    """
    errors = _errors(answer, claim)
    form = FORMATS[answer.values.dtype]
    return Interval(
        _rounded(answer.values.minus(errors), form),
        _rounded(answer.values.plus(errors), form),
        _units(answer, claim),
        _is_vacuous(answer, claim),
    )


def _errors(answer: Answer, claim: Claim) -> Tensor:
    """Return E of each element; where every term is zero, so is E."""
    sums, form = answer.magnitude, FORMATS[claim.accumulator]
    counts = [n if total else 0 for n, total in zip(answer.terms.integers, sums.integers, strict=True)]
    relative = tuple(n * total for n, total in zip(counts, sums.integers, strict=True))
    underflow = form.emin if claim.flush else form.emin - form.precision
    return Tensor(sums.dtype, sums.shape, relative, sums.exponent - form.precision).plus(
        Tensor(sums.dtype, sums.shape, tuple(counts), underflow)
    )


def _units(answer: Answer, claim: Claim) -> tuple[float, ...]:
    sums, precision = answer.magnitude, FORMATS[claim.accumulator].precision
    return tuple(round_to(total, sums.exponent - precision, FORMATS["float64"]) for total in sums.integers)


def _is_vacuous(answer: Answer, claim: Claim) -> bool:
    return max(answer.terms.integers, default=0) >= 1 << FORMATS[claim.accumulator].precision


def _rounded(tensor: Tensor, form: Format) -> tuple[float, ...]:
    return tuple(round_to(value, tensor.exponent, form) for value in tensor.integers)
