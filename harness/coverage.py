"""Which pairs of levels were judged together?  Counted over the calls of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from adjoint.call import Call
from adjoint.demand import operation_of
from adjoint.features import features_of

Path = tuple[str, ...]
STEPS = 5
"""Of a path: API, axis, level, other axis, its level."""


class Coverage:
    """How often each pair of levels of two axes was judged, by API."""

    def __init__(self) -> None:
        self._counts: Counter[Path] = Counter()
        self._recent: Counter[Path] = Counter()
        self._counted: set[str] = set()

    def note(self, call: Call) -> dict[str, str]:
        """Count a call whose values were judged, once for all of them, and return its features."""
        features = features_of(call, operation_of(call))
        if call.id not in self._counted:
            self._counted.add(call.id)
            self.count(call.api, features)
        return features

    def count(self, api: str, features: Mapping[str, str]) -> None:
        """Count a call of these features."""
        for (axis, level), (other, its) in combinations(sorted(features.items()), 2):
            self._recent[api, axis, level, other, its] += 1

    def take(self) -> dict[str, Any]:
        """Return what was counted since this was asked last, as `table` has it: what one item judged.

        Of the item after it, the same calls count again.
        """
        recent = _nested(self._recent)
        self._counts.update(self._recent)
        self._recent.clear()
        self._counted.clear()
        return recent

    def add(self, table: Mapping[str, Any]) -> None:
        """Count again what `take` returned."""
        self._counts.update(dict(_paths(table)))

    def table(self) -> dict[str, Any]:
        """Return the counts as nested tables: API, axis, level, other axis, its level."""
        return _nested(self._counts + self._recent)


def _nested(counts: Mapping[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, count in sorted(counts.items()):
        table = found
        for step in path[:-1]:
            table = table.setdefault(step, {})
        table[path[-1]] = count
    return found


def _paths(table: Mapping[str, Any], before: Path = ()) -> Iterator[tuple[Path, int]]:
    for step, held in table.items():
        if isinstance(held, Mapping):
            yield from _paths(held, (*before, step))
        else:
            yield (*before, step), held
