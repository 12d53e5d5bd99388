"""Checks and records for the tests of the page of findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adjoint.record import Record
from adjoint.reports.entries import Entry
from adjoint.spec import load

CALL = "tf.nn.conv_transpose(input: float32[1, 2, 3, 4])"


def check(verdict: str = "deviates", clause: str = "tf-nn.values", **changes: Any) -> dict[str, Any]:
    """One line of a record, of a version that the document speaks of, unless changed."""
    level = load().clauses[clause].level
    line = {
        "case": "0123456789ab",
        "why": "unequal strides",
        "api": "tf.nn.conv_transpose",
        "call": CALL,
        "size": 24,
        "kind": "values",
        "clause": clause,
        "level": level,
        "own": True,
        "gated": True,
        "held": level != "open",
        "claimed": False,
        "verdict": verdict,
        "declared": None,
        "demanded": "the number 7",
        "seen": "the number 8",
        "script": "print(7)",
    }
    return line | changes


def drifts(clause: str = "tf-nn.values", **changes: Any) -> dict[str, Any]:
    return check("deviates", clause, own=False, gated=False, held=False, **changes)


def record(
    *checks: Mapping[str, Any], name: str = "mine", systems: Mapping[str, str] | None = None
) -> Record:
    header = {
        "record": 2,
        "implementation": name,
        "version": "1.2.3",
        "systems": {"mine": "1.2.3"} if systems is None else systems,
        "claims": {},
        "python": "3.11.7",
        "platform": "Linux-of-this-machine",
        "adjoint": "0.1.0",
        "interpretation": "1.0",
        "started": "2026-01-02T03:04:05+00:00",
        "planned": len(checks),
        "drawn": 0,
        "profile": "smoke",
        "seed": 0,
        "arrays": [],
        "levels": ["stated", "implied", "customary"],
        "drift": False,
        "selection": "",
    }
    footer = {
        "footer": True,
        "status": "ran",
        "reason": "",
        "problems": [],
        "checks": len(checks),
        "verdicts": {},
        "seconds": 12.25,
        "coverage": {},
    }
    return Record(header, tuple(checks), footer)


def entry(*clauses: str, **changes: Any) -> Entry:
    values = {
        "id": "off-by-one",
        "title": "Everything is one too large",
        "bug": "silent wrong numbers",
        "argument": "The page has 7.",
        "effect": "Sums do not add up.",
        "implementations": ("mine*",),
        "clauses": clauses or ("tf-nn.values",),
    }
    return Entry(**(values | changes))
