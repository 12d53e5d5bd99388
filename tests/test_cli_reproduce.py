"""Does `adjoint reproduce` take what `adjoint run` was given, and does its script run by itself?"""

import subprocess
import sys

import pytest

from adjoint import golden
from tests import claiming

CLAIMED = "mine:conv", "--api", "operation", "--claims", "claims.toml"
WORKER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["do"] == "perform":
        print(message["call"]["api"], *message["call"]["tensors"])
"""


@pytest.fixture
def folder(tmp_path):
    claiming.put_into(tmp_path)
    (tmp_path / "worker.py").write_text(WORKER)
    return tmp_path


def case_with(kind, dtype="float32"):
    """Return a case of the plain operation that has such a check, without dilation, and its clause."""
    for case in golden.load():
        call = case.call
        undilated = call.arguments.get("dilation") in ([1], [1, 1])
        if (call.api, call.dtype, undilated) == ("operation", dtype, True):
            for check in case.checks:
                if check.kind == kind:
                    return case.id, check.clause
    raise LookupError(kind)


def reproduced(run_adjoint, folder, case, clause, *words):
    """Return what the script of a case says last, and its code."""
    script = run_adjoint("reproduce", case, *words, "--clause", clause, cwd=folder)
    assert script.returncode == 0, script.stderr
    words = sys.executable, "-c", script.stdout
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


@pytest.mark.parametrize("kind", ["values", "shape", "inputs-kept", "repeatable", "output-kept"])
def test_the_script_makes_arrays_of_the_library_that_is_claimed(kind, run_adjoint, folder):
    case, clause = case_with(kind)
    assert reproduced(run_adjoint, folder, case, clause, *CLAIMED) == (0, "holds")
    bare = reproduced(run_adjoint, folder, case, clause, *CLAIMED[:3])
    assert bare == (1, "DEVIATES")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("inputs-kept", "kernel.held[...] = 0"),
        ("output-kept", "output = BUFFER.setdefault(output.shape, output); output[...] = made"),
        ("repeatable", "output = BUFFER.setdefault(output.shape, output)"),
    ],
)
def test_it_shows_what_a_function_of_such_arrays_does_to_memory(kind, fault, run_adjoint, folder):
    returned = "return Array(plain.operation(input.held, kernel.held, **steps))"
    assert returned in claiming.CONV
    lines = "made = output = plain.operation(input.held, kernel.held, **steps)", fault, "return Array(output)"
    text = claiming.CONV.replace(returned, "\n    ".join(lines))
    (folder / "mine.py").write_text("BUFFER = {}\n" + text)
    case, clause = case_with(kind)
    assert reproduced(run_adjoint, folder, case, clause, *CLAIMED) == (1, "DEVIATES")


def test_a_program_is_put_the_call_by_a_shell(run_adjoint, folder):
    case, clause = case_with("repeatable")
    words = "reproduce", case, "--command", f"'{sys.executable}' worker.py", "--clause", clause
    script = run_adjoint(*words, cwd=folder).stdout
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "operation input kernel\n"), done.stderr


def test_a_call_in_a_dtype_that_is_not_claimed_is_refused(run_adjoint, folder):
    case, _ = case_with("values", "float64")
    for words in (CLAIMED, (*CLAIMED[:3], "--dtypes", "float16,float32")):
        done = run_adjoint("reproduce", case, *words, cwd=folder)
        said = "is a call in float64, which mine:conv does not claim; it claims float16, float32."
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"adjoint: case {case} {said}\n"


def case_of_gradients(api, *kinds):
    """Return the first case of an API that takes gradients and checks these kinds."""
    return next(
        case
        for case in golden.load()
        if case.call.api == api
        and case.call.gradient is not None
        and {*kinds} <= {c.kind for c in case.checks}
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("gradient-input", ("mine:conv", "--api", "operation")),
        ("inputs-kept", CLAIMED),
        ("after-step", ("mine:Layer", "--api", "keras.layers.Conv1DTranspose")),
    ],
)
def test_gradients_of_a_function_are_refused_as_none_are_asked_for(kind, words, run_adjoint, folder):
    case = case_of_gradients(words[2], kind)
    clause = next(check.clause for check in case.checks if check.kind == kind)
    done = run_adjoint("reproduce", case.id, *words, "--clause", clause, cwd=folder)
    said = f"needs gradients for {clause}, and a module:function is not asked for any; a program that claims"
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"adjoint: case {case.id} {said} to show them is (--command")


def test_gradients_of_what_is_asked_for_them_are_not_refused(run_adjoint, folder):
    case = case_of_gradients("operation", "inputs-kept")
    assert reproduced(run_adjoint, folder, case.id, "operation.gradients", "fast") == (0, "holds")
    words = "--command", "./worker", "--clause", "operation.gradients"
    script = run_adjoint("reproduce", case.id, *words, cwd=folder)
    assert "worker = ['./worker']" in script.stdout, script.stderr


def test_what_else_a_case_with_gradients_shows_of_a_class_is_not_refused(run_adjoint, folder):
    api = "keras.layers.Conv1DTranspose"
    case = case_of_gradients(api, "returned", "after-step")
    (folder / "mine.py").write_text("from adjoint.fast.keras_layers import Conv1DTranspose\n")
    words = "mine:Conv1DTranspose", "--api", api
    assert reproduced(run_adjoint, folder, case.id, case.checks[0].clause, *words) == (0, "holds")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give one thing to look at"),
        (["fast", "--command", "x"], "give one thing to look at"),
        (["fast", "--dtypes", "float32"], "--api, --dtypes and --claims speak of a module:function"),
        (["--command", "x", "--claims", "claims.toml"], "--claims speak of a module:function"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(words, said, run_adjoint, folder):
    done = run_adjoint("reproduce", case_with("values")[0], *words, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr
