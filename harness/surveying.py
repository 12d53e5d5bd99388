"""What deviates undeclared in a run, and what conforms beside it?  A survey: what a draft is made of.

While it is made, whatever deviates counts as declared, so that as many calls are drawn as will be once it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adjoint.deviations import EXCUSABLE
from adjoint.errors import UsageError
from adjoint.record import fails

MOST = 2000
"""How many conforming calls of a clause and kind are kept."""

SURVEYED = {"reason": "surveyed, to be declared", "link": ""}
HELD = ("conforms", "observed", "vacuous")
TEXTS = ("call", "size", "verdict", "demanded", "seen")


class Survey:
    """Gathers the calls that deviate, and those that conform, by clause and kind of check."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failing: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._smallest: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._conforming: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._beyond: list[str] = []

    def note(self, line: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
        """Note a line of the record; tell whether it fails the gate in a way that can be declared."""
        key = line["clause"], line["kind"]
        if line["verdict"] in HELD:
            held = self._conforming.setdefault(key, [])
            if len(held) < MOST:
                held.append(parameters)
        if not fails(line):
            return False
        if line["verdict"] not in EXCUSABLE:
            self._beyond.append(f"{line['clause']} {line['verdict']}")
            return False
        self._failing.setdefault(key, []).append(parameters)
        least = self._smallest.get(key, line)
        if (line["size"], line["call"]) <= (least["size"], least["call"]):
            self._smallest[key] = line
        return True

    def write(self, implementation: str, systems: Mapping[str, str]) -> None:
        """Write it, as JSON.

        Raises
        ------
        UsageError
            If that can't be done.
        """
        groups = [
            {
                "clause": clause,
                "kind": kind,
                "smallest": {name: self._smallest[clause, kind].get(name, "") for name in TEXTS},
                "failing": failing,
                "conforming": self._conforming.get((clause, kind), []),
            }
            for (clause, kind), failing in sorted(self._failing.items())
        ]
        whole = {
            "implementation": implementation,
            "systems": dict(systems),
            "groups": groups,
            "beyond": sorted(set(self._beyond)),
        }
        try:
            self._path.write_text(json.dumps(whole, default=_plain), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"the survey {self._path} can't be written: {error.strerror}.") from None


def _plain(value: Any) -> Any:
    """Return a NumPy number as Python's own; of what else JSON does not have, its text."""
    return value.item() if hasattr(value, "item") else str(value)
