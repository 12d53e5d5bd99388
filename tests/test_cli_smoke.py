"""Does `adjoint smoke` print a checklist, say what is wrong, and leave with the right exit code?"""

import os
import platform
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import claiming

HERE = Path(__file__).parent
API = "torch.nn.functional.conv_transpose2d"

BAD = {
    "nothing": (["smoke"], "give one thing to look at"),
    "two things": (["smoke", "fast", "--command", "x"], "give one thing to look at"),
    "unknown name": (["smoke", "torhc"], "'torhc' is not in the catalogue"),
    "no api": (["smoke", "miswired:sound"], "needs --api"),
    "api for none": (
        ["smoke", "fast", "--api", API],
        "--api, --dtypes and --claims speak of a module:function",
    ),
    "a dot for the colon": (
        ["smoke", "mine.conv", "--api", API],
        "and 'mine.conv' has no colon: did you mean 'mine:conv'?",
    ),
    "claims for none": (["smoke", "fast", "--claims", "x"], "--claims speak of a module:function"),
    "no such claims": (["smoke", "m:f", "--api", API, "--claims", "none.toml"], "none.toml can't be read"),
    "no such python": (["smoke", "fast", "--python", "/no/such/python"], "is not a program"),
    "empty command": (["smoke", "--command", " "], "--command is empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_code_2(name, run_adjoint):
    words, sentence = BAD[name]
    done = run_adjoint(*words, cwd=HERE)
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_for_a_module_is_told_by_its_name(run_adjoint):
    done = run_adjoint("smoke", "miswired.py:sound", "--api", API, cwd=HERE)
    assert done.returncode == 3
    assert "is named without .py: did you mean 'miswired'?" in done.stdout


def test_a_timeout_is_a_number(run_adjoint):
    assert run_adjoint("smoke", "fast", "--timeout", "nan").returncode == 2
    assert run_adjoint("smoke", "fast", "--timeout", "0").returncode == 2


def test_what_is_right_is_ticked_and_code_0(run_adjoint):
    done = run_adjoint("smoke", "miswired:always_right", "--api", API, cwd=HERE)
    assert done.returncode == 0, done.stdout
    *lines, last = done.stdout.splitlines()
    assert API in lines
    assert [line for line in lines if line != API and not line.startswith("✓ ")] == []
    assert "is wired rightly" in last
    assert f"`adjoint run miswired:always_right --api {API}`" in last


def test_what_is_wrong_is_crossed_and_code_1(run_adjoint):
    done = run_adjoint("smoke", "miswired:bias_ignored", "--api", API, cwd=HERE)
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("✗")] == [
        f"✗ {'a bias':23} The bias is ignored."
    ]
    assert done.stdout.splitlines()[-1].startswith("1 of ")
    assert "deviates" not in done.stdout


def test_what_is_claimed_is_put_and_said_again(run_adjoint, tmp_path):
    claiming.put_into(tmp_path)
    words = "smoke", "mine:conv", "--api", "operation"
    done = run_adjoint(*words, "--claims", "claims.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "Dtypes: float16, float32." in done.stdout
    assert "Not offered: NotImplementedError: there is no dilation yet" in done.stdout
    assert "`adjoint run mine:conv --api operation --claims claims.toml`" in done.stdout
    assert "not of the library" in run_adjoint(*words, cwd=tmp_path).stdout


def test_the_next_command_is_one_that_can_be_run(run_adjoint):
    done = run_adjoint("smoke", "miswired:nobody_knows", "--api", API, cwd=HERE)
    assert done.returncode == 1
    assert f"`adjoint run miswired:nobody_knows --api {API} --clause torch-functional.values`" in done.stdout


def test_a_command_is_quoted_as_a_shell_reads_it(run_adjoint):
    done = run_adjoint("smoke", "--command", f"{sys.executable} miswired_workers.py sound", cwd=HERE)
    assert done.returncode == 0, done.stdout
    assert f"`adjoint run --command '{sys.executable} miswired_workers.py sound'`" in done.stdout


def test_a_row_of_the_catalogue_is_spoken_of_as_a_program(run_adjoint):
    """Our own implementation too, which is one of functions."""
    done = run_adjoint("smoke", "fast")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("✓ start ")
    assert "✓ a $tuple as argument" in done.stdout


MINE = """
from adjoint.fast import torch_functional

def conv_transpose2d(input, weight, bias=None, stride=1, **more):
    stride = stride[::-1] if isinstance(stride, (list, tuple)) else stride
    return torch_functional.conv_transpose2d(input, weight, stride=stride, **more)
"""


def test_the_readme_shows_what_is_printed(run_adjoint, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    page = (HERE.parent / "README.md").read_text(encoding="utf-8")
    words, shown = re.search(r"^\$ adjoint (smoke .*)\n((?:.+\n)+)", page, re.MULTILINE).groups()
    done = run_adjoint(*words.split(), cwd=tmp_path)
    plain = (re.sub(r"Took \d+\.\d s", "Took T s", text) for text in (done.stdout, shown))
    assert next(plain) == next(plain).removesuffix("```\n")


@pytest.mark.parametrize("words", [["--command", f"{sys.executable} miswired_workers.py dies_at_start"]])
def test_what_does_not_start_is_code_3(words, run_adjoint):
    done = run_adjoint("smoke", *words, cwd=HERE)
    assert done.returncode == 3
    assert done.stdout == (
        f"✗ {'start':23} It did not start: exit code 1; its last words: "
        "OSError: libconv.so: cannot open shared object file.\n"
    )
    assert done.stderr == ""


PYTHON = f"Python {platform.python_version()} ({sys.executable})"
UNIMPORTED = {
    "nowhere": (
        None,
        f"There is no module 'nowhere' in {{}}, and {PYTHON} has none; --python chooses another",
    ),
    "nowhere.inner": (None, "There is no module 'nowhere' in {}, and "),
    "needs": (
        "import nowhere\n",
        f"Module needs imports 'nowhere', which {PYTHON} does not have; --python chooses",
    ),
    "garbled": ("x = 1\ndef f(:\n", f"{{}}/garbled.py, line 2, of which {PYTHON} says: SyntaxError: invalid"),
    "divides": ("x = 1\n1 / 0\n", "{}/divides.py, line 2, ZeroDivisionError: division by zero."),
    "asks": ("from os import nowhere\n", f"it ran on {PYTHON}, and --python chooses another Python."),
    "holds": ("f = [1]\n", "The target holds:f is of type list, and must be a function or a class."),
    "has": ("def ff(): pass\n", "Module has has no 'f': did you mean 'ff'?"),
}


@pytest.mark.parametrize("name", UNIMPORTED)
def test_what_can_not_be_imported_is_told_in_a_sentence(name, run_adjoint, tmp_path):
    text, said = UNIMPORTED[name]
    if text is not None:
        (tmp_path / f"{name}.py").write_text(text)
    done = run_adjoint("smoke", f"{name}:f", "--api", API, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("✗ import ")
    assert said.format(tmp_path) in done.stdout
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ("json", "Module json has no asarray, so it can't be claimed as the library of arrays."),
        ("nowhere", "There is no module 'nowhere' in "),
    ],
)
def test_a_library_that_makes_no_arrays_is_told_so(arrays, said, run_adjoint, tmp_path):
    (tmp_path / "claims.toml").write_text(f'arrays = "{arrays}"\n')
    (tmp_path / "mine.py").write_text("def f(): pass\n")
    done = run_adjoint("smoke", "mine:f", "--api", API, "--claims", "claims.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout.startswith("✗ import ")) == (3, True)
    assert said in done.stdout


def test_a_python_without_what_is_needed_is_named(run_adjoint, tmp_path):
    """A Python without its packages has not even NumPy, and one that has it has not the framework."""
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    done = run_adjoint("smoke", "torch", "--python", bare)
    assert done.returncode == 3
    assert f"{sys.executable} has no numpy, which a worker needs; --python chooses another." in done.stdout
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(name='torch')\n")
    done = run_adjoint("smoke", "torch", "--python", sys.executable, PYTHONPATH=tmp_path)
    assert done.returncode == 3
    assert f"{sys.executable} has no module 'torch'; --python chooses another Python." in done.stdout


def test_a_program_that_is_not_there_is_code_3(run_adjoint):
    done = run_adjoint("smoke", "--command", "/no/such/worker")
    assert done.returncode == 3
    assert "/no/such/worker can't be run" in done.stdout


def test_where_there_is_no_utf_8_the_marks_are_ascii(run_adjoint):
    words = "smoke", "miswired:bias_ignored", "--api", API
    done = run_adjoint(*words, cwd=HERE, PYTHONIOENCODING="ascii")
    assert done.returncode == 1, done.stderr
    assert "x a bias" in done.stdout
    assert done.stdout.isascii()


def test_on_a_terminal_lines_are_folded_under_their_own_column():
    ours, theirs = pty.openpty()
    words = [
        sys.executable,
        "-m",
        "adjoint.cli",
        "smoke",
        "--command",
        f"{sys.executable} miswired_workers.py dies_at_start",
    ]
    env = {**os.environ, "COLUMNS": "70", "TERM": "xterm"}
    with subprocess.Popen(words, cwd=HERE, stdout=theirs, env=env) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:
            pass  # the other end is closed
    os.close(ours)
    assert process.returncode == 3
    first, second, *_ = shown.decode().splitlines()
    assert "✗" in first
    assert "\x1b[" in first
    assert " " * 25 in second
