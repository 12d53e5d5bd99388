"""What came of a run?  What the command line prints of its records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from adjoint import catalogue
from adjoint.baseline import Change
from adjoint.deviations import EXCUSABLE
from adjoint.gate import code_of
from adjoint.inert import in_a_line
from adjoint.listing import terminal
from adjoint.record import Record, fails

COUNTED = {
    "conforms": "conform",
    "deviates": "fail",
    "declared": "declared",
    "drift": "drift",
    "unsupported": "unsupp.",
}
"""What the summary counts, and how its columns are headed."""


PLAIN = {
    "strides": ("one",),
    "dilation": ("none",),
    "padding": ("none", "valid"),
    "output_padding": ("zero", "not given"),
    "output_shape": ("least",),
    "groups": ("one",),
    "bias": ("none",),
    "activation": ("linear",),
    "data_format": ("last",),
}
"""Axes of a call's features, and the levels at which nothing is asked for."""


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


def show_failures(record: Record, most: int = 10) -> None:
    """Print a paragraph for each clause that failed, with its smallest call."""
    failing: dict[str, list[Mapping[str, Any]]] = {}
    for check in filter(fails, record.checks):
        failing.setdefault(check["clause"], []).append(check)
    console = terminal()
    for clause, checks in sorted(failing.items(), key=lambda item: min(map(telling, item[1])))[:most]:
        smallest = min(checks, key=telling)
        console.print(
            Text(
                f"{in_a_line(record.name)}: {clause} {smallest['verdict']}, in {len(checks)} check(s)", "bold"
            )
        )
        for line in lines(smallest)[1:]:
            console.print(Text(line), soft_wrap=True)
        how = in_a_line(_how_to_reproduce(smallest, record.name))
        console.print(Text(f"  script: {how}"), soft_wrap=True)
    if len(failing) > most:
        console.print(f"... and {len(failing) - most} more clauses; see the report.")


def telling(check: Mapping[str, Any]) -> tuple[int, bool, int, str]:
    """Return what puts failing checks in order, the most telling first.

    That is a call of which nothing is asked but the sum; then clauses of one argument; then those that any
    fault breaks, and calls that are not refused.  Of each, exact numbers before others, and small calls.
    """
    rule, features = check["clause"].partition(".")[2], check.get("features", {})
    plain = "strides" in features and all(features.get(axis, of[0]) in of for axis, of in PLAIN.items())
    later = {"values": 0 if plain else 2, "not-finite": 3}
    rank = 4 if rule.startswith("refuses") else later.get(rule, 1)
    return rank, features.get("data", "exact") != "exact", check["size"], check["call"]


def lines(check: Mapping[str, Any]) -> list[str]:
    """Return what there is to read of a check that failed, in four lines."""
    said = (check["call"], f"demanded: {check['demanded']}", f"seen: {check['seen']}")
    return [f"{check['clause']} {check['verdict']}", *(f"  {in_a_line(line)}" for line in said)]


def _how_to_reproduce(check: Mapping[str, Any], name: str) -> str:
    if "drawn" in check:
        return "in the report"
    if name in catalogue.entries():
        return f"adjoint reproduce {check['case']} {name}"
    if ":" in name and " " not in name:
        return f"adjoint reproduce {check['case']} {name} --api {check['api']}"
    return "in the report"


def _kind(check: Mapping[str, Any]) -> str:
    verdict = str(check["verdict"])
    if fails(check):
        return "deviates"
    if verdict not in EXCUSABLE:
        return verdict
    return "declared" if check["declared"] else "drift"
