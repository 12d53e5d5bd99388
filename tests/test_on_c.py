"""Does the worker in C conform, whatever its memory; and are faults planted in it noticed?"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adjoint import golden
from adjoint.catalogue import environments_file
from adjoint.judge import judge
from adjoint.worker import Worker

SOURCE = environments_file().with_name("on_c.c")
CASES = [case for case in golden.load() if case.call.api == "operation"]

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def compiled(folder: Path, source: str, *options: str) -> str:
    (folder / "on_c.c").write_text(source)
    words = ("cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", *options, "-o", "on_c", "on_c.c")
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return str(folder / "on_c")


def verdicts(program: str) -> set[tuple[str, str]]:
    """Return what comes of every golden case that it claims, by clause; what conforms is left out."""
    worker = Worker([program], {})
    try:
        cases = [case for case in CASES if not worker.claims.lacks(case.call)]
        assert len(cases) > 80
        judged = zip(cases, worker.perform([case.call for case in cases]), strict=True)
        found = {(v.check.clause, v.verdict) for case, seen in judged for v in judge(case, seen, False)}
        return {pair for pair in found if pair[1] not in ("conforms", "observed", "not-reached", "vacuous")}
    finally:
        worker.close()


def test_it_conforms_and_touches_no_memory_that_is_not_its_own(tmp_path: Path) -> None:
    program = compiled(tmp_path, SOURCE.read_text(), "-fsanitize=address,undefined", "-fno-sanitize-recover")
    assert verdicts(program) == set()


@pytest.mark.parametrize(
    ("right", "wrong", "clause"),
    [
        ("first[j] = pair[j][0]", "first[j] = pair[j][1]", "operation.crop"),
        (
            "channel / inner * share + tap",
            "(channel + inner) % x.shape[1] / inner * share + tap",
            "operation.groups",
        ),
        ("* s[j] + tap", "* s[0] + tap", "operation.stride"),
        ("% w.shape[2 + j] * d[j]", "% w.shape[2 + j] * d[0]", "operation.dilation"),
        ("+ more[j];", ";", "operation.output-size"),
        ("y.data[index] +=", "y.data[index] =", "operation.values"),
        ('\\"shape\\":[", t.single ? "float32"', '\\"shape\\":[", t.single ? "float64"', "operation.values"),
        ("z ^= z >> 31", "z ^= z >> 30", "operation.values"),
    ],
)
def test_a_fault_planted_in_it_is_noticed(tmp_path: Path, right: str, wrong: str, clause: str) -> None:
    text = SOURCE.read_text()
    assert text.count(right) == 1
    found = verdicts(compiled(tmp_path, text.replace(right, wrong)))
    assert clause in {name for name, _ in found}


def test_it_is_short_and_answers_what_it_is_asked_until_it_is_told_to_stop(tmp_path: Path) -> None:
    assert len(SOURCE.read_text().splitlines()) < 200
    call: dict[str, Any] = {
        "api": "operation",
        "arguments": {"stride": [2], "dilation": [1], "crop": [[1, 0]], "output_padding": [1], "groups": 1},
        "tensors": {
            name: {"dtype": "float64", "shape": [1, 1, 2], "make": {"low": 1, "high": 1, "seed": 2**64 - 1}}
            for name in ("input", "kernel")
        },
        "observe": ["output"],
    }
    lines = [{"do": "start", "protocol": 1}, {"do": "perform", "id": 7, "call": call}, {"do": "stop"}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    program = compiled(tmp_path, SOURCE.read_text())
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True, timeout=10)
    start, answer = map(json.loads, done.stdout.splitlines())
    assert start["claims"]["apis"] == ["operation"]
    assert (answer["id"], answer["observed"]["output"]["shape"]) == (7, [1, 1, 4])
