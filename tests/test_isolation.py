"""Does a worker that misbehaves cost the verdict of that call, and nothing else: call, memory or time?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adjoint.outcome import Broke, Crashed, TimedOut
from tests.workers import Start, calls, gone, noted, run, starting, told

RIGHT = b'{"id": %d, "outcome": "returned", "observed": {"output": %s}}\n'
"""An answer, but for its id and its tensor."""

CHILD = """
sleeps = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
note("children", subprocess.Popen(sleeps, stdout={out}, stderr={out}).pid)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    yield from starting(tmp_path)


def tensor(shape: str, data: str = "AAAAAA==") -> str:
    """Return what says an answer whose tensor has this shape."""
    text = f'{{"dtype": "int32", "shape": {shape}, "data": "{data}"}}'
    return f"say({RIGHT!r} % (id, {text.encode()!r}))"


def raw(text: bytes) -> str:
    return f"say({text!r} % id)"


NONSENSE = "which is not a JSON object."
MISBEHAVIOURS = {
    "floods without a newline": ("while True: say(b'x' * 65536)", Broke, "of more than 200000 bytes"),
    "floods with newlines": (
        "while True: say(b'spam\\n' * 1000)",
        Broke,
        f"it answered b'spam.n', {NONSENSE}",
    ),
    "says too much, once": ("say(b'x' * 300_000 + b'\\n')", Broke, "of more than 200000 bytes"),
    "says half a line and no more": ("say(b'{\"id\": '); time.sleep(60)", TimedOut, ""),
    "says half a line and leaves": (
        "say(b'{\"id\": '); sys.exit(3)",
        Crashed,
        "exit code 3, in the middle of an answer",
    ),
    "leaves all but the newline": (
        f"say({RIGHT!r}[:-1] % (id, b'3')); os._exit(0)",
        Crashed,
        "exit code 0, in the middle of an answer",
    ),
    "leaves without a word": ("os._exit(0)", Crashed, "exit code 0"),
    "closes its output": ("os.close(1); time.sleep(60)", Crashed, "closed its output"),
    "is silent": ("time.sleep(60)", TimedOut, ""),
    "ignores SIGTERM": ("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)", TimedOut, ""),
    "leaves out an answer": ("return", TimedOut, ""),
    "leaves and its child holds the pipes": (f"{CHILD.format(out=None)}os._exit(3)", Crashed, "exit code 3"),
    "is silent and its child holds the pipes": (f"{CHILD.format(out=None)}time.sleep(60)", TimedOut, ""),
    "says nonsense": ("say(b'nonsense\\n')", Broke, NONSENSE),
    "says an empty line": ("say(b'\\n')", Broke, NONSENSE),
    "says a list": ("say(b'[1]\\n')", Broke, NONSENSE),
    "says what is not UTF-8": (raw(b'{"id": %d, "outcome": "\xff"}\n'), Broke, NONSENSE),
    "says it in UTF-16": ("say(json.dumps({'id': id}).encode('utf-16') + b'\\n')", Broke, NONSENSE),
    "says NaN": (raw(b'{"id": %d, "outcome": "returned", "observed": {"output": NaN}}\n'), Broke, NONSENSE),
    "says Infinity": ("say(b'{\"id\": Infinity}\\n')", Broke, NONSENSE),
    "says a number beyond all": (
        raw(b'{"id": %d, "outcome": "returned", "observed": {"output": 1e999}}\n'),
        Broke,
        NONSENSE,
    ),
    "says a number of a million digits": ("say(b'{\"id\": ' + b'7' * 100_000 + b'}\\n')", Broke, NONSENSE),
    "nests without end": ("say(b'{\"id\": ' + b'[' * 100_000 + b'\\n')", Broke, NONSENSE),
    "nests beyond Python": (
        "say(b'{\"id\": ' + b'[' * 90_000 + b']' * 90_000 + b'}\\n')",
        Broke,
        NONSENSE,
    ),
    "nests deep": (
        "say(b'{\"id\": ' + b'[' * 400 + b']' * 400 + b'}\\n')",
        Broke,
        "which is nested more than 100 levels deep.",
    ),
    "gives the id of the call before": ("id -= 1", Broke, r"it answered id \d+ where \d+ was due."),
    "gives the id of the next call": ("id += 1", Broke, r"it answered id \d+ where \d+ was due."),
    "gives no id": ("id = None", Broke, r"it answered id None where \d+ was due."),
    "gives its id as text": ("id = str(id)", Broke, r"it answered id '\d+' where \d+ was due."),
    "gives its id as a fraction": ("id = float(id)", Broke, r"it answered id \d+.0 where \d+ was due."),
    "gives an id as long as a book": ("id = 'x' * 100_000", Broke, r"it answered id 'x+… where \d+ was due."),
    "gives no outcome": (raw(b'{"id": %d}\n'), Broke, "it must be returned, raised or unsupported."),
    "gives no tensor": (f"say({RIGHT!r} % (id, b'3'))", Broke, "must be an object, not 3."),
    "gives no data": (tensor("[1]", ""), Broke, "needs 4 bytes, its data has 0."),
    "gives more than its shape": (tensor("[1]", "AAAAAAAAAAA="), Broke, "needs 4 bytes, its data has 8."),
    "gives less than its shape": (tensor("[3]"), Broke, "needs 12 bytes, its data has 4."),
    "gives data that are not base64": (tensor("[1]", "?"), Broke, "a tensor's data is not base64."),
    "gives a negative shape": (tensor("[-1]"), Broke, "it must be a list of sizes."),
    "gives two negative sizes": (tensor("[-1, -1]"), Broke, "it must be a list of sizes."),
    "gives a fractional shape": (tensor("[1.0]"), Broke, "it must be a list of sizes."),
    "gives a shape that is text": (tensor('"1"'), Broke, "it must be a list of sizes."),
    "gives a huge shape": (tensor("[1099511627776]"), Broke, "that is more than can be held."),
    "gives a huge shape of no elements": (tensor("[0, 1099511627776]", ""), Broke, "more than can be held."),
    "gives too many axes": (tensor(str([1] * 33)), Broke, "that is more than can be held."),
    "gives more axes than memory": (
        f"say({RIGHT!r} % (id, b'{{\"dtype\": \"int32\", \"shape\": [' + b'1,' * 60_000 + b'1]}}'))",
        Broke,
        "that is more than can be held.",
    ),
}


