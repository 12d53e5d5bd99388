"""Does the script for a program in any language show what the program does, each kind of check by itself?"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from adjoint import catalogue, golden
from adjoint.golden import Case, Check
from adjoint.reproduce import script
from adjoint.spec import load

FAST = catalogue.from_command(shlex.join(catalogue.resolve("fast").command))
PLAIN = Path(__file__).parents[1] / "docs" / "worker.py"
API = "torch.nn.functional.conv_transpose1d"
KINDS = (
    "returned",
    "raised",
    "raised-type",
    "dtype",
    "shape",
    "values",
    "gradient-input",
    "gradient-kernel",
    "gradient-bias",
)


def examples(kind: str, dtype: str = "float32") -> list[tuple[Case, Check]]:
    """Return some checks of a kind, of different APIs."""
    found: dict[str, tuple[Case, Check]] = {}
    for case in golden.load():
        for check in case.checks:
            held = load().clauses[check.clause].level != "open" and not case.call.is_repeated
            if held and (check.kind, case.call.dtype) == (kind, dtype):
                found.setdefault(case.call.api.partition(".")[0], (case, check))
    return list(found.values())


def ending(text: str, folder: Path) -> tuple[int, str]:
    """Return the code that a script ends with, and what it says last."""
    words = sys.executable, "-c", text
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, (done.stderr.strip() or done.stdout).splitlines()[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_of_a_program_that_conforms(kind: str, tmp_path: Path) -> None:
    for case, check in examples(kind):
        assert ending(script(case, check, FAST), tmp_path) == (0, "holds"), case


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_numbers_of_each_dtype_are_read(dtype: str, tmp_path: Path) -> None:
    for kind in ("dtype", "values", "gradient-input"):
        for case, check in examples(kind, dtype):
            assert ending(script(case, check, FAST), tmp_path) == (0, "holds"), case


DATA = "data = array.array(CODES[dtype], elements)"
MUTE = "it can't be started, or answers no JSON objects: "
STOP = 'if message["do"] == "stop":'
RAISED = 'return {"outcome": "raised", "stage": "call", '
FAULTS = [
    ("values", STOP, STOP, (0, "holds")),
    ("values", DATA, "data = array.array(CODES[dtype], [x + 1 for x in elements])", (1, "DEVIATES")),
    ("shape", '"shape": shape,', '"shape": [1, *shape],', (1, "DEVIATES")),
    ("dtype", '{"dtype": dtype, "shape"', '{"dtype": "int32", "shape"', (1, "DEVIATES")),
    ("returned", "output = written", "raise ValueError; output = written", (1, "DEVIATES")),
    ("raised", RAISED, RAISED, (0, "holds")),
    (
        "raised",
        "except Exception as error:",
        "except ZeroDivisionError as error:",
        (1, "it left the call without an answer, with exit code 1"),
    ),
    ("raised", "json.dumps(answer)", '"oh"', (1, f"{MUTE}Expecting value: line 1 column 1 (char 0)")),
    (
        "raised",
        STOP,
        f'if message["do"] == "perform": sys.exit(3)\n        {STOP}',
        (1, "it left the call without an answer, with exit code 3"),
    ),
    (
        "raised",
        RAISED,
        'return {"outcome": "unsupported", "unsupported": "x", "reason": "no such", ',
        (1, "it does not support the call: no such"),
    ),
]


@pytest.mark.parametrize(("kind", "old", "new", "said"), FAULTS)
def test_it_tells_what_a_program_does_wrong(
    kind: str, old: str, new: str, said: tuple[int, str], tmp_path: Path
) -> None:
    text = PLAIN.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "worker.py").write_text(text.replace(old, new), encoding="utf-8")
    assert (
        ending(script(*of_plain(kind), catalogue.from_command(f"{sys.executable} worker.py")), tmp_path)
        == said
    )


def of_plain(kind: str) -> tuple[Case, Check]:
    """Return a check of the API of docs/worker.py, of a call with at least one sample."""
    return next(
        (case, check)
        for case in golden.load()
        for check in case.checks
        if (case.call.api, case.call.dtype, check.kind) == (API, "float32", kind)
        and case.call.observe == ("output",)
        and case.call.tensors["input"]["shape"][0]
    )


def test_a_program_that_is_not_there_refuses_nothing(tmp_path: Path) -> None:
    code, said = ending(script(*of_plain("raised"), catalogue.from_command("./nowhere")), tmp_path)
    assert (code, said.startswith(f"{MUTE}[Errno 2]")) == (1, True)
