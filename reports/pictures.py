"""Where does an output differ?  Demanded, seen and the difference side by side, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, isinf, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adjoint.reports.ranking import Check

MOST_PICTURES = 2
"""How many checks of one cell are drawn."""

MOST_SLICES = 4
"""How many slices of one output are drawn."""

MOST_LINES = 12
"""How many rows, and how many columns, of one slice are drawn."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Element:
    """One number of an output, as text; it `offends` where what was seen is not what is demanded.

    How far it may stray is told where it does.
    """

    demanded: str
    seen: str
    difference: str
    offends: bool


@dataclass(frozen=True)
class Slice:
    """Two axes of an output.

    Attributes
    ----------
    index : str
        Where it lies, as one would write it in NumPy: ``[0, :, :, 1]``.
    rows, columns : range
        Which of its rows and columns are drawn.
    elements : tuple of tuple of Element
        What is drawn, row by row.
    size : tuple of int
        How many rows and columns there are in all.
    """

    index: str
    rows: range
    columns: range
    elements: tuple[tuple[Element, ...], ...]
    size: tuple[int, int]

    @property
    def is_cut(self) -> bool:
        """Whether there are rows or columns that are not drawn."""
        return (len(self.rows), len(self.columns)) != self.size


@dataclass(frozen=True)
class Picture:
    """An output against what is demanded of it.

    Attributes
    ----------
    shape : tuple of int
    offending : int
        How many of its elements offend.
    size : int
        How many elements it has.
    slices : tuple of Slice
        What is drawn, slices with offending elements first.
    more, more_offending : int
        How many slices are not drawn, and how many of those have offending elements.
    """

    shape: tuple[int, ...]
    offending: int
    size: int
    slices: tuple[Slice, ...]
    more: int
    more_offending: int


def illustrated(checks: Sequence[Check]) -> Iterator[tuple[Check, Picture | None]]:
    """Yield each check with its picture; None where the record has none, or enough were yielded."""
    left = MOST_PICTURES
    for check in checks:
        found = picture(check) if left and "picture" in check else None
        left -= found is not None
        yield check, found


def picture(check: Check) -> Picture:
    """Return what a check's picture shows.

    Parameters
    ----------
    check : mapping
        A line of a record with a `picture`: `shape`, and flat in row-major order the least (`low`) and
        greatest (`high`) value demanded of each element and the value `seen`.

    Returns
    -------
    Picture
        Its slices lie along the two longest axes, which makes the fewest of them, whatever the layout.
    """
    given = check["picture"]
    shape = tuple(given["shape"])
    low, high, seen = (_array(given[key], shape) for key in ("low", "high", "seen"))
    offends = ~((low <= seen) & (seen <= high) | (np.isnan(low) & np.isnan(seen)))
    indices = sorted(_indices(low.shape), key=lambda index: not offends[index].any())
    rest = indices[MOST_SLICES:]
    return Picture(
        shape,
        int(offends.sum()),
        offends.size,
        tuple(
            _slice(_name(index, len(shape)), low[index], high[index], seen[index], offends[index])
            for index in indices[:MOST_SLICES]
        ),
        len(rest),
        sum(bool(offends[index].any()) for index in rest),
    )


def number(value: float) -> str:
    """Return a number as a reader wants it: whole numbers whole, others to six digits."""
    whole = abs(value) < 1e9 and value == int(value)
    return f"{value:.0f}" if whole else f"{value:.6g}"


def _array(flat: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """Return numbers, or their names, as an array of at least two axes."""
    return np.array([float(value) for value in flat]).reshape((1,) * (2 - len(shape)) + shape)


def _indices(shape: tuple[int, ...]) -> list[tuple[int | slice, ...]]:
    """Return the index of each slice along the two longest axes; of equally long ones, the last."""
    longest = sorted(range(len(shape)), key=lambda axis: (shape[axis], axis))[-2:]
    counted = [1 if axis in longest else size for axis, size in enumerate(shape)]
    return [
        tuple(slice(None) if axis in longest else place for axis, place in enumerate(places))
        for places in np.ndindex(*counted)
    ]


def _name(index: tuple[int | slice, ...], rank: int) -> str:
    """Return an index as text, without the axes that were only added for the sake of drawing."""
    words = [":" if isinstance(item, slice) else str(item) for item in index]
    return f"[{', '.join(words[len(words) - rank :])}]"


def _slice(name: str, low: Array, high: Array, seen: Array, offends: NDArray[np.bool_]) -> Slice:
    rows, columns = (_window(np.any(offends, axis=axis)) for axis in (1, 0))
    elements = tuple(
        tuple(
            _element(float(low[r, c]), float(high[r, c]), float(seen[r, c]), bool(offends[r, c]))
            for c in columns
        )
        for r in rows
    )
    return Slice(name, rows, columns, elements, (offends.shape[0], offends.shape[1]))


def _window(offends: Any) -> range:
    """Return which lines to draw, so that the first that offends is among them."""
    start = max(0, min(int(offends.argmax()), len(offends) - MOST_LINES))
    return range(start, min(len(offends), start + MOST_LINES))


def _element(low: float, high: float, seen: float, offends: bool) -> Element:
    if not offends:
        return Element(_demanded(low, high), number(seen), "·", offends)
    beyond = seen - (low if seen < low else high)
    return Element(_demanded(low, high) + _margin(low, high), number(seen), _signed(beyond), offends)


def _demanded(low: float, high: float) -> str:
    if low == high or isnan(low):
        return number(low)
    match isinf(low), isinf(high):
        case False, False:
            return number(low / 2 + high / 2)
        case True, True:
            return "any"
        case True, False:
            return f"≤ {number(high)}"
        case _:
            return f"≥ {number(low)}"


def _margin(low: float, high: float) -> str:
    """Return how far to both sides of the middle a value may lie."""
    return "" if low == high or not isfinite(high - low) else f" ±{(high - low) / 2:.2g}"


def _signed(value: float) -> str:
    return number(value) if isnan(value) else f"{'+' if value > 0 else ''}{number(value)}"
