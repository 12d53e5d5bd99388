"""In whose words is a checklist said?  The protocol's of a program, Python's of a function or a class."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adjoint.call import Call
from adjoint.inert import cut
from adjoint.outcome import Raised, plain

MOST = 300
"""How many characters of an error's message are quoted."""


@dataclass(frozen=True)
class Words:
    """What is said otherwise of a function than of a program.

    Attributes
    ----------
    in_python : bool
        Whether whoever reads this knows arguments and return values, and not the protocol.
    asks : mapping of str to str
        A step's name to what it is called.
    unsaid : tuple of str
        Steps that say nothing of the target where they are right, or at all.
    started : str
        Of a start, with ``{seconds}``, and ``{version}`` where that counts.
    dtype : str
        Of an output of another dtype, with ``{came}`` and ``{due}``.
    argument : callable
        From the name and the tagged value of an argument, to how it is named.
    raised : callable
        From an error, to a sentence.
    fatal, accepted : str
        Of an illegal call that has no answer, and of one that is not refused.
    again : mapping of str to str
        Of what is wrong with a call made again, by what was observed, with ``{name}``.
    """

    in_python: bool
    asks: Mapping[str, str]
    unsaid: tuple[str, ...]
    started: str
    dtype: str
    argument: Callable[[str, Mapping[str, Any]], str]
    raised: Callable[[Raised], str]
    fatal: str
    accepted: str
    again: Mapping[str, str]

    def called(self, asks: str) -> str:
        """Return what a step is called."""
        return self.asks.get(asks, asks)

    def unstarted(self, problem: str) -> str:
        """Say why a start failed: of a function, what was said as it was imported, if anything."""
        return problem.rpartition("its last words: ")[2] if self.in_python else problem

    def misunderstood(self, call: Call, said: str) -> str:
        """Say that what is new in a call was not understood, where that is how its arguments are given."""
        tagged = [(name, value) for name, value in call.arguments.items() if isinstance(value, dict)]
        return f"{self.argument(*tagged[0])} was not understood: {said}" if tagged else said


def _as_given(name: str, value: Mapping[str, Any]) -> str:
    if "$tuple" in value:
        return f"the tuple ({', '.join(map(str, value['$tuple']))}) as `{name}`"
    if "$int" in value:
        return f"the number {value['as']}({value['$int']}) as `{name}`"
    return f"a function as `{name}`"


def _of_python(error: Raised) -> str:
    if error.stage != "observe":
        return f"it raises {error}"
    if error.message.startswith("it returned "):  # our own worker says so
        return plain(error.message)
    kind = error.types[0] if error.types else "an error"
    return f"what it returned is no array that can be read: {kind}: {cut(plain(error.message), MOST)}"


PROTOCOL = Words(
    in_python=False,
    asks={},
    unsaid=(),
    started="took {seconds:.1f} s to start; version {version}",
    dtype="dtype {came} came back for {due}",
    argument=lambda _, value: f"a tagged argument, {json.dumps(value)},",
    raised=lambda error: f"it raises {error}",
    fatal="the call is illegal, and the answer must be `raised`",
    accepted="an illegal call is answered; whether rightly is not asked here",
    again={
        "output": "`{name}` is not what the call must return",
        "between": "`{name}` is not what the call must return for the opposite input",
        "again": "`{name}` is not what the call must return, made again after others",
        "later": "`{name}` is not what the call's first output holds in the end",
        "after": "`{name}` is not what that tensor held before the call",
    },
)

PYTHON = Words(
    in_python=True,
    asks={
        "start": "import",
        "a $tuple as argument": "a tuple as argument",
        "a $int as argument": "a NumPy int as argument",
        "a $callable as argument": "a function as argument",
        "an error is an answer": "an illegal call",
    },
    unsaid=("a tensor to make", "standard output", "stop"),
    started="took {seconds:.1f} s",
    dtype="it returns {came} where {due} is due",
    argument=_as_given,
    raised=_of_python,
    fatal="the call is illegal: it must raise an error",
    accepted="it is accepted; whether rightly is not asked here",
    again={
        "output": "it does not return what it must",
        "between": "called with the opposite input, it does not return what it must",
        "again": "called again after others, it does not return the same",
        "later": "the array that it returned is changed by later calls, or with its inputs",
        "after": "it changes its {name}",
    },
)
