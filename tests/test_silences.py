"""Is what the systems do where nothing is demanded put side by side, and called different where it is?"""

from __future__ import annotations

from typing import Any

from adjoint.record import Record
from adjoint.reports.matrix import build
from adjoint.reports.silences import Table, tables
from adjoint.spec import load
from tests.found import check, record

OPEN = "tf-nn.tuples"
ONE, TWO = {"case": "1", "call": "f(1)", "size": 1}, {"case": "2", "call": "f(2)", "size": 2}
YES = {"seen": "returned float32[1]", "kind": "returned"}
NO = {"seen": "raised ValueError at call: not (this): one"}


def seen(*parts: dict[str, Any], clause: str = OPEN, verdict: str = "observed") -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for part in parts:
        changes |= part
    return check(verdict, clause, **changes)


def table(*records: Record) -> Table:
    (made,) = tables(build(records, load()))
    return made


def test_systems_that_agree_are_one_row_with_the_smallest_call() -> None:
    checks = [seen(TWO, YES), seen(ONE, YES)]
    (silence,) = table(record(*checks, name="a"), record(*checks, name="b")).silences
    assert not silence.differs
    assert [(a.call, a.more, a.said) for a in silence.answers] == [("f(1)", 1, ("accepts", "accepts"))]


def test_systems_that_disagree_in_one_call_differ() -> None:
    a = record(seen(ONE, YES), seen(TWO, YES), name="a")
    b = record(seen(ONE, YES), seen(TWO, NO), name="b")
    (silence,) = table(a, b).silences
    assert silence.differs
    refused = "refuses (ValueError at call)"
    assert [answer.said for answer in silence.answers] == [("accepts", "accepts"), ("accepts", refused)]


def test_a_system_that_accepts_some_calls_and_refuses_others_differs() -> None:
    assert table(record(seen(ONE, YES), seen(TWO, NO))).silences[0].differs
    assert not table(record(seen(ONE, NO), seen(TWO, NO))).silences[0].differs


def test_who_answers_what_is_put_together() -> None:
    checks = [[seen(ONE, NO)], [seen(ONE, YES)], [seen(ONE, YES)], [seen(TWO, YES)]]
    made = table(*(record(*lines, name=name) for name, lines in zip("abcd", checks, strict=True)))
    answers = [made.by(answer) for answer in made.silences[0].answers]
    assert [
        {said: [column.name for column in columns] for said, columns in by.items()} for by in answers
    ] == [{"accepts": ["b", "c"], "refuses (ValueError at call)": ["a"]}, {"accepts": ["d"]}]


def test_errors_of_other_types_are_no_difference() -> None:
    other = {"seen": "raised TypeError at build: no"}
    (silence,) = table(record(seen(ONE, NO), name="a"), record(seen(ONE, other), name="b")).silences
    assert not silence.differs


def test_a_system_that_was_not_asked_does_not_differ() -> None:
    a, b = record(seen(ONE, YES), name="a"), record(seen(TWO, YES), name="b")
    (silence,) = table(a, b).silences
    assert not silence.differs
    assert {answer.said for answer in silence.answers} == {("accepts", ""), ("", "accepts")}


def test_what_is_seen_says_more_than_that_it_was_accepted() -> None:
    checks = [seen(ONE, YES), seen(ONE, {"seen": "[1, 6]"}), seen(ONE, verdict="not-reached")]
    ((answer,),) = [silence.answers for silence in table(record(*checks)).silences]
    assert answer.said == ("[1, 6]",)
    (crashed,) = table(record(seen(ONE, verdict="crashed"))).silences
    assert crashed.answers[0].said == ("crashed",)


def test_what_differs_stands_first_and_no_closed_clause_stands_there() -> None:
    last = seen(ONE, YES, clause="tf-nn.numpy-integers"), seen(TWO, NO, clause="tf-nn.numpy-integers")
    made = table(record(seen(ONE, YES), *last, check()))
    assert [silence.clause.id for silence in made.silences] == ["tf-nn.numpy-integers", OPEN]


def test_a_question_asked_twice_names_the_clause_that_asked_first() -> None:
    asked = [seen(ONE, YES, clause=f"keras-conv{rank}d.empty-batch") for rank in (2, 1)]
    first, second = tables(build([record(*asked)], load()))
    assert first.silences[0].above == ""
    assert second.silences[0].above == first.silences[0].clause.id
