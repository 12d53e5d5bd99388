"""Does the gate let pass what should pass, and nothing else?  Small records and their exit codes."""

from __future__ import annotations

from typing import Any

import pytest

from adjoint.gate import exit_code, unmet_apis
from adjoint.record import Record

API = "tf.nn.conv_transpose"
KNOWN = {"reason": "a known fault", "link": ""}


def check(verdict: str, **changes: Any) -> dict[str, Any]:
    """A check that counts: own document, held level, values."""
    line = {
        "api": API,
        "kind": "values",
        "level": "stated",
        "own": True,
        "gated": True,
        "held": True,
        "claimed": False,
        "declared": None,
        "verdict": verdict,
    }
    return {**line, **changes}


GOOD = check("conforms")
OPEN = {"level": "open", "held": False}
DRIFT = {"own": False, "gated": False, "held": False}
UNHELD = {"level": "customary", "held": False}


def record(
    *checks: dict[str, Any], status: str = "ran", problems: tuple[str, ...] = (), selection: str = ""
) -> Record:
    header = {"implementation": "mine", "selection": selection, "claims": {"apis": [API]}}
    return Record(header, checks, {"status": status, "problems": list(problems), "reason": ""})


FAILING = ("deviates", "crashed", "timed-out", "broken", "unsupported")
ENDED = ("crashed", "timed-out", "broken")


@pytest.mark.parametrize("verdict", FAILING)
def test_an_undeclared_failure_fails(verdict):
    assert exit_code([record(GOOD, check(verdict))]) == 1


@pytest.mark.parametrize("verdict", ["conforms", "observed", "not-reached", "vacuous"])
def test_anything_else_passes(verdict):
    assert exit_code([record(GOOD, check(verdict))]) == 0


@pytest.mark.parametrize("verdict", ["deviates", *ENDED])
def test_a_declaration_excuses(verdict):
    assert exit_code([record(GOOD, check(verdict, declared=KNOWN))]) == 0


def test_a_declaration_excuses_its_own_check_only():
    assert exit_code([record(GOOD, check("deviates", declared=KNOWN), check("deviates"))]) == 1


@pytest.mark.parametrize("verdict", FAILING)
def test_drift_does_not_count(verdict):
    assert exit_code([record(GOOD, check(verdict, **DRIFT), check(verdict, **{**OPEN, **DRIFT}))]) == 0


@pytest.mark.parametrize("verdict", FAILING)
def test_drift_counts_when_asked_for(verdict):
    assert exit_code([record(GOOD, check(verdict, own=False))]) == 1


@pytest.mark.parametrize("verdict", FAILING)
def test_a_level_that_is_not_held_does_not_count(verdict):
    assert exit_code([record(GOOD, check(verdict, **UNHELD))]) == 0


@pytest.mark.parametrize("verdict", ENDED)
def test_an_open_clause_excuses_no_worker_that_ends(verdict):
    assert exit_code([record(GOOD, check(verdict, **OPEN))]) == 1


@pytest.mark.parametrize("verdict", ["deviates", "unsupported", "observed"])
def test_an_open_clause_excuses_the_rest(verdict):
    assert exit_code([record(GOOD, check(verdict, **OPEN))]) == 0


def test_unsupported_in_advance_passes():
    assert exit_code([record(GOOD, check("unsupported", claimed=True))]) == 0


def test_a_problem_with_a_declaration_fails():
    assert exit_code([record(GOOD, problems=("It is stale.",))]) == 1


@pytest.mark.parametrize("status", ["stopped", "not-run"])
def test_what_did_not_run_to_its_end_is_3(status):
    assert exit_code([record(GOOD, status=status)]) == 3


def test_3_wins_over_1_in_one_record():
    assert exit_code([record(GOOD, check("deviates"), status="stopped", problems=("It is stale.",))]) == 3


@pytest.mark.parametrize("order", [1, -1], ids=["before", "after"])
def test_3_wins_over_1_among_records(order):
    records = [record(GOOD, check("deviates")), record(GOOD, status="not-run"), record(GOOD)]
    assert exit_code(records[::order]) == 3


def test_1_wins_over_0_among_records():
    assert exit_code([record(GOOD), record(GOOD, check("deviates")), record(GOOD)]) == 1


def test_what_is_not_there_is_excused():
    assert exit_code([record(status="unavailable"), record(GOOD)]) == 0


def test_nothing_at_all_passes():
    assert exit_code([]) == 0


@pytest.mark.parametrize("verdict", ["unsupported", "deviates", "observed", "not-reached", "vacuous"])
def test_an_api_of_which_no_value_conformed_was_not_run(verdict):
    other = check(verdict, api="other", declared=KNOWN, claimed=True)
    assert exit_code([record(GOOD, other)]) == 3
    assert unmet_apis(record(GOOD, other)) == ["other"]


def test_one_value_that_conforms_is_enough():
    assert unmet_apis(record(check("deviates"), GOOD, check("deviates"))) == []


@pytest.mark.parametrize("changes", [{"kind": "shape"}, {"kind": "returned"}, OPEN], ids=str)
def test_no_other_check_stands_for_a_value(changes):
    assert unmet_apis(record(check("unsupported", claimed=True), check("conforms", **changes))) == [API]


@pytest.mark.parametrize("changes", [{"kind": "raised"}, OPEN], ids=str)
def test_an_api_of_which_no_value_was_asked_is_not_unmet(changes):
    assert unmet_apis(record(check("observed", **changes))) == []


def test_a_selection_need_not_reach_a_value_that_conforms():
    known = check("deviates", declared=KNOWN)
    assert exit_code([record(known)]) == 3
    assert exit_code([record(known, selection="--clause tf-nn.values")]) == 0


def test_a_whole_run_without_a_check_was_not_run():
    assert exit_code([record()]) == 3


def test_a_selection_may_leave_no_check():
    assert exit_code([record(selection="--clause tf-nn.values")]) == 0


@pytest.mark.parametrize(("verdict", "status", "code"), [("deviates", "ran", 1), ("conforms", "stopped", 3)])
def test_a_selection_excuses_nothing_else(verdict, status, code):
    assert exit_code([record(check(verdict), status=status, selection="-k x")]) == code


def test_a_narrowed_run_that_judged_nothing_was_not_really_run():
    silent = (check("unsupported", claimed=True), check("not-reached"))
    assert exit_code([record(*silent, selection="--clause tf-nn.values")]) == 3
    assert exit_code([record(*silent, GOOD, selection="--clause tf-nn.values")]) == 0
    assert exit_code([record(selection="--clause tf-nn.values")]) == 0  # nothing here was asked for
