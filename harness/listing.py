"""What is there to run?  The tables of `adjoint list`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adjoint import catalogue, golden
from adjoint.spec import load, sources
from adjoint.spec.clauses import LEVELS

Rows = list[dict[str, Any]]


def apis() -> Rows:
    """List the APIs, with their documents and the number of cases."""
    counts = Counter(case.call.api for case in golden.load())
    return [
        {"api": api, "document": document.id, "source": document.source, "cases": counts[api]}
        for document in load().documents.values()
        for api in document.apis
    ]


def clauses() -> Rows:
    """List the clauses: how many sentences led to each, how many cases check it, or exercise it beside."""
    checked: Counter[str] = Counter()
    exercised: Counter[str] = Counter()
    for case in golden.load():
        checked.update(case.clauses())
        exercised.update(case.exercises)
    said = Counter(clause for source in sources.load() for unit in source.units for clause in unit.clauses)
    return [
        {
            "id": clause.id,
            "level": clause.level,
            "document": clause.document,
            "sentences": said[clause.id],
            "cases": checked[clause.id],
            "exercised": exercised[clause.id],
            "text": clause.text,
        }
        for clause in load().clauses.values()
    ]


def documents() -> Rows:
    """List the documents: their sentences, where these are mapped, and their clauses by level."""
    maps = {source.document: source.units for source in sources.load()}
    checked = {clause for case in golden.load() for clause in case.clauses()}
    rows = []
    for document in load().documents.values():
        own = [clause for clause in load().clauses.values() if clause.document == document.id]
        units = maps.get(document.id, ())
        rows.append(
            {
                "document": document.id,
                "sentences": len(units),
                "uncheckable": sum(bool(unit.uncheckable) for unit in units),
                "clauses": len(own),
                **{level: sum(clause.level == level for clause in own) for level in LEVELS},
                "with cases": sum(clause.id in checked for clause in own),
                "source": document.source,
            }
        )
    return rows


def cases() -> Rows:
    """List the golden cases."""
    return [
        {"id": case.id, "clauses": ", ".join(case.clauses()), "why": case.why, "call": str(case.call)}
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
    "documents": documents,
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


def terminal() -> Console:
    """Return a console as wide as the terminal, or wide enough for any table where there is none."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)
