"""What do several records say, clause by clause?  Pure data, behind every report.

Whatever is listed, is listed with what fails first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from adjoint.gate import code_of, unmet_apis
from adjoint.record import Record
from adjoint.reports.column import STATES, Column, column_of
from adjoint.reports.ranking import STANDINGS, VERDICTS, Check, standing, worst_first
from adjoint.spec import Clause, Document, Spec


@dataclass(frozen=True)
class Cell:
    """What one implementation came to in one clause.

    Attributes
    ----------
    id : str
        Names the cell within a page; made of numbers, never of an implementation's text.
    column : Column
    clause : Clause
    checks : tuple of mapping
        At least one, the worst first.
    """

    id: str
    column: Column
    clause: Clause
    checks: tuple[Check, ...]

    @property
    def worst(self) -> Check:
        """The worst check; of several, that with the smallest call."""
        return self.checks[0]

    @property
    def verdict(self) -> str:
        """The worst verdict, those that fail the gate before any other."""
        return str(self.worst["verdict"])

    @property
    def standing(self) -> str:
        """What the worst check means to the gate, one of `STANDINGS`."""
        return standing(self.worst)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many checks came to each verdict."""
        return Counter(check["verdict"] for check in self.checks)

    @cached_property
    def count(self) -> int:
        """How many checks share the worst one's standing or, where that is nothing, its verdict."""
        if not self.standing:
            return self.counts[self.verdict]
        return sum(standing(check) == self.standing for check in self.checks)

    @property
    def own(self) -> bool:
        """Whether the clause's document speaks of this implementation's version."""
        return bool(self.worst["own"])


@dataclass(frozen=True)
class Row:
    """One clause, and a cell for each column of its group; None where nothing was checked."""

    clause: Clause
    cells: tuple[Cell | None, ...]

    @property
    def standing(self) -> str:
        """The worst standing of its cells."""
        found = [cell.standing for cell in self.cells if cell]
        return min(found, key=STANDINGS.index, default="")


@dataclass(frozen=True)
class Group:
    """One document: its exercised clauses, worst first, and those that no record speaks of.

    `columns` are the implementations that were held to it; `absent` are the others; `drifting` are those
    held to it whose version it does not speak of.
    """

    document: Document
    columns: tuple[Column, ...]
    absent: tuple[Column, ...]
    rows: tuple[Row, ...]
    not_exercised: tuple[Clause, ...]

    @property
    def drifting(self) -> tuple[Column, ...]:
        """The columns in which whatever differs is drift."""
        foreign = {cell.column for row in self.rows for cell in row.cells if cell and not cell.own}
        return tuple(column for column in self.columns if column in foreign)


