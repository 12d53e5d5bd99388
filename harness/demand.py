"""What do the clauses demand of a call?  From the reference's answer to what a check holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint import tensors
from adjoint.call import Call
from adjoint.golden import Check
from adjoint.reference.apis import translate
from adjoint.reference.bound import Claim, Interval, accepted_output
from adjoint.reference.edges import EDGES, SIGNED
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.special import accepted_special
from adjoint.reference.translation import Translation, output, shape_within


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
    """

    dtype: str
    shape: list[int]
    within: list[list[int]]
    values: Mapping[str, Any]
    doubt: str


def demand(call: Call, claim: Claim | None = None, rule: str = "") -> Demand:
    """Return what is demanded of a call's output.

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
        If no clause speaks of it.
    """
    translated, arrays = operation_of(call), call.arrays()
    geometry = next(iter(translated.geometries.values()))
    batch, filters = translated.input.shape[0], translated.kernel.shape[1] * translated.groups
    shape = translated.layout.leave_shape([batch, filters, *geometry.output])
    used = claim or Claim(translated.dtype)
    if rule in EDGES:
        intervals = EDGES[rule](call.api, arrays, call.values, used)
        values = {name: _between(interval, translated.dtype, shape) for name, interval in intervals.items()}
        values = (
            {name: {**ends, "signed": True} for name, ends in values.items()} if rule == SIGNED else values
        )
    elif all(np.isfinite(array).all() for array in arrays.values()):
        exact = {name: Tensor.from_array(array) for name, array in arrays.items()}
        values = _values(translate(call.api, exact, call.values), used, shape)
    else:
        intervals = accepted_special(call.api, arrays, call.values, used)
        values = {name: _between(interval, translated.dtype, shape) for name, interval in intervals.items()}
    return Demand(translated.dtype, shape, shape_within(translated), values, translated.doubt)


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
    return translate(call.api, blank, call.values)


def under(check: Check, call: Call, claim: Claim) -> Check:
    """Return a check as it is for an implementation with such a claim: values are demanded anew."""
    if check.kind not in ("values", "repeatable") or check.demanded is None:
        return check
    asked = call.opposite() if check.kind == "repeatable" else call
    values = demand(asked, claim, check.clause.partition(".")[2]).values
    is_open = "readings" in check.demanded
    return Check(check.kind, check.clause, {"readings": values} if is_open else values[""])


def _values(translated: Translation, claim: Claim, shape: list[int]) -> dict[str, Any]:
    answered = output(translated)
    plain = not claim.input_rounding and claim.algorithm == "direct"
    limit = 1 << min(FORMATS[name].precision for name in (translated.dtype, claim.accumulator))
    if plain and max(answered.magnitude.integers, default=0) <= limit:
        readings = answered.readings or {"": answered.values}
        return {name: tensors.encode(values.to_array()) for name, values in readings.items()}
    intervals = accepted_output(translated, claim)
    return {name: _between(interval, translated.dtype, shape) for name, interval in intervals.items()}


def _between(interval: Interval, dtype: str, shape: list[int]) -> dict[str, Any]:
    ends = {"low": dtype, "high": dtype, "exact": "float64", "unit": "float64"}
    made: dict[str, Any] = {
        name: tensors.encode(np.array(getattr(interval, name), kind).reshape(shape))
        for name, kind in ends.items()
    }
    return made | ({"vacuous": True} if interval.vacuous else {})
