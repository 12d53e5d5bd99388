"""Is a worker wired rightly?  A checklist: the protocol line by line, and a dozen tiny calls of each API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import chain
from typing import Any

import numpy as np

from adjoint.call import GRADIENTS, Call
from adjoint.claims import Claims
from adjoint.demand import demand
from adjoint.errors import MessageError, WorkerDidNotStart
from adjoint.expecting import Expected, difference, ends, expected, quoted
from adjoint.hypotheses import Heard, Hypothesis
from adjoint.observations import OBSERVED_BY
from adjoint.outcome import Raised, Returned, Unsupported, parse
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.apis import APIS
from adjoint.reference.bound import Claim
from adjoint.reference.exact import FORMATS
from adjoint.spec import load
from adjoint.talk import Reply, Talk
from adjoint.tensors import DTYPES, Array, Foreign, decode, encode
from adjoint.tiny import Step, steps, with_gradient
from adjoint.wiring import Cause, both, causes
from adjoint.writing import Setting, has_weights, written

REPEATED = ("between", "again", "later", "after")
OBSERVATIONS = {"output", *GRADIENTS, *REPEATED, *chain.from_iterable(OBSERVED_BY.values())}
OBSERVATIONS |= {"collected_losses", "convolution_op_signature"}
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
class _Notes:
    """What was learnt so far."""

    claims: Claims
    rerun: str
    known: list[Cause] = field(default_factory=list)
    earlier: list[tuple[int, Expected]] = field(default_factory=list)
    remarked: set[str] = field(default_factory=set)
    right: list[Heard] = field(default_factory=list)
    unanswered: int = 0

    @property
    def given_up(self) -> bool:
        """Whether the worker does not answer any more."""
        return self.unanswered >= ENOUGH


def checklist(talk: Talk, rerun: str) -> Iterator[Line]:
    """Go through the protocol and the calls, and yield a line for each as it is done.

    Parameters
    ----------
    talk : Talk
    rerun : str
        The command that looks further, without options.

    Raises
    ------
    WorkerDidNotStart
    """
    begun = time.monotonic()
    answer = talk.start()
    seconds = time.monotonic() - begun
    try:
        claims = Claims.from_json(answer)
    except MessageError as error:
        raise WorkerDidNotStart(f"its answer to `start` can't be read: {error}") from None
    yield Line("right", "start", f"took {seconds:.1f} s to start; version {claims.version}")
    yield from _claimed(claims)
    notes = _Notes(claims, rerun)
    for first, api in enumerate((api for api in claims.apis if api in APIS), 1):
        for line in _calls(talk, notes, api, first):
            yield replace(line, api=api)
        if notes.given_up:
            yield Line("wrong", "the other calls", "it does not answer: the rest is not tried")
            break
    if talk.noise:
        quoted_lines = ", ".join(list(dict.fromkeys(talk.noise))[:3])
        count = f"{len(talk.noise)} lines" if len(talk.noise) > 1 else "a line"
        said = f"it writes to standard output beside the protocol, {count}: {quoted_lines}"
        yield Line("wrong", "standard output", said)
    else:
        yield Line("right", "standard output", "holds nothing but answers")
    stopped, said = talk.stop()
    yield Line("right" if stopped else "wrong", "stop", said)


def _claimed(claims: Claims) -> Iterator[Line]:
    """Yield what there is to say of the names in the claims."""
    for what, names, allowed in (
        ("API", claims.apis, APIS),
        ("dtype", claims.dtypes, DTYPES),
        ("observation", claims.observes, tuple(sorted(OBSERVATIONS))),
    ):
        unknown = [name for name in names if name not in allowed]
        for name in unknown:
            near = get_close_matches(name, allowed, 1, 0.5)
            said = f"{name!r} in its claims is no {what} that is known here"
            yield Line("wrong", "claims", said + (f"; did it mean {near[0]!r}?" if near else ""))
        known = [name for name in names if name in allowed]
        if known and not unknown and what != "observation":
            yield Line("right", "claims", f"{what}s: {', '.join(known)}")
        if not known and what != "observation":
            yield Line("wrong", "claims", f"it claims no {what}, so no call can be put to it")
    if claims.dtypes and not set(claims.dtypes) & set(FORMATS):
        yield Line("wrong", "claims", f"it claims none of {', '.join(FORMATS)}, so no call can be put to it")


def _calls(talk: Talk, notes: _Notes, api: str, first: int) -> Iterator[Line]:
    """Yield a line for each call of an API."""
    done: dict[str, Setting] = {}
    for step in steps(api, notes.claims.dtypes, first):
        if step.setting is None:
            yield from _refused(talk, notes, step)
        elif wanted := expected(step.call, _claim(notes, step.call)):
            done[step.asks] = step.setting
            yield from _performed(talk, notes, step, wanted)
        if notes.given_up:
            return
    setting = done.get("a bias", done.get("axes of different sizes"))
    if setting is not None:
        yield from _sloped(talk, notes, setting)
        yield from _repeated(talk, notes, done["axes of different sizes"])


def _claim(notes: _Notes, call: Call) -> Claim | None:
    """Return what is claimed of the arithmetic in a call's dtype."""
    held: Mapping[str, Any] = notes.claims.arithmetic.get(call.dtype, {})
    return Claim(**{"accumulator": call.dtype, **held}) if held else None