def at_call_2(act: str) -> str:
    lines = "".join(f"        {line}\n" for line in act.strip().splitlines())
    return (
        "def perform(n, id, call):\n    if n == 2:\n"
        f"        print('why', file=sys.stderr, flush=True)\n{lines}    echo(id, call)\n"
    )


@pytest.mark.parametrize(("act", "kind", "said"), MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_it_costs_its_own_verdict_alone(
    start: Start, tmp_path: Path, act: str, kind: type, said: str
) -> None:
    worker = start(at_call_2(act), line=200_000, seconds=1.0 if kind is TimedOut else 20.0)
    outcomes = run(worker, 5)
    assert [told(outcome) for outcome in outcomes] == [0, 1, kind.__name__, 3, 4]
    found = outcomes[2]
    shown = {Broke: "problem", Crashed: "cause", TimedOut: "seconds"}[kind]
    assert re.search(f"{said}$", str(getattr(found, shown)))
    assert found.stderr == "why\n"
    assert worker.deaths == []
    worker.close()
    assert all(map(gone, noted(tmp_path, "starts")))


@pytest.mark.parametrize(
    "more", ["echo(id, call)", "say(b'spam\\n')", "say(b'spam\\n' * 100_000)", "say(b'{')"]
)
def test_what_is_said_beside_the_right_answer_costs_no_verdict(start: Start, more: str) -> None:
    """Nor is it forgotten: the run is told of it."""
    worker = start(at_call_2(f"echo(id, call); {more}; return"))
    assert [told(outcome) for outcome in run(worker, 5)] == list(range(5))
    (sentence,) = worker.deaths
    assert sentence.startswith("The worker broke the protocol once (it answered ")
    assert f"before it answered {calls(4)[3]}, which it answered when asked alone" in sentence


@pytest.mark.parametrize("parts", [(1, 2), (3,)], ids=["in two runs", "in one run"])
def test_a_second_answer_is_never_taken_for_that_of_another_call(
    start: Start, parts: tuple[int, ...]
) -> None:
    worker = start("def perform(n, id, call): echo(id, call), echo(id, call)")
    left = calls(3)
    for size in parts:
        now, left = left[:size], left[size:]
        assert [told(outcome) for outcome in worker.perform(now)] == [c.arguments["n"] for c in now]


def test_a_worker_that_says_everything_twice_is_borne_a_few_times_only(start: Start, tmp_path: Path) -> None:
    worker = start("def perform(n, id, call): echo(id, call), echo(id, call)", patience=3)
    assert [told(outcome) for outcome in run(worker, 8)] == [0, 1, 2, 3, "Broke", 5, "Broke", 7]
    assert len(worker.deaths) == 3
    assert len(noted(tmp_path, "starts")) < 12


@pytest.mark.parametrize("end", ["os._exit(1)", "time.sleep(60)", "say(b'nonsense\\n')", "echo(id, call)"])
def test_no_child_is_left_behind(start: Start, tmp_path: Path, end: str) -> None:
    worker = start(at_call_2(CHILD.format(out="subprocess.DEVNULL") + end), seconds=1.0)
    run(worker, 3)
    worker.close()
    assert noted(tmp_path, "children")
    assert all(map(gone, noted(tmp_path, "children")))


def test_closing_ends_a_worker_that_ignores_SIGTERM_and_stop(start: Start, tmp_path: Path) -> None:
    worker = start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nimport atexit\natexit.register(time.sleep, 60)"
    )
    run(worker, 1)
    began = time.monotonic()
    worker.close(grace=0.3)
    assert time.monotonic() - began < 4
    assert all(map(gone, noted(tmp_path, "starts")))


