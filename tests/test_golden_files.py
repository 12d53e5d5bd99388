"""Are the golden files what the reference demands, byte for byte, and each check of its clause?"""

from __future__ import annotations

from adjoint import golden
from adjoint.call import GRADIENTS
from adjoint.observations import OBSERVED_BY
from adjoint.spec import load
from tests.golden_cases import CASES, VALUED, written


def test_the_files_are_what_the_reference_demands_byte_for_byte() -> None:
    held = {path.name: path.read_bytes() for path in golden.folder().iterdir()}
    assert held.keys() == written().keys()
    for name, text in written().items():
        assert held[name] == text.encode("ascii"), name


def test_every_call_is_made_once() -> None:
    assert len({case.id for case in CASES}) == len({str(case.call.to_json()) for case in CASES}) == len(CASES)


def test_each_check_is_of_a_kind_that_its_clause_observes() -> None:
    wrong = [
        (case.id, check.kind, check.clause)
        for case in CASES
        for check in case.checks
        if check.kind not in load().clauses[check.clause].observes
    ]
    assert not wrong


def test_each_check_speaks_for_a_clause_of_its_own_api() -> None:
    for case in CASES:
        for clause in (*case.clauses(), *case.exercises):
            assert case.call.api in load().document_of(clause).apis, case.id


def test_a_case_demands_a_refusal_or_a_result_and_never_both() -> None:
    for case in CASES:
        kinds = [check.kind for check in case.checks]
        legal = ["returned", "dtype", "shape", "shape-within", "values", *golden.REPEATED]
        in_order = [kind for kind in legal if kind in kinds]
        slopes = [kind for kind in GRADIENTS if kind in kinds]
        looked = [kind for kind in kinds if kind in OBSERVED_BY]
        kept = ["inputs-kept"] if slopes and "inputs-kept" in kinds else []
        alone = (["raised"], ["raised", "raised-type"], [*slopes, *kept])
        assert kinds in alone or kinds == [*in_order, *looked], case.id
        names = [name for name in case.call.observe if name != "output" and name not in slopes]
        if case.call.is_repeated:
            assert case.call == case.call.repeated(), case.id
        elif kept:
            assert names == [f"after-{name}" for name in case.call.tensors], case.id
            assert not looked, case.id
        else:
            assert case.call.observe == ("output", *slopes, *names), case.id
            assert bool(names) == bool(looked), case.id
        assert ("gradient" in case.call.tensors) == bool(slopes or "after-step" in kinds), case.id


def test_only_an_open_clause_demands_nothing() -> None:
    for case in CASES:
        for check in case.checks:
            held_to_others = check.kind in ("returned", "raised", "inputs-kept", "output-kept")
            nothing = check.demanded is None and not held_to_others
            assert not nothing or load().clauses[check.clause].level == "open", case.id


def test_only_open_clauses_have_readings() -> None:
    found = 0
    for case in VALUED:
        (check,) = [check for check in case.checks if check.kind == "values"]
        assert ("readings" in check.demanded) == (load().clauses[check.clause].level == "open"), case.id
        found += "readings" in check.demanded
    assert found
