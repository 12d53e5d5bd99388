"""What did the suite find?  What differs in records, sorted by the entries that speak of it, as Markdown.

Which calls show a finding, where and in which versions, is read off the records; the rest are the entries'
words.  No time and no machine gets onto the page: the same verdicts give the same bytes.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.version import InvalidVersion, Version

from adjoint.record import Record
from adjoint.reports import entries, silences
from adjoint.reports.column import Column
from adjoint.reports.entries import Entry
from adjoint.reports.matrix import Cell, Matrix, build
from adjoint.reports.ranking import Check, standing
from adjoint.reports.text import markdown_environment
from adjoint.spec import Clause, load


@dataclass(frozen=True)
class Showing:
    """Cells of several runs that come to the same: the same clauses, by the same call, with the same seen.

    `lead` is the cell to show, of the first run; `clauses` has each clause's number of checks.
    """

    runs: tuple[Column, ...]
    clauses: tuple[tuple[Clause, int], ...]
    lead: Cell


@dataclass(frozen=True)
class Finding:
    """An entry, and the cells that show it: of each cell, the checks that do, the smallest call first."""

    entry: Entry
    cells: tuple[Cell, ...]

    @property
    def own(self) -> bool:
        """Whether some document that it breaks speaks of the very version that breaks it."""
        return any(cell.own for cell in self.cells)

    @property
    def lead(self) -> Cell:
        """The cell to show: that with the smallest call, of those whose document is the version's own."""
        return _smallest(self.cells)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The runs that show it."""
        return tuple(dict.fromkeys(cell.column for cell in self.cells))

    @property
    def promises(self) -> dict[tuple[str, str], list[Clause]]:
        """The clauses that it breaks, by level and text: several documents may say the same."""
        made: dict[tuple[str, str], list[Clause]] = {}
        for clause in dict.fromkeys(cell.clause for cell in self.cells):
            made.setdefault((clause.level, clause.text), []).append(clause)
        return made


@dataclass(frozen=True)
class Findings:
    """Everything that differs in some records.

    Attributes
    ----------
    matrix : Matrix
        The records.
    found : tuple of Finding
    strange : tuple of Cell
        What differs and no entry covers; of each cell, such checks only.
    idle : tuple of str
        A sentence for each entry, or clause of one, that nothing in the records shows.
    """

    matrix: Matrix
    found: tuple[Finding, ...]
    strange: tuple[Cell, ...]
    idle: tuple[str, ...]

    def elsewhere(self, finding: Finding) -> dict[str, list[Column]]:
        """Return the runs in which the cases that show a finding conform, those of them that were put.

        Returns
        -------
        dict of str to list of Column
            ``later``, versions after one that shows it, and ``earlier``, versions before one that does, of
            the same systems; ``beside``, the other runs, those included whose very version shows it with
            another setting.
        """
        made: dict[str, list[Column]] = {"later": [], "earlier": [], "beside": []}
        shown = [column.record.header["systems"] for column in finding.columns]
        for other, verdicts in self._answers(finding.cells):
            systems = other.record.header["systems"]
            if verdicts != {"conforms"}:
                continue
            if systems in shown:
                made["beside"].append(other)
            elif any(is_later(systems, than) for than in shown):
                made["later"].append(other)
            elif any(is_later(than, systems) for than in shown):
                made["earlier"].append(other)
            else:
                made["beside"].append(other)
        return made

    def _answers(self, cells: Sequence[Cell]) -> Iterator[tuple[Column, set[str]]]:
        """Yield the runs that were put the cases of some cells, with their verdicts on the cells' clauses."""
        asked = {(check["case"], check["clause"]) for cell in cells for check in cell.checks}
        for column in self.matrix.columns:
            checks = column.record.checks
            verdicts = {check["verdict"] for check in checks if (check["case"], check["clause"]) in asked}
            if verdicts:
                yield column, verdicts


def is_later(systems: Mapping[str, str], than: Mapping[str, str]) -> bool:
    """Tell whether systems are the same ones in later versions: none is earlier, and one is later."""
    if set(systems) != set(than):
        return False
    try:
        pairs = [(Version(systems[name]), Version(than[name])) for name in than]
    except InvalidVersion:
        return False
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def gather(records: Sequence[Record], described: Iterable[Entry]) -> Findings:
    """Sort what differs in some records by the entries that cover it.

    Parameters
    ----------
    records : sequence of Record
        In any order.
    described : iterable of Entry
        Where several cover a check, the first has it.
    """
    matrix = build(sorted(records, key=lambda record: (record.name, record.header["version"])), load())
    left = _split(sorted(matrix.cells, key=_place), lambda _, check: bool(standing(check)))[0]
    found, idle = [], []
    for entry in described:
        taken, left = _split(left, entry.covers)
        if taken:
            found.append(Finding(entry, tuple(taken)))
        idle += _idle(entry, matrix, {cell.clause.id for cell in taken})
    return Findings(matrix, tuple(found), tuple(left), tuple(idle))


