"""What do the clauses demand of a call?  From the reference's answer to what a check holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adjoint import tensors
from adjoint.call import GRADIENTS, Call
from adjoint.reference.answer import Answer, specified_only_if
from adjoint.reference.apis import translate
from adjoint.reference.bound import Claim, Interval, accepted, accepted_output
from adjoint.reference.edges import EDGES, SIGNED
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.special import accepted_special
from adjoint.reference.translation import Translation, gradients, output, output_shape, shape_within


@dataclass(frozen=True)
class Demand:
    """What is demanded of a legal call.

    Attributes
    ----------
    dtype : str
    shape : list of int
    within : list of list of int
        The least and the greatest size of each axis that convolves back to the input.
    values : mapping of str to mapping
        By reading, one named "" where nothing is open: a tensor's specification where every order of
        summation gives the same numbers; else ``low`` and ``high``, both accepted, and for measuring
        ``exact`` and ``unit`` (u * S); ``vacuous`` where n * u reaches 1; ``signed`` where the signs of zeros
        count.
    doubt : str
        What an open clause leaves open of the output, its shape included; empty if nothing.
    gradients : mapping of str to mapping
        By kind of check, for each gradient that is observed: as one of `values`, and ``vacuous`` too where
        rounding may change what relu lets through.
    """

    dtype: str
    shape: list[int]
    within: list[list[int]]
    values: Mapping[str, Any]
    doubt: str
    gradients: Mapping[str, Any] = field(default_factory=dict)


def demand(call: Call, claim: Claim | None = None, rule: str = "") -> Demand:
    """Return what is demanded of a call's output, and of the gradients that it observes.

    Parameters
    ----------
    call : Call
    claim : Claim, optional
        What the implementation claims of its arithmetic; without it, sums are held in the output's dtype.
    rule : str
        The last part of the id of the clause that its values speak for: `EDGES` has readings of its own.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it, or of the gradients: relu has none at zero.
    """
    translated, arrays = operation_of(call), call.arrays()
    asked = [name for name in call.observe if name in GRADIENTS]
    shape = output_shape(translated)
    used = claim or Claim(translated.dtype)
    slopes: Mapping[str, Any] = {}
    if rule in EDGES:
        values = _readings(EDGES[rule](call.api, arrays, call.values, used), translated.dtype, shape)
        values = (
            {name: {**ends, "signed": True} for name, ends in values.items()} if rule == SIGNED else values
        )
    elif all(np.isfinite(array).all() for array in arrays.values()):
        exact = {name: Tensor.from_array(array) for name, array in arrays.items()}
        whole = translate(call.api, exact, call.values, call.image_data_format)
        values, slopes = _values(whole, used, shape), _gradients(whole, call, used) if asked else {}
    else:
        specified_only_if(not asked, "a gradient is that of finite numbers")
        intervals = accepted_special(call.api, arrays, call.values, used)
        values = _readings(intervals, translated.dtype, shape)
    return Demand(translated.dtype, shape, shape_within(translated), values, translated.doubt, slopes)


def operation_of(call: Call) -> Translation:
    """Return the operation that a call is, whatever its tensors hold.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it.
    """
    arrays = call.arrays()
    blank = {
        name: Tensor.from_array(array)
        if array.dtype.kind in "iu"
        else Tensor(array.dtype.name, array.shape, (0,) * array.size)
        for name, array in arrays.items()
    }
    return translate(call.api, blank, call.values, call.image_data_format)


def _values(translated: Translation, claim: Claim, shape: list[int]) -> dict[str, Any]:
    answered = output(translated)
    if _is_exact(answered, claim):
        readings = answered.readings or {"": answered.values}
        return {name: tensors.encode(values.to_array()) for name, values in readings.items()}
    return _readings(accepted_output(translated, claim), translated.dtype, shape)


def _readings(intervals: Mapping[str, Interval], dtype: str, shape: list[int]) -> dict[str, Any]:
    return {name: _between(interval, dtype, shape) for name, interval in intervals.items()}


def _gradients(translated: Translation, call: Call, claim: Claim) -> dict[str, Any]:
    """Return what is demanded of each gradient that the call observes."""
    assert call.gradient is not None, f"{call} observes gradients, and has no tensor named gradient"
    specified_only_if(len(translated.geometries) == 1, "where the output is open, so are its gradients")
    answers = gradients(translated, Tensor.from_array(call.gradient))
    masked = {"vacuous": True} if _is_blurred(translated, claim) else {}
    found = {}
    for kind in (name for name in call.observe if name in GRADIENTS):
        answer = answers[kind.removeprefix("gradient-")]
        found[kind] = {**_interval_of(answer, claim), **masked} if masked else values_of(answer, claim)
    return found


def values_of(answer: Answer, claim: Claim) -> dict[str, Any]:
    """Return what is demanded of one sum of products: a tensor's specification, or an interval."""
    if _is_exact(answer, claim):
        return tensors.encode(answer.values.to_array())
    return _interval_of(answer, claim)


def _interval_of(answer: Answer, claim: Claim) -> dict[str, Any]:
    return _between(accepted(answer, claim), answer.values.dtype, answer.values.shape)


def _is_exact(answer: Answer, claim: Claim) -> bool:
    """Tell whether every order of summation gives the same numbers."""
    plain = not claim.input_rounding and claim.algorithm == "direct"
    limit = 1 << min(FORMATS[name].precision for name in (answer.values.dtype, claim.accumulator))
    return plain and max(answer.magnitude.integers, default=0) <= limit


def _is_blurred(translated: Translation, claim: Claim) -> bool:
    """Tell whether rounding may move an element of the output across zero, where an activation bends."""
    before = replace(translated, activation="linear")
    if translated.activation == "linear" or _is_exact(output(before), claim):
        return False
    (interval,) = accepted_output(before, claim).values()
    return any(low <= 0 <= high for low, high in zip(interval.low, interval.high, strict=True))


def _between(interval: Interval, dtype: str, shape: Sequence[int]) -> dict[str, Any]:
    # units only measure: half of a float64 will do, where it can hold them
    tiny, largest = (float(edge) for edge in (np.finfo(np.float32).tiny, np.finfo(np.float32).max))
    unit = "float32" if all(tiny <= u <= largest for u in interval.unit if u) else "float64"
    ends = {"low": dtype, "high": dtype, "exact": "float64", "unit": unit}
    made: dict[str, Any] = {
        name: tensors.encode(np.array(getattr(interval, name), kind).reshape(shape))
        for name, kind in ends.items()
    }
    return made | ({"vacuous": True} if interval.vacuous else {})
