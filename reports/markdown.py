"""What does the summary of a CI job say?  Markdown: who passed, then what did not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adjoint.record import Record
from adjoint.reports.html import SYMBOLS
from adjoint.reports.matrix import Cell, Matrix, build
from adjoint.reports.ranking import Check, standing
from adjoint.reports.text import markdown_environment
from adjoint.spec import load

MOST_SEEN = 3
"""How many different things seen of an open clause are listed for one implementation."""


def render(records: Sequence[Record]) -> str:
    """Return the summary of some records.

    Parameters
    ----------
    records : sequence of Record
        One for each implementation.

    Returns
    -------
    str
        GitHub's Markdown: a table of the implementations; then, a line for each implementation and
        clause, what fails, what is declared, the declarations' own problems, what was observed of open
        clauses, and drift.
    """
    template = markdown_environment().get_template("summary.md")
    matrix = build(records, load())
    return template.render(
        matrix=matrix,
        symbols=SYMBOLS,
        problems=[(c.name, text) for c in matrix.columns for text in c.problems],
        lines=lambda name: list(_lines(matrix, name)),
        observed=_observed,
    )


def _lines(matrix: Matrix, name: str) -> Iterator[tuple[Cell, Check, int]]:
    """Yield each cell with such a check: the worst such check, and how many more there are."""
    for cell in matrix.standing(name):
        checks = [check for check in cell.checks if standing(check) == name]
        yield cell, checks[0], len(checks) - 1


def _observed(cell: Cell) -> list[tuple[str, int]]:
    """Return what was seen of an open clause, most frequent first, and how often; the rest is one entry."""
    counts: dict[str, int] = {}
    for check in cell.checks:
        said = check.get("seen") or check["verdict"]
        counts[said] = counts.get(said, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = ranked[MOST_SEEN:]
    return ranked[:MOST_SEEN] + ([("something else", sum(n for _, n in rest))] if rest else [])
