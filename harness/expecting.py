"""What is accepted of an answer, and how is it said shortly where something else came?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from adjoint.call import Call
from adjoint.demand import demand
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.bound import Claim
from adjoint.tensors import Array, decode

SHOWN = 4
"""How many numbers are quoted."""


@dataclass(frozen=True)
class Expected:
    """What is accepted: under one of the readings, the numbers between two ends, in the ends' shape."""

    dtype: str
    readings: tuple[tuple[Array, Array], ...]

    def accepts(self, seen: Array) -> bool:
        """Tell whether an array is accepted, whatever its dtype."""
        with np.errstate(invalid="ignore"):
            return any(
                seen.shape == low.shape and bool(np.all((low <= seen) & (seen <= high)))
                for low, high in self.readings
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first reading."""
        return tuple(self.readings[0][0].shape)


def expected(call: Call, claim: Claim | None = None, doubtful: bool = False) -> Expected | None:
    """Return what is accepted of a call's output, or None where no clause says it.

    What only an open clause says is returned with `doubtful`.
    """
    try:
        with np.errstate(all="ignore"):
            demanded = demand(replace(call, observe=("output",)), claim)
    except (Refused, Unspecified):
        return None
    if demanded.doubt and not doubtful:
        return None
    return Expected(demanded.dtype, tuple(ends(values) for values in demanded.values.values()))


def ends(values: object) -> tuple[Array, Array]:
    """Return both ends of what is demanded: a tensor's specification, or an interval's two."""
    assert isinstance(values, dict)
    low, high = (decode(values.get(end, values)) for end in ("low", "high"))
    return low, high


def difference(wanted: Expected, seen: Array) -> str:
    """Say shortly what is demanded and what was seen."""
    low, high = wanted.readings[0]
    if seen.shape != low.shape:
        return f"shape {list(low.shape)} is demanded, {list(seen.shape)} came back"
    wrong = ~((low <= seen) & (seen <= high))
    place = [int(axis[0]) for axis in np.nonzero(wrong)]
    due, came = (_number(array[tuple(place)]) for array in (low, seen))
    return f"{int(wrong.sum())} of {seen.size} numbers differ: at {place} {due} is demanded, {came} came back"


def quoted(array: Array) -> str:
    """Return the first numbers of an array."""
    return ", ".join(_number(value) for value in array.ravel()[:SHOWN])


def _number(value: object) -> str:
    return f"{float(str(value)):.6g}"
