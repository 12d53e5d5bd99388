"""Is each call answered in its turn by a worker that is well, and does it leave when it is told?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adjoint.call import Call
from adjoint.claims import Claims
from adjoint.outcome import Raised, Returned, Unsupported
from adjoint.tensors import encode
from tests.workers import Start, gone, noted, run, starting, told


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    yield from starting(tmp_path)


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
    worker.close(grace=1.0)
    assert time.monotonic() - began < 9
    assert gone(noted(tmp_path, "starts")[0])


def test_closing_what_never_ran_is_nothing(start):
    worker = start()
    worker.close()
    worker.close()


def test_an_id_that_is_true_is_no_number(start):
    worker = start("def perform(n, id, call): echo(True if id == 1 else id, call)")
    assert [told(outcome) for outcome in run(worker, 3)] == [0, 1, 2]  # asked again, it has another id
    assert len(worker.deaths) == 1
    assert "it answered id True where 1 was due" in worker.deaths[0]
