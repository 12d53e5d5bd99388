"""What may a weight be after a step?  Keras' constraints, each called with a weight and returning another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from adjoint.fast.arguments import Array
from adjoint.fast.named import object_of

Constraint: TypeAlias = Callable[[Array], Array]


def constraint_of(argument: str, value: object) -> Constraint | None:
    """Return the constraint that an argument stands for; None is none.

    Raises
    ------
    ValueError
        If it is none.
    """
    return None if value is None else object_of(argument, value, KINDS)


@dataclass(frozen=True)
class NonNeg:
    """No number below zero."""

    def __call__(self, weight: Array) -> Array:
        """Return the weight, with zero for what is below it."""
        return np.asarray(np.maximum(weight, weight.dtype.type(0)))


KINDS = (NonNeg,)
