"""What does the summary of a CI job say?  Markdown: who passed, then what did not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from adjoint.baseline import Change
from adjoint.ending import why
from adjoint.record import Record
from adjoint.reports.column import Column
from adjoint.reports.html import SYMBOLS
from adjoint.reports.matrix import Cell, Group, Matrix, build
from adjoint.reports.ranking import Check, standing, worst_first
from adjoint.reports.text import markdown_environment
from adjoint.spec import load
from adjoint.telling import failures

LIMIT = 1_000_000
"""How many bytes a summary may have: GitHub takes 1 MiB from a step, and nothing of one that is larger."""

LISTED = (100_000, 300, 100, 30, 10)
"""How many lines a list may have: the most with which all is within the limit."""

LONGEST = 6000
"""How many characters a script may have to be shown."""

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
        GitHub's Markdown: a table of the implementations, and one of the documents; then, a line for each
        implementation and clause, what fails, with a script folded below, what is declared, the
        declarations' own problems, what was observed of open clauses, and drift.  No more than `LIMIT`.
    """
    matrix = build(records, load())
    failing = [(c.name, failure) for c in matrix.columns for failure in failures(c.record.checks)]
    problems = [(c.name, text) for c in matrix.columns for text in c.problems]

    def rendered(most: int) -> str:
        return (
            markdown_environment()
            .get_template("summary.md")
            .render(
                matrix=matrix,
                symbols=SYMBOLS,
                fared=_fared,
                problems=problems,
                failing=failing,
                lines=lambda *names: [line for name in names for line in _lines(matrix, name)],
                observed=_observed,
                script=_script,
                most=most,
            )
        )

    return _fitting(rendered)


def render_changes(changes: Sequence[Change]) -> str:
    """Return the summary of what changed against a baseline.

    Parameters
    ----------
    changes : sequence of Change

    Returns
    -------
    str
        GitHub's Markdown: how many checks changed and how; then those that newly fail, as `render` has them,
        and the others, a line a clause and kind of check.  No more than `LIMIT`.
    """

    def rendered(most: int) -> str:
        template = markdown_environment().get_template("changes.md")
        return template.render(
            changes=changes,
            symbols=SYMBOLS,
            failures=failures,
            grouped=_grouped,
            script=_script,
            why=why,
            most=most,
        )

    return _fitting(rendered)


def _fitting(rendered: Callable[[int], str]) -> str:
    """Return what is rendered with as many lines in a list as fit."""
    for most in LISTED:
        made = rendered(most)
        if len(made.encode("utf-8")) <= LIMIT:
            return made
    return (
        made.encode("utf-8")[: LIMIT - 100].decode("utf-8", "ignore").rpartition("\n")[0] + "\n\nCut here.\n"
    )


def _script(check: Check) -> str:
    script = str(check.get("script") or "")
    return script if len(script) <= LONGEST else f"# {len(script)} characters long: see report.html\n"


def _fared(row_group: Group, column: Column) -> str:
    """Return how an implementation fared in a document."""
    cells = [cell for row in row_group.rows for cell in row.cells if cell and cell.column is column]
    failing = sum(cell.standing == "fails" for cell in cells)
    if not cells:
        return ""
    return f"✗ {failing} of {len(cells)} fail" if failing else f"✓ {len(cells)}"


def _grouped(checks: Sequence[Check]) -> list[tuple[Check, int]]:
    """Return the worst check of each clause and kind, and how many more there are."""
    found: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        found.setdefault((check["clause"], check["kind"]), []).append(check)
    return [(worst_first(group)[0], len(group) - 1) for group in found.values()]


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
