"""How do implementations fare with one document, clause by clause?  What its page shows, as data.

Those that it speaks of stand on one side, those of other versions on the other; the newest come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from adjoint.reports.column import Column
from adjoint.reports.marks import MARKS, SILENT, SPEAKING, Mark, mark_of
from adjoint.reports.matrix import Cell, Group, Matrix
from adjoint.reports.ranking import Check
from adjoint.reports.silences import said
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
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Entry:
    """One clause: what those came to that its document speaks of, and what the others did.

    On either side, readings that say the same stand together, and the worst first.
    """

    clause: Clause
    own: tuple[tuple[Reading, ...], ...]
    others: tuple[tuple[Reading, ...], ...]

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its marks."""
        return frozenset(
            reading.mark.word for side in (self.own, self.others) for alike in side for reading in alike
        )

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
            for alike in (*entry.own, *entry.others):
                for reading in alike:
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

    def side(columns: Sequence[Column], clause: Clause) -> tuple[tuple[Reading, ...], ...]:
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
    checks = cell.checks if cell else ()
    mark = mark_of(checks)
    return Reading(column, cell, mark, _answers(checks) if mark.word == "observed" else ())


def _together(readings: Iterable[Reading]) -> tuple[tuple[Reading, ...], ...]:
    """Return the readings, those that say the same as one; the worst first."""
    alike: dict[object, list[Reading]] = {}
    for reading in readings:
        mark = reading.mark
        alike.setdefault((mark.word, mark.tags, reading.answers), []).append(reading)
    order = list(MARKS)
    return tuple(
        tuple(group) for group in sorted(alike.values(), key=lambda group: order.index(group[0].mark.word))
    )


def _answers(checks: Iterable[Check]) -> tuple[Answer, ...]:
    """Return what was seen in the calls of an open clause, what most of them showed first."""
    cases: dict[str, list[Check]] = {}
    for check in checks:
        cases.setdefault(check["case"], []).append(check)
    seen: dict[str, list[tuple[int, str]]] = {}
    for found in cases.values():
        if words := said(found):
            seen.setdefault(words, []).append((found[0]["size"], found[0]["call"]))
    made = [Answer(words, len(calls), min(calls)[1]) for words, calls in seen.items()]
    return tuple(sorted(made, key=lambda answer: (-answer.calls, answer.seen)))
