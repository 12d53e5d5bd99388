"""Is what failed told by its most telling call, and one and the same error once?"""

from __future__ import annotations

import pytest

from adjoint.failures import Failure, failures, lines, show, telling, told, what_to_do
from tests.records import DECLARED, check, record


def failing(clause: str, size: int, **features: str) -> dict[str, object]:
    return {"clause": clause, "size": size, "call": clause, "features": features}


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


def test_a_failure_is_told_in_lines_that_can_not_act() -> None:
    said = lines(check("deviates", call="f(x)\nnext", demanded="\x1b[31m", seen="\u202e"))
    assert said == [f"{said[0]}", "  f(x) next", "  demanded: \\x1b[31m", "  seen: \\u202e"]


VALUES, RANK, DTYPE = "tf-nn.values", "tf-nn.rank", "tf-nn.dtype"
ERROR = "raised TypeError at call: no"


def raised(clause: str, size: int, seen: str = ERROR, **more: object) -> dict[str, object]:
    return check("deviates", clause, size=size, seen=seen, kind="returned", **more)


def test_the_same_error_is_one_failure_however_many_clauses_meet_it() -> None:
    wrong = check("deviates", VALUES, size=1)
    of_dtype = raised(DTYPE, 3, "raised ValueError at call: yes")
    errors = [raised(RANK, 2), raised(VALUES, 5), raised(RANK, 7)]
    assert failures(record(*errors, wrong, of_dtype, check("conforms"), DECLARED)) == [
        Failure((errors[0], errors[2], errors[1]), (RANK, VALUES)),
        Failure((of_dtype,), (DTYPE,)),
        Failure((wrong,), (VALUES,)),
    ]


def test_a_clause_with_errors_of_its_own_is_one_failure() -> None:
    errors = [raised(RANK, size, f"raised ValueError at call: {size}") for size in (2, 5)]
    assert failures(record(*errors)) == [Failure(tuple(errors), (RANK,))]


def test_an_error_of_the_wrong_type_is_not_the_error_of_a_call_that_was_to_return() -> None:
    wrong = [raised(VALUES, 1), raised(RANK, 2) | {"kind": "raised-type"}]
    assert [failure.clauses for failure in failures(record(*wrong))] == [(RANK,), (VALUES,)]


@pytest.mark.parametrize("verdict", ["crashed", "timed-out", "broken"])
def test_so_is_the_same_death(verdict: str) -> None:
    (failure,) = failures(record(check(verdict, VALUES), check(verdict, RANK)))
    assert failure.clauses == (RANK, VALUES)
    assert not [line for line in told("mine", failure) if "not offered" in line]


@pytest.mark.parametrize(
    ("name", "claim", "script"),
    [
        (
            "m:f",
            "--claims",
            "adjoint reproduce 0123456789ab m:f --clause tf-nn.rank --api tf.nn.conv_transpose",
        ),
        ("./on c", "'unsupported'", "adjoint reproduce 0123456789ab --command './on c' --clause tf-nn.rank"),
        ("torch", "'unsupported'", "adjoint reproduce 0123456789ab torch --clause tf-nn.rank"),
    ],
)
def test_a_paragraph_names_the_others_and_says_how_to_claim_what_is_not_offered(
    name: str, claim: str, script: str
) -> None:
    (failure,) = failures(record(raised(RANK, 2), raised(VALUES, 5)))
    head, _, demanded, seen, same, offered, reproduced = told(name, failure)
    assert head == f"{name}: {RANK} deviates, in 2 check(s)"
    assert (demanded, seen) == ("  demanded: the number 7", f"  seen: {ERROR}")
    assert same == f"  the same in: {VALUES}"
    assert offered.startswith("  not offered? then ")
    assert claim in offered
    assert reproduced == f"  script: {script}"


def test_a_function_is_reproduced_with_what_is_claimed_of_it() -> None:
    (failure,) = failures(record(raised(VALUES, 5)))
    said = told("m:f", failure, "--claims 'c d.toml'")[-1]
    assert said.startswith(f"  script: adjoint reproduce 0123456789ab m:f --clause {VALUES} ")
    assert said.endswith(" --api tf.nn.conv_transpose --claims 'c d.toml'")
    assert "--claims" not in told("torch", failure, "--claims 'c d.toml'")[-1]


def test_of_many_clauses_a_few_are_named() -> None:
    failure = Failure((raised(RANK, 2),), (RANK, *"abcdefgh"))
    assert "  the same in: a, b, c, d, e, f, and 2 more" in told("m:f", failure)


def test_ten_failures_are_shown_and_the_clauses_of_the_rest_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [check("deviates", f"a.c{n}", size=n) for n in range(12)]
    show(record(*many, raised("a.c1", 50), raised("a.c2", 60), raised("a.c13", 70)))
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("mine: ")] == [
        f"mine: a.c{n} deviates, in 1 check(s)" for n in range(10)
    ]
    assert said[-1] == "... and 3 more clauses; see the report."


HOPELESS = "3 calls in a row ended the worker; the rest was not tried."


@pytest.mark.parametrize(
    ("name", "checks", "reason", "said"),
    [
        ("fast", ["crashed"], HOPELESS, "To see what is wrong, call by call: adjoint smoke fast"),
        ("m:f", ["broken"], HOPELESS, "To see what is wrong, call by call: adjoint smoke m:f --api some.api"),
        (
            "node w.mjs",
            ["timed-out"],
            HOPELESS,
            "Where calls take long, --timeout gives each more. To see what is wrong, call by call: adjoint "
            "smoke --command 'node w.mjs'",
        ),
        (
            "fast",
            [],
            "it was interrupted",
            "What there is of it goes on with --resume, said beside the same words.",
        ),
    ],
)
def test_what_to_do_about_a_run_that_was_stopped(
    name: str, checks: list[str], reason: str, said: str
) -> None:
    made = record(*map(check, checks), name=name, status="stopped", reason=reason)
    made.header["claims"]["apis"] = ["some.api"]  # type: ignore[index]
    assert what_to_do(made) == said


@pytest.mark.parametrize("status", ["ran", "not-run", "unavailable"])
def test_nothing_is_said_to_do_about_any_other(status: str) -> None:
    assert what_to_do(record(check("crashed"), status=status, reason=HOPELESS)) == ""
