"""Which pairs of levels were judged together?  Counted over the calls of a run."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

from adjoint.call import Call
from adjoint.demand import operation_of
from adjoint.features import features_of


class Coverage:
    """How often each pair of levels of two axes was judged, by API."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()
        self._counted: set[str] = set()

    def note(self, call: Call) -> dict[str, str]:
        """Count a call whose values were judged, once for all of them, and return its features."""
        features = features_of(call, operation_of(call))
        if call.id in self._counted:
            return features
        self._counted.add(call.id)
        for (axis, level), (other, its) in combinations(sorted(features.items()), 2):
            self._counts[call.api, axis, level, other, its] += 1
        return features

    def table(self) -> dict[str, Any]:
        """Return the counts as nested tables: API, axis, level, other axis, its level."""
        found: dict[str, Any] = {}
        for path, count in sorted(self._counts.items()):
            table = found
            for step in path[:-1]:
                table = table.setdefault(step, {})
            table[path[-1]] = count
        return found
