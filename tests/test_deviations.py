"""Does a declaration excuse just what it names, and is one that nobody needs any more found out?"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from adjoint import golden
from adjoint.deviations import Deviation, Ledger, load, shipped, strangers
from adjoint.errors import UsageError

CLAUSE = "tf-nn.values"
TODAY = datetime.date(2026, 3, 1)
DAY = datetime.timedelta(days=1)
TORCH = {"torch": "2.9.1"}
CALL = {"api": "tf.nn.conv_transpose", "padding": "SAME", "strides": [2, 1], "input.shape": [1, 3, 4, 5]}


def deviation(**changes: Any) -> Deviation:
    return Deviation(**{"implementation": "mine", "clause": CLAUSE, "reason": "a known fault", **changes})


def ledger(*deviations: Deviation, systems: dict[str, str] | None = None) -> Ledger:
    return Ledger(deviations, "mine", systems or {})


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        ({}, True),
        ({"padding": "SAME"}, True),
        ({"padding": "SAME", "strides": [2, 1]}, True),
        ({"input.shape": [1, 3, 4, 5]}, True),
        ({"padding": "VALID"}, False),
        ({"padding": "same"}, False),
        ({"padding": "SAME", "strides": [1, 2]}, False),
        ({"strides": [2]}, False),
        ({"dilations": 1}, False),
        ({"dilations": None}, False),
    ],
    ids=str,
)
def test_a_declaration_matches_by_where(where, matches):
    assert deviation(where=where).matches(CLAUSE, "values", CALL) is matches


def test_a_declaration_matches_its_clause_only():
    assert not deviation().matches("tf-nn.rank", "values", CALL)


def test_a_declaration_may_speak_of_many_clauses_and_of_one_kind_of_check():
    assert deviation(clause="tf-nn.*").matches("tf-nn.rank", "values", CALL)
    assert not deviation(clause="tf-nn.*").matches("tf-keras-conv2d.values", "values", CALL)
    assert deviation(kind="values").matches(CLAUSE, "values", CALL)
    assert not deviation(kind="values").matches(CLAUSE, "shape", CALL)


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ("padding == 'SAME'", True),
        ("padding == 'SAME' and strides[0] == 2", True),
        ("input_shape[-1] == 5", True),
        ("input_shape[-1] == input_shape[0]", False),
        ("padding == 'VALID'", False),
        ("bias_shape", False),
        ("not bias_shape", True),
        ("bias_shape[0] == 5", False),
        ("strides > 1", False),
        ("strides[7] == 1", False),
        ("strides[0] % 0 == 1", False),
        ("given['a'] == 1", False),
    ],
)
def test_a_declaration_matches_when_its_condition_holds(when, matches):
    assert deviation(when=when).matches(CLAUSE, "values", CALL) is matches
    assert not deviation(when=when, where={"padding": "VALID"}).matches(CLAUSE, "values", CALL)


@pytest.mark.parametrize("when", ["__import__('os').getpid()", "().__class__", "9 ** 9 ** 9", "f(padding)"])
def test_a_condition_that_can_not_be_evaluated_holds_for_nothing(when):
    assert not deviation(when=when).matches(CLAUSE, "values", CALL)


@pytest.mark.parametrize(
    ("pattern", "name", "applies"),
    [
        ("keras-torch", "keras-torch", True),
        ("keras-*", "keras-torch", True),
        ("keras-tensor????", "keras-tensorflow", True),
        ("*", "node my-worker.mjs", True),
        ("keras", "keras-torch", False),
        ("torch", "keras-torch", False),
        ("Keras-*", "keras-torch", False),
    ],
)
def test_a_declaration_applies_to_names_by_pattern(pattern, name, applies):
    assert deviation(implementation=pattern).applies_to(name, {}) is applies


@pytest.mark.parametrize(
    ("versions", "applies"),
    [
        ({}, True),
        ({"torch": "==2.9.*"}, True),
        ({"torch": ">=2,<3"}, True),
        ({"torch": ""}, True),
        ({"torch": "<2.9"}, False),
        ({"keras": ">=3"}, True),
        ({"torch": "==2.9.*", "keras": "<3"}, False),
        ({"tensorflow": ">=2"}, False),
        ({"mine": "<1"}, False),
    ],
    ids=str,
)
def test_a_declaration_applies_to_versions(versions, applies):
    systems = {"torch": "2.9.1+cpu", "keras": "3.15.0.dev1", "mine": "nightly"}
    assert deviation(versions=versions).applies_to("mine", systems) is applies


@pytest.mark.parametrize("verdict", ["deviates", "crashed", "timed-out", "broken"])
def test_a_failure_is_excused_by_the_declaration_that_matches(verdict):
    other, first, second = deviation(where={"padding": "VALID"}), deviation(reason="a"), deviation(reason="b")
    assert ledger(other, first, second).note(CLAUSE, "values", CALL, verdict) is first


@pytest.mark.parametrize("verdict", ["conforms", "observed", "unsupported", "not-reached", "vacuous"])
def test_what_did_not_fail_is_not_excused(verdict):
    assert ledger(deviation()).note(CLAUSE, "values", CALL, verdict) is None


def test_a_failure_that_nothing_matches_is_not_excused():
    found = ledger(deviation(where={"padding": "VALID"}), deviation(implementation="other"))
    assert found.note(CLAUSE, "values", CALL, "deviates") is None


def problems(*verdicts: str, whole: bool = True, **changes: Any) -> str:
    book = ledger(deviation(**changes))
    for verdict in verdicts:
        book.note(CLAUSE, "values", CALL, verdict)
    return " ".join(book.problems(whole, TODAY))


@pytest.mark.parametrize("verdicts", [("deviates",), ("deviates", "conforms"), ("conforms", "crashed")])
def test_a_declaration_that_was_needed_is_no_problem(verdicts):
    assert problems(*verdicts) == ""


@pytest.mark.parametrize("verdicts", [("conforms",), ("conforms", "observed"), ("not-reached", "conforms")])
def test_a_declaration_whose_checks_all_conform_is_stale(verdicts):
    assert "is stale: every check that it matches conforms; remove it." in problems(*verdicts)


@pytest.mark.parametrize("verdicts", [(), ("not-reached",), ("unsupported",)], ids=str)
def test_a_declaration_that_no_check_matches_is_stale_in_a_whole_run(verdicts):
    assert "is stale: no check matches it; remove it." in problems(*verdicts)


@pytest.mark.parametrize("verdicts", [(), ("not-reached",), ("unsupported",), ("conforms",)], ids=str)
def test_a_declaration_that_nothing_needed_may_stay_in_a_narrowed_run(verdicts):
    assert problems(*verdicts, whole=False) == ""


@pytest.mark.parametrize("verdicts", [("conforms",), (), ("deviates",)], ids=str)
def test_a_declaration_that_varies_is_never_stale(verdicts):
    assert problems(*verdicts, varies="the processor") == ""
    expired = problems("deviates", varies="the processor", expires=TODAY - DAY)
    assert "expired" in expired


def test_a_declaration_for_another_implementation_is_no_problem():
    assert problems(implementation="other") == ""
    assert ledger(deviation(versions={"torch": "<2"}), systems=TORCH).problems(True, TODAY) == ()


def test_a_declaration_of_versions_of_a_system_that_is_not_there_is_a_problem():
    book = ledger(deviation(versions={"torhc": ">=2"}), systems=TORCH)
    (sentence,) = book.problems(False, TODAY)
    assert sentence.endswith(
        "is of versions of torhc, which mine does not have; it has torch: correct versions."
    )
    assert ledger(deviation(implementation="m*", versions={"keras": ">=2"})).problems(True, TODAY) == ()
    named = Deviation("mine[[]1]", CLAUSE, "known", versions={"keras": ""})
    assert len(Ledger([named], "mine[1]", TORCH).problems(False, TODAY)) == 1


def test_a_users_declaration_of_nothing_that_is_run_is_a_stranger():
    mine, torch, typo = (deviation(implementation=name) for name in ("m?ne", "torch", "torhc"))
    known = ("torch", "keras-torch")
    assert strangers([mine, torch], ["mine"], known) == []
    assert strangers([torch], ["keras-torch"], known) == []
    (sentence,) = strangers([torch], ["mine"], known)
    assert sentence.startswith("The declared deviation of torch from tf-nn.values is of no implementation of")
    assert len(strangers([mine, torch, typo], ["mine", "torch"], known)) == 1
    assert strangers([], ["mine"], known) == []


def test_both_of_two_declarations_of_one_fault_are_needed():
    book = ledger(deviation(), deviation(where={"padding": "SAME"}))
    book.note(CLAUSE, "values", CALL, "deviates")
    assert book.problems(True, TODAY) == ()


@pytest.mark.parametrize("whole", [True, False])
def test_a_declaration_that_is_needed_and_has_expired_is_a_problem(whole):
    assert "expired on 2026-02-28; mend it or renew it." in problems(
        "deviates", whole=whole, expires=TODAY - DAY
    )


@pytest.mark.parametrize("expires", [TODAY, TODAY + DAY, None], ids=str)
def test_a_declaration_holds_to_its_last_day(expires):
    assert problems("deviates", expires=expires) == ""


def test_an_expired_declaration_that_nobody_needs_is_stale():
    assert "stale" in problems("conforms", expires=TODAY - DAY)


def test_a_problem_names_the_declaration_as_it_is_written():
    text = problems(implementation="m*", where={"data_format": "NHWC"})
    assert "of m* from tf-nn.values where {'data_format': 'NHWC'} is stale" in text
    assert text.startswith("The declared deviation")


ROW = '[[deviation]]\nimplementation = "mine"\nclause = "tf-nn.values"\nreason = "a known fault"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "deviations.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_gives_its_declarations_in_order(tmp_path):
    more = 'link = "https://x"\nwhere = { padding = "SAME" }\nversions = { torch = ">=2" }\n'
    assert load(write(tmp_path, ROW + more + "expires = 2026-03-01\n" + ROW)) == [
        deviation(link="https://x", where={"padding": "SAME"}, versions={"torch": ">=2"}, expires=TODAY),
        deviation(),
    ]


def test_each_parameter_of_a_golden_case_may_be_asked_for(tmp_path):
    names = {name for case in golden.load() for name in case.call.parameters()} | {"output.shape", "becomes"}
    where = ", ".join(f'"{name}" = 1' for name in sorted(names))
    (found,) = load(write(tmp_path, ROW + f"where = {{ {where} }}\n"))
    assert set(found.where) == names


def test_the_declarations_that_come_with_the_suite_can_be_read():
    assert all(found.reason for found in load(shipped()))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("deviation = [", "is not a deviations file"),
        ("", r"is not a deviations file: it has no \[\[deviation\]\]\.$"),
        ("[[deviations]]\n", r"is not a deviations file: it has no \[\[deviation\]\]\.$"),
        ("deviation = 3\n", r"is not a deviations file: it has no \[\[deviation\]\]\.$"),
        (
            ROW.replace("[[deviation]]", "[deviation]"),
            r"\[deviation\] must have two brackets, \[\[deviation\]\]\.$",
        ),
        (
            ROW + 'claus = "a"\n',
            "deviation 1: there is no field 'claus': did you mean 'clause'\\? It may have ",
        ),
        (ROW + ROW + 'wher = { padding = "SAME" }\n', "deviation 2: .*wher"),
        (ROW.replace('reason = "a known fault"\n', ""), "deviation 1: it has no reason, which each needs"),
        (
            ROW.replace("tf-nn.values", "tf-nn.vales"),
            "there is no clause 'tf-nn.vales': did you mean 'tf-nn.values'",
        ),
        (ROW + ROW + 'versions = { torch = "two" }\n', "deviation 2: .*two"),
        (ROW + 'versions = { torch = ">= 2 and < 3" }\n', "deviation 1: .*and"),
        (ROW + "versions = { torch = 2 }\n", "deviation 1: "),
        (ROW + 'versions = ">=2"\n', "deviation 1: "),
        (ROW + 'where = "SAME"\n', "deviation 1: "),
        (
            ROW + 'where = { "bias.shpe" = [1] }\n',
            "deviation 1: there is no parameter 'bias.shpe': did you mean 'bias.shape'\\? ",
        ),
        (ROW + "where = { dtyp = 'int32' }\n", "there is no parameter 'dtyp': did you mean 'dtype'"),
        (ROW + 'when = "padding =="\n', "deviation 1: "),
        (ROW + "when = \"open('x', 'w')\"\n", "deviation 1: .*open"),
        (ROW + 'when = "bias_shape and f(bias_shape)"\n', "deviation 1: .*bias_shape"),
        (ROW + 'when = "padding.lower == 1"\n', "deviation 1: .*padding"),
        (ROW + "when = 3\n", "deviation 1: when"),
        (ROW.replace("tf-nn.values", "tf-nn.v?l"), "deviation 1: there is no clause 'tf-nn.v.l'"),
        (ROW + 'expires = "2026-03-01"\n', "deviation 1: "),
        (ROW + "expires = 2026-03-01T00:00:00\n", "deviation 1: "),
        (ROW.replace('"tf-nn.values"', '["tf-nn.values"]'), "deviation 1: "),
        (ROW.replace('"mine"', "3"), "deviation 1: "),
        (ROW.replace("a known fault", " "), "deviation 1: reason is ' '; say there why"),
        (ROW.replace("a known fault", "TODO: later"), "deviation 1: reason is 'TODO: later'; say there why"),
        (ROW.replace("a known fault", " TODO"), "deviation 1: reason is ' TODO'; say there why"),
        (ROW.replace('"a known fault"', "3"), "deviation 1: "),
        (ROW.replace("[[deviation]]", "[deviation]"), "deviation"),
    ],
    ids=lambda value: value[-40:],
)
def test_a_file_that_is_wrong_is_refused_by_name_and_place(tmp_path, text, problem):
    path = write(tmp_path, text)
    with pytest.raises(UsageError, match=problem) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "d.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"d\.toml is not a deviations file"):
        load(tmp_path / "d.toml")


@pytest.mark.parametrize(("name", "problem"), [("none.toml", "No such file"), (".", "Is a directory")])
def test_a_file_that_cant_be_read_is_refused(tmp_path, name, problem):
    with pytest.raises(UsageError, match=f"can't be read: {problem}"):
        load(tmp_path / name)
