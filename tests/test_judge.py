"""Does the judge tell right from wrong for each kind of check, and paint one bug in one cell only?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.call import Call
from adjoint.golden import Case, Check
from adjoint.judge import Verdict, judge
from adjoint.outcome import Broke, Crashed, Outcome, Raised, Returned, TimedOut, Unsupported
from adjoint.tensors import Foreign, encode

HELD, OPEN = "tf-nn.values", "keras-conv2d.empty-batch"
RIGHT = np.array([[1, 2, 3]], np.float32)
RAISED = Raised("call", ("InvalidArgumentError", "ValueError", "Exception"), "no")


def returned(array: Any) -> Returned:
    return Returned({"output": np.asarray(array)})


def check(kind: str, demanded: Any = None, clause: str = HELD) -> Check:
    return Check(kind, clause, encode(demanded) if isinstance(demanded, np.ndarray) else demanded)


def verdicts(outcome: Outcome, *checks: Check, python_errors: bool = True) -> list[Verdict]:
    call = Call("tf.nn.conv_transpose", {}, {"input": encode(RIGHT)})
    return judge(Case(call, checks, "a test"), outcome, python_errors)


def names(outcome: Outcome, *checks: Check, python_errors: bool = True) -> list[str]:
    return [verdict.verdict for verdict in verdicts(outcome, *checks, python_errors=python_errors)]


CONFORMING = [
    (check("returned"), returned(RIGHT)),
    (check("raised"), RAISED),
    (check("raised"), Raised("construct", (), "")),
    (check("raised-type", "ValueError"), RAISED),
    (check("raised-type", "InvalidArgumentError"), RAISED),
    (check("dtype", "float32"), returned(RIGHT)),
    (check("shape", [1, 3]), returned(RIGHT)),
    (check("shape", []), returned(np.float32(1))),
    (check("shape-within", [[1, 1], [2, 3]]), returned(RIGHT)),
    (check("shape-within", [[1, 2], [3, 5]]), returned(RIGHT)),
    (check("values", RIGHT), returned(RIGHT)),
    (check("values", RIGHT), returned(RIGHT.astype(np.float64))),
    (check("values", np.zeros((0, 3))), returned(np.zeros((0, 3)))),
    (check("values", np.array([0.0])), returned(np.array([-0.0]))),
    (check("values", np.array([np.inf])), returned(np.array([np.inf]))),
    (check("values", np.array([np.nan])), returned(np.array([np.nan]))),
]

DEVIATING = [
    (check("returned"), RAISED, "raised InvalidArgumentError at call: no"),
    (check("raised"), returned(RIGHT), "returned float32[1, 3]"),
    (check("raised-type", "ValueError"), returned(RIGHT), "returned float32[1, 3]"),
    (check("raised-type", "TypeError"), RAISED, "raised InvalidArgumentError at call: no"),
    (check("dtype", "float32"), returned(RIGHT.astype(np.float64)), "float64"),
    (check("dtype", "float32"), RAISED, "raised InvalidArgumentError at call: no"),
    (check("shape", [1, 3]), returned(RIGHT.T), "[3, 1]"),
    (check("shape", [1, 3]), returned(RIGHT[0]), "[3]"),
    (check("shape-within", [[1, 1], [4, 5]]), returned(RIGHT), "[1, 3]"),
    (check("shape-within", [[0, 0], [3, 3]]), returned(RIGHT), "[1, 3]"),
    (check("shape-within", [[1, 1]]), returned(RIGHT), "[1, 3]"),
    (check("shape-within", [[1, 1], [3, 3], [1, 1]]), returned(RIGHT), "[1, 3]"),
    (check("shape", [3]), RAISED, "raised InvalidArgumentError at call: no"),
    (check("values", RIGHT), RAISED, "raised InvalidArgumentError at call: no"),
    (check("values", RIGHT), returned(RIGHT.T), "shape [3, 1]"),
    (check("values", RIGHT), returned(np.broadcast_to(RIGHT, (2, 3))), "shape [2, 3]"),
    (check("values", RIGHT), returned(np.float32(1)), "shape []"),
    (
        check("values", RIGHT),
        returned(RIGHT + np.array([[0, 0.5, 1]])),
        "[1, 2.5, 4] instead of [1, 2, 3]",
    ),
    (
        check("values", np.array(1.0)),
        returned(np.array(np.nextafter(1, 2))),
        "1.0000000000000002 instead of 1",
    ),
    (
        check("values", np.array([np.nan])),
        returned(np.array([7.0])),
        "7 instead of nan",
    ),
    (
        check("values", np.array([7])),
        returned(np.array([np.nan])),
        "nan instead of 7",
    ),
    (
        check("values", np.array([1])),
        returned(np.array([False])),
        "0 instead of 1",
    ),
]


@pytest.mark.parametrize(("check", "outcome"), CONFORMING, ids=lambda value: str(value)[:60])
def test_what_is_demanded_conforms(check, outcome):
    assert names(outcome, check) == ["conforms"]


@pytest.mark.parametrize(("check", "outcome", "seen"), DEVIATING, ids=lambda value: str(value)[:60])
def test_anything_else_deviates_and_says_what_was_seen(check, outcome, seen):
    (verdict,) = verdicts(outcome, check)
    assert (verdict.verdict, verdict.seen) == ("deviates", seen)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (check("returned"), "the call returns"),
        (check("raised"), "the call is refused"),
        (check("raised-type", "ValueError"), "the error is a ValueError"),
        (check("dtype", "float32"), "float32"),
        (check("shape", [1, 3]), "[1, 3]"),
        (check("shape-within", [[1, 1], [2, 4]]), "1, 2 to 4"),
        (check("values", RIGHT), "float32[1, 3], exactly"),
    ],
    ids=str,
)
def test_a_verdict_says_what_was_demanded(check, text):
    assert verdicts(Crashed("signal SIGSEGV", ""), check)[0].demanded == text


ENDED = [
    (Crashed("signal SIGABRT", "last words"), "crashed", "signal SIGABRT", "last words"),
    (TimedOut(1.5, "last words"), "timed-out", "no answer in 1.5 s", "last words"),
    (Broke("it answered 7", "last words"), "broken", "it answered 7", "last words"),
]


@pytest.mark.parametrize("kind", ["returned", "raised"])
@pytest.mark.parametrize(("outcome", "name", "seen", "stderr"), ENDED, ids=[row[1] for row in ENDED])
def test_a_worker_that_ends_is_no_refusal(kind, outcome, name, seen, stderr):
    (verdict,) = verdicts(outcome, check(kind))
    assert (verdict.verdict, verdict.seen, verdict.stderr) == (name, seen, stderr)


@pytest.mark.parametrize("outcome", [row[0] for row in ENDED], ids=[row[1] for row in ENDED])
def test_only_the_first_check_is_charged_with_a_worker_that_ends(outcome):
    assert names(outcome, check("returned"), check("dtype", "float32"), check("values", RIGHT))[1:] == [
        "not-reached",
        "not-reached",
    ]


def test_what_depends_on_a_failed_check_is_not_reached():
    checks = (check("returned"), check("dtype", "float32"), check("shape", [3, 1]), check("values", RIGHT))
    assert names(returned(RIGHT), *checks) == ["conforms", "conforms", "deviates", "not-reached"]


def test_unsupported_is_said_once_with_its_reason_and_id():
    first, second = verdicts(Unsupported("no-int", "no kernel"), check("returned"), check("values", RIGHT))
    assert (first.verdict, first.seen, first.unsupported) == ("unsupported", "no kernel", "no-int")
    assert second.verdict == "not-reached"


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (check("returned"), "conforms"),
        (check("dtype", "float32"), "deviates"),
        (check("shape", [1, 3]), "conforms"),
        (check("values", RIGHT), "deviates"),
        (check("raised"), "deviates"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_output_of_a_foreign_dtype_is_judged_by_name_and_shape(check, verdict):
    assert names(Returned({"output": Foreign("complex64", (1, 3))}), check) == [verdict]


def test_a_refusal_by_unsupported_is_unsupported():
    assert names(Unsupported("no-int", ""), check("raised")) == ["unsupported"]


@pytest.mark.parametrize("outcome", [RAISED, Raised("call", ("Panic",), "")], ids=["right", "wrong"])
def test_the_type_of_an_error_is_not_judged_without_the_claim(outcome):
    found = verdicts(outcome, check("raised"), check("raised-type", "ValueError"), python_errors=False)
    assert [v.verdict for v in found] == ["conforms", "unsupported"]
    assert found[1].unsupported == "claims"


READINGS = check("values", {"readings": {"floor": encode(RIGHT), "ceil": encode(RIGHT + 1)}}, OPEN)


@pytest.mark.parametrize(
    ("array", "reading"),
    [
        (RIGHT, "floor"),
        (RIGHT + 1, "ceil"),
        (RIGHT + 2, "none of the readings known"),
        (RIGHT.T, "none of the readings known"),
    ],
    ids=["first", "second", "neither", "another shape"],
)
def test_an_open_clause_is_observed_by_the_name_of_its_reading(array, reading):
    (verdict,) = verdicts(returned(array), READINGS)
    assert (verdict.verdict, verdict.seen) == ("observed", reading)
    assert verdict.demanded == "open: floor, or ceil"


@pytest.mark.parametrize(("outcome", "name", "seen", "stderr"), ENDED, ids=[row[1] for row in ENDED])
def test_an_open_clause_excuses_no_worker_that_ends(outcome, name, seen, stderr):
    (verdict,) = verdicts(outcome, check("returned", clause=OPEN))
    assert (verdict.verdict, verdict.seen, verdict.stderr) == (name, seen, stderr)


def test_values_under_a_bound_that_allows_anything_are_vacuous_and_what_comes_after_is_judged():
    ends = dict.fromkeys(("low", "high", "exact", "unit"), encode(RIGHT))
    allowed = Check("values", HELD, {**ends, "vacuous": True})
    checks = (check("returned"), allowed, check("shape", [3, 1]))
    assert names(returned(RIGHT + 5), *checks) == ["conforms", "vacuous", "deviates"]


def test_what_was_measured_stays_with_an_observed_verdict():
    (verdict,) = verdicts(returned(RIGHT + 2), READINGS)
    assert verdict.comparison is not None
    assert verdict.comparison.picture is not None


def test_an_open_clause_that_is_unsupported_is_unsupported():
    assert names(Unsupported("no-int", ""), check("returned", clause=OPEN)) == ["unsupported"]


@pytest.mark.parametrize("kind", ["shape", "values"])
def test_an_open_clause_without_a_demand_is_observed_with_what_was_seen(kind):
    (verdict,) = verdicts(returned(RIGHT), check(kind, None, OPEN))
    assert (verdict.verdict, verdict.demanded, verdict.seen) == ("observed", "open", "float32[1, 3]")


def test_the_checks_behind_an_open_one_are_judged():
    checks = (check("returned", clause=OPEN), check("dtype", "float64"), READINGS)
    assert names(returned(RIGHT), *checks) == ["observed", "deviates", "not-reached"]


def test_refusing_an_open_call_fails_no_other_clause():
    checks = (check("returned", clause=OPEN), check("dtype", "float32"), check("shape", [1, 3]), READINGS)
    assert names(RAISED, *checks) == ["observed", "not-reached", "not-reached", "not-reached"]


def test_every_check_gets_its_verdict_in_order():
    checks = tuple(check("shape", [1, 3]) for _ in range(5))
    assert [verdict.check for verdict in verdicts(returned(RIGHT), *checks)] == list(checks)


# --- a call that is made again ---------------------------------------------------------------------------

KEPT = {
    "output": RIGHT,
    "between": -RIGHT,
    "again": RIGHT,
    "later": RIGHT,
    "after-input": RIGHT,
}
AGAIN = [check("values", RIGHT), check("inputs-kept"), check("repeatable", -RIGHT), check("output-kept")]


def seen_again(**changes: Any) -> list[Verdict]:
    named = {name.replace("_", "-"): array for name, array in changes.items()}
    return verdicts(Returned({**KEPT, **named}), *AGAIN)


def test_a_call_that_changes_nothing_and_remembers_nothing_conforms():
    assert [verdict.verdict for verdict in seen_again()] == ["conforms"] * 4


@pytest.mark.parametrize(
    ("changes", "at", "seen"),
    [
        ({"after_input": RIGHT * 2}, 1, "another input"),
        ({"after_input": RIGHT.astype(np.float64)}, 1, "another input"),
        ({"after_input": Foreign("complex64", (1, 3))}, 1, "another input"),
        ({"between": RIGHT}, 2, "of the call between, [1, 2, 3] instead of [-1, -2, -3]"),
        ({"again": -RIGHT}, 2, "of the call made again, [-1, -2, -3] instead of [1, 2, 3]"),
        ({"again": RIGHT[:, :2]}, 2, "of the call made again, shape [1, 2]"),
        ({"later": RIGHT * 0}, 3, "another output"),
    ],
)
def test_what_a_call_writes_to_remembers_or_shares_deviates(changes, at, seen):
    found = seen_again(**changes)
    assert [verdict.verdict for verdict in found[: at + 1]] == ["conforms"] * at + ["deviates"]
    assert found[at].seen.startswith(seen)


def test_what_is_kept_is_compared_bit_by_bit():
    zero, other = np.zeros((1, 3), np.float32), -np.zeros((1, 3), np.float32)
    again = {"between": zero, "again": zero}
    call = Call("tf.nn.conv_transpose", {}, {"input": encode(zero)})
    for after, later, at in ((zero, zero, None), (other, zero, 1), (zero, other, 3)):
        observed = {"output": zero, **again, "later": later, "after-input": after}
        checks = [check("values", zero), AGAIN[1], check("repeatable", zero), AGAIN[3]]
        found = judge(Case(call, tuple(checks), "a test"), Returned(observed), True)
        wrong = [j for j, verdict in enumerate(found) if verdict.verdict == "deviates"]
        assert wrong == ([] if at is None else [at])


def test_sums_that_are_rounded_otherwise_the_second_time_conform():
    between = {
        "low": encode(-RIGHT - 1),
        "high": encode(1 - RIGHT),
        "exact": encode(-RIGHT),
        "unit": encode(RIGHT),
    }
    values = {
        "low": encode(RIGHT - 1),
        "high": encode(RIGHT + 1),
        "exact": encode(RIGHT),
        "unit": encode(RIGHT),
    }
    checks = [Check("values", HELD, values), Check("repeatable", HELD, between)]
    for far, verdict in ((0.5, "conforms"), (1.5, "deviates")):
        for name in ("between", "again"):
            outcome = Returned({**KEPT, name: KEPT[name] + np.float32(far)})
            assert names(outcome, *checks) == ["conforms", verdict]


SLOPES = [check(kind, RIGHT, "tf-nn.gradients") for kind in ("gradient-input", "gradient-kernel")]


def observed(output: Any, by_input: Any, by_kernel: Any) -> Returned:
    return Returned({"output": output, "gradient-input": by_input, "gradient-kernel": by_kernel})


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        (RIGHT + 1, "[2, 3, 4] instead of [1, 2, 3]"),
        (RIGHT.astype(np.float64), "float64[1, 3]"),
        (RIGHT.T, "shape [3, 1]"),
        (Foreign("complex64", (1, 3)), "complex64[1, 3]"),
    ],
)
def test_a_gradient_is_judged_for_itself_by_its_dtype_shape_and_numbers(wrong: Any, seen: str) -> None:
    assert names(observed(RIGHT, RIGHT, RIGHT), *SLOPES) == ["conforms", "conforms"]
    for pair, expected in [
        ((wrong, RIGHT), ["deviates", "conforms"]),
        ((RIGHT, wrong), ["conforms", "deviates"]),
    ]:
        found = verdicts(observed(RIGHT, *pair), *SLOPES)
        assert [verdict.verdict for verdict in found] == expected
        assert next(verdict.seen for verdict in found if verdict.verdict == "deviates").startswith(seen)


@pytest.mark.parametrize(
    ("after", "seen"),
    [
        ({}, ""),
        ({"after-gradient": -RIGHT}, "another gradient"),
        ({"after-input": RIGHT * 2}, "another input"),
        ({"after-gradient": RIGHT * 0, "after-input": -RIGHT}, "another input and another gradient"),
    ],
)
def test_gradients_that_write_to_what_they_are_given_deviate_after_those_that_are_right(
    after: dict[str, Any], seen: str
) -> None:
    given = {"input": encode(RIGHT), "gradient": encode(RIGHT)}
    call = Call("tf.nn.conv_transpose", {}, given, ("output", "gradient-input", "gradient-kernel")).keeping()
    case = Case(call, (*SLOPES, check("inputs-kept")), "a test")
    kept = {"after-input": RIGHT, "after-gradient": RIGHT}
    found = judge(case, Returned({**observed(RIGHT, RIGHT, RIGHT).observed, **kept, **after}), True)
    wanted = ["conforms", "conforms", "deviates" if seen else "conforms"]
    assert [verdict.verdict for verdict in found] == wanted
    assert not seen or found[2].seen == seen


def test_gradients_are_not_reached_after_an_output_that_is_wrong() -> None:
    checks = [check("values", RIGHT + 1), *SLOPES]
    assert names(observed(RIGHT, RIGHT, RIGHT), *checks) == ["deviates", "not-reached", "not-reached"]


def test_an_error_while_gradients_are_taken_is_told_by_the_first_of_them() -> None:
    late = Raised("observe", ("RuntimeError", "Exception"), "no gradient")
    checks = [check("returned"), check("values", RIGHT), *SLOPES]
    assert names(late, *checks) == ["not-reached", "not-reached", "deviates", "not-reached"]
    assert names(RAISED, *checks) == ["deviates", "not-reached", "not-reached", "not-reached"]
    assert names(late, *checks[:2]) == ["deviates", "not-reached"]
    assert names(Crashed("signal 9", ""), *SLOPES) == ["crashed", "not-reached"]
