"""Does a worker that does not start say why, and one that is started again start anew?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adjoint import INTERPRETATION
from adjoint.errors import WorkerDidNotStart
from adjoint.worker import Worker
from tests.workers import Start, calls, gone, noted, run, starting, told


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    yield from starting(tmp_path)


HOPELESS = {
    "exits": ("sys.exit(3)", "exit code 3; it said nothing."),
    "exits with last words": (
        "print('first', file=sys.stderr); sys.exit('no module named torch')",
        "exit code 1; its last words: no module named torch",
    ),
    "dies by a signal": ("os.abort()", "signal SIGABRT; it said nothing."),
    "prints a banner": (
        "say(b'Welcome!\\n'); print('hello', file=sys.stderr)",
        "it answered b'Welcome!\\n', which is not a JSON object; its last words: hello",
    ),
    "never answers": (
        "print('importing', file=sys.stderr, flush=True); time.sleep(60)",
        "no answer within 1 seconds, nor anything on its standard output: it was still starting, or does not "
        "flush each line; its last words: importing",
    ),
    "forgets to flush": (
        "import atexit; atexit.register(answer, name='n', version='1', claims=CLAIMS)",
        "answers come only once its input ends: each must be flushed when it is written; it said nothing.",
    ),
    "forgets the line feed": (
        "say(b'{}')",
        "an answer must end with a line feed, and b'{}' does not; it said nothing.",
    ),
    "floods": ("say(b'x' * 3000)", "an answer of more than 2000 bytes; it said nothing."),
    "claims nothing": (
        "answer(name='n', version='v')",
        'the answer to start has no claims: {"name":"n","version":"v"}; it said nothing.',
    ),
    "was written for another time": (
        "answer(version='v', claims={**CLAIMS, 'interpretation': '2.0'})",
        f"it was written for interpretation 2.0 of calls, and this adjoint knows {INTERPRETATION}: use the "
        "adjoint of that interpretation, or write the worker for this one; it said nothing.",
    ),
    "claims no number": (
        "answer(version='v', claims={'apis': [1e999], 'dtypes': []})",
        'it answered b\'{"version": "v", "claims": {"apis": [Infinity], "dtypes": []}}\\n\', which is not a '
        "JSON object; it said nothing.",
    ),
    "claims another type": (
        "answer(version='v', claims={'apis': [], 'dtypes': 7})",
        "the answer to start lacks or garbles dtypes; it said nothing.",
    ),
}


@pytest.mark.parametrize(("act", "text"), HOPELESS.values(), ids=HOPELESS)
def test_a_worker_that_does_not_start_says_why(start, tmp_path, act, text):
    worker = start(f"def start(): {act}", start_seconds=1.0, line=2000)
    began = time.monotonic()
    with pytest.raises(WorkerDidNotStart) as caught:
        _ = worker.claims
    assert str(caught.value) == text
    assert time.monotonic() - began < 10
    assert all(map(gone, noted(tmp_path, "starts")))


def test_last_words_are_shown_harmless(start):
    worker = start("def start(): sys.exit('\\x1b[31mred\\x1b[0m\\x07')")
    with pytest.raises(WorkerDidNotStart) as caught:
        _ = worker.claims
    assert str(caught.value) == "exit code 1; its last words: red"


@pytest.mark.parametrize(("name", "why"), [("none", "No such file or directory"), (".", "Permission denied")])
def test_a_program_that_cant_be_run_does_not_start(tmp_path, name, why):
    path = str(tmp_path / name)
    with pytest.raises(WorkerDidNotStart) as caught:
        list(Worker([path]).perform(calls(1)))
    assert str(caught.value) == f"{path} can't be run: {why}."


def test_a_worker_that_does_not_come_back_after_a_crash_did_not_start(start):
    worker = start(
        "def start():\n"
        "    if not first_time('started'): sys.exit('gone')\n"
        "    answer(name='n', version='', claims=CLAIMS)\n"
        "def perform(n, id, call): os._exit(1)\n"
    )
    with pytest.raises(WorkerDidNotStart, match="its last words: gone"):
        run(worker, 1)


OPTIONS = """
def start(**options):
    note("options", json.dumps(options))
    answer(name="mini", version=options.get("version", "1"), claims=CLAIMS)
"""


def test_started_again_the_same_process_has_other_options(start, tmp_path):
    worker = start(OPTIONS)
    versions = [worker.claims.version, worker.start(version="2").version, worker.start().version]
    assert versions == ["1", "2", "1"]
    assert worker.claims.version == "1"
    assert len(noted(tmp_path, "starts")) == 1


def test_options_may_come_before_the_process(start, tmp_path):
    assert start(OPTIONS).start(version="3").version == "3"
    assert (tmp_path / "options").read_text().splitlines() == ['{"version": "3"}']


def test_a_process_that_replaces_another_has_its_options(start, tmp_path):
    worker = start(
        OPTIONS + "def perform(n, id, call): first_time('death') and os._exit(3) or echo(id, call)\n"
    )
    worker.start(version="2")
    assert [told(outcome) for outcome in worker.perform(calls(3))] == [0, 1, 2]
    assert (tmp_path / "options").read_text().splitlines()[:2] == ['{"version": "2"}'] * 2


def test_answers_that_nobody_waited_for_are_taken_for_no_others(start, tmp_path):
    worker = start(OPTIONS)
    assert told(next(worker.perform(calls(12)))) == 0
    assert worker.start(version="2").version == "2"
    assert [told(outcome) for outcome in worker.perform(calls(4)[::-1])] == [3, 2, 1, 0]
    assert len(noted(tmp_path, "starts")) == 1


def test_a_process_that_dies_of_being_started_again_is_replaced(start, tmp_path):
    worker = start(
        OPTIONS.replace("    note(", "    if options and first_time('death'): os._exit(3)\n    note(")
    )
    assert worker.claims.version == "1"
    assert worker.start(version="2").version == "2"
    assert len(noted(tmp_path, "starts")) == 2


def test_what_a_dead_process_left_unanswered_is_not_waited_for(start):
    worker = start(
        "def start(**options): answer(version=str(os.getpid()), claims=CLAIMS)\n"
        "def perform(n, id, call):\n    if n == 1 and first_time('died'): os._exit(1)\n    echo(id, call)\n",
        seconds=1.0,
    )
    assert [told(outcome) for outcome in worker.perform(calls(4))] == [0, 1, 2, 3]
    assert worker.claims.version == worker.start(speed="high").version
