"""Is whoever waits for a worker told so, and what the worker may have forgotten?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adjoint import waiting
from adjoint.process import Silent
from adjoint.waiting import STILL, patiently

HERE = Path(__file__).parent
LATE = f"""
import subprocess, sys, time
time.sleep({waiting.SLOW} + 1)
sys.exit(subprocess.call([sys.executable, {str(HERE / "miswired_workers.py")!r}, *sys.argv[1:]]))
"""


@pytest.mark.parametrize("silences", [0, 1])
def test_it_is_said_once_if_nothing_comes_soon(silences: int) -> None:
    asked, said = list[float](), list[str]()

    def receive(deadline: float) -> str:
        asked.append(deadline)
        if len(asked) <= silences:
            raise Silent
        return "line"

    assert patiently(receive, 1e12, said.append) == "line"
    assert said == [STILL] * silences
    assert len(asked) == silences + 1
    assert asked[0] < 1e12
    assert asked[1:] == [1e12] * silences


def test_nothing_is_said_where_the_wait_ends_before() -> None:
    def receive(_: float) -> None:
        raise Silent

    said = list[str]()
    with pytest.raises(Silent):
        patiently(receive, 0.0, said.append)
    assert said == []


@pytest.mark.parametrize(
    "words",
    [("smoke",), ("run", "--profile", "none", "--clause", "torch-functional.values")],
    ids=["smoke", "run"],
)
def test_a_slow_start_is_said_while_it_lasts(words: tuple[str, ...], tmp_path: Path) -> None:
    """Here the answer comes after all."""
    program = tmp_path / "late.py"
    program.write_text(LATE)
    out = ["--out", str(tmp_path)] if words[0] == "run" else []
    command = f"{sys.executable} {program} sound"
    done = subprocess.run(
        [sys.executable, "-m", "adjoint.cli", *words, *out, "--command", command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert line == (STILL if words[0] == "smoke" else f"{command}: {STILL}")
