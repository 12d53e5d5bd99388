"""Does a run that is killed, at any moment, lose no finished verdict?

Run as a script, ``python -m tests.test_resuming_killed 30``, it kills `adjoint run` at so many moments, with
all that it started; with ``alone`` as second word the one process, which whatever it started must follow.
"""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from adjoint.record import read
from tests.resumed import API, SIZE, timeless

NARROWED = ("run", "fast", "-k", "tf.nn.conv_transpose")


def started(*words: object) -> subprocess.Popen[bytes]:
    """Start the command line in a process group of its own."""
    command = [sys.executable, "-m", "adjoint.cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def killed(out: Path, pick: random.Random, size: int, alone: bool) -> int:
    """Start or resume a run, kill it at a random moment, and return how many bytes its record then had.

    It is killed once its record has grown by so much, or a moment after that; before the end, if it can be.
    """
    path = out / "fast.record.jsonl"
    before = path.stat().st_size if path.exists() else 0
    target, later = before + pick.random() * (size - before), pick.choice([0, 0, 0.05, 0.2]) * pick.random()
    run = started(*NARROWED, "--out", out, "--resume")
    while run.poll() is None and not (path.exists() and path.stat().st_size >= target):
        time.sleep(0.002)
    time.sleep(later)
    with suppress(ProcessLookupError):  # it may be at its end already
        (os.kill if alone else os.killpg)(run.pid, signal.SIGKILL)
    run.wait()
    assert run.stdout
    run.stdout.close()
    return path.stat().st_size


def kills(folder: Path, moments: int, most: int, seed: int, alone: bool = False) -> list[int]:
    """Kill runs at so many moments, each up to `most` times, and see them end as one does that was let be.

    Returns
    -------
    list of int
        How long the record was at each moment.
    """
    once = started(*NARROWED, "--out", folder / "once")
    once.communicate()
    assert once.returncode == 0
    wanted = (folder / "once" / "fast.record.jsonl").read_bytes()
    pick, found = random.Random(seed), list[int]()
    while len(found) < moments:
        out = folder / f"run{len(found)}"
        found += [killed(out, pick, len(wanted), alone) for _ in range(min(most, moments - len(found)))]
        last = started(*NARROWED, "--out", out, "--resume")
        said, _ = last.communicate()
        assert last.returncode == 0, said.decode()
        assert timeless((out / "fast.record.jsonl").read_bytes()) == timeless(wanted)
    return found


def midway(out: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """Return a run that has written some of its record, and that."""
    run, path = started(*NARROWED, "--out", out), out / "fast.record.jsonl"
    while not path.exists() or path.read_bytes().count(b"\n") < 30:
        time.sleep(0.01)
    return run, path


@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
@pytest.mark.parametrize("alone", [False, True], ids=["with all that it started", "alone"])
def test_a_run_that_is_killed_loses_no_finished_verdict(tmp_path: Path, alone: bool) -> None:
    sizes = kills(tmp_path, moments=3, most=3, seed=1, alone=alone)
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 1


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_run_whose_pytest_alone_is_killed_keeps_its_verdicts(run_adjoint: Any, tmp_path: Path) -> None:
    """As by a system that is out of memory."""
    run, path = midway(tmp_path)
    (child,) = psutil.Process(run.pid).children()
    child.kill()
    run.communicate()
    assert run.returncode == 3
    assert read(path).footer["status"] == "stopped"
    assert len(read(path).checks) >= 29
    assert run_adjoint(*NARROWED, "--out", tmp_path, "--resume").returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_nothing_outlives_a_run_that_is_killed_alone(tmp_path: Path) -> None:
    """A worker that hangs, too, and watches nobody."""
    code = "import json, sys, time; print(json.dumps(CLAIMS), flush=True); time.sleep(600)"
    claims = {"name": "hangs", "version": "1", "claims": {"apis": [API], "dtypes": ["float32"]}}
    command = shlex.join([sys.executable, "-c", code.replace("CLAIMS", repr(claims))])
    run = started("run", "--command", command, "--out", tmp_path)
    while not list(tmp_path.glob("*.record.jsonl")):
        time.sleep(0.01)
    left = psutil.Process(run.pid).children(recursive=True)
    assert len(left) == 2  # pytest, and the worker
    run.kill()
    run.communicate()
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive


@pytest.mark.skipif(os.name != "posix", reason="locks a file")
def test_a_record_that_is_being_written_is_left_to_who_writes_it(run_adjoint: Any, tmp_path: Path) -> None:
    run, path = midway(tmp_path)
    (child,) = psutil.Process(run.pid).children()
    child.suspend()  # so that it takes longer than anyone waits
    before = path.read_bytes()
    for words in ((), ("--resume",)):
        other = run_adjoint(*NARROWED, "--out", tmp_path, *words)
        assert other.returncode == 2
        assert other.stderr == (
            f"adjoint: the record {path} is being written by another run: let that come to its end, or end "
            "it, or write to another folder.\n"
        )
    assert path.read_bytes() == before
    child.resume()
    run.communicate()
    assert run.returncode == 0


def test_a_finished_run_is_kept_and_another_seed_is_refused(run_adjoint: Any, tmp_path: Path) -> None:
    words = ("run", "miniatures:off_by_one_crop", "--api", API, "--out", tmp_path, "--clause", SIZE)
    here = Path(__file__).parent
    first = run_adjoint(*words, cwd=here)
    (path,) = tmp_path.glob("*.record.jsonl")
    kept = path.read_bytes()
    again = run_adjoint(*words, "--resume", cwd=here)
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert path.read_bytes() == kept
    other = run_adjoint(*words, "--resume", "--seed", 5, cwd=here)
    assert other.returncode == 2
    assert other.stderr == (
        f"adjoint: the record {path} is of another run: its seed was 0 and is 5 now; run it as it was, or "
        "without --resume.\n"
    )
    assert path.read_bytes() == kept


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(kills(Path(folder), int(sys.argv[1]), most=3, seed=0, alone="alone" in sys.argv[2:]))
