"""How is a program waited for that does not answer?  Aloud, and with an eye to what it forgot to flush."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from adjoint.inert import short
from adjoint.process import Ended, Flooded, Process, Silent, Torn

SLOW = 10.0
"""Seconds after which it is said that there is no answer yet: libraries may take long to load."""
STILL = (
    f"no answer to `start` yet after {SLOW:g} s: libraries may take long to load, but does your program "
    "flush its output after each line?"
)
PATIENCE = 2.0
"""Seconds that are waited where an answer is not expected to come, but may."""

Received = TypeVar("Received")


def aloud(text: str) -> None:
    """Say something where whoever waits may see it."""
    print(text, file=sys.stderr, flush=True)


def patiently(
    receive: Callable[[float], Received], deadline: float, say: Callable[[str], None], slow: float = SLOW
) -> Received:
    """Return what is received up to a deadline; say so if there is nothing after a while.

    Raises
    ------
    Ended, Silent, Flooded
        As `receive` does.
    """
    soon = time.monotonic() + slow
    if soon < deadline:
        with suppress(Silent):
            return receive(soon)
        say(STILL)
    return receive(deadline)


def silence(seconds: float) -> str:
    """Say that for so long nothing came at all."""
    return (
        f"no answer within {seconds:g} seconds, nor anything on its standard output: it was still starting, "
        "or does not flush each line"
    )


def what_comes_late(process: Process) -> str:
    """End a silent program's input, and say what comes then; empty if nothing does."""
    process.end_input()
    try:
        process.receive(time.monotonic() + PATIENCE)
    except Torn as torn:
        return f"an answer must end with a line feed, and {short(torn.line, 40)} does not"
    except (Silent, Ended, Flooded):
        return ""
    return "answers come only once its input ends: each must be flushed when it is written"
