"""What does a badge say of a run?  The JSON that shields.io reads from an address (its endpoint badge)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from adjoint.record import Record
from adjoint.reports.matrix import build
from adjoint.spec import load

COLORS = {"passed": "brightgreen", "failed": "red", "unavailable": "lightgrey"}


def render(records: Sequence[Record]) -> str:
    """Return a badge of some records, as JSON: whether the gate held, and how many clauses did.

    It says nothing that an implementation wrote.
    """
    matrix = build(records, load())
    failing = len({cell.clause.id for cell in matrix.standing("fails")})
    declared = {cell.clause.id for cell in matrix.standing("declared")}
    if matrix.state == "failed":
        said = f"{failing} {'clause fails' if failing == 1 else 'clauses fail'}" if failing else "not held"
    elif matrix.state == "passed":
        said = f"{_held(len({cell.clause.id for cell in matrix.cells} - declared))}"
        said += f", {len(declared)} declared" if declared else ""
    else:
        said = "not run"
    badge = {"schemaVersion": 1, "label": "adjoint", "message": said, "color": COLORS[matrix.state]}
    return json.dumps(badge) + "\n"


def _held(number: int) -> str:
    return f"{number} {'clause holds' if number == 1 else 'clauses hold'}"
