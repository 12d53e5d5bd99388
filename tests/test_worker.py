"""Does a worker's every misbehaviour cost just the verdict it should, and no answer go to the wrong call?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adjoint import INTERPRETATION
from adjoint.call import Call
from adjoint.claims import Claims
from adjoint.errors import WorkerDidNotStart
from adjoint.outcome import Crashed, Raised, Returned, TimedOut, Unsupported
from adjoint.tensors import encode
from adjoint.worker import GaveUp, Worker
from tests.workers import Start, calls, gone, noted, run, starting, told


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    yield from starting(tmp_path)


# --- all is well


def test_200_calls_are_answered_in_order_by_one_process(start, tmp_path):
    worker = start()
    assert worker.claims == Claims("1", ("tf.nn.conv_transpose",), ("int32",))
    assert [told(outcome) for outcome in run(worker, 200)] == list(range(200))
    assert worker.claims.version == "1"
    assert len(noted(tmp_path, "starts")) == 1


def test_claims_are_read_whole(start):
    claims = start(
        'CLAIMS.update(systems={"torch": "2.9"}, python_errors=True, unsupported={"a": "b"})\n'
        'def start(): answer(name="n", version="v", python="3.7", claims=CLAIMS)'
    ).claims
    assert claims == Claims(
        "v", ("tf.nn.conv_transpose",), ("int32",), {"torch": "2.9"}, True, {"a": "b"}, "3.7"
    )


def test_raised_and_unsupported_end_nothing(start, tmp_path):
    outcomes = run(
        start(
            "def perform(n, id, call):\n"
            "    if n % 3 == 0: echo(id, call)\n"
            "    if n % 3 == 1: answer(id=id, outcome='raised', stage='call', types=['E'], message='')\n"
            "    if n % 3 == 2: answer(id=id, outcome='unsupported', unsupported='u', reason='r')\n",
            patience=1,
        ),
        6,
    )
    assert outcomes[1:3] == [Raised("call", ("E",), ""), Unsupported("u", "r")]
    assert [told(outcome) for outcome in outcomes] == [0, "Raised", "Unsupported", 3, "Raised", "Unsupported"]
    assert len(noted(tmp_path, "starts")) == 1


def test_20_megabytes_go_both_ways_while_errors_flood(start):
    worker = start(
        "def perform(n, id, call):\n"
        "    sys.stderr.write('e' * 3_000_000)\n"
        "    echo(id, call)\n"
        "    sys.stderr.write('e' * 3_000_000)\n"
    )
    array = np.arange(5_000_000, dtype=np.int32)
    large = [Call("tf.nn.conv_transpose", {"n": n}, {"input": encode(array + n)}) for n in range(2)]
    for n, outcome in enumerate(worker.perform(large)):
        assert isinstance(outcome, Returned)
        assert np.array_equal(outcome.observed["output"], array + n)


@pytest.mark.parametrize(
    ("limits", "most"),
    [({"window": 3}, 3), ({"window_bytes": 1}, 1), ({"window": 50}, 20)],
    ids=["calls", "bytes", "fewer calls"],
)
def test_no_more_is_in_flight_than_allowed(start, tmp_path, limits, most):
    """Count the lines that arrive before the first answer."""
    ahead = (
        "def serve():\n"
        "    start_line = sys.stdin.buffer.readline()\n"
        "    start()\n"
        "    arrived = []\n"
        "    def read():\n"
        "        for line in sys.stdin.buffer: arrived.append(json.loads(line))\n"
        "    threading.Thread(target=read, daemon=True).start()\n"
        "    time.sleep(0.4)\n"
        "    note('arrived', len(arrived))\n"
        "    for j in range(20):\n"
        "        while len(arrived) <= j: time.sleep(0.001)\n"
        "        echo(arrived[j]['id'], arrived[j]['call'])\n"
        "    os._exit(0)\n"
    )
    assert [told(outcome) for outcome in run(start(ahead, **limits), 20)] == list(range(20))
    assert noted(tmp_path, "arrived") == [most]


def test_the_variables_reach_the_worker(start):
    worker = start('def start(): answer(version=os.environ["WHO"], claims=CLAIMS)', {"WHO": "me"})
    assert worker.claims.version == "me"


def test_home_is_an_empty_folder_made_for_the_worker(start):
    worker = start(
        "def start():\n"
        "    home = os.environ['HOME']\n"
        "    answer(version=f'{home} {os.listdir(home)}', claims=CLAIMS)\n",
        {"HOME": "{home}"},
    )
    home, content = worker.claims.version.rsplit(" ", 1)
    assert content == "[]"
    assert Path(home).is_dir()
    worker.close()
    assert not Path(home).exists()


def test_a_worker_serves_again_and_again(start, tmp_path):
    worker = start()
    assert [told(outcome) for _ in range(3) for outcome in run(worker, 2)] == [0, 1] * 3
    assert len(noted(tmp_path, "starts")) == 1


# --- it dies


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


# --- it hangs


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


# --- it is hopeless


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
        "no answer within 1 seconds; its last words: importing",
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


# --- it is told to stop


def test_closing_asks_the_worker_to_stop(start, tmp_path):
    worker = start()
    assert told(run(worker, 1)[0]) == 0
    began = time.monotonic()
    worker.close()
    assert time.monotonic() - began < 3
    assert noted(tmp_path, "stops") == [1]


def test_closing_ends_a_worker_that_ignores_stop(start, tmp_path):
    worker = start("import atexit\natexit.register(time.sleep, 60)")
    assert told(run(worker, 1)[0]) == 0
    began = time.monotonic()
    worker.close()
    assert time.monotonic() - began < 9
    assert gone(noted(tmp_path, "starts")[0])


def test_closing_what_never_ran_is_nothing(start):
    worker = start()
    worker.close()
    worker.close()


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
