"""Is every line of a worker heard, and is what is wrong with it said in one sentence, where one goes on?"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from adjoint.call import Call
from adjoint.errors import WorkerDidNotStart
from adjoint.talk import Talk
from adjoint.waiting import silence

CALL = Call("operation", {}, {})
SOON = 3.0
"""Seconds, where it is their end that is looked at."""
HEAD = """
import json, os, sys, time

def say(answer, end="\\n"):
    print(json.dumps(answer), end=end, flush=True)

def read():
    return json.loads(sys.stdin.readline())

def serve(answer, started=dict):
    if read()["do"] == "start":
        say({"version": "1", "pid": os.getpid(), **started()})
    while (message := read())["do"] != "stop":
        answer(message["id"])
"""
Open = Callable[..., Talk]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Return a function that opens a conversation with a worker, given as a script; all are closed."""
    talks = []

    def open_(script: str, seconds: float = 20.0, **env: str) -> Talk:
        talks.append(Talk((sys.executable, "-S", "-c", HEAD + script), env, seconds))
        return talks[-1]

    yield open_
    for talk in talks:
        talk.close()


def test_calls_are_numbered_and_answered_one_by_one(opened: Open) -> None:
    talk = opened("serve(lambda id: say({'id': id, 'twice': 2 * id}))")
    assert talk.start()["version"] == "1"
    for number in (1, 2, 3):
        reply = talk.ask(CALL)
        assert (reply.number, reply.message) == (number, {"id": number, "twice": 2 * number})
        assert (reply.remarks, reply.hopeless) == ((), False)
    assert talk.stop() == (True, "it leaves: exit code 0")
    assert talk.noise == []


def test_what_is_no_message_is_kept_and_said_shortly(opened: Open) -> None:
    talk = opened(
        "print('Loading', 'x' * 200, flush=True)\n"
        "serve(lambda id: [print([1], flush=True), say({'id': id})])\n"
        "say({'bye': 1})"
    )
    talk.start()
    assert talk.ask(CALL).message == {"id": 1}
    assert talk.stop()[0]
    assert talk.noise == [repr("Loading " + "x" * 71 + "…"), "'[1]'", repr('{"bye":1}')]


@pytest.mark.parametrize(
    ("answer", "remark"),
    [
        ("say({})", "the answer to call 2 has no id"),
        ("say({'id': id - 1})", "it answers call 2 with call 1's id"),
        ("say({'id': str(id)})", "it answers call 2 with the id '2', where 2 is due"),
        ("say({'id': id + 7})", "it answers call 2 with the id 9, where 2 is due"),
        ("say({'id': True})", "it answers call 2 with the id True, where 2 is due"),
        ("say({'id': 'x' * 99})", f"it answers call 2 with the id '{'x' * 38}…, where 2 is due"),
        ("[say({'id': 1}), say({'id': id})]", 'call 1 is answered twice: {"id": 1}'),
        ("[say({'log': 1}), say({'id': id})]", 'a line too many comes before the answer: {"log": 1}'),
    ],
)
def test_an_answer_with_another_id_is_taken_and_remarked(opened: Open, answer: str, remark: str) -> None:
    talk = opened(f"serve(lambda id: say({{'id': 1}}) if id == 1 else {answer})")
    assert talk.ask(CALL).remarks == ()
    reply = talk.ask(CALL)
    assert reply.message is not None
    assert reply.remarks == (remark,)


def test_one_that_left_is_started_anew_and_asked_once_more(opened: Open) -> None:
    talk = opened("serve(lambda id: [say({'id': id, 'pid': os.getpid()}), sys.exit(3)])")
    talk.start()
    replies = [talk.ask(CALL) for _ in range(3)]
    assert [reply.message and reply.message["id"] for reply in replies] == [1, 2, 3]
    assert len({reply.message["pid"] for reply in replies if reply.message}) == 3
    left = "it exits after its first answer (exit code 3), where it must go on until `stop`"
    assert [reply.remarks for reply in replies] == [(), (left,), (left,)]


def test_one_that_dies_of_a_call_is_told_apart_from_one_that_left(opened: Open) -> None:
    talk = opened("serve(lambda id: sys.exit('no such kernel') if id == 2 else say({'id': id}))")
    assert talk.ask(CALL).message == {"id": 1}
    reply = talk.ask(CALL)
    assert (reply.message, reply.hopeless) == (None, False)
    assert reply.remarks == ("it dies of this call: exit code 1; its last words: no such kernel",)
    assert talk.ask(CALL).message == {"id": 3}


@pytest.mark.parametrize(
    ("script", "remark", "hopeless"),
    [
        ("serve(lambda id: time.sleep(60))", "call 1 has no answer within 3 seconds", False),
        (
            "held = []\nserve(lambda id: [say(held.pop()) if held else None, held.append({'id': id})])",
            "the answer is a line short: call 1 is answered once call 2 is sent",
            True,
        ),
        (
            "serve(lambda id: say({'id': id}, end=''))",
            'an answer must end with a line feed, and b\'{"id": 1}{"id": 2}\' does not',
            True,
        ),
        (
            "read()\nsay({'version': '1'})\nheld = sys.stdin.readlines()\nsay({'id': 1})",
            "answers come only once its input ends: each must be flushed when it is written",
            True,
        ),
    ],
    ids=["hangs", "a line short", "no line feed", "unflushed"],
)
def test_of_no_answer_it_is_said_why(opened: Open, script: str, remark: str, hopeless: bool) -> None:
    talk = opened(script, SOON)
    talk.start()
    reply = talk.ask(CALL)
    assert (reply.remarks, reply.hopeless) == ((remark,), hopeless)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sys.exit('no licence')", "it did not start: exit code 1; its last words: no licence"),
        ("print('hello')", "it did not start: exit code 0; it wrote 'hello'"),
        ("time.sleep(60)", f"it did not start: {silence(3.0)}"),
        (
            "print('{}', end='', flush=True); sys.stdin.readlines()",
            "an answer must end with a line feed, and b'{}' does not",
        ),
    ],
)
def test_of_one_that_does_not_start_it_is_said_why(opened: Open, script: str, said: str) -> None:
    with pytest.raises(WorkerDidNotStart) as told:
        opened(script, SOON).start()
    assert str(told.value) == said


def test_a_program_that_is_not_there_did_not_start() -> None:
    talk = Talk(("/no/such/program",), {}, None)
    with pytest.raises(
        WorkerDidNotStart, match=r"^/no/such/program can't be run: No such file or directory$"
    ):
        talk.start()
    talk.close()


def test_one_that_does_not_stop_is_killed(opened: Open) -> None:
    talk = opened("serve(say)\ntime.sleep(60)", SOON)
    pid = talk.start()["pid"]
    begun = time.monotonic()
    assert talk.stop() == (False, "it does not stop on `stop`: it was killed after 3 seconds")
    assert time.monotonic() - begun < 20
    assert not psutil.pid_exists(pid)


def test_a_home_is_made_empty_and_goes_with_the_talk(opened: Open) -> None:
    talk = opened(
        "serve(say, lambda: {'home': os.environ['MINE'], 'held': os.listdir(os.environ['MINE'])})",
        MINE="{home}",
    )
    answer = talk.start()
    home = Path(answer["home"])
    assert answer["held"] == []
    (home / "cache").touch()
    talk.close()
    assert not home.exists()
    assert not psutil.pid_exists(answer["pid"])
    assert "MINE" not in os.environ