def _asked(talk: Talk, notes: _Notes, call: Call) -> tuple[Reply, list[str]]:
    """Put a call; return what came of it, and what is wrong with the way it came and was not yet said."""
    reply = talk.ask(call)
    notes.unanswered = ENOUGH if reply.hopeless else 0 if reply.message else notes.unanswered + 1
    kept = [text for text in reply.remarks if text.partition(" after ")[0] not in notes.remarked]
    notes.remarked |= {text.partition(" after ")[0] for text in kept if " exits after " in text}
    return reply, kept


def _performed(talk: Talk, notes: _Notes, step: Step, wanted: Expected) -> Iterator[Line]:
    """Yield the line of a call that is to return."""
    reply, problems = _asked(talk, notes, step.call)
    if reply.message is not None:
        try:
            outcome = parse(reply.message, step.call.observe)
        except MessageError as error:
            problems.append(f"its answer breaks the protocol: {error}")
        else:
            if isinstance(outcome, Unsupported) and not problems:
                yield _unsupported(notes, step.asks, outcome)
                return
            if isinstance(outcome, Returned):
                problems += _judged(talk, notes, step, wanted, reply.number, outcome.observed["output"])
            else:
                problems.append(_misunderstood(step, f"it raises {outcome}"))
    notes.earlier.append((reply.number, wanted))
    yield _line(step.asks, problems, f"returns {list(wanted.shape)}, as demanded")


def _line(asks: str, problems: list[str], right: str) -> Line:
    said = "; ".join(problem.removesuffix(".") for problem in problems)
    return Line("wrong", asks, said) if problems else Line("right", asks, right)


def _unsupported(notes: _Notes, asks: str, outcome: Unsupported) -> Line:
    if outcome.id in notes.claims.unsupported:
        return Line("left out", asks, f"not offered: {outcome.reason}")
    said = f"the answer `unsupported` names {outcome.id!r}, which is not among the claims' `unsupported`"
    return Line("wrong", asks, said)


def _misunderstood(step: Step, said: str) -> str:
    """Say that what is new in a call was not understood, where it is a matter of the wire."""
    assert step.setting
    if step.setting.recipe:
        return f"a tensor's `make` recipe is not understood: {said}"
    tagged = [value for value in step.call.arguments.values() if isinstance(value, dict)]
    if tagged:
        return f"a tagged argument, {json.dumps(tagged[0])}, was not understood: {said}"
    return said


