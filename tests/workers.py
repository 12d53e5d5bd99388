"""Small workers of a few lines of Python, which answer calls that are told apart by a number."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil

from adjoint.call import Call
from adjoint.outcome import Outcome, Returned
from adjoint.process import Limits
from adjoint.tensors import encode
from adjoint.worker import Worker

Start = Callable[..., Worker]

HEAD = """
import json, os, pathlib, signal, subprocess, sys, threading, time
here = pathlib.Path(__file__).parent
def note(name, text):
    with (here / name).open("a") as file: file.write(f"{text}\\n")
def first_time(name):
    known = (here / name).exists()
    note(name, "")
    return not known
def say(raw):
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()
def answer(**message): say(json.dumps(message).encode() + b"\\n")
def echo(id, call): answer(id=id, outcome="returned", observed={"output": call["tensors"]["input"]})
CLAIMS = {"apis": ["tf.nn.conv_transpose"], "dtypes": ["int32"]}
def start(): answer(name="mini", version="1", claims=CLAIMS)
def perform(n, id, call): echo(id, call)
def serve():
    note("starts", os.getpid())
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if message["do"] == "start": start(**message.get("options", {}))
        elif message["do"] == "stop":
            note("stops", 1)
            break
        else:
            n = message["call"]["arguments"]["n"]
            note("calls", n)
            perform(n, message["id"], message["call"])
"""


def starting(folder: Path) -> Iterator[Start]:
    """Yield what makes a worker of a few lines; `perform(n, id, call)` answers call number n."""
    with contextlib.ExitStack() as stack:

        def start(body: str = "", env: dict[str, str] | None = None, **limits: float) -> Worker:
            program = folder / "program.py"
            program.write_text(f"{HEAD}\n{body}\nserve()\n")
            worker = Worker([sys.executable, "-S", str(program)], env, Limits(**{"seconds": 20.0, **limits}))
            stack.callback(worker.close, 5.0)
            return worker

        yield start


def calls(count: int) -> list[Call]:
    """Calls that are told apart by their number, in the arguments and in the tensor."""
    return [
        Call("tf.nn.conv_transpose", {"n": n}, {"input": encode(np.array([n], np.int32))})
        for n in range(count)
    ]


def told(outcome: Outcome) -> int | str:
    """The number that came back, or the kind of the outcome."""
    if isinstance(outcome, Returned):
        return int(outcome.observed["output"][0])
    return type(outcome).__name__


def run(worker: Worker, count: int) -> list[Outcome]:
    return list(worker.perform(calls(count)))


def noted(folder: Path, name: str) -> list[int]:
    return [int(line) for line in (folder / name).read_text().split()]


def gone(pid: int) -> bool:
    """Tell whether a process ends within two seconds; a zombie has ended."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
