"""How do implementations fare with one document, clause by clause?  What its page shows, as data.

Those that it speaks of stand on one side, those of other versions on the other; the newest come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from adjoint.reports.column import Column
from adjoint.reports.marks import MARKS, SILENT, SPEAKING, Mark, mark_of
from adjoint.reports.matrix import Cell, Group, Matrix
from adjoint.reports.silences import heard
from adjoint.reports.versions import newest, newest_first
from adjoint.spec import Clause, Document, Spec


@dataclass(frozen=True)
class Answer:
    """What was seen of an open clause: in how many calls, and the smallest of them."""

    seen: str
    calls: int
    call: str


@dataclass(frozen=True)
class Reading:
    """What one implementation came to in one clause; `cell` is None where it was not asked."""

    column: Column
    cell: Cell | None
    mark: Mark


@dataclass(frozen=True)
class Alike:
    """Readings with one mark and, of an open clause, the same answer to each call that two of them answer."""

    readings: tuple[Reading, ...]
    answers: tuple[Answer, ...]

    @property
    def mark(self) -> Mark:
        """The mark of the first."""
        return self.readings[0].mark


@dataclass(frozen=True)
class Entry:
    """One clause: what those came to that its document speaks of, and the others; the worst first."""

    clause: Clause
    own: tuple[Alike, ...]
    others: tuple[Alike, ...]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """All of them."""
        return tuple(reading for alike in (*self.own, *self.others) for reading in alike.readings)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its marks."""
        return frozenset(reading.mark.word for reading in self.readings)

    @property
    def checked(self) -> bool:
        """Whether any implementation was asked."""
        return self.words != {"not-asked"}


@dataclass(frozen=True)
class Page:
    """One document.

    Attributes
    ----------
    document : Document
    own, others : tuple of Column
        Who was held to it: those that it speaks of, and those of other versions.
    absent : tuple of Column
        Who was not.
    newest : tuple of Column
        Those of which older versions were held to it too.
    entries : tuple of Entry
        Every clause, in the document's order.
    """

    document: Document
    own: tuple[Column, ...]
    others: tuple[Column, ...]
    absent: tuple[Column, ...]
    newest: tuple[Column, ...]
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """The name of its file."""
        return page_name(self.document)

    @property
    def unchecked(self) -> tuple[Clause, ...]:
        """The clauses of which nobody was asked."""
        return tuple(entry.clause for entry in self.entries if not entry.checked)

    def having(self, word: str) -> tuple[Clause, ...]:
        """Return the clauses with this mark."""
        return tuple(entry.clause for entry in self.entries if word in entry.words)

    @cached_property
    def counts(self) -> dict[Column, Counter[str]]:
        """How many clauses came to each mark, implementation by implementation."""
        found: dict[Column, Counter[str]] = {column: Counter() for column in (*self.own, *self.others)}
        for entry in self.entries:
            for reading in entry.readings:
                found[reading.column][reading.mark.word] += 1
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """The marks that occur, the best first; last those that tell nothing of an implementation."""
        found = frozenset[str]().union(*(entry.words for entry in self.entries))
        return tuple(word for word in (*reversed(SPEAKING), *SILENT) if word in found)


def page_name(document: Document) -> str:
    """Return the name of the file that holds a document's page."""
    return f"document-{document.id}.html"


def pages(matrix: Matrix, spec: Spec) -> tuple[Page, ...]:
    """Return a page for each document that an implementation was held to, in the order of their titles."""
    held = [group for group in matrix.groups if group.rows and group.document.id in spec.documents]
    return tuple(_page(group, spec) for group in sorted(held, key=lambda group: group.document.title))


def _page(group: Group, spec: Spec) -> Page:
    foreign = set(group.drifting)
    own = newest_first(column for column in group.columns if column not in foreign)
    others = newest_first(foreign)
    cells = {(cell.column, cell.clause.id): cell for row in group.rows for cell in row.cells if cell}
    clauses = [clause for clause in spec.clauses.values() if clause.document == group.document.id]

    def side(columns: Sequence[Column], clause: Clause) -> tuple[Alike, ...]:
        return _together(_reading(column, cells.get((column, clause.id))) for column in columns)

    return Page(
        group.document,
        own,
        others,
        newest_first(group.absent),
        newest(group.columns),
        tuple(Entry(clause, side(own, clause), side(others, clause)) for clause in clauses),
    )


def _reading(column: Column, cell: Cell | None) -> Reading:
    return Reading(column, cell, mark_of(cell.checks if cell else ()))


def _together(readings: Iterable[Reading]) -> tuple[Alike, ...]:
    """Return the readings, those that say the same together; the worst first."""
    groups: list[tuple[list[Reading], dict[str, str]]] = []
    for reading in readings:
        told = heard(reading.cell.checks) if reading.cell and reading.mark.word == "observed" else {}
        for members, known in groups:
            mark = members[0].mark
            if (mark.word, mark.tags) == (reading.mark.word, reading.mark.tags) and _agree(told, known):
                members.append(reading)
                known |= told
                break
        else:
            groups.append(([reading], told))
    made = [Alike(tuple(members), _answers(members, known)) for members, known in groups]
    return tuple(sorted(made, key=lambda alike: list(MARKS).index(alike.mark.word)))


def _agree(told: Mapping[str, str], known: Mapping[str, str]) -> bool:
    """Tell whether calls that both answer are answered alike, and that there are such, if any are at all."""
    both = told.keys() & known.keys()
    return all(told[case] == known[case] for case in both) and bool(both or not told)


def _answers(readings: Iterable[Reading], told: Mapping[str, str]) -> tuple[Answer, ...]:
    """Return what was heard of the calls of an open clause, the answer to most of them first."""
    checks = (check for reading in readings if reading.cell for check in reading.cell.checks)
    calls = {check["case"]: (check["size"], check["call"]) for check in checks}
    seen: dict[str, list[tuple[int, str]]] = {}
    for case, answer in told.items():
        seen.setdefault(answer, []).append(calls[case])
    made = [Answer(answer, len(found), min(found)[1]) for answer, found in seen.items()]
    return tuple(sorted(made, key=lambda answer: (-answer.calls, answer.seen)))
