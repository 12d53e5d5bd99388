"""Is what failed told in paragraphs, with what to do about it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from adjoint.failures import lines, show, told, what_to_do
from adjoint.record import Record
from adjoint.telling import Failure, failures
from tests.records import ERROR, check, raised, record


def test_a_failure_is_told_in_lines_that_can_not_act() -> None:
    said = lines(check("deviates", call="f(x)\nnext", demanded="\x1b[31m", seen="\u202e"))
    assert said == [f"{said[0]}", "  f(x) next", "  demanded: \\x1b[31m", "  seen: \\u202e"]


VALUES, RANK = "tf-nn.values", "tf-nn.rank"


def named(name: str, *checks: Mapping[str, Any], **more: Any) -> Record:
    """Return a record of what has a name, which is that of a function where it is ``m:f``."""
    made = record(*checks, name=name, **more)
    return Record({**made.header, "is_function": name == "m:f"}, made.checks, made.footer)


@pytest.mark.parametrize("verdict", ["crashed", "timed-out", "broken"])
def test_a_death_is_nothing_that_could_be_claimed(verdict: str) -> None:
    (failure,) = failures([check(verdict, VALUES), check(verdict, RANK)])
    assert not [line for line in told(record(), failure) if "not offered" in line]


@pytest.mark.parametrize(
    ("name", "claim", "script"),
    [
        (
            "m:f",
            "--claims",
            "adjoint reproduce 0123456789ab m:f --clause tf-nn.rank --api tf.nn.conv_transpose",
        ),
        ("./on c", "'unsupported'", "adjoint reproduce 0123456789ab --command './on c' --clause tf-nn.rank"),
        ("./a:b", "'unsupported'", "adjoint reproduce 0123456789ab --command ./a:b --clause tf-nn.rank"),
        ("torch", "'unsupported'", "adjoint reproduce 0123456789ab torch --clause tf-nn.rank"),
    ],
)
def test_a_paragraph_names_the_others_and_says_how_to_claim_what_is_not_offered(
    name: str, claim: str, script: str
) -> None:
    (failure,) = failures([raised(RANK, 2), raised(VALUES, 5)])
    head, _, demanded, seen, same, offered, reproduced = told(named(name), failure)
    assert head == f"{name}: {RANK} deviates, in 2 check(s)"
    assert (demanded, seen) == ("  demanded: the number 7", f"  seen: {ERROR}")
    assert same == f"  the same in: {VALUES}"
    assert offered.startswith("  not offered? then ")
    assert claim in offered
    assert reproduced == f"  script: {script}"


def test_a_function_is_reproduced_with_what_is_claimed_of_it() -> None:
    (failure,) = failures([raised(VALUES, 5)])
    said = told(named("m:f"), failure, "--claims 'c d.toml'")[-1]
    assert said.startswith(f"  script: adjoint reproduce 0123456789ab m:f --clause {VALUES} ")
    assert said.endswith(" --api tf.nn.conv_transpose --claims 'c d.toml'")
    assert "--claims" not in told(named("torch"), failure, "--claims 'c d.toml'")[-1]


def test_what_a_clause_shows_beside_is_told_in_a_line_that_can_not_act() -> None:
    (failure,) = failures([raised(RANK, 2, "raised ValueError at call: odd\n\x1b"), raised(RANK, 1)])
    assert told(named("m:f"), failure)[4] == "  1 of them otherwise: raised ValueError at call: odd \\x1b"


def test_of_many_clauses_a_few_are_named() -> None:
    failure = Failure((raised(RANK, 2),), (RANK, *"abcdefgh"))
    assert "  the same in: a, b, c, d, e, f, and 2 more" in told(named("m:f"), failure)


def test_ten_failures_are_shown_and_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [check("deviates", f"a.c{n}", size=n) for n in range(12)]
    show(record(*many, raised("a.c1", 50), raised("a.c2", 60), raised("a.c13", 70)))
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("mine: ")] == [
        f"mine: a.c{n} deviates, in 1 check(s)" for n in range(10)
    ]
    assert said[-1] == "... and 3 more, of 5 clauses; see the report."


HOPELESS = "3 calls in a row ended the worker; the rest was not tried."


@pytest.mark.parametrize(
    ("name", "checks", "reason", "said"),
    [
        ("fast", ["crashed"], HOPELESS, "To see what is wrong, call by call: adjoint smoke fast"),
        ("m:f", ["broken"], HOPELESS, "To see what is wrong, call by call: adjoint smoke m:f --api some.api"),
        (
            "./a:b",
            ["broken"],
            HOPELESS,
            "To see what is wrong, call by call: adjoint smoke --command ./a:b",
        ),
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
    made = named(name, *map(check, checks), status="stopped", reason=reason)
    made.header["claims"]["apis"] = ["some.api"]  # type: ignore[index]
    assert what_to_do(made) == said


@pytest.mark.parametrize("status", ["ran", "not-run", "unavailable"])
def test_nothing_is_said_to_do_about_any_other(status: str) -> None:
    assert what_to_do(record(check("crashed"), status=status, reason=HOPELESS)) == ""
