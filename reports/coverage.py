"""Which levels of two parameters met in a call?  Of each implementation and API, as its record counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from math import log10

from adjoint.reports.column import Column

MOST_LISTED = 12
"""How many pairs are listed by name."""

SHADES = 4
"""How many shades the heat table has; each is ten times the one before."""

Level = tuple[str, str]
"""An axis, and a level of it."""


@dataclass(frozen=True)
class Coverage:
    """The pairs of levels that met in the calls of one API.

    Attributes
    ----------
    column : Column
    api : str
    levels : mapping
        The levels of each axis, in order.
    counts : mapping
        How often each pair met; what never met is missing.
    """

    column: Column
    api: str
    levels: Mapping[str, Sequence[str]]
    counts: Mapping[frozenset[Level], int]

    def count(self, one: Level, other: Level) -> int:
        """Return how often two levels met."""
        return self.counts.get(frozenset((one, other)), 0)

    @cached_property
    def pairs(self) -> list[tuple[int, Level, Level]]:
        """Every pair of levels of two axes, the rarest first."""
        found = []
        for axis, other in combinations(self.levels, 2):
            for pair in product(self.of(axis), self.of(other)):
                found.append((self.count(*pair), *pair))
        return sorted(found)

    @property
    def met(self) -> int:
        """How many pairs met at least once."""
        return sum(count > 0 for count, _, _ in self.pairs)

    @property
    def rarest(self) -> list[tuple[int, Level, Level]]:
        """The pairs that met least often, of those that met."""
        return [pair for pair in self.pairs if pair[0]][:MOST_LISTED]

    @property
    def never(self) -> list[tuple[int, Level, Level]]:
        """The pairs that never met."""
        return [pair for pair in self.pairs if not pair[0]]

    @property
    def earlier(self) -> list[tuple[str, Sequence[str]]]:
        """The axes that others come after, with their levels: the columns of the triangle."""
        return list(self.levels.items())[:-1]

    def of(self, axis: str) -> list[Level]:
        """Return the levels of an axis, with its name."""
        return [(axis, level) for level in self.levels[axis]]

    def rows(self) -> Iterator[tuple[str, list[tuple[str, list[int]]]]]:
        """Yield each axis but the first: its levels, and how often each met the levels of earlier axes."""
        axes = list(self.levels)
        for number, axis in enumerate(axes[1:], 1):
            before = [level for earlier in axes[:number] for level in self.of(earlier)]
            yield axis, [(one[1], [self.count(one, other) for other in before]) for one in self.of(axis)]


def coverages(columns: Sequence[Column]) -> list[Coverage]:
    """Return the coverage of each implementation and API; empty where the records tell of none."""
    return [
        _coverage(column, api, counted)
        for column in columns
        for api, counted in column.record.footer.get("coverage", {}).items()
    ]


def shade(count: int) -> int:
    """Return how dark a count is drawn: 0 for none, then a shade more for each power of ten."""
    return min(SHADES, 1 + int(log10(count))) if count else 0


def _coverage(
    column: Column, api: str, counted: Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]
) -> Coverage:
    counts = {
        frozenset(((axis, level), (other, met))): count
        for axis, levels in counted.items()
        for level, others in levels.items()
        for other, mets in others.items()
        for met, count in mets.items()
    }
    found = sorted({level for pair in counts for level in pair})
    levels: dict[str, list[str]] = {}
    for axis, level in found:
        levels.setdefault(axis, []).append(level)
    return Coverage(column, api, levels, counts)
