"""Can a function be examined from Python, wherever it was made; and do its clauses become tests?"""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

import adjoint
from adjoint.errors import UsageError
from adjoint.fast import keras_layers, plain
from adjoint.inline import WHOLE, Checked

API = "operation"


def check(function: Any, api: str = API, **options: Any) -> Checked:
    return adjoint.check(function, api, **{"profile": "none", **options})


def without_groups(**given: Any) -> Any:
    """Mix up the filters where there are groups."""
    output = plain.operation(**given)
    return output[:, ::-1] if given["groups"] > 1 else output


def verdicts(found: Checked) -> set[str]:
    return {line["verdict"] for line in found.failures}


def test_a_right_function_passes_and_says_what_it_was_asked() -> None:
    found = check(plain.operation, profile="smoke")
    assert found.passed
    assert found
    assert found.failures == ()
    assert {line["clause"] for line in found.record.checks} > {"operation.values", "operation.crop"}
    assert sum("drawn" in line for line in found.record.checks) > 3
    assert repr(found).splitlines()[1].split()[:3] == [
        "adjoint.fast.plain:operation",
        "unversioned",
        "passed",
    ]


def test_a_wrong_function_fails_by_its_clause_with_the_smallest_call_and_a_script() -> None:
    found = check(without_groups)
    assert not found.passed
    assert not found
    line = next(line for line in found.failures if line["clause"] == "operation.groups")
    alike = [
        each
        for each in found.record.checks
        if (each["clause"], each["kind"]) == (line["clause"], line["kind"])
    ]
    assert line["size"] == min(each["size"] for each in alike if each["verdict"] == "deviates")
    assert found.failures[0]["clause"] == "operation.groups"  # not that of any fault
    assert "import without_groups" in line["script"]
    assert f"{line['clause']} deviates\n  {line['call']}\n" in repr(found)


def test_the_script_of_what_can_not_be_imported_says_so_and_runs_once_it_is_put_there(tmp_path: Path) -> None:
    def within(**given: Any) -> Any:
        return without_groups(**given)

    def ran(text: str) -> tuple[int, str]:
        words = [sys.executable, "-c", text]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
        return done.returncode, done.stdout + done.stderr

    for function, name in ((within, "within"), (lambda **given: within(**given), "function")):
        text = check(function, profile="none").failures[0]["script"]
        assert f"def {name}(*arguments, **named):" in text
        assert "can't be imported, as it was made within a function" in " ".join(text.split())
        assert ran(text) == (2, f"{name} is not there yet: put it into this script, or import it.\n")
        there = f"\nfrom adjoint.fast.plain import operation as {name}\n\ntry:\n"
        put = text.replace("\ntry:\n", there)
        assert ran(put)[1].endswith("holds\n")


def test_what_no_module_has_is_examined_too() -> None:
    shift = 1

    def moved(**given: Any) -> Any:
        return plain.operation(**given) + shift

    assert {line["kind"] for line in check(moved).failures} == {"values"}
    shift = 0
    assert check(moved).passed
    assert check(lambda **given: plain.operation(**given)).passed


def test_a_class_is_examined_as_a_layer() -> None:
    assert check(keras_layers.Conv2DTranspose, "keras.layers.Conv2DTranspose", dtypes="float32").passed


def test_a_name_will_do_and_options_reach_the_run(tmp_path: Path) -> None:
    found = check("adjoint.fast.plain:operation", dtypes="float64", profile="smoke", seed=3, levels="stated")
    assert found.passed
    assert found.record.header["claims"]["dtypes"] == ["float64"]
    assert (found.record.header["seed"], found.record.header["levels"]) == (3, ["stated"])
    declared = tmp_path / "declared.toml"
    declared.write_text(
        '[[deviation]]\nimplementation = "*:without_groups"\nclause = "operation.*"\nwhen = "groups > 1"\n'
        'reason = "not yet"\n'
    )
    assert check(without_groups, deviations=declared, levels=["stated"]).passed


def test_a_function_that_takes_its_process_down_costs_its_own_calls_alone() -> None:
    def dies(**given: Any) -> Any:
        if given["groups"] == 3 and given["input"].dtype == "float32":
            os._exit(9)
        return plain.operation(**given)

    assert verdicts(check(dies)) == {"crashed"}
    stopped = check(lambda **_: os._exit(9))
    assert stopped.record.footer["status"] == "stopped"
    assert "in a row" in repr(stopped)


