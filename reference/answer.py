"""What can the reference answer?  What is demanded, what refuses the call, or that no clause speaks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adjoint.reference.exact import Tensor


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The documents refuse this call.

    Attributes
    ----------
    clause : str
        Id of the clause that refuses it.
    """

    def __init__(self, clause: str, message: str) -> None:
        super().__init__(f"{message} ({clause})")
        self.clause = clause


def refuse_unless(holds: bool, clause: str, message: str) -> None:
    """Raise `Refused` unless the clause's condition holds."""
    if not holds:
        raise Refused(clause, message)


class Unspecified(Exception):  # noqa: N818 - an answer, not an error of ours
    """No clause speaks of this call: nothing may be demanded, neither a value nor a refusal."""


def specified_only_if(holds: bool, message: str) -> None:
    """Raise `Unspecified` unless the condition holds."""
    if not holds:
        raise Unspecified(message)


@dataclass(frozen=True)
class Answer:
    """What a tensor that a legal call gives must hold: its output, or a gradient.

    Attributes
    ----------
    values : Tensor
        The exact numbers, in the API's own order of axes, and the dtype that they must have.
    magnitude : Tensor
        S of each element: the sum of the absolute values of its terms.
    terms : Tensor
        n of each element: how many terms it sums.
    readings : mapping of str to Tensor
        Where the document leaves a choice: each choice by name, and the values under it.  `values` is
        then the first of them, and nothing may be demanded of an implementation.
    mixed : Tensor, optional
        How far a fast transform may stray at each element, in units of u; without one, none computes it.
    """

    values: Tensor
    magnitude: Tensor
    terms: Tensor
    readings: Mapping[str, Tensor] = field(default_factory=dict)
    mixed: Tensor | None = field(default=None, compare=False)
