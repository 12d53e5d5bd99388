"""What came of a run?  What the command line prints of its records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from adjoint.baseline import Change
from adjoint.deviations import EXCUSABLE
from adjoint.gate import code_of
from adjoint.inert import in_a_line
from adjoint.record import Record, fails

COUNTED = {
    "conforms": "conform",
    "deviates": "fail",
    "declared": "declared",
    "drift": "drift",
    "unsupported": "unsupp.",
}
"""What the summary counts, and how its columns are headed."""


def table(records: Sequence[Record]) -> Table:
    """Return what came of each implementation, a line each; fits 80 columns."""
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("implementation", "version", "result"):
        made.add_column(name, no_wrap=name != "implementation", min_width=len(name), overflow="fold")
    for name in (*COUNTED.values(), "rest", "s"):
        made.add_column(name, justify="right", no_wrap=True)
    for record in records:
        kinds = Counter(_kind(check) for check in record.checks)
        counts = [kinds[kind] for kind in COUNTED]
        made.add_row(
            Text(in_a_line(record.name)),
            Text(in_a_line(record.header["version"], 40)),
            Text(_result(record), style="bold red" if code_of(record) else ""),
            *map(str, [*counts, kinds.total() - sum(counts)]),
            f"{record.footer['seconds']:.1f}",
        )
    return made


def _result(record: Record) -> str:
    match record.footer["status"]:
        case "unavailable":
            return "not there"
        case "not-run":
            return "NOT RUN"
        case "stopped":
            return "STOPPED"
        case _:
            return {0: "passed", 1: "FAILED", 3: "NOTHING HELD"}[code_of(record)]


def changed(change: Change) -> str:
    """Return what changed in an implementation's run, in a line."""
    parts = [f"{len(checks)} {how}" for how, checks in change.parts.items() if checks]
    result = {0: "holds", 1: "FAILED"}.get(change.code, _result(change.record))
    return f"{change.name}: {result}, against its baseline: {', '.join(parts) or 'nothing changed'}"


def _kind(check: Mapping[str, Any]) -> str:
    verdict = str(check["verdict"])
    if fails(check):
        return "deviates"
    if verdict not in EXCUSABLE:
        return verdict
    return "declared" if check["declared"] else "drift"