@dataclass(frozen=True)
class Matrix:
    """All records, side by side."""

    columns: tuple[Column, ...]
    groups: tuple[Group, ...]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, the worst first."""
        found = (cell for group in self.groups for row in group.rows for cell in row.cells if cell)
        return tuple(sorted(found, key=lambda cell: STANDINGS.index(cell.standing)))

    def standing(self, name: str) -> tuple[Cell, ...]:
        """Return the cells that hold a check of this standing, whatever else they hold."""
        return tuple(c for c in self.cells if any(standing(check) == name for check in c.checks))

    @property
    def opens(self) -> tuple[Row, ...]:
        """The rows of the open clauses."""
        return tuple(row for group in self.groups for row in group.rows if row.clause.level == "open")

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdicts that occur, the best first."""
        found = {verdict for column in self.columns for verdict in column.counts}
        return tuple(verdict for verdict in reversed(VERDICTS) if verdict in found)

    @property
    def exercised(self) -> int:
        """How many clauses at least one record speaks of."""
        return sum(len(group.rows) for group in self.groups)

    @property
    def not_exercised(self) -> int:
        """How many clauses no record speaks of."""
        return sum(len(group.not_exercised) for group in self.groups)

    @property
    def state(self) -> str:
        """`failed` or `passed`, as the gate sees it; `unavailable` where nothing at all was checked."""
        if any(code_of(column.record) for column in self.columns):
            return "failed"
        return "passed" if self.exercised else "unavailable"

    @property
    def sentence(self) -> str:
        """The whole run in a sentence."""
        found = []
        if failing := self.standing("fails"):
            clauses = _count(len({cell.clause.id for cell in failing}), "fails", "fail")
            found.append(f"{clauses} ({_count(sum(c.standings['fails'] for c in self.columns), 'check')})")
        troubled = sum(c.state in ("not-run", "stopped") for c in self.columns)
        if troubled:
            found.append(f"{_count(troubled, 'implementation')} not run to the end")
        unmet = sum(bool(unmet_apis(c.record)) for c in self.columns if c.state == "failed")
        if unmet:
            found.append(f"{_count(unmet, 'implementation')} without one value that conforms")
        problems = sum(len(column.problems) for column in self.columns)
        if problems:
            found.append(f"{_count(problems, 'declaration')} stale or expired")
        if not found:
            found.append("everything held" if self.exercised else "nothing was checked")
        for name, one, many in _TOLERATED:
            if cells := self.standing(name):
                found.append(_count(len(cells), one, many))
        missing = sum(c.state == "unavailable" for c in self.columns)
        if missing:
            found.append(f"{_count(missing, 'implementation')} unavailable")
        scope = f"{_count(len(self.columns), 'implementation')}, {_count(self.exercised, 'clause')}"
        return f"{scope}: {found[0]}" + ("; " + ", ".join(found[1:]) if found[1:] else "")


def build(records: Sequence[Record], spec: Spec) -> Matrix:
    """Arrange records by document and clause.

    Parameters
    ----------
    records : sequence of Record
    spec : Spec
        Where the clauses' text comes from; a clause that it doesn't know is shown without.
    """
    columns = tuple(sorted(map(column_of, records), key=lambda column: STATES.index(column.state)))
    checks: dict[tuple[int, str], list[Check]] = {}
    unknown: dict[str, Clause] = {}
    for number, column in enumerate(columns):
        for check in column.record.checks:
            checks.setdefault((number, check["clause"]), []).append(check)
            if check["clause"] not in spec.clauses:
                unknown.setdefault(check["clause"], _unknown_clause(check))
    documents = list(spec.documents.values()) + ([_UNKNOWN] if unknown else [])
    known = [*spec.clauses.values(), *unknown.values()]
    groups = []
    numbers = count(1)
    for document in documents:
        clauses = [clause for clause in known if clause.document == document.id]
        cells: dict[str, dict[int, Cell]] = {}
        for clause in clauses:
            for number, column in enumerate(columns):
                if found := checks.get((number, clause.id)):
                    cell = Cell(f"c{next(numbers)}", column, clause, worst_first(found))
                    cells.setdefault(clause.id, {})[number] = cell
        groups.append(_group(document, clauses, cells, columns))
    groups.sort(key=lambda group: (not group.rows, bool(group.rows) and _rank(group.rows[0])))
    return Matrix(columns, tuple(groups))


_TOLERATED = (
    ("declared", "declared deviation", ""),
    ("drift", "drift", "drifts"),
    ("not-held", "deviation not held", "deviations not held"),
)

_UNKNOWN = Document("", "Clauses of another edition", "not in this version of adjoint", (), {})


def _group(
    document: Document,
    clauses: list[Clause],
    cells: Mapping[str, Mapping[int, Cell]],
    columns: tuple[Column, ...],
) -> Group:
    held = sorted({number for row in cells.values() for number in row})
    rows = [Row(c, tuple(map(cells[c.id].get, held))) for c in clauses if c.id in cells]
    return Group(
        document,
        tuple(columns[number] for number in held),
        tuple(column for number, column in enumerate(columns) if number not in held),
        tuple(sorted(rows, key=_rank)),
        tuple(clause for clause in clauses if clause.id not in cells),
    )


def _rank(row: Row) -> int:
    return STANDINGS.index(row.standing)


def _unknown_clause(check: Check) -> Clause:
    return Clause(check["clause"], check["level"], "This version of adjoint has no such clause.", "", (), "")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
