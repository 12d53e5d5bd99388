"""What changed from version to version?  For each line of versions, the clauses whose verdict changes.

A verdict changes where a version comes to another result than the last one before it that was asked, or where
it is wrong in other cases, of those that both were put.  What a version is held to, its own document or that
of another version, changes nothing: the same fault deviates in one and drifts in the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from adjoint.reports.column import Column
from adjoint.reports.marks import SILENT, SPEAKING, Mark, mark_of
from adjoint.reports.matrix import Cell, Group, Matrix
from adjoint.reports.ranking import DIFFERS
from adjoint.reports.silences import heard, without_type
from adjoint.reports.versions import lines
from adjoint.spec import Clause, Document


@dataclass(frozen=True)
class Place:
    """What one version came to in one clause.

    Attributes
    ----------
    cell : Cell or None
        None where it was not asked.
    mark : Mark
    turns : bool
        Whether the verdict is another than that of the version before.
    seen : str
        Of an open clause whose answers change: what was seen in the calls whose answers do.
    """

    cell: Cell | None
    mark: Mark
    turns: bool
    seen: str


@dataclass(frozen=True)
class Course:
    """One clause, along the versions."""

    clause: Clause
    places: tuple[Place, ...]

    @property
    def changes(self) -> bool:
        """Whether its verdict changes."""
        return any(place.turns for place in self.places)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its marks, but for those that say nothing."""
        return tuple(place.mark.word for place in self.places if place.mark.word not in SILENT)


@dataclass(frozen=True)
class Chapter:
    """One document, along the versions.

    Attributes
    ----------
    document : Document
    own : tuple of bool or None
        Whether it speaks of each version; None where that was not held to it.
    changing : tuple of Course
        The clauses whose verdict changes.
    constant : mapping of str to int
        How many of the others came to which mark, throughout.
    once : int
        How many clauses fewer than two versions were asked of.
    """

    document: Document
    own: tuple[bool | None, ...]
    changing: tuple[Course, ...]
    constant: Mapping[str, int]
    once: int


@dataclass(frozen=True)
class Timeline:
    """The versions of one system, the oldest first, and the documents that two of them were held to."""

    columns: tuple[Column, ...]
    chapters: tuple[Chapter, ...]

    @property
    def systems(self) -> tuple[str, ...]:
        """The names of its systems."""
        return tuple(self.columns[0].record.header["systems"])

    @property
    def changing(self) -> int:
        """How many clauses change their verdict."""
        return sum(len(chapter.changing) for chapter in self.chapters)


def timelines(matrix: Matrix) -> tuple[Timeline, ...]:
    """Return a timeline for each line of versions of which two were held to one document."""
    groups = sorted(matrix.groups, key=lambda group: group.document.title)
    made = []
    for columns in lines(matrix.columns):
        chapters = tuple(_chapter(group, columns) for group in groups if _held(group, columns) > 1)
        if chapters:
            made.append(Timeline(columns, chapters))
    return tuple(sorted(made, key=lambda line: (-len(line.columns), line.systems, line.columns[0].name)))


def _held(group: Group, columns: Sequence[Column]) -> int:
    return sum(column in group.columns for column in columns)


def _chapter(group: Group, columns: Sequence[Column]) -> Chapter:
    foreign, held = set(group.drifting), set(group.columns)
    cells = {(cell.column, cell.clause.id): cell for row in group.rows for cell in row.cells if cell}
    courses = [
        Course(row.clause, _places([cells.get((column, row.clause.id)) for column in columns]))
        for row in group.rows
    ]
    asked = [course for course in courses if len(course.words) > 1]
    constant = Counter(min(course.words, key=SPEAKING.index) for course in asked if not course.changes)
    return Chapter(
        group.document,
        tuple(column not in foreign if column in held else None for column in columns),
        tuple(course for course in asked if course.changes),
        {word: constant[word] for word in reversed(SPEAKING) if word in constant},
        sum(len(course.words) == 1 for course in courses),
    )


def _places(cells: Sequence[Cell | None]) -> tuple[Place, ...]:
    """Return what each version came to in a clause, the oldest first."""
    marks = [mark_of(cell.checks if cell else ()) for cell in cells]
    answers = [_answers(cell) for cell in cells]
    asked = [number for number, mark in enumerate(marks) if mark.word not in SILENT]
    turns: set[int] = set()
    moving: set[str] = set()
    for before, after in pairwise(asked):
        moved = _moved(answers[before], answers[after])
        moving |= moved
        if (
            moved
            or marks[before].result != marks[after].result
            or _wrong_elsewhere(cells[before], cells[after])
        ):
            turns.add(after)
    return tuple(
        Place(cell, mark, number in turns, "; ".join(sorted({told[case] for case in moving & told.keys()})))
        for number, (cell, mark, told) in enumerate(zip(cells, marks, answers, strict=True))
    )


def _wrong_elsewhere(before: Cell | None, after: Cell | None) -> bool:
    """Tell whether one version is wrong, or right, in a case in which the next is not."""
    found = []
    for cell in (before, after):
        verdicts = {
            (check["case"], check["kind"]): check["verdict"] for check in (cell.checks if cell else ())
        }
        found.append({key: verdict for key, verdict in verdicts.items() if verdict != "not-reached"})
    both = found[0].keys() & found[1].keys()
    return any((found[0][key] in DIFFERS) != (found[1][key] in DIFFERS) for key in both)


def _answers(cell: Cell | None) -> dict[str, str]:
    """Return what was seen in each call of an open clause; nothing, of any other."""
    return heard(cell.checks) if cell and cell.clause.level == "open" else {}


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Return the calls that both were put, and that they answer differently."""
    both = before.keys() & after.keys()
    return {case for case in both if without_type(before[case]) != without_type(after[case])}
