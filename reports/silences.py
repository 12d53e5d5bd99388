"""What do the systems do where the documents are silent, or contradict themselves?

A row for each open clause and each way that the systems answer its calls together; what they disagree in
comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adjoint.reports.column import Column
from adjoint.reports.matrix import Matrix, Row
from adjoint.reports.ranking import Check
from adjoint.spec import Clause, Document


@dataclass(frozen=True)
class Answers:
    """How the systems answer some calls, alike.

    Attributes
    ----------
    call : str
        The smallest of them.
    more : int
        How many more calls are answered so.
    said : tuple of str
        What each column answers; empty where it was not asked.
    """

    call: str
    more: int
    said: tuple[str, ...]


@dataclass(frozen=True)
class Silence:
    """An open clause and what came of its calls.

    `above` is the clause that asked the same question first, with the same evidence, in this table or an
    earlier one; empty where it is this one.
    """

    clause: Clause
    above: str
    differs: bool
    answers: tuple[Answers, ...]


@dataclass(frozen=True)
class Table:
    """The open clauses of one document."""

    document: Document
    columns: tuple[Column, ...]
    silences: tuple[Silence, ...]

    def by(self, answers: Answers) -> dict[str, list[Column]]:
        """Return who answers what: what most answer first, without those that were not asked."""
        found: dict[str, list[Column]] = {}
        for column, said in zip(self.columns, answers.said, strict=True):
            if said:
                found.setdefault(said, []).append(column)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def tables(matrix: Matrix) -> list[Table]:
    """Return a table for each document that has open clauses which some record answers."""
    made = []
    first: dict[tuple[str, str], str] = {}
    for group in sorted(matrix.groups, key=lambda group: group.document.id):
        if rows := [row for row in group.rows if row.clause.level == "open"]:
            made.append(Table(group.document, group.columns, _silences(rows, first)))
    return made


def said(checks: Iterable[Check]) -> str:
    """Return one system's answer to one call; that it accepts goes without saying where there is more."""
    words = dict.fromkeys(map(_word, checks))
    more = [word for word in words if word not in ("accepts", "")]
    return ", ".join(sorted(more)) or ("accepts" if "accepts" in words else "")


def heard(checks: Iterable[Check]) -> dict[str, str]:
    """Return one system's answer to each call of some checks, by the call's case."""
    cases: dict[str, list[Check]] = {}
    for check in checks:
        cases.setdefault(check["case"], []).append(check)
    return {case: answer for case, found in cases.items() if (answer := said(found))}


def without_type(answer: str) -> str:
    """Return an answer without the type of error that it names: another type is no other answer."""
    return answer.split(" (")[0]


def _silences(rows: Sequence[Row], first: dict[tuple[str, str], str]) -> tuple[Silence, ...]:
    """Return what is open in one document; `first` is the clause that asked each question first."""
    answered = [(row.clause, answers, _differs(answers)) for row in rows for answers in [_answers(row)]]
    made = []
    for clause, answers, differs in sorted(answered, key=lambda found: not found[2]):
        above = first.setdefault((clause.text, clause.evidence), clause.id)
        made.append(Silence(clause, "" if above == clause.id else above, differs, answers))
    return tuple(made)


def _answers(row: Row) -> tuple[Answers, ...]:
    """Return the answers to the calls of a clause: calls that are answered alike are one."""
    calls: dict[str, tuple[int, str]] = {}
    put: list[dict[str, list[Check]]] = [{} for _ in row.cells]
    for cell, cases in zip(row.cells, put, strict=True):
        for check in cell.checks if cell else ():
            calls[check["case"]] = check["size"], check["call"]
            cases.setdefault(check["case"], []).append(check)
    alike: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for case, call in calls.items():
        answers = tuple(said(cases.get(case, ())) for cases in put)
        alike.setdefault(answers, []).append(call)
    found = [(min(group), len(group) - 1, said) for said, group in alike.items()]
    return tuple(Answers(call, more, said) for (_, call), more, said in sorted(found))


def _word(check: Check) -> str:
    if check["verdict"] == "not-reached":
        return ""
    if check["verdict"] != "observed":
        return str(check["verdict"])
    seen = str(check["seen"])
    if seen.startswith("raised "):
        return f"refuses ({seen.removeprefix('raised ').split(':')[0]})"
    return "accepts" if seen.startswith("returned ") else seen


def _differs(answers: Iterable[Answers]) -> bool:
    """Tell whether two systems answer one call differently, or one accepts some calls and refuses others."""
    bare = [list(map(without_type, answer.said)) for answer in answers]
    wavering = any({"accepts", "refuses"} <= set(column) for column in zip(*bare, strict=True))
    return wavering or any(len(set(words) - {""}) > 1 for words in bare)
