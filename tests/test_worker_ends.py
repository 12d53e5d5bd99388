"""Does a worker that dies, hangs or is hopeless cost just the verdicts that it should?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adjoint.outcome import Crashed, TimedOut
from adjoint.worker import GaveUp
from tests.workers import Start, calls, gone, noted, run, starting, told


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    yield from starting(tmp_path)


def test_a_call_at_which_a_worker_dies_only_once_is_not_blamed(start, tmp_path):
    worker = start(
        "def perform(n, id, call):\n    if n == 2 and first_time('died'): os._exit(1)\n    echo(id, call)\n"
    )
    assert [told(outcome) for outcome in run(worker, 6)] == list(range(6))
    assert len(noted(tmp_path, "starts")) in (2, 3), "the third stands by, and may be gone before it notes it"
    assert len(worker.deaths) == 1
    assert worker.deaths[0].startswith(
        f"The worker died once (exit code 1) before it answered {calls(3)[2]},"
    )


@pytest.mark.parametrize("bad", [{0}, {3}, {5}, {2, 3}, {0, 5}], ids=str)
def test_a_call_that_always_kills_is_blamed_alone(start, tmp_path, bad):
    worker = start(f"def perform(n, id, call):\n    if n in {bad}: os._exit(1)\n    echo(id, call)\n")
    assert [told(o) for o in run(worker, 6)] == ["Crashed" if n in bad else n for n in range(6)]
    assert worker.deaths == []
    assert [noted(tmp_path, "calls").count(n) for n in range(6)] == [2 if n in bad else 1 for n in range(6)]


def test_once_a_worker_died_another_stands_by_and_none_is_left_behind(start, tmp_path):
    """Asked alone, the second process answers only once there is a third."""
    worker = start(
        "def perform(n, id, call):\n"
        "    if n == 1 and first_time('died'): os._exit(1)\n"
        "    for _ in range(1000 if n == 1 else 0):\n"
        "        if len((here / 'starts').read_text().split()) == 3: break\n"
        "        time.sleep(0.01)\n"
        "    else:\n"
        "        if n == 1: os._exit(1)\n"
        "    echo(id, call)\n"
    )
    assert [told(o) for o in run(worker, 3)] == [0, 1, 2]
    worker.close()
    assert all(map(gone, noted(tmp_path, "starts")))


def test_the_culprit_is_found_though_the_worker_reads_ahead(start):
    """It dies as soon as the fourth call arrives, with innocent calls before it still unanswered."""
    worker = start(
        "import queue\n"
        "def serve():\n"
        "    arrived = queue.Queue()\n"
        "    def answers():\n"
        "        for message in iter(arrived.get, None):\n"
        "            time.sleep(0.05)\n"
        "            echo(message['id'], message['call'])\n"
        "    thread = threading.Thread(target=answers)\n"
        "    thread.start()\n"
        "    for line in sys.stdin.buffer:\n"
        "        message = json.loads(line)\n"
        "        if message['do'] == 'start': start()\n"
        "        elif message['do'] == 'stop': break\n"
        "        elif message['call']['arguments']['n'] == 3: os.abort()\n"
        "        else: arrived.put(message)\n"
        "    arrived.put(None)\n"
    )
    assert [told(outcome) for outcome in run(worker, 6)] == [0, 1, 2, "Crashed", 4, 5]


@pytest.mark.parametrize(
    ("death", "cause"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal SIGSEGV"),
        ("os.abort()", "signal SIGABRT"),
        ("sys.exit(7)", "exit code 7"),
        ("os._exit(0)", "exit code 0"),
    ],
)
def test_a_crash_tells_its_cause_and_last_words(start, death, cause):
    worker = start(f"def perform(n, id, call):\n    print('oh no', file=sys.stderr)\n    {death}\n")
    (outcome,) = run(worker, 1)
    assert outcome == Crashed(cause, "oh no\n")


def test_too_much_memory_is_a_crash_of_that_call(start):
    worker = start(
        "def perform(n, id, call):\n"
        "    if n == 1: hoard = b'x' * (300 << 20); time.sleep(60)\n"
        "    echo(id, call)\n",
        memory=150 << 20,
    )
    outcomes = run(worker, 3)
    assert [told(outcome) for outcome in outcomes] == [0, "Crashed", 2]
    assert outcomes[1].cause.startswith("memory: ")
    assert outcomes[1].cause.endswith(" MiB resident, 150 MiB allowed")


def test_a_worker_that_died_between_two_runs_is_replaced(start):
    worker = start("def perform(n, id, call): echo(id, call), os._exit(0)")
    assert [told(outcome) for _ in range(2) for outcome in run(worker, 1)] == [0, 0]


def test_a_call_that_hangs_times_out_and_the_rest_go_on(start, tmp_path):
    worker = start(
        "def perform(n, id, call):\n"
        "    if n == 2: print('busy', file=sys.stderr, flush=True), time.sleep(60)\n"
        "    echo(id, call)\n",
        seconds=1.0,
    )
    began = time.monotonic()
    outcomes = run(worker, 5)
    assert [told(outcome) for outcome in outcomes] == [0, 1, "TimedOut", 3, 4]
    assert outcomes[2] == TimedOut(1.0, "busy\n")
    assert 1.0 <= time.monotonic() - began < 6
    assert noted(tmp_path, "calls").count(2) == 1
    assert gone(noted(tmp_path, "starts")[0])


def test_the_clock_of_a_call_starts_at_the_answer_before(start):
    worker = start("def perform(n, id, call): time.sleep(0.3), echo(id, call)", seconds=1.0)
    assert [told(outcome) for outcome in run(worker, 5)] == list(range(5))


def test_our_own_time_between_two_calls_is_not_the_workers(start):
    worker = start("def perform(n, id, call): time.sleep(0.1), echo(id, call)", seconds=0.6, window=1)
    found = []
    for outcome in worker.perform(calls(2)):
        found.append(told(outcome))
        time.sleep(0.8)
    assert found == [0, 1]


@pytest.mark.parametrize(
    ("act", "name", "seconds"),
    [
        ("os._exit(1)", "Crashed", 20),
        ("time.sleep(60)", "TimedOut", 0.3),
        ("say(b'nonsense\\n')", "Broke", 20),
    ],
    ids=["dies", "hangs", "talks nonsense"],
)
def test_patience_ends(start, act, name, seconds):
    outcomes = start(f"def perform(n, id, call): {act}", patience=2, seconds=seconds).perform(calls(9))
    assert [told(next(outcomes)), told(next(outcomes))] == [name, name]
    with pytest.raises(GaveUp, match="2 calls in a row ended the worker"):
        next(outcomes)


def test_an_answer_restores_patience(start):
    worker = start(
        "def perform(n, id, call):\n    if n % 3: say(b'nonsense\\n')\n    else: echo(id, call)\n", patience=3
    )
    assert [told(o) for o in run(worker, 6)] == [0, "Broke", "Broke", 3, "Broke", "Broke"]
