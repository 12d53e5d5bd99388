"""Which outputs do NaN and the infinities reach?  The ones whose sums they are terms of, and no others.

A term is NaN where a factor is, and where zero meets an infinity; else it is infinite where a factor is.
A sum is NaN with one term that is, or with infinities of both signs; with one sign, it is that infinity.
Which terms an output has is asked of the operation itself: a sum of products of ones and zeros counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adjoint.reference.answer import specified_only_if
from adjoint.reference.apis import translate
from adjoint.reference.bound import Claim, Interval, accepted_output
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, conv_transpose
from adjoint.reference.translation import Translation

# What a number is: its sign if it is finite, twice its sign if it is infinite, or NaN.
NAN = 3
ANYTHING = (-2, -1, 0, 1, 2, NAN)
Kinds = tuple[int, ...]
TERMS: dict[float, list[tuple[Kinds, Kinds]]] = {
    nan: [((NAN,), ANYTHING), (ANYTHING, (NAN,)), ((0,), (-2, 2)), ((-2, 2), (0,))],
    inf: [((2,), (1, 2)), ((-2,), (-1, -2)), ((1,), (2,)), ((-1,), (-2,))],
    -inf: [((2,), (-1, -2)), ((-2,), (1, 2)), ((1,), (-2,)), ((-1,), (2,))],
}
BIASES: dict[float, Kinds] = {nan: (NAN,), inf: (2,), -inf: (-2,)}


def accepted_special(
    api: str, arrays: Mapping[str, NDArray[Any]], arguments: Mapping[str, Any], claim: Claim
) -> dict[str, Interval]:
    """Return, for each reading, what is accepted for the output of a call that may hold NaN and infinities.

    Parameters
    ----------
    api : str
        Full name.
    arrays : mapping
        The tensors, by the API's own names.
    arguments : mapping
        By the API's own names.
    claim : Claim

    Returns
    -------
    dict of str to Interval
        Elements that must be NaN, and those that must be infinite, have that at both ends; the others have
        the ends that their finite terms give them.  Vacuous where a transform is claimed: it brings every
        element everywhere.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it, or it has an activation.
    """
    finite = {
        name: np.where(np.isfinite(array), array, 0).astype(array.dtype) for name, array in arrays.items()
    }
    call = translate(api, _read(finite), arguments)
    specified_only_if(call.activation == "linear", f"the activation is {call.activation}")
    kinds = translate(api, {name: _kinds(array) for name, array in arrays.items()}, arguments)
    return {
        name: replace(
            _with_special(interval, _special(kinds, call.geometries[name])),
            vacuous=interval.vacuous or claim.algorithm != "direct",
        )
        for name, interval in accepted_output(call, claim).items()
    }


def _read(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    return {name: Tensor.from_array(array) for name, array in arrays.items()}


def _kinds(array: NDArray[Any]) -> Tensor:
    """Return what each number is, as a tensor of the same dtype."""
    number = array.astype(np.float64)
    signs = (number > 0).astype(int) - (number < 0)
    kinds = np.where(np.isnan(number), NAN, signs * np.where(np.isinf(number), 2, 1))
    return Tensor(array.dtype.name, array.shape, tuple(kinds.ravel().tolist()))


def _special(kinds: Translation, geometry: Geometry) -> list[float]:
    """Return, for each output in the API's order, NaN or the infinity that it must be, or else zero."""
    reached = [_reached(kinds, geometry, terms, BIASES[to]) for to, terms in TERMS.items()]
    return [
        nan if is_nan or (above and below) else inf if above else -inf if below else 0.0
        for is_nan, above, below in zip(*reached, strict=True)
    ]


def _reached(
    kinds: Translation, geometry: Geometry, terms: Iterable[tuple[Kinds, Kinds]], biases: Kinds
) -> tuple[int, ...]:
    """Count, for each output, the products of these kinds of factors, and the bias if it is of its kinds."""
    none = replace(kinds.input, integers=(0,) * len(kinds.input.integers))
    bias = kinds.bias and _those(kinds.bias, biases)
    total = conv_transpose(none, kinds.kernel, geometry, kinds.groups, bias)
    for x, w in terms:
        met = _those(kinds.input, x), _those(kinds.kernel, w)
        if all(any(tensor.integers) for tensor in met):
            total = total.plus(conv_transpose(*met, geometry, kinds.groups))
    return kinds.layout.leave(total).integers


def _those(tensor: Tensor, kinds: Kinds) -> Tensor:
    """Return ones where a tensor of kinds holds one of these, and zeros elsewhere."""
    return replace(tensor, integers=tuple(int(kind in kinds) for kind in tensor.integers))


def _with_special(interval: Interval, special: list[float]) -> Interval:
    """Return the interval with the elements that are special put in."""

    def put(ends: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(end if at == 0 else at for end, at in zip(ends, special, strict=True))

    return replace(interval, low=put(interval.low), high=put(interval.high), exact=put(interval.exact))
