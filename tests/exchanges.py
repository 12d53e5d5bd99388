"""The exchanges with workers that docs/protocol.md shows: what they are, and whether they are what happens.

An exchange is a block of code that names who answers; its lines begin with > as they go to the worker, with <
as they come back.
"""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from adjoint import catalogue, golden
from adjoint.call import Call
from adjoint.errors import WorkerDidNotStart
from adjoint.examination import Examination
from adjoint.outcome import Broke
from adjoint.plan import Plan
from adjoint.process import Limits
from adjoint.tensors import encode
from adjoint.worker import Worker
from tests import recording

DOCS = Path(__file__).parent.parent / "docs"


def shown():
    """Return each exchange of the page: who answers, what is sent, what comes back."""
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```text (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [
        (
            who,
            [line[2:] for line in block.splitlines() if line.startswith("> ")],
            [line[2:] for line in block.splitlines() if line.startswith("< ")],
        )
        for who, block in blocks
    ]


def command_of(who):
    """Return the command of who answers: a file beside the page, or a name in the catalogue."""
    if who.endswith(".py"):
        return (sys.executable, "-S", str(DOCS / who))
    return catalogue.resolve(who).command


def answers(who, lines):
    """Return what comes back when these lines are sent."""
    done = subprocess.run(
        command_of(who),
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def whole_run(name, folder):
    """Put all golden cases to an implementation of the catalogue, as `adjoint run` does.

    Returns what went to its workers, what came back, and the verdicts.
    """
    found = catalogue.resolve(name)
    watched = replace(found, command=recording.recorded(folder, found))
    examination = Examination(Plan(watched, folder / "record"))
    cases = [case for case in golden.load() if case.call.api in examination.claims.apis]
    examination.begin(cases)
    verdicts = {line["verdict"] for case in cases for line in examination.lines(case)}
    examination.finish()
    return recording.read(folder, "requests"), recording.read(folder, "answers"), verdicts


ANSWERS = """
import json, re, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["do"] == "start":
        print(sys.argv[1], flush=True)
    else:  # once more, alone, it is asked with another id
        right = lambda found: '"id": %d' % (int(found[1]) + asked["id"])
        print(re.sub('"id": ([0-9]+)(?=[,}])', right, sys.argv[2]), flush=True)
"""
CALL = Call("tf.nn.conv_transpose", {}, {"input": encode(np.array([1, 2], np.int32))})
STARTED = '{"version": "1", "claims": {"apis": [], "dtypes": []}}'


def said_of(answer, is_start):
    """Return what is said of an answer, to `start` or else to `perform`; empty if it is taken."""
    said = (answer, "") if is_start else (STARTED, answer)
    worker = Worker([sys.executable, "-S", "-c", ANSWERS, *said], limits=Limits(seconds=20))
    try:
        if is_start:
            return "" if worker.claims else "none"
        (outcome,) = worker.perform([CALL])
    except WorkerDidNotStart as error:
        return str(error)
    finally:
        worker.close(grace=0)
    if not isinstance(outcome, Broke):
        return ""
    again = outcome.problem.replace("where 1 was due", "where 0 was due").replace('{"id": 1', '{"id": 0')
    return again.replace("answered id 2 where", "answered id 1 where")