def _judged(
    talk: Talk, notes: _Notes, step: Step, wanted: Expected, number: int, seen: Array | Foreign
) -> list[str]:
    """Return what is wrong with an output."""
    name = seen.name if isinstance(seen, Foreign) else seen.dtype.name
    problems = [f"dtype {name} came back for {wanted.dtype}"] if name != wanted.dtype else []
    assert step.setting
    if isinstance(seen, Foreign):
        return problems
    if wanted.accepts(seen):
        notes.right.append(Heard(number, step.setting, wanted, seen, claim=_claim(notes, step.call)))
        return problems
    heard = Heard(number, step.setting, wanted, seen, notes.earlier[::-1], _claim(notes, step.call))
    found = causes(heard, notes.known)
    found = {cause: text for cause, text in found.items() if not _is_refuted(cause, notes, heard)} or found
    if not found and _has_other_weights(talk, notes, step, wanted, seen):
        said = "the shape is right but the numbers are those of random weights: weights were not set"
        return [*problems, said]
    if not found and not step.setting.recipe:
        found = both(heard, notes.known)
    is_new = not set(found) <= set(notes.known)
    notes.known += [cause for cause in found if cause not in notes.known]
    if found:
        said = ", or ".join(dict.fromkeys(found.values()))
        return [*problems, _misunderstood(step, said) if is_new and not step.setting.recipe else said]
    if step.setting.recipe and seen.shape == wanted.shape:
        first = quoted(wanted.readings[0][0])
        said = f"the first numbers must be {first}, and are {quoted(seen)}"
        return [*problems, f"a tensor's `make` recipe is not understood (SplitMix64 differs): {said}"]
    return [*problems, f"{_misunderstood(step, difference(wanted, seen))} ({_further(notes, step.call.api)})"]


def _is_refuted(cause: Cause, notes: _Notes, heard: Heard) -> bool:
    """Tell whether right answers before, of the same API and dtype, speak against a cause."""
    alike = [
        right
        for right in notes.right
        if (right.setting.api, right.wanted.dtype) == (heard.setting.api, heard.wanted.dtype)
    ]
    return isinstance(cause, Hypothesis) and any(map(cause.refuted, alike))


def _has_other_weights(talk: Talk, notes: _Notes, step: Step, wanted: Expected, seen: Array) -> bool:
    """Tell whether a layer or module returns something also of a call whose weights are zero."""
    setting = step.setting
    if not setting or not has_weights(step.call.api) or seen.shape != wanted.shape:
        return False
    nought = None if setting.bias is None else np.zeros_like(setting.bias)
    call = written(replace(setting, kernel=np.zeros_like(setting.kernel), bias=nought))
    assert call
    reply, _ = _asked(talk, notes, call)
    try:
        outcome = parse(reply.message or {}, call.observe)
    except MessageError:
        return False
    returned = outcome.observed["output"] if isinstance(outcome, Returned) else None
    return isinstance(returned, np.ndarray) and bool(np.any(returned))


def _further(notes: _Notes, api: str, rule: str = "values") -> str:
    """Name the command that looks further."""
    page = next(document.id for document in load().documents.values() if api in document.apis)
    return f"no known mistake does that; `{notes.rerun} --clause {page}.{rule}` shows more"


def _refused(talk: Talk, notes: _Notes, step: Step) -> Iterator[Line]:
    """Yield the line of a call that is to be refused: what counts here is that there is an answer."""
    reply, problems = _asked(talk, notes, step.call)
    said = ""
    if reply.message is not None:
        try:
            outcome = parse(reply.message, step.call.observe)
        except MessageError as error:
            problems.append(f"its answer to an illegal call breaks the protocol: {error}")
        else:
            said = (
                f"{outcome.types[0]} at {outcome.stage}"
                if isinstance(outcome, Raised) and outcome.types
                else ""
            )
    elif problems:
        problems[-1] += " (the call is illegal, and the answer must be `raised`)"
    yield _line(step.asks, problems, said or "an illegal call is answered; whether rightly is not asked here")


