"""What came back from a call?  One frozen class for each way that it can end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adjoint import tensors
from adjoint.errors import MessageError
from adjoint.inert import cut, short
from adjoint.observations import BY_WEIGHT, PLAIN

STAGES = ("construct", "build", "weights", "call", "observe")

MOST_CHARACTERS, MOST_BASES, MOST_MESSAGE = 1000, 100, 100_000
"""How much is kept of an error: of a name, how many names, of its message."""


@dataclass(frozen=True)
class Returned:
    """The call returned; what was observed, by name: a tensor, or what `adjoint.observations` says."""

    observed: Mapping[str, Any]


@dataclass(frozen=True)
class Raised:
    """The call raised an error, of these types (the error's own first, then its bases)."""

    stage: str
    types: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.types[0] if self.types else 'an error'} at {self.stage}: {cut(plain(self.message), 300)}"
        )


@dataclass(frozen=True)
class Unsupported:
    """The implementation says that it does not offer this; `id` names an entry of its claims."""

    id: str
    reason: str


@dataclass(frozen=True)
class Crashed:
    """The worker died of this call: by a signal, by its own exit, or by too much memory."""

    cause: str
    stderr: str


@dataclass(frozen=True)
class TimedOut:
    """The worker gave no answer in time."""

    seconds: float
    stderr: str


@dataclass(frozen=True)
class Broke:
    """The worker's answer broke the protocol."""

    problem: str
    stderr: str


Outcome = Returned | Raised | Unsupported | Crashed | TimedOut | Broke


def plain(message: str) -> str:
    """Return a message in one line, without the escape sequences and control characters of terminals."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", message)
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())


def parse(answer: Mapping[str, Any], observe: tuple[str, ...]) -> Outcome:
    """Read a worker's answer to `perform`.

    Raises
    ------
    MessageError
        If it is not well formed.
    """
    kind = answer.get("outcome")
    if kind == "returned":
        observed = answer.get("observed")
        if not isinstance(observed, Mapping) or set(observed) != set(observe):
            raise MessageError(f"observed must hold {', '.join(observe)}, and holds {short(observed)}.")
        return Returned({name: _seen(name, value) for name, value in observed.items()})
    if kind == "raised":
        stage, types = answer.get("stage"), answer.get("types")
        if stage not in STAGES or not isinstance(types, list) or not all(isinstance(t, str) for t in types):
            raise MessageError(f"a raised outcome needs types and a stage out of {', '.join(STAGES)}.")
        names = tuple(cut(plain(name), MOST_CHARACTERS) for name in types[:MOST_BASES])
        return Raised(stage, names, cut(_text(answer, "message"), MOST_MESSAGE))
    if kind == "unsupported":
        if not isinstance(answer.get("unsupported"), str):
            raise MessageError("an unsupported outcome must name, as unsupported, an entry of its claims.")
        return Unsupported(answer["unsupported"], cut(plain(_text(answer, "reason")), MOST_CHARACTERS))
    raise MessageError(f"the outcome is {short(kind)}; it must be returned, raised or unsupported.")


def _text(answer: Mapping[str, Any], name: str) -> str:
    """Return a text of an answer, empty if it is not there."""
    text = answer.get(name, "")
    if not isinstance(text, str):
        raise MessageError(f"{name} is {short(text)}; it must be a text.")
    return text


def _seen(name: str, value: Any) -> Any:
    """Return one observation, read."""
    if name in PLAIN:
        if not PLAIN[name](value):
            raise MessageError(f"{name} is {short(value)}, which is not of the form that is asked for.")
        return value
    if name not in BY_WEIGHT:
        return tensors.seen(value)
    if not isinstance(value, Mapping):
        raise MessageError(f"{name} must hold a tensor for each weight, by name, and is {short(value)}.")
    return {str(weight): tensors.seen(tensor) for weight, tensor in value.items()}