GIGABYTES = {
    "one line without end": "for _ in range(1024): say(b'x' * (1 << 20))",
    "one line": "for _ in range(1024): say(b'x' * (1 << 20))\nsay(b'\\n')",
    "lines as long as allowed": "for _ in range(20): say(b'x' * (60 << 20) + b'\\n')",
    "a tensor's data": (
        'say(b\'{"id": %d, "outcome": "returned", "observed": {"output": {"data": "\' % id)\n'
        "for _ in range(1024): say(b'A' * (1 << 20))\n"
        "say(b'\"}}}\\n')"
    ),
    "standard error": "for _ in range(1024): os.write(2, b'e' * (1 << 20))",
}
MEASURED = """
import json, resource, sys, time
from pathlib import Path
from tests.workers import calls, starting, told
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for start in starting(Path(sys.argv[1])):
    worker = start(sys.argv[2])
    list(worker.perform(calls(1)))
    began, outcomes = time.monotonic(), []
    for outcome in worker.perform(calls(5)):
        outcomes.append(told(outcome))
        time.sleep(float(sys.argv[3]) * (len(outcomes) == 2))  # so that the worker runs ahead
    seconds = time.monotonic() - began
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([outcomes, (after - before) / 1024, seconds]))
"""


@pytest.mark.parametrize(
    ("name", "pause"), [*((name, 0.0) for name in GIGABYTES), ("lines as long as allowed", 3.0)]
)
def test_a_gigabyte_takes_no_gigabyte_of_ours(tmp_path: Path, name: str, pause: float) -> None:
    """Nor much time: it is read as fast as it is said, up to 64 MiB."""
    words = [sys.executable, "-c", MEASURED, str(tmp_path), at_call_2(GIGABYTES[name]), str(pause)]
    root = Path(__file__).parent.parent
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
    outcomes, mebibytes, seconds = json.loads(done.stdout)
    assert outcomes == [0, 1, 2 if name == "standard error" else "Broke", 3, 4]
    print(f"{name}: {mebibytes:.0f} MiB, {seconds:.1f} s")
    assert mebibytes < 300
    assert seconds < 30


def test_of_a_gigabyte_on_standard_error_the_end_is_kept(start: Start) -> None:
    worker = start(at_call_2(f"{GIGABYTES['standard error']}; os.write(2, b'the end'); os._exit(1)"))
    died = run(worker, 3)[2]
    assert isinstance(died, Crashed)
    assert died.stderr.endswith("e" * 4000 + "the end")
    assert len(died.stderr) == 4096