def _sloped(talk: Talk, notes: _Notes, setting: Setting) -> Iterator[Line]:
    """Yield the line of a call whose gradients are observed, where that is claimed."""
    plain_call = written(setting)
    assert plain_call
    shape = demand(plain_call).shape
    step = with_gradient(setting, shape, 7)
    claim = _claim(notes, step.call)
    ones = {**step.call.tensors, "gradient": encode(np.ones(shape, setting.dtype))}
    if notes.claims.lacks(step.call):
        return
    try:
        demanded = demand(step.call, claim)
        ignoring = demand(replace(step.call, tensors=ones), claim)
    except (Refused, Unspecified):
        return
    reply, problems = _asked(talk, notes, step.call)
    outcome, problem = _returned(reply, step.call)
    if isinstance(outcome, Unsupported):
        yield _unsupported(notes, "gradients", outcome)
        return
    problems += [problem] if problem else []
    if outcome is not None:
        due = expected(step.call, claim)
        assert due
        problems += _judged(talk, notes, step, due, reply.number, outcome.observed["output"])
    for name, values in () if outcome is None or problems else demanded.gradients.items():
        assert outcome
        seen = outcome.observed[name]
        wanted = Expected(demanded.dtype, (ends(values),))
        if isinstance(seen, Foreign):
            problems.append(f"dtype {seen.name} came back for {name}")
        elif not wanted.accepts(seen):
            problems.append(_of_gradient(notes, step.call.api, name, seen, demanded, ignoring))
    yield _line("gradients", problems, ", ".join(demanded.gradients) + ", as demanded")


def _of_gradient(notes: _Notes, api: str, name: str, seen: Array, demanded: Any, ignoring: Any) -> str:
    """Say what is wrong with a gradient."""
    for other, values in demanded.gradients.items():
        if Expected(demanded.dtype, (ends(values),)).accepts(seen):
            return f"{name} is what {other} must be"
    if Expected(demanded.dtype, (ends(ignoring.gradients[name]),)).accepts(seen):
        return f"{name} is that of the output's sum: the tensor `gradient` is ignored"
    wanted = Expected(demanded.dtype, (ends(demanded.gradients[name]),))
    return f"{name}: {difference(wanted, seen)} ({_further(notes, api)})"


def _repeated(talk: Talk, notes: _Notes, setting: Setting) -> Iterator[Line]:
    """Yield the line of a call that is made again, where that is claimed."""
    call = written(setting)
    assert call
    call = call.repeated()
    if notes.claims.lacks(call):
        return
    claim = _claim(notes, call)
    once, opposite = expected(call, claim), expected(call.opposite(), claim)
    assert once
    assert opposite
    reply, problems = _asked(talk, notes, call)
    outcome, problem = _returned(reply, call)
    problems += [problem] if problem else []
    if isinstance(outcome, Returned):
        wanted = {"output": once, "between": opposite, "again": once, "later": once}
        step = Step("a call made again", call, setting)
        at_once = _judged(talk, notes, step, once, reply.number, outcome.observed["output"])
        problems += at_once
        for name in () if at_once else call.observe:
            seen = outcome.observed[name]
            held = name.removeprefix("after-")
            if held != name:
                array = decode(call.tensors[held])
                due = Expected(array.dtype.name, ((array, array),))
            else:
                due = wanted[name]
            if isinstance(seen, Foreign) or not due.accepts(seen):
                problems.append(f"`{name}` is not {MEANT[name.partition('-')[0]]}")
    yield _line("a call made again", problems, "returns the same, and leaves its tensors as they are")


MEANT = {
    "output": "what the call must return",
    "between": "what the call must return for the opposite input",
    "again": "what the call must return, made again after others",
    "later": "what its first output holds in the end",
    "after": "what that tensor held before the call",
}


def _returned(reply: Reply, call: Call) -> tuple[Returned | Unsupported | None, str]:
    """Return what a call that is to return returned, or what is wrong with the answer."""
    if reply.message is None:
        return None, ""
    try:
        outcome = parse(reply.message, call.observe)
    except MessageError as error:
        return None, f"its answer breaks the protocol: {error}"
    return (outcome, "") if isinstance(outcome, Returned | Unsupported) else (None, f"it raises {outcome}")
