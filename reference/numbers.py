"""How is a number, or a list of them, read from an argument?  Each refusal names the caller's clause."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any

from adjoint.reference.answer import refuse_unless, specified_only_if

Numbers = tuple[int, ...]
Size = int | Sequence[int]


def items(value: Any, rank: int) -> tuple[Any, ...]:
    """Return the items of a tuple or list; anything else as many times as there are axes."""
    return tuple(value) if isinstance(value, list | tuple) else (value,) * rank


def whole(value: Any, least: int, below: str, fractions: str, said: str) -> int:
    """Return an integer, Python's or NumPy's.

    Parameters
    ----------
    value
        What was given.
    least : int
        The least that it may be.
    below, fractions : str
        The clauses that refuse a number below that, and one that is not whole.
    said : str
        How a message tells of it.

    Raises
    ------
    Refused
        By one of the two.
    Unspecified
        If it is no number, or a whole one of another type, as 2.0.
    """
    real = not isinstance(value, bool) and isinstance(value, Real)
    specified_only_if(real and isfinite(value), said)
    refuse_unless(value == int(value), fractions, said)
    specified_only_if(isinstance(value, Integral), said)
    refuse_unless(value >= least, below, said)
    return int(value)
