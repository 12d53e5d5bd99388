"""What is looked at beside the output?  Gradients, and what a call that is made again returns and leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.demand import demand
from adjoint.expecting import Expected, difference, ends, expected
from adjoint.outcome import Raised, Returned, Unsupported
from adjoint.reference.answer import Refused, Unspecified
from adjoint.smoke_calls import Line, Notes, further, judged, line, put, raised, unsupported
from adjoint.talk import Talk
from adjoint.tensors import Array, Foreign, decode, encode
from adjoint.tiny import Step, with_gradient
from adjoint.writing import Setting, written


def sloped(talk: Talk, notes: Notes, setting: Setting) -> Iterator[Line]:
    """Yield the line of a call whose gradients are observed, where that is claimed."""
    plain_call = written(setting)
    assert plain_call
    shape = demand(plain_call).shape
    step = with_gradient(setting, shape, 7)
    claim = notes.claim(step.call)
    ones = {**step.call.tensors, "gradient": encode(np.ones(shape, setting.dtype))}
    if notes.claims.lacks(step.call):
        return
    try:
        demanded = demand(step.call, claim)
        ignoring = demand(replace(step.call, tensors=ones), claim)
    except (Refused, Unspecified):
        return
    came = put(talk, notes, step.call)
    problems, outcome = list(came.problems), came.outcome
    if isinstance(outcome, Unsupported):
        yield unsupported(notes, "gradients", outcome)
        return
    if isinstance(outcome, Returned):
        due = expected(step.call, claim)
        assert due
        problems += judged(talk, notes, step, due, came)
    elif isinstance(outcome, Raised):
        problems.append(raised(talk, notes, step, outcome))
    for name, values in () if problems else demanded.gradients.items():
        assert isinstance(outcome, Returned)
        seen = outcome.observed[name]
        wanted = Expected(demanded.dtype, (ends(values),))
        if isinstance(seen, Foreign):
            problems.append(f"{name} comes back as {seen.name}")
        elif not wanted.accepts(seen):
            problems.append(_of_gradient(notes, step.call.api, name, seen, demanded, ignoring))
    yield line("gradients", problems, ", ".join(demanded.gradients) + ", as demanded")


def _of_gradient(notes: Notes, api: str, name: str, seen: Array, demanded: Any, ignoring: Any) -> str:
    """Say what is wrong with a gradient."""
    for other, values in demanded.gradients.items():
        if Expected(demanded.dtype, (ends(values),)).accepts(seen):
            return f"{name} is what {other} must be"
    if Expected(demanded.dtype, (ends(ignoring.gradients[name]),)).accepts(seen):
        return f"{name} is that of the output's sum: the tensor `gradient` is ignored"
    wanted = Expected(demanded.dtype, (ends(demanded.gradients[name]),))
    return f"{name}: {difference(wanted, seen)} ({further(notes, api)})"


def repeated(talk: Talk, notes: Notes, setting: Setting) -> Iterator[Line]:
    """Yield the line of a call that is made again, where that is claimed."""
    call = written(setting)
    assert call
    call = call.repeated()
    if notes.claims.lacks(call):
        return
    claim = notes.claim(call)
    once, opposite = expected(call, claim), expected(call.opposite(), claim)
    assert once
    assert opposite
    came = put(talk, notes, call)
    problems, outcome = list(came.problems), came.outcome
    step = Step("a call made again", call, setting)
    if isinstance(outcome, Raised):
        problems.append(raised(talk, notes, step, outcome))
    if isinstance(outcome, Returned):
        wanted = {"output": once, "between": opposite, "again": once, "later": once}
        at_once = judged(talk, notes, step, once, came)
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
                problems.append(_changed(notes, name, held))
    yield line("a call made again", problems, "returns the same, and leaves what it is given as it is")


def _changed(notes: Notes, observed: str, tensor: str) -> str:
    """Say that something that was observed of a call made again is not as it must be."""
    name = tensor if notes.words.in_python else observed
    return notes.words.again[observed.partition("-")[0]].format(name=name)
