"""Are these the numbers?  An output against what is demanded of its values.

What is demanded is a tensor, where every order of summation gives the same numbers; or an interval, as
`adjoint.demand` has it; or, of an open clause, one of either for each reading.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint import tensors

TINY = 4
"""Up to how many elements an output is told whole."""

LARGEST_PICTURE = 512
"""Of how many elements a picture is kept."""

UNKNOWN = {
    "nan": "more NaN than the readings known",
    "not finite": "more infinities and NaN than the readings known",
    "numbers": "none of the readings known",
    "": "none of the readings known",
}
"""What is said of an output that no reading holds, by what the elements are that differ from the first."""


@dataclass(frozen=True)
class Comparison:
    """What came of comparing.

    Attributes
    ----------
    held : bool
        Whether every element is what is demanded.
    seen : str
        What was seen, in a line.
    vacuous : bool
        Whether the bound is so wide that it allows anything.
    measured : mapping
        Of an interval: `units`, the largest deviation in units of u * S, and `bound`, what is allowed.
    becomes : str
        What the elements that differ are, all of them: ``nan``, ``not finite`` or else ``numbers``; empty if
        none differs.
    picture : mapping
        Where elements differ: their `shape`, and `low`, `high` and `seen`, row by row.
    """

    held: bool
    seen: str
    vacuous: bool = False
    measured: Mapping[str, float] | None = None
    picture: Mapping[str, Any] | None = None
    becomes: str = ""


def compare(demanded: Mapping[str, Any], output: tensors.Array | tensors.Foreign) -> Comparison:
    """Compare an output with what is demanded of its values."""
    if isinstance(output, tensors.Foreign):
        return Comparison(False, f"{output.name}, which can't be read")
    if "readings" not in demanded:
        return _compare(demanded, output)
    found = {name: _compare(reading, output) for name, reading in demanded["readings"].items()}
    for name, comparison in found.items():
        if comparison.held:
            return Comparison(True, name, measured=comparison.measured)
    first = next(iter(found.values()))
    return Comparison(False, UNKNOWN[first.becomes], picture=first.picture)


def describe(demanded: Mapping[str, Any]) -> str:
    """Say what is demanded, in a line."""
    if "readings" in demanded:
        return "open: " + ", or ".join(demanded["readings"])
    tensor = demanded.get("low", demanded)
    said = f"{tensor['dtype']}{tensor['shape']}"
    return f"{said}, within rounding" if "low" in demanded else f"{said}, exactly"


def _compare(demanded: Mapping[str, Any], output: tensors.Array) -> Comparison:
    low, high = (tensors.decode(demanded.get(end, demanded)).astype(np.float64) for end in ("low", "high"))
    if low.shape != output.shape:
        return Comparison(False, f"shape {list(output.shape)}")
    seen = output.astype(np.float64)
    right = ((low <= seen) & (seen <= high)) | (np.isnan(low) & np.isnan(seen))
    if demanded.get("signed"):
        right &= (seen != 0) | (np.signbit(seen) == np.signbit(low))
    measured = _measured(demanded, low, high, seen) if "low" in demanded else None
    if demanded.get("vacuous"):
        return Comparison(True, "the bound allows anything", True, measured)
    wrong = np.argwhere(~right)
    if not len(wrong):
        return Comparison(True, "within rounding" if "low" in demanded else "equal", measured=measured)
    said = _whole(low, high, seen) if seen.size <= TINY else _first(wrong, low, high, seen)
    small = seen.size <= LARGEST_PICTURE
    wrong_ones = seen[~right]
    becomes = (
        "numbers" if np.isfinite(wrong_ones).any() else "nan" if np.isnan(wrong_ones).all() else "not finite"
    )
    return Comparison(False, said, False, measured, _picture(low, high, seen) if small else None, becomes)


def _whole(low: tensors.Array, high: tensors.Array, seen: tensors.Array) -> str:
    """Say all that is seen and demanded, row by row."""
    came = ", ".join(f"{value:.17g}" for value in seen.ravel())
    due = ", ".join(map(_range, low.ravel(), high.ravel()))
    return f"{came} instead of {due}" if seen.size == 1 else f"[{came}] instead of [{due}]"


def _first(wrong: tensors.Array, low: tensors.Array, high: tensors.Array, seen: tensors.Array) -> str:
    """Say how many elements differ, and of the first what is seen and demanded."""
    at = tuple(int(index) for index in wrong[0])
    return (
        f"{len(wrong)} of {seen.size} elements differ; the first, at {list(at)}, "
        f"is {seen[at]:.17g} instead of {_range(low[at], high[at])}"
    )


def _range(low: float, high: float) -> str:
    return f"{low:.17g}" if low == high or np.isnan(low) else f"{low:.17g} to {high:.17g}"


def _measured(
    demanded: Mapping[str, Any], low: tensors.Array, high: tensors.Array, seen: tensors.Array
) -> dict[str, float]:
    """Return the largest deviation, and the largest that is allowed, in units of u * S."""
    exact, unit = (tensors.decode(demanded[name]) for name in ("exact", "unit"))
    finite = np.isfinite(seen) & np.isfinite(high) & np.isfinite(exact) & (unit > 0)
    low, high, exact, seen = (array[finite] for array in (low, high, exact, seen))
    with np.errstate(over="ignore"):
        far = {"units": np.abs(seen - exact), "bound": np.maximum(high - exact, exact - low)}
        found = {name: float((sizes / unit[finite]).max(initial=0)) for name, sizes in far.items()}
    return {name: round(min(most, sys.float_info.max), 3) for name, most in found.items()}


def _picture(low: tensors.Array, high: tensors.Array, seen: tensors.Array) -> dict[str, Any]:
    """Return the numbers as JSON can say them."""

    def plain(array: tensors.Array) -> list[float | str]:
        return [float(value) if np.isfinite(value) else str(value) for value in array.ravel()]

    return {"shape": list(seen.shape), "low": plain(low), "high": plain(high), "seen": plain(seen)}
