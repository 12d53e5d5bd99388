"""Can we talk to a program that dies, hangs, floods or eats memory, and leave nothing of it behind?"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adjoint.process import Ended, Flooded, Limits, Process, Silent
from tests.workers import gone

Start = Callable[..., Process]

HEAD = """
import os, pathlib, signal, subprocess, sys, time
here = pathlib.Path(__file__).parent
def say(line):
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
"""
CHILD = """
sleeps = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleeps, stdout={out}, stderr={out})
(here / "child").write_text(str(child.pid))
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a small program, and see that it is gone at the end."""
    running: list[Process] = []

    def start(body: str, limits: Limits | None = None, **env: str) -> Process:
        program = tmp_path / f"program{len(running)}.py"
        program.write_text(HEAD + body)
        running.append(Process([sys.executable, "-S", str(program)], env, limits or Limits()))
        return running[-1]

    yield start
    for process in running:
        process.kill()


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def wait_for(path: Path) -> str:
    """The content of a file that a program is about to write."""
    end = soon()
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < end, f"nobody wrote {path}"
        time.sleep(0.01)
    return path.read_text()


def test_lines_go_out_and_come_back_in_order(start):
    process = start("for line in sys.stdin.buffer: say(line.upper())")
    for number in range(200):
        process.send(b"line %d\n" % number)
    assert [process.receive(soon()) for _ in range(200)] == [b"LINE %d\n" % n for n in range(200)]


def test_a_line_of_20_megabytes_goes_both_ways_while_errors_flood(start):
    process = start(
        "for line in sys.stdin.buffer:\n"
        "    sys.stderr.write('e' * 5_000_000)\n"
        "    say(line)\n"
        "    sys.stderr.write('e' * 5_000_000)\n"
    )
    line = b"x" * 20_000_000 + b"\n"
    process.send(line)
    process.send(line)
    assert process.receive(soon()) == line
    assert process.receive(soon()) == line


def test_sending_to_a_program_that_reads_nothing_does_not_block(start):
    process = start("time.sleep(60)")
    sent = threading.Thread(target=process.send, args=[b"x" * 20_000_000], daemon=True)
    sent.start()
    sent.join(timeout=5)
    assert not sent.is_alive()


def test_variables_are_set_on_top_of_ours(start, monkeypatch):
    monkeypatch.setenv("OURS", "kept")
    monkeypatch.setenv("THEIRS", "replaced")
    process = start("say((os.environ['OURS'] + ' ' + os.environ['THEIRS']).encode() + b'\\n')", THEIRS="set")
    assert process.receive(soon()) == b"kept set\n"


def test_what_came_before_the_end_is_received_first(start):
    process = start("say(b'last\\n'); sys.exit(3)")
    assert process.receive(soon()) == b"last\n"
    with pytest.raises(Ended, match="exit code 3"):
        process.receive(soon())


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        ("os._exit(0)", "exit code 0"),
        ("sys.exit(7)", "exit code 7"),
        ("raise RuntimeError", "exit code 1"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("os.abort()", "signal SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGRTMIN + 1)", "signal 35"),
    ],
)
def test_an_end_is_called_by_its_cause(start, end, cause):
    with pytest.raises(Ended) as caught:
        start(end).receive(soon())
    assert str(caught.value) == cause


def test_a_program_that_only_closed_its_output_is_killed(start, tmp_path):
    process = start("(here / 'pid').write_text(str(os.getpid())); os.close(1); time.sleep(60)")
    with pytest.raises(Ended, match="closed its output"):
        process.receive(soon())
    assert gone(int(wait_for(tmp_path / "pid")))


def test_an_end_is_seen_though_a_child_still_holds_the_output(start):
    process = start(CHILD.format(out=None) + "os._exit(3)")
    with pytest.raises(Ended, match="exit code 3"):
        process.receive(soon(3))


def test_a_program_that_says_nothing_is_silent_at_the_deadline(start):
    process = start("time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(Silent):
        process.receive(soon(0.4))
    assert 0.4 <= time.monotonic() - began < 2


def test_a_line_that_is_there_is_received_though_the_deadline_has_passed(start):
    process = start("say(b'one\\ntwo\\n'); time.sleep(60)")
    assert process.receive(soon()) == b"one\n"
    time.sleep(0.1)
    assert process.receive(time.monotonic() - 1) == b"two\n"


@pytest.mark.parametrize("ending", ["b'\\n'", "b''"], ids=["ended", "endless"])
def test_a_line_that_is_too_long_is_a_flood(start, ending):
    process = start(f"say(b'x' * 2000 + {ending}); time.sleep(60)", Limits(line=1000))
    with pytest.raises(Flooded, match="more than 1000 bytes"):
        process.receive(soon())


def test_a_line_as_long_as_allowed_is_no_flood(start):
    process = start("say(b'x' * 999 + b'\\n'); time.sleep(60)", Limits(line=1000))
    assert len(process.receive(soon())) == 1000


EAT = "hoard = b'x' * (200 << 20); time.sleep(60)"
EATING = "subprocess.run([sys.executable, '-S', '-c', {!r}])"
GRANDCHILD = EATING.format("import time; " + EAT)


@pytest.mark.parametrize(
    "body",
    [EAT, EATING.format("import time; " + EAT), EATING.format(f"import subprocess, sys; {GRANDCHILD}")],
    ids=["itself", "its child", "a child of its child"],
)
def test_too_much_memory_ends_a_program(start, body):
    process = start(body, Limits(memory=120 << 20))
    with pytest.raises(Ended, match=r"^memory: \d+ MiB resident, 120 MiB allowed$") as caught:
        process.receive(soon())
    assert int(str(caught.value).split()[1]) >= 120


@pytest.mark.parametrize(
    "body",
    [EAT, "import mmap; room = mmap.mmap(-1, 1 << 30); time.sleep(60)"],
    ids=["less than allowed", "reserved but not used"],
)
def test_memory_that_is_allowed_ends_nothing(start, body):
    process = start(body, Limits(memory=500 << 20))
    with pytest.raises(Silent):
        process.receive(soon(0.5))


def test_last_words_are_the_end_of_standard_error(start):
    process = start("sys.stderr.buffer.write(b'x' * 300_000 + b'\\xff the end'); sys.exit(1)")
    with pytest.raises(Ended):
        process.receive(soon())
    assert process.stderr().endswith("x\ufffd the end")
    assert 4000 < len(process.stderr()) <= 4096


def test_closing_lets_a_program_leave_by_itself(start, tmp_path):
    process = start("sys.stdin.read(); time.sleep(0.2); (here / 'left').write_text('by itself')")
    process.close()
    assert (tmp_path / "left").exists()


def test_closing_does_not_wait_longer_than_it_must(start):
    process = start("sys.stdin.read()")
    began = time.monotonic()
    process.close(grace=10)
    assert time.monotonic() - began < 5


def test_closing_ends_a_program_that_will_not_leave(start, tmp_path):
    process = start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "(here / 'pid').write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    pid = int(wait_for(tmp_path / "pid"))
    began = time.monotonic()
    process.close(grace=0.3)
    assert time.monotonic() - began < 5
    assert gone(pid)


@pytest.mark.parametrize("end", ["kill", "close"])
@pytest.mark.parametrize("rest", ["sys.stdin.read()", "os._exit(0)"], ids=["alive", "dead"])
def test_a_child_that_was_left_behind_is_killed(start, tmp_path, end, rest):
    process = start(CHILD.format(out="subprocess.DEVNULL") + rest)
    child = int(wait_for(tmp_path / "child"))
    getattr(process, end)()
    assert gone(child)


def test_killing_twice_is_killing_once(start):
    process = start("time.sleep(60)")
    process.kill()
    process.kill()
    process.close()


@pytest.mark.parametrize("pending", [0, 5_000_000], ids=["idle", "with a line it never reads"])
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_no_thread_is_left_of_a_program_that_floods_to_the_end(start, pending):
    before = set(threading.enumerate())
    process = start("while True: say(b'spam\\n')")
    assert process.receive(soon()) == b"spam\n"
    time.sleep(0.2)
    if pending:
        process.send(b"x" * pending)
    process.kill()
    end = soon(5)
    while set(threading.enumerate()) - before and time.monotonic() < end:
        time.sleep(0.02)
    assert not set(threading.enumerate()) - before


@pytest.mark.parametrize(
    ("name", "error"), [("none", FileNotFoundError), (".", PermissionError)], ids=["missing", "a folder"]
)
def test_a_program_that_cant_be_started_is_an_os_error(tmp_path, name, error):
    with pytest.raises(error):
        Process([str(tmp_path / name)], {}, Limits())


def test_a_worker_that_is_not_listened_to_is_held_up(start, tmp_path):
    """Lines that wait to be taken have the length of one together, so it can't run ahead by many."""
    said = tmp_path / "said"
    program = (
        "for n in range(20):\n"
        "    say(b'x' * 800_000 + b'\\n')\n"
        f"    pathlib.Path({str(said)!r}).write_text(str(n + 1))\n"
    )
    process = start(program, Limits(line=1_000_000))
    wait_for(said)
    time.sleep(1.5)
    assert int(said.read_text()) <= 3  # one waits, one is in the reader's hands, one may be in the pipe
    assert [len(process.receive(soon())) for _ in range(20)] == [800_001] * 20
