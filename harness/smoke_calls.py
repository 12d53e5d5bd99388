"""What came of one tiny call, and what is wrong with it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from adjoint.call import Call
from adjoint.claims import Claims
from adjoint.errors import MessageError
from adjoint.expecting import Expected, difference, expected, quoted
from adjoint.outcome import Outcome, Raised, Returned, Unsupported, parse
from adjoint.reference.bound import Claim
from adjoint.smoke_words import Words
from adjoint.spec import load
from adjoint.supposing import Heard, Hypothesis
from adjoint.talk import Talk
from adjoint.tensors import Array, Foreign
from adjoint.tiny import Step, alike
from adjoint.wiring import Cause, both, causes
from adjoint.writing import has_weights, written

ENOUGH = 3
"""How many calls in a row may have no answer."""


@dataclass(frozen=True)
class Line:
    """One line of the checklist.

    Attributes
    ----------
    state : str
        ``right``, ``wrong``, or ``left out`` where the worker says that it does not offer this.
    asks, says : str
        What was asked for, and what came of it.
    api : str
        Whose call it was; empty of the protocol's own lines.
    """

    state: str
    asks: str
    says: str
    api: str = ""


@dataclass
class Notes:
    """What was learnt so far.

    Attributes
    ----------
    claims : Claims
    rerun : str
        The command that looks further, without options.
    words : Words
    known : list of Cause
        What explained answers before.
    earlier : list of (int, str, Expected)
        What was demanded of the calls before, by their numbers and names.
    remarked : set of str
        What need not be said again.
    errors : set of str
        Those of calls that were to return.
    right : list of Heard
    unanswered : int
        How many calls in a row had no answer.
    """

    claims: Claims
    rerun: str
    words: Words
    known: list[Cause] = field(default_factory=list)
    earlier: list[tuple[int, str, Expected]] = field(default_factory=list)
    remarked: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    right: list[Heard] = field(default_factory=list)
    unanswered: int = 0

    @property
    def given_up(self) -> bool:
        """Whether the worker does not answer any more."""
        return self.unanswered >= ENOUGH

    def claim(self, call: Call) -> Claim | None:
        """Return what is claimed of the arithmetic in a call's dtype."""
        held: Mapping[str, Any] = self.claims.arithmetic.get(call.dtype, {})
        return Claim(**{"accumulator": call.dtype, **held}) if held else None


@dataclass(frozen=True)
class Came:
    """What came of a call: its number, the outcome if one could be read, and what is wrong with the way."""

    number: int
    outcome: Outcome | None
    problems: tuple[str, ...]


def put(talk: Talk, notes: Notes, call: Call) -> Came:
    """Put a call; return what came of it, and what is wrong with the way it came and was not yet said."""
    reply = talk.ask(call)
    notes.unanswered = ENOUGH if reply.hopeless else 0 if reply.message else notes.unanswered + 1
    kept = [text for text in reply.remarks if text.partition(" after ")[0] not in notes.remarked]
    notes.remarked |= {text.partition(" after ")[0] for text in kept if " exits after " in text}
    outcome = None
    if reply.message is not None:
        try:
            outcome = parse(reply.message, call.observe)
        except MessageError as error:
            kept.append(f"its answer breaks the protocol: {error}")
    return Came(reply.number, outcome, tuple(kept))


def performed(talk: Talk, notes: Notes, step: Step, wanted: Expected) -> Iterator[Line]:
    """Yield the line of a call that is to return."""
    came = put(talk, notes, step.call)
    problems = list(came.problems)
    if isinstance(came.outcome, Unsupported) and not problems:
        yield unsupported(notes, step.asks, came.outcome)
        return
    if isinstance(came.outcome, Returned):
        problems += judged(talk, notes, step, wanted, came)
    elif isinstance(came.outcome, Raised):
        problems.append(raised(talk, notes, step, came.outcome))
    notes.earlier.append((came.number, notes.words.called(step.asks), wanted))
    yield line(step.asks, problems, f"returns {list(wanted.shape)}, as demanded")


def refused(talk: Talk, notes: Notes, step: Step) -> Iterator[Line]:
    """Yield the line of a call that is to be refused: what counts here is that there is an answer."""
    came = put(talk, notes, step.call)
    problems, outcome = list(came.problems), came.outcome
    if outcome is None and problems:
        problems[-1] += f" ({notes.words.fatal})"
    named = isinstance(outcome, Raised) and outcome.types
    said = f"{outcome.types[0]} at {outcome.stage}" if isinstance(outcome, Raised) and named else ""
    yield line(step.asks, problems, said or notes.words.accepted)


def line(asks: str, problems: list[str], right: str) -> Line:
    """Return the line of a step, which says the problems if there are any."""
    said = "; ".join(problem.removesuffix(".") for problem in problems)
    return Line("wrong", asks, said) if problems else Line("right", asks, right)


def unsupported(notes: Notes, asks: str, outcome: Unsupported) -> Line:
    """Return the line of a step whose call is said not to be offered."""
    if outcome.id in notes.claims.unsupported:
        return Line("left out", asks, f"not offered: {outcome.reason}")
    said = f"the answer `unsupported` names {outcome.id!r}, which is not among the claims' `unsupported`"
    return Line("wrong", asks, said)


