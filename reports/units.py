"""How far did rounding stray?  What was measured, by implementation and dtype, beside what is allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, isfinite, isnan, log10

from adjoint.reports.column import Column
from adjoint.reports.ranking import DIFFERS, Check

LEAST_DECADE = -3
MOST_DECADE = 4
BARS = 4
"""How many bars stand for a decade."""

LAST = 86.0
"""Where the decades end, in percent of the width; what is beyond them stands after."""


@dataclass(frozen=True)
class Measured:
    """One call's distance from the exact result.

    Attributes
    ----------
    units : float
        The largest distance of its elements, in units of u·S.
    bound : float or None
        What the bound allows, in the same units, where it is known.
    differs : bool
        Whether the check that it belongs to was found to differ.
    """

    units: float
    bound: float | None
    differs: bool


@dataclass(frozen=True)
class Bar:
    """Some calls that strayed about equally far: `left` and `width` in percent, `height` of 0 to 1."""

    left: float
    width: float
    height: float
    count: int
    said: str


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis from one power of ten to another."""

    low: int
    high: int

    @property
    def decades(self) -> range:
        """The exponents of its powers of ten."""
        return range(self.low, self.high + 1)

    def at(self, value: float) -> float:
        """Return where a positive value stands, in percent; what is off the axis stands at its end."""
        return self._along(log10(value) if isfinite(value) else self.high)

    def _along(self, exponent: float) -> float:
        part = (exponent - self.low) / (self.high - self.low)
        return LAST * min(1.0, max(0.0, part))

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield where each power of ten stands, and its name."""
        for exponent in self.decades:
            yield self._along(exponent), _power(exponent)

    def bar_of(self, value: float) -> int:
        """Return in which bar a value above zero counts; of NaN, and beyond the axis, the one after all."""
        most = (self.high - self.low) * BARS
        if not value < 10.0**self.high:
            return most
        return max(0, floor((log10(value) - self.low) * BARS))

    def place(self, bar: int) -> tuple[float, float, str]:
        """Return where a bar stands (left and width, in percent), and which values it counts, in words."""
        width = LAST / ((self.high - self.low) * BARS)
        if bar == (self.high - self.low) * BARS:
            return LAST + 6.0, width, f"{_power(self.high)} and more"
        start, end = (10.0 ** (self.low + step / BARS) for step in (bar, bar + 1))
        said = f"{start:.2g} to {end:.2g}" if bar else f"less than {end:.2g}"
        return bar * width, width, said


@dataclass(frozen=True)
class Strip:
    """What was measured of one implementation in one dtype."""

    column: Column
    dtype: str
    measured: tuple[Measured, ...]

    @property
    def exact(self) -> int:
        """How many calls strayed nowhere."""
        return sum(one.units == 0 for one in self.measured)

    def largest(self, differs: bool) -> Measured | None:
        """Return what strayed furthest, of checks that differ or of the others; NaN is furthest of all."""
        found = [one for one in self.measured if one.differs == differs]
        return max(found, key=lambda one: (isnan(one.units), one.units), default=None)

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """The smallest and the largest of the bounds, where any is known."""
        known = [one.bound for one in self.measured if one.bound]
        return (min(known), max(known)) if known else None

    def bars(self, scale: Scale) -> list[Bar]:
        """Return a bar for each part of the axis that holds something; what is exact has no place on it."""
        counts = Counter(scale.bar_of(one.units) for one in self.measured if one.units != 0)
        tallest = max(counts.values(), default=0)
        made = []
        for bar, count in sorted(counts.items()):
            left, width, said = scale.place(bar)
            made.append(Bar(left, width, count / tallest, count, said))
        return made


def strips(columns: Sequence[Column]) -> list[Strip]:
    """Return what was measured, an entry for each implementation and dtype; empty where nothing was."""
    made = []
    for column in columns:
        found: dict[str, list[Measured]] = {}
        for check in column.record.checks:
            if measured := list(_measured(check)):
                found.setdefault(check["features"]["dtype"], []).extend(measured)
        made += [Strip(column, dtype, tuple(found[dtype])) for dtype in sorted(found)]
    return made


def scale_of(found: Sequence[Strip]) -> Scale:
    """Return an axis that all strips can share: it holds every bound, and is no longer than it must be."""
    units = [one.units for strip in found for one in strip.measured]
    bounds = [bound for strip in found for bound in strip.bounds or ()]
    shown = [value for value in (*units, *bounds) if isfinite(value) and value > 0] or [1.0]
    low = min(0, max(LEAST_DECADE, floor(log10(min(shown)))))
    high = max(1, min(MOST_DECADE, ceil(log10(max(shown)))), ceil(log10(max(bounds, default=1.0))))
    return Scale(low, high)


def _measured(check: Check) -> Iterator[Measured]:
    """Yield what a line measured: of drawn calls each, or else its own call."""
    differs = check["verdict"] in DIFFERS
    units = (
        check["drawn"].get("units", ()) if "drawn" in check else [check["units"]] if "units" in check else ()
    )
    for value in units:
        yield Measured(float(value), check.get("bound"), differs)


def _power(exponent: int) -> str:
    if -2 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
