"""How far may rounding stray?  The interval in which each element of an honest result lies.

With y exact, S the sum of the absolute values of its n terms, u the unit roundoff of the accumulator and eta
what underflow may cost, every order of summation, with fused multiply-adds or without, stays within
E = n * u * S + n * eta of y (Jeannerod and Rump, 2013: no higher powers of u are needed).  A value v is
accepted where RN(y - E) <= v <= RN(y + E), RN being the rounding to the output's dtype: it is monotone, so
that binades, subnormals and overflow need no word of their own.

Where tf32 is claimed, each factor may first be rounded to 11 bits, x to x * (1 + d) with |d| <= 2**-11.  With
g = 2 * 2**-11 + 2**-22 and P the part of S that is products (a bias is none), the sum of the rounded products
is within g * P of y and its S has grown by as much: E = g * P + n * u * (S + g * P) + n * eta.

Where a fast transform is claimed, E grows by u times what `transform` derives, by u + g under tf32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from adjoint.reference.answer import Answer
from adjoint.reference.exact import FORMATS, Tensor, round_all, round_floats
from adjoint.reference.translation import Translation, applied, convolution, with_bias

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]
INPUT_ROUNDINGS = {"": 0, "tf32": (1 << 12) + 1}  # g, in units of 2**-22


@dataclass(frozen=True)
class Claim:
    """What an implementation claims of its arithmetic in one dtype.

    Attributes
    ----------
    accumulator : str
        The dtype that sums are held in; no document names one, so that of the output unless claimed.
    input_rounding : str
        ``tf32`` where input and kernel may be rounded to 11 significant bits, to nearest, before they are
        multiplied; else empty.
    flush : bool
        Whether products and sums that are subnormal may be taken for zero.
    algorithm : str
        ``direct``, or ``transform`` for an FFT and Winograd's algorithm.
    """

    accumulator: str
    input_rounding: str = ""
    flush: bool = False
    algorithm: str = "direct"


@dataclass(frozen=True)
class Interval:
    """What is accepted for each element, in row-major order of the API's own layout; both ends included.

    Attributes
    ----------
    low, high : tuple of float
        Numbers of the output's dtype; NaN, both, where the element must be NaN.
    exact : tuple of float
        The exact value rounded to float64, to measure from.
    unit : tuple of float
        u * S of each element, in which a deviation is measured.
    vacuous : bool
        Whether n * u reaches 1 somewhere, or what a transform may stray the largest S: the bound then allows
        too much to mean anything.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    exact: tuple[float, ...]
    unit: tuple[float, ...]
    vacuous: bool


def accepted(answer: Answer, claim: Claim) -> Interval:
    """Return what is accepted for a tensor that is one sum of products: a gradient, an output without bias.

    Parameters
    ----------
    answer : Answer
        Its exact values, S and n.
    claim : Claim
    """
    return _interval(answer, _ends(answer, answer.magnitude, claim), claim, applied("linear"))


def accepted_output(call: Translation, claim: Claim) -> dict[str, Interval]:
    """Return, for each reading, what is accepted for a layer's output, activation(conv + bias).

    Each step that the formula names may round to the output's dtype: the interval is the hull of summing the
    bias with the products, and of adding it to the rounded convolution.
    """
    found = {}
    for name, geometry in call.geometries.items():
        alone = convolution(call, geometry)
        whole, ends = alone, _ends(alone, alone.magnitude, claim)
        if call.bias:
            whole = with_bias(alone, call)
            together, steps = _ends(whole, alone.magnitude, claim), _with_bias(ends, call, call.bias)
            ends = np.minimum(together[0], steps[0]), np.maximum(together[1], steps[1])
        found[name] = _interval(whole, ends, claim, applied(call.activation))
    return found


def _interval(answer: Answer, ends: Ends, claim: Claim, activation: Callable[[float], float]) -> Interval:
    """Return the interval between two ends; the activation, as it is monotone, is that of the ends."""
    values, sums, double = answer.values, answer.magnitude, FORMATS["float64"]
    exact = round_all(values.integers, values.exponent, double)
    numbers = [*(end.ravel().tolist() for end in ends), exact]
    low, high, middle = (tuple(float(activation(value)) for value in of) for of in numbers)
    units = round_all(sums.integers, sums.exponent - FORMATS[claim.accumulator].precision, double)
    return Interval(low, high, middle, tuple(units), _is_vacuous(answer, claim))


def _ends(answer: Answer, products: Tensor, claim: Claim) -> Ends:
    """Return RN(y - E) and RN(y + E) of a sum of which `products` is the part of S that is products."""
    values, errors = answer.values, _errors(answer, products, claim)
    form = FORMATS[values.dtype]
    low, high = (
        np.array(round_all(end.integers, end.exponent, form)).reshape(values.shape)
        for end in (values.minus(errors), values.plus(errors))
    )
    return low, high


def _with_bias(ends: Ends, call: Translation, bias: Tensor) -> Ends:
    """Return the ends where the bias is added to the rounded convolution, and what that gives rounded again.

    A sum of two numbers of a format, rounded to float64 and then to the format, is rounded once: 53 bits are
    more than twice 24 and two.  Where flushing makes it zero, the sum with the products has zero within.
    """
    along = [1] * ends[0].ndim
    along[call.layout.filters] = -1
    added = np.array(bias.rounded()).reshape(along)
    form = FORMATS[call.dtype]
    low, high = (np.array(round_floats(end + added, form)).reshape(end.shape) for end in ends)
    return low, high


def _errors(answer: Answer, products: Tensor, claim: Claim) -> Tensor:
    """Return E of each element; where every term is zero, only a transform leaves any."""
    form, g = FORMATS[claim.accumulator], INPUT_ROUNDINGS[claim.input_rounding]
    strays = [_times(products, g, -22)] if g else []
    sums = answer.magnitude.plus(strays[0]) if g else answer.magnitude
    counts = [n if total else 0 for n, total in zip(answer.terms.integers, sums.integers, strict=True)]
    relative = tuple(n * total for n, total in zip(counts, sums.integers, strict=True))
    strays.append(Tensor(sums.dtype, sums.shape, relative, sums.exponent - form.precision))
    if mixed := _mixed(answer, claim):
        strays += [_times(mixed, 1, -form.precision), _times(mixed, g, -22)]
    underflow = form.emin if claim.flush else form.emin - form.precision
    lost = Tensor(sums.dtype, sums.shape, tuple(counts), underflow)
    return reduce(Tensor.plus, strays, lost)


def _times(tensor: Tensor, factor: int, exponent: int) -> Tensor:
    """Return the tensor times factor * 2**exponent."""
    integers = tuple(factor * value for value in tensor.integers)
    return Tensor(tensor.dtype, tensor.shape, integers, tensor.exponent + exponent)


def _mixed(answer: Answer, claim: Claim) -> Tensor | None:
    return answer.mixed if claim.algorithm == "transform" else None


def _is_vacuous(answer: Answer, claim: Claim) -> bool:
    precision = FORMATS[claim.accumulator].precision
    if mixed := _mixed(answer, claim):
        strays, sums = _largest(mixed) / 2**precision, _largest(answer.magnitude)
        if 0 < sums <= strays:
            return True
    return max(answer.terms.integers, default=0) >= 1 << precision


def _largest(tensor: Tensor) -> Fraction:
    return max(tensor.integers, default=0) * Fraction(2) ** tensor.exponent
