"""What is wrong with the wiring, where an answer is not the demanded one?  Mistakes, tried in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from adjoint.guesses import GUESSES, Guess
from adjoint.hypotheses import HYPOTHESES
from adjoint.supposing import Heard, Hypothesis

Cause = Hypothesis | Guess


def causes(heard: Heard, known: Sequence[Cause] = ()) -> dict[Cause, str]:
    """Return every cause that explains an answer, with its sentence.

    Parameters
    ----------
    heard : Heard
    known : sequence of Cause
        What explained answers before: where one of these does again, nothing else is looked for.
    """
    for tried in (known, (*HYPOTHESES, *GUESSES)):
        with np.errstate(all="ignore"):
            found = {cause: text for cause in tried if (text := cause.said(heard))}
        if found:
            return found
    return {}


def both(heard: Heard, known: Sequence[Cause]) -> dict[Cause, str]:
    """Return two mistakes at once that explain an answer, with their sentence; parameters as of `causes`."""
    for first, second in _pairs([cause for cause in known if isinstance(cause, Hypothesis)], heard):
        if text := first.beside(second).said(heard):
            return {first: text, second: text}
    return {}


def _pairs(known: Sequence[Hypothesis], heard: Heard) -> Iterator[tuple[Hypothesis, Hypothesis]]:
    """Yield two at once, one of which is known, if any is; in three dimensions others take too long."""
    if known:
        yield from ((first, second) for first in known for second in HYPOTHESES if second is not first)
    elif heard.setting.rank < 3:
        yield from permutations(HYPOTHESES, 2)