def render(findings: Findings) -> str:
    """Return findings as GitHub's Markdown: what deviates, what drifts, and what the documents leave open."""
    template = markdown_environment().get_template("findings.md")
    return template.render(
        findings=findings,
        document_of=load().document_of,
        bugs=entries.BUGS,
        tables=silences.tables(findings.matrix),
        system=_system,
        differing=_differing,
        reproduce=_reproduce,
        showings=_showings,
    )


def _split(cells: Iterable[Cell], wanted: Callable[[str, Check], bool]) -> tuple[list[Cell], list[Cell]]:
    """Return the cells, each with its wanted checks alone, and the same with the others alone."""
    taken: list[Cell] = []
    left: list[Cell] = []
    for cell in cells:
        for kept, side in ((True, taken), (False, left)):
            checks = tuple(check for check in cell.checks if wanted(cell.column.name, check) is kept)
            if checks:
                side.append(replace(cell, checks=checks))
    return taken, left


def _place(cell: Cell) -> tuple[str, str, str]:
    return cell.column.name, cell.column.record.header["version"], cell.clause.id


def _idle(entry: Entry, matrix: Matrix, shown: set[str]) -> list[str]:
    """Return a sentence for each clause of an entry that was asked and is not shown; one, if none is.

    A pattern is no clause, what varies from machine to machine need not show, and of implementations that are
    not among the records nothing is known.
    """
    if entry.varies or not any(entry.names(column.name) for column in matrix.columns):
        return []
    if not shown:
        return [
            f"the finding {entry.id} is shown by no check of these records; give the records of "
            f"{', '.join(entry.implementations)}, or remove it from findings.toml."
        ]
    asked = {cell.clause.id for cell in matrix.cells if entry.speaks_of(cell.column.name, cell.clause.id)}
    return [
        f"the finding {entry.id} names the clause {clause}, of which no check in these records shows it; "
        "remove the clause from findings.toml."
        for clause in entry.clauses
        if clause in asked - shown
    ]


def _differing(column: Column, own: bool) -> int:
    """Return how many checks of a run differ from its own documents, or from those of other versions."""
    return sum(bool(standing(check)) and check["own"] is own for check in column.record.checks)


def _system(column: Column) -> str:
    """Return what a run was of, in words: its systems and their versions."""
    header = column.record.header
    systems = [f"{name} {version}" for name, version in header["systems"].items()]
    return ", ".join(systems) or f"version {header['version']}"


def _showings(cells: Iterable[Cell]) -> list[Showing]:
    """Return a row for each run; runs that come to the same are one."""
    runs: dict[Column, list[Cell]] = {}
    for cell in cells:
        runs.setdefault(cell.column, []).append(cell)
    alike: dict[tuple[Any, ...], list[tuple[Column, list[Cell]]]] = {}
    for column, found in runs.items():
        lead = _smallest(found)
        clauses = tuple((cell.clause.id, len(cell.checks), cell.own) for cell in found)
        same = (clauses, *(lead.worst[name] for name in ("call", "demanded", "seen")))
        alike.setdefault(same, []).append((column, found))
    return [
        Showing(
            tuple(column for column, _ in group),
            tuple((cell.clause, len(cell.checks)) for cell in group[0][1]),
            _smallest(group[0][1]),
        )
        for group in alike.values()
    ]


def _smallest(cells: Iterable[Cell]) -> Cell:
    """Return the cell with the smallest call, of those whose document is the version's own if there are."""
    return min(cells, key=lambda cell: (not cell.own, cell.worst["size"], cell.worst["call"]))


def _reproduce(cell: Cell) -> str:
    """Return the command that prints a cell's script, empty where only the record has it."""
    check, name = cell.worst, cell.column.name
    if check.get("drawn") or " " in name:
        return ""
    api = f" --api {check['api']}" if ":" in name else ""
    return f"adjoint reproduce {check['case']} {shlex.quote(name)} --clause {check['clause']}{api}"
