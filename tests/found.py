"""Checks and records for the tests of the page of findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adjoint.record import Record
from adjoint.reports.entries import Entry
from tests import records

CALL = "tf.nn.conv_transpose(input: float32[1, 2, 3, 4])"


def check(verdict: str = "deviates", clause: str = "tf-nn.values", **changes: Any) -> dict[str, Any]:
    """One line of a record, of a version that the document speaks of, unless changed."""
    said = {"call": CALL, "demanded": "the number 7", "seen": "the number 8", "script": "print(7)"}
    return records.check(verdict, clause, **{**said, **changes})


def drifts(clause: str = "tf-nn.values", **changes: Any) -> dict[str, Any]:
    return check("deviates", clause, own=False, gated=False, held=False, **changes)


def record(
    *checks: Mapping[str, Any], name: str = "mine", systems: Mapping[str, str] | None = None
) -> Record:
    made = records.record(*checks, name=name)
    own = {"systems": {"mine": "1.2.3"} if systems is None else systems, "platform": "Linux-of-this-machine"}
    return Record({**made.header, **own}, made.checks, made.footer)


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