def test_a_function_that_never_answers_is_timed_out() -> None:
    def hangs(**given: Any) -> Any:
        if given["input"].shape == (2, 3, 4):
            threading.Event().wait()
        return plain.operation(**given)

    found = check(hangs, timeout=1, dtypes="float32")
    assert verdicts(found) == {"timed-out"}
    assert {line["seen"] for line in found.failures} == {"no answer in 1 s"}


def test_what_it_says_when_it_does_not_start_can_not_act(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "hostile_module.py").write_text("raise RuntimeError('[/bold] \\x1b[31m \\u202e')")
    monkeypatch.chdir(tmp_path)
    said = repr(check("hostile_module:conv"))
    assert "RuntimeError: [/bold]" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_a_function_that_can_not_be_imported_there_did_not_run() -> None:
    found = check("no_such_module:conv")
    assert found.record.footer["status"] == "not-run"
    assert not found.passed
    assert "no_such_module" in repr(found)


@pytest.mark.parametrize(
    ("function", "options", "said"),
    [
        (7, {}, "function is 7; it must be a function"),
        ("mine.conv", {}, "function is 'mine.conv'; it must be a function, a class, or module:function."),
        ("mine:", {}, "function is 'mine:'; it must be a function, a class, or module:function."),
        (plain.operation, {"api": 7}, "api is 7; it must be one of "),
        (plain.operation, {"api": "oporation"}, "api is 'oporation': did you mean 'operation'? It must be"),
        (plain.operation, {"profile": "all"}, "profile is 'all'; it must be one of none, smoke"),
        (plain.operation, {"profile": ["none"]}, "profile is ['none']; it must be one of none, smoke"),
        (plain.operation, {"levels": "firm"}, "levels is 'firm'; it must name some of stated"),
        (plain.operation, {"levels": ()}, "levels is (); it must name some of stated"),
        (plain.operation, {"timeout": 0}, "timeout is 0; it must be a number of seconds"),
        (plain.operation, {"timeout": "5"}, "timeout is '5'; it must be a number of seconds"),
        (plain.operation, {"timeout": math.inf}, "timeout is inf; it must be a number of seconds"),
        (plain.operation, {"timeout": True}, "timeout is True; it must be a number of seconds"),
        (plain.operation, {"seed": "x"}, "seed is 'x'; it must be a whole number, from zero on"),
        (plain.operation, {"seed": -1}, "seed is -1; it must be a whole number, from zero on"),
        (plain.operation, {"seed": True}, "seed is True; it must be a whole number, from zero on"),
        (plain.operation, {"dtypes": "float31"}, "dtypes is 'float31'; it must name some of"),
        (plain.operation, {"dtypes": ["float32", 7]}, "dtypes is ['float32', 7]; it must name some of"),
        (plain.operation, {"dtypes": ""}, "dtypes is ''; it must name some of"),
        (
            plain.operation,
            {"claims": {"arrays": 1}},
            "claims is {'arrays': 1}; it must be the path of a file",
        ),
        (plain.operation, {"claims": "nowhere.toml"}, "nowhere.toml can't be read"),
        (plain.operation, {"deviations": [1]}, "deviations is [1]; it must be the path of a file"),
        (plain.operation, {"deviations": "nowhere.toml"}, "nowhere.toml can't be read"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(function: Any, options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as error:
        check(function, **options)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("dtypes", ["float32,float16", ["float32", "float16"], ("float32", "float16")])
def test_dtypes_are_a_text_or_a_list(dtypes: Any) -> None:
    for function in (plain.operation, "adjoint.fast.plain:operation"):
        assert check(function, dtypes=dtypes).record.header["claims"]["dtypes"] == ["float32", "float16"]


def test_a_declaration_for_another_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "declared.toml"

    def declare(name: str) -> None:
        path.write_text(
            f'[[deviation]]\nimplementation = "{name}"\nclause = "operation.values"\nreason = "so it is"\n'
        )

    declare("plain:opperation")
    for function in (plain.operation, "adjoint.fast.plain:operation"):
        with pytest.raises(UsageError) as error:
            check(function, deviations=path)
        assert str(error.value) == (
            f"{path}: The declared deviation of plain:opperation from operation.values is of no "
            "implementation of this run, which has adjoint.fast.plain:operation; correct its name, or keep "
            "it in a file of its own."
        )
    declare("*:operation")
    problems = check(plain.operation, deviations=path).record.footer["problems"]
    assert any("is stale" in said for said in problems)


def test_a_function_that_can_not_be_handed_over_is_refused() -> None:
    lock = threading.Lock()
    with pytest.raises(UsageError, match="can't be handed to a process of its own"):
        check(lambda **_: lock)


def test_a_notebook_shows_failures_and_nothing_acts() -> None:
    def hostile(**_: Any) -> Any:
        raise ValueError("<script>alert(1)</script>")

    shown = check(hostile)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "operation.values" in shown
    assert "passed" in check(plain.operation)._repr_html_()


SUITE = """
import adjoint, {module}
test_conformance = adjoint.conformance_tests({module}.{name}, api="operation", profile="{profile}")
"""


def suite(folder: Path, text: str, *words: str) -> tuple[int, str]:
    """Run a suite of someone's own; return the exit code and what was printed."""
    (folder / "test_mine.py").write_text(textwrap.dedent(text))
    words = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "-q", *words)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout


def test_clauses_become_tests_of_someones_own_suite(tmp_path: Path) -> None:
    code, said = suite(tmp_path, SUITE.format(module="adjoint.fast.plain", name="operation", profile="smoke"))
    assert code == 0, said
    for clause in ("operation.values", "operation.crop", "operation.groups", WHOLE):
        assert f"PASSED test_mine.py::test_conformance[{clause}]" in said


def test_each_clause_fails_alone_with_its_call_and_script(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from adjoint.fast import plain\n"
        "def conv(**given):\n"
        "    return plain.operation(**{**given, 'crop': [pair[::-1] for pair in given['crop']]})\n"
    )
    code, said = suite(tmp_path, SUITE.format(module="mine", name="conv", profile="none"))
    assert code == 1, said
    assert "FAILED test_mine.py::test_conformance[operation.crop]" in said
    assert "PASSED test_mine.py::test_conformance[operation.stride]" in said
    assert "from mine import conv" in said
    assert "demanded: " in said
    one, said = suite(tmp_path, SUITE.format(module="mine", name="conv", profile="none"), "-k", "stride")
    assert one == 0, said


def test_what_is_not_claimed_is_skipped_and_what_does_not_start_fails_whole(tmp_path: Path) -> None:
    code, said = suite(tmp_path, SUITE.format(module="adjoint.fast.plain", name="operation", profile="none"))
    assert "SKIPPED" in said  # gradients, of which a function offers none
    text = 'import adjoint\ntest_it = adjoint.conformance_tests("no_module:conv", api="operation")\n'
    code, said = suite(tmp_path, text, "-k", "whole")
    assert code == 1, said
    assert "no_module" in said


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ('"no_module:conv"', "there is no module 'no_module'"),
        ('"mine:no_such_function"', "no_such_function"),
    ],
)
def test_what_can_not_be_examined_is_tried_once_and_each_test_says_why(
    given: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("def conv(**_): return 0\n")
    text = f"""
        import adjoint, mine
        from adjoint import inline
        tried, check = [], inline.check
        inline.check = lambda *words, **options: tried.append(words) or check(*words, **options)
        test_it = adjoint.conformance_tests({given}, api="operation")
        def test_once(): assert len(tried) == 1
    """
    code, said = suite(tmp_path, text, "-k", "whole or operation.crop or operation.stride or once")
    assert code == 1, said
    assert "PASSED test_mine.py::test_once" in said
    for clause in (WHOLE, "operation.crop", "operation.stride"):
        assert f"FAILED test_mine.py::test_it[{clause}]" in said
    assert said.count(sentence) >= 3
    assert len(said.splitlines()) < 25


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ('api="oporation"', "api is 'oporation': did you mean 'operation'?"),
        ('api="operation", profil="none"', "there is no argument 'profil': did you mean 'profile'?"),
        ('api="operation", profile="fast"', "profile is 'fast'; it must be one of none, smoke"),
        ('api="operation", seed=-1', "seed is -1; it must be a whole number, from zero on."),
        ('api="operation", deviations="nowhere.toml"', "nowhere.toml can't be read"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_once(given: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def conv(**_): return 0\n")
    text = f"import adjoint, mine\ntest_it = adjoint.conformance_tests(mine.conv, {given})\n"
    code, said = suite(tmp_path, text)
    assert code == 1, said
    assert "1 failed" in said.splitlines()[-1]
    assert f"FAILED test_mine.py::test_it[{WHOLE}] - Failed: " in said
    assert sentence in said
    assert len(said.splitlines()) < 10


def test_where_no_value_is_right_the_whole_run_fails(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def conv(**_):\n    raise ValueError('no')\n")
    text = SUITE.format(module="mine", name="conv", profile="none")
    code, said = suite(tmp_path, text, "-k", "whole")
    assert code == 1, said
    assert "no value was right" in said


def test_nothing_else_is_had_by_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        vars(adjoint)["__getattr__"]("chek")
