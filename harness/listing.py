"""What is there to run, and what came of it?  The tables that the command line prints."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adjoint import catalogue, golden
from adjoint.errors import UsageError
from adjoint.gate import code_of
from adjoint.record import Record, fails
from adjoint.spec import load
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

Rows = list[dict[str, Any]]

COUNTED = {
    "conforms": "conform",
    "deviates": "fail",
    "declared": "declared",
    "drift": "drift",
    "unsupported": "unsupp.",
}
"""What the summary counts, and how its columns are headed."""


def apis() -> Rows:
    """List the APIs, with their documents and the number of cases."""
    counts = Counter(case.call.api for case in golden.load())
    return [
        {"api": api, "document": document.id, "source": document.source, "cases": counts[api]}
        for document in load().documents.values()
        for api in document.apis
    ]


def clauses() -> Rows:
    """List the clauses, with the number of cases that check or exercise each."""
    checked: Counter[str] = Counter()
    exercised: Counter[str] = Counter()
    for case in golden.load():
        checked.update(case.clauses())
        exercised.update(case.exercises)
    return [
        {
            "id": clause.id,
            "level": clause.level,
            "document": clause.document,
            "cases": checked[clause.id],
            "exercised": exercised[clause.id],
            "text": clause.text,
        }
        for clause in load().clauses.values()
    ]


def cases() -> Rows:
    """List the golden cases."""
    return [
        {"id": case.id, "clause": case.checks[0].clause, "why": case.why, "call": str(case.call)}
        for case in golden.load()
    ]


def implementations() -> Rows:
    """List the catalogue, and whether each entry can be run as things are."""
    return [
        {
            "name": entry.name,
            "about": entry.about,
            "environment": entry.environment or "(the suite's own)",
            "there": catalogue.is_there(entry.name),
        }
        for entry in catalogue.entries().values()
    ]


ROWS: Mapping[str, Callable[[], Rows]] = {
    "apis": apis,
    "clauses": clauses,
    "cases": cases,
    "implementations": implementations,
}


def table(rows: Rows) -> Table:
    """Return rows as a table for a terminal."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        made.add_column(name, justify="right" if isinstance(rows[0][name], int) else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text("yes" if v is True else "no" if v is False else str(v)) for v in row.values()))
    return made


def summary(records: Sequence[Record]) -> Table:
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
            Text(record.name),
            Text(record.header["version"]),
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


def show_failures(record: Record, most: int = 10) -> None:
    """Print a paragraph for each clause that failed, with its smallest call."""
    failing: dict[str, list[Mapping[str, Any]]] = {}
    for check in filter(fails, record.checks):
        failing.setdefault(check["clause"], []).append(check)
    console = terminal()
    for clause, checks in list(failing.items())[:most]:
        smallest = min(checks, key=lambda check: (check["size"], check["call"]))
        console.print(
            Text(f"{record.name}: {clause} {smallest['verdict']}, in {len(checks)} check(s)", "bold")
        )
        for line in (smallest["call"], f"demanded: {smallest['demanded']}", f"seen: {smallest['seen']}"):
            console.print(Text("  " + line), soft_wrap=True)
        console.print(Text(f"  script: {_how_to_reproduce(smallest, record.name)}"), soft_wrap=True)
    if len(failing) > most:
        console.print(f"... and {len(failing) - most} more clauses; see the report.")


def terminal() -> Console:
    """Return a console as wide as the terminal, or wide enough for any table where there is none."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def check_selection(clause: str | None, case: str | None) -> None:
    """See that a clause and a case that were asked for exist, and that the golden files are whole.

    Raises
    ------
    UsageError
    """
    known = {entry.id: entry for entry in golden.load()}
    if clause is not None and clause not in load().clauses:
        raise UsageError(f"there is no clause {clause!r}; see 'adjoint list clauses'.")
    if case is not None and case not in known:
        raise UsageError(f"there is no case {case!r}; see 'adjoint list cases'.")
    if case is not None and clause is not None and clause not in known[case].clauses():
        raise UsageError(
            f"case {case} has no check of {clause}; it checks {', '.join(known[case].clauses())}."
        )


def make_folder(out: Path) -> None:
    """Make a folder to write to, and see that it can be written to.

    Raises
    ------
    UsageError
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".adjoint"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f"--out {out} can't be written to: {error.strerror}.") from None


def _how_to_reproduce(check: Mapping[str, Any], name: str) -> str:
    if name in catalogue.entries():
        return f"adjoint reproduce {check['case']} {name}"
    if ":" in name and " " not in name:
        return f"adjoint reproduce {check['case']} {name} --api {check['api']}"
    return "in the report"


def _kind(check: Mapping[str, Any]) -> str:
    verdict = str(check["verdict"])
    if fails(check):
        return "deviates"
    if verdict != "deviates":
        return verdict
    return "declared" if check["declared"] else "drift"
