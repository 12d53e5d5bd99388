"""Does a run that is killed, at any moment, lose no finished verdict?

Run as a script, ``python -m tests.test_resuming_killed 30``, it kills `adjoint run` at so many moments.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from adjoint.record import read
from tests.resumed import API, SIZE, timeless

NARROWED = ("run", "fast", "-k", "tf.nn.conv_transpose")


def started(*words: object) -> subprocess.Popen[bytes]:
    """Start the command line in a process group of its own."""
    command = [sys.executable, "-m", "adjoint.cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def killed(out: Path, pick: random.Random, size: int) -> int:
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
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert run.stdout
    run.stdout.close()
    return path.stat().st_size


def kills(folder: Path, moments: int, most: int, seed: int) -> list[int]:
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
        found += [killed(out, pick, len(wanted)) for _ in range(min(most, moments - len(found)))]
        last = started(*NARROWED, "--out", out, "--resume")
        said, _ = last.communicate()
        assert last.returncode == 0, said.decode()
        assert timeless((out / "fast.record.jsonl").read_bytes()) == timeless(wanted)
    return found


@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
def test_a_run_that_is_killed_loses_no_finished_verdict(tmp_path: Path) -> None:
    sizes = kills(tmp_path, moments=3, most=3, seed=1)
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 1


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_run_whose_pytest_alone_is_killed_keeps_its_verdicts(run_adjoint: Any, tmp_path: Path) -> None:
    """As by a system that is out of memory."""
    import psutil

    run = started(*NARROWED, "--out", tmp_path)
    path = tmp_path / "fast.record.jsonl"
    while not path.exists() or path.read_bytes().count(b"\n") < 30:
        time.sleep(0.01)
    (child,) = psutil.Process(run.pid).children()
    child.kill()
    run.communicate()
    assert run.returncode == 3
    assert read(path).footer["status"] == "stopped"
    assert len(read(path).checks) >= 29
    assert run_adjoint(*NARROWED, "--out", tmp_path, "--resume").returncode == 0


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
        print(kills(Path(folder), int(sys.argv[1]), most=3, seed=0))
