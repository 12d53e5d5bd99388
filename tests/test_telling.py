"""Is what failed told by its most telling call, one and the same error once, and nothing hidden by it?"""

from __future__ import annotations

from typing import Any

import pytest

from adjoint.telling import Failure, failures, otherwise, telling
from tests.records import DECLARED, check, raised

VALUES, RANK, DTYPE = "tf-nn.values", "tf-nn.rank", "tf-nn.dtype"
NAMES = {RANK: "float16", DTYPE: "float64"}


def failing(clause: str, size: int, **features: str) -> dict[str, Any]:
    return check("deviates", clause, size=size, call=clause, features=features)


def test_the_most_telling_failure_is_first() -> None:
    plain = {"strides": "one", "dilation": "none", "padding": "none", "groups": "one", "data": "exact"}
    order = [
        failing("a.values", 4, **plain),
        failing("a.values", 2, **{**plain, "data": "rounded"}),
        failing("a.values", 5, **plain),
        failing("a.stride", 9, strides="equal"),
        failing("a.output-size", 12),
        failing("a.values", 1, **{**plain, "strides": "equal"}),
        failing("a.not-finite", 1, data="special"),
        failing("a.refuses-stride", 1),
    ]
    assert sorted([*order[4:], *reversed(order[:4])], key=telling) == order


def test_calls_that_read_the_same_are_in_the_order_of_their_cases() -> None:
    checks = [check("deviates", case=case) for case in "cab"]
    assert [one["case"] for one in sorted(checks, key=telling)] == ["a", "b", "c"]


def test_the_same_error_is_one_failure_however_many_clauses_meet_it() -> None:
    wrong = check("deviates", VALUES, size=1)
    of_dtype = raised(DTYPE, 3, "raised ValueError at call: yes")
    errors = [raised(RANK, 2), raised(VALUES, 5), raised(RANK, 7)]
    assert failures([*errors, wrong, of_dtype, check("conforms"), DECLARED]) == [
        Failure((errors[0], errors[2], errors[1]), (RANK, VALUES)),
        Failure((of_dtype,), (DTYPE,)),
        Failure((wrong,), (VALUES,)),
    ]


def test_so_is_an_error_whose_words_are_the_same_and_whose_numbers_are_not() -> None:
    said = "raised ValueError at call: shapes {} differ, groups={}"
    one, two = raised(RANK, 2, said.format("(2,6,4) (2,2)", 2)), raised(VALUES, 5, said.format("(3,1)", 17))
    other = raised(DTYPE, 9, "raised ValueError at call: shapes differ")
    assert failures([two, other, one]) == [Failure((one, two), (RANK, VALUES)), Failure((other,), (DTYPE,))]


def test_a_number_within_a_name_is_part_of_it() -> None:
    said = [raised(clause, 1, f"raised TypeError at call: no {dtype}") for clause, dtype in NAMES.items()]
    assert [failure.clauses for failure in failures(said)] == [(RANK,), (DTYPE,)]


def test_a_clause_with_errors_of_its_own_is_one_failure() -> None:
    errors = [raised(RANK, size, f"raised ValueError at call: {size}") for size in (2, 5)]
    assert failures(errors) == [Failure(tuple(errors), (RANK,))]


def test_what_returned_is_no_failure_of_another_clause_however_alike() -> None:
    wrong = [check("deviates", clause, call=clause) for clause in (DTYPE, RANK)]
    assert [failure.clauses for failure in failures(wrong)] == [(DTYPE,), (RANK,)]


def test_an_error_of_the_wrong_type_is_not_the_error_of_a_call_that_was_to_return() -> None:
    wrong = [raised(VALUES, 1), raised(RANK, 2) | {"kind": "raised-type"}]
    assert [failure.clauses for failure in failures(wrong)] == [(RANK,), (VALUES,)]


@pytest.mark.parametrize("verdict", ["crashed", "timed-out", "broken"])
def test_the_same_death_is_one_failure_too(verdict: str) -> None:
    (failure,) = failures([check(verdict, VALUES), check(verdict, RANK)])
    assert failure.clauses == (RANK, VALUES)


def test_a_failure_is_told_by_what_is_gravest_of_it_and_a_smaller_call_comes_before_it() -> None:
    died, hung = check("crashed", DTYPE, size=9, seen="SIGSEGV"), check("timed-out", DTYPE, size=7)
    small, smaller = check("deviates", DTYPE, size=1), check("deviates", RANK, size=5)
    made = [Failure((smaller,), (RANK,)), Failure((died, hung, small), (DTYPE,))]
    assert failures([small, hung, died, smaller]) == made


TYPE, VALUE = "raised TypeError at call: no", "raised ValueError at call: {} is odd"


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ([raised(RANK, 1), raised(RANK, 2)], ""),
        ([check("deviates", seen="7"), check("deviates", seen="8")], ""),
        ([raised(RANK, 1, VALUE.format(n)) for n in (3, 5)], ""),
        ([raised(RANK, 1), check("deviates", seen="8 not 7")], "1 of them otherwise: 8 not 7"),
        (
            [check("deviates"), raised(RANK, 1), raised(RANK, 2)],
            f"2 of them otherwise, the first: {TYPE}",
        ),
        (
            [raised(RANK, 1), raised(RANK, 2), raised(RANK, 3, VALUE.format(1)), check("deviates")],
            f"2 of them otherwise, the first: {VALUE.format(1)}",
        ),
        (
            [check("deviates", kind="shape"), check("deviates", seen="8 not 7")],
            "1 of them otherwise: 8 not 7",
        ),
        (
            [check("crashed", seen="SIGSEGV"), check("crashed", seen="SIGABRT")],
            "1 of them otherwise: SIGABRT",
        ),
    ],
)
def test_what_a_failure_shows_beside_is_counted_and_its_first_is_told(checks: list[Any], said: str) -> None:
    assert otherwise(checks) == Failure(tuple(checks), (RANK,)).otherwise == said
