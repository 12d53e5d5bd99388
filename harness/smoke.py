"""Is a worker wired rightly?  A checklist: the protocol line by line, and a dozen tiny calls of each API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from adjoint.call import GRADIENTS
from adjoint.claims import Claims
from adjoint.errors import MessageError, WorkerDidNotStart
from adjoint.expecting import expected
from adjoint.nearest import nearest
from adjoint.observations import OBSERVED_BY
from adjoint.reference.apis import APIS
from adjoint.reference.exact import FORMATS
from adjoint.smoke_beside import repeated, sloped
from adjoint.smoke_calls import Line, Notes, performed, refused
from adjoint.smoke_words import PROTOCOL, Words
from adjoint.talk import Talk
from adjoint.tensors import DTYPES
from adjoint.tiny import steps
from adjoint.writing import Setting

REPEATED = ("between", "again", "later", "after")
OBSERVATIONS = {"output", *GRADIENTS, *REPEATED, *chain.from_iterable(OBSERVED_BY.values())}
OBSERVATIONS |= {"collected_losses", "convolution_op_signature"}


def checklist(talk: Talk, rerun: str, words: Words = PROTOCOL) -> Iterator[Line]:
    """Go through the protocol and the calls, and yield a line for each as it is done.

    Parameters
    ----------
    talk : Talk
    rerun : str
        The command that looks further, without options.
    words : Words
        In whose words it is said.

    Raises
    ------
    WorkerDidNotStart
    """
    for line in _lines(talk, rerun, words):
        if line.state != "right" or line.asks not in words.unsaid:
            yield replace(line, asks=words.called(line.asks))


def _lines(talk: Talk, rerun: str, words: Words) -> Iterator[Line]:
    """Yield every line, its step named as in the protocol's words."""
    begun = time.monotonic()
    answer = talk.start()
    seconds = time.monotonic() - begun
    try:
        claims = Claims.from_json(answer)
    except MessageError as error:
        raise WorkerDidNotStart(f"its answer to `start` can't be read: {error}") from None
    yield Line("right", "start", words.started.format(seconds=seconds, version=claims.version))
    yield from _claimed(claims)
    notes = Notes(claims, rerun, words)
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
            near = nearest(name, allowed)
            said = f"{name!r} in its claims is no {what} that is known here"
            yield Line("wrong", "claims", said + (f"; did it mean {near[0]!r}?" if near else ""))
        known = [name for name in names if name in allowed]
        if known and not unknown and what != "observation":
            yield Line("right", "claims", f"{what}s: {', '.join(known)}")
        if not known and what != "observation":
            yield Line("wrong", "claims", f"it claims no {what}, so no call can be put to it")
    if claims.dtypes and not set(claims.dtypes) & set(FORMATS):
        yield Line("wrong", "claims", f"it claims none of {', '.join(FORMATS)}, so no call can be put to it")


def _calls(talk: Talk, notes: Notes, api: str, first: int) -> Iterator[Line]:
    """Yield a line for each call of an API."""
    done: dict[str, Setting] = {}
    for step in steps(api, notes.claims.dtypes, first):
        if step.asks in notes.words.unsaid:
            continue
        if step.setting is None:
            yield from refused(talk, notes, step)
        elif wanted := expected(step.call, notes.claim(step.call)):
            done[step.asks] = step.setting
            yield from performed(talk, notes, step, wanted)
        if notes.given_up:
            return
    setting = done.get("a bias", done.get("axes of different sizes"))
    if setting is not None:
        yield from sloped(talk, notes, setting)
        yield from repeated(talk, notes, done["axes of different sizes"])