def judged(talk: Talk, notes: Notes, step: Step, wanted: Expected, came: Came) -> list[str]:
    """Return what is wrong with the output of a call that returned."""
    assert isinstance(came.outcome, Returned)
    seen: Array | Foreign = came.outcome.observed["output"]
    name = seen.name if isinstance(seen, Foreign) else seen.dtype.name
    problems = [notes.words.dtype.format(came=name, due=wanted.dtype)] if name != wanted.dtype else []
    assert step.setting
    if isinstance(seen, Foreign):
        return problems
    claim, in_python = notes.claim(step.call), notes.words.in_python
    heard = Heard(came.number, step.setting, wanted, seen, notes.earlier[::-1], claim, in_python)
    if wanted.accepts(seen):
        notes.right.append(replace(heard, earlier=()))
        return problems
    found = _causes(notes, heard)
    if not found and _has_other_weights(talk, notes, step, wanted, seen):
        said = "the shape is right but the numbers are those of random weights: weights were not set"
        return [*problems, said]
    if not found and not step.setting.recipe:
        found = both(heard, notes.known)
    if found:
        return [*problems, _told(notes, step, found)]
    if step.setting.recipe and seen.shape == wanted.shape:
        first = quoted(wanted.readings[0][0])
        said = f"the first numbers must be {first}, and are {quoted(seen)}"
        return [*problems, f"a tensor's `make` recipe is not understood (SplitMix64 differs): {said}"]
    return [
        *problems,
        f"{_misunderstood(notes, step, difference(wanted, seen))} ({further(notes, step.call.api)})",
    ]


def raised(talk: Talk, notes: Notes, step: Step, error: Raised) -> str:
    """Say what is wrong with a call that was to return."""
    said = notes.words.raised(error)
    is_new = said not in notes.errors
    notes.errors.add(said)
    if known := _of_these_sizes(talk, notes, step):
        return f"{known}; with these sizes {said}"
    return _misunderstood(notes, step, said) if is_new else said


def _of_these_sizes(talk: Talk, notes: Notes, step: Step) -> str:
    """Say what explains a call like one that raised, if a known cause makes of that what can't be answered.

    The other call has sizes that go with the cause; what it raises too has another.
    """
    assert step.setting
    known = [cause for cause in notes.known if isinstance(cause, Hypothesis)]
    setting = alike(step.setting)
    call = written(setting)
    claim = notes.claim(step.call)
    wanted = expected(call, claim) if call else None
    if not wanted or not any(cause.forbids(step.setting) for cause in known):
        return ""
    assert call
    came = put(talk, notes, call)
    seen = came.outcome.observed["output"] if isinstance(came.outcome, Returned) else None
    if not isinstance(seen, np.ndarray) or wanted.accepts(seen):
        return ""
    in_python = notes.words.in_python
    heard = Heard(came.number, setting, wanted, seen, notes.earlier[::-1], claim, in_python)
    found = _causes(notes, heard) or both(heard, notes.known)
    return _told(notes, step, found) if found else ""


def _causes(notes: Notes, heard: Heard) -> dict[Cause, str]:
    """Return what explains an answer; of that, what no right answer speaks against, if there is any."""
    found = causes(heard, notes.known)
    return {cause: text for cause, text in found.items() if not _is_refuted(cause, notes, heard)} or found


def _told(notes: Notes, step: Step, found: dict[Cause, str]) -> str:
    """Say what explains an answer, and note it."""
    assert step.setting
    is_new = not set(found) <= set(notes.known)
    notes.known += [cause for cause in found if cause not in notes.known]
    said = ", or ".join(dict.fromkeys(found.values()))
    return _misunderstood(notes, step, said) if is_new and not step.setting.recipe else said


def _misunderstood(notes: Notes, step: Step, said: str) -> str:
    """Say that what is new in a call was not understood, where it is a matter of how it is given."""
    assert step.setting
    if step.setting.recipe:
        return f"a tensor's `make` recipe is not understood: {said}"
    return notes.words.misunderstood(step.call, said)


def _is_refuted(cause: Cause, notes: Notes, heard: Heard) -> bool:
    """Tell whether right answers before, of the same API and dtype, speak against a cause."""
    alike = [
        right
        for right in notes.right
        if (right.setting.api, right.wanted.dtype) == (heard.setting.api, heard.wanted.dtype)
    ]
    return isinstance(cause, Hypothesis) and any(map(cause.refuted, alike))


def _has_other_weights(talk: Talk, notes: Notes, step: Step, wanted: Expected, seen: Array) -> bool:
    """Tell whether a layer or module returns something also of a call whose weights are zero."""
    setting = step.setting
    if not setting or not has_weights(step.call.api) or seen.shape != wanted.shape:
        return False
    nought = None if setting.bias is None else np.zeros_like(setting.bias)
    call = written(replace(setting, kernel=np.zeros_like(setting.kernel), bias=nought))
    assert call
    outcome = put(talk, notes, call).outcome
    returned = outcome.observed["output"] if isinstance(outcome, Returned) else None
    return isinstance(returned, np.ndarray) and bool(np.any(returned))


def further(notes: Notes, api: str, rule: str = "values") -> str:
    """Name the command that looks further."""
    page = next(document.id for document in load().documents.values() if api in document.apis)
    return f"no known mistake does that; `{notes.rerun} --clause {page}.{rule}` shows more"
