"""What does an array cost?  Keras' regularizers, each called with an array and returning a number."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

import numpy as np

from adjoint.fast.arguments import Array
from adjoint.fast.named import object_of

Regularizer: TypeAlias = Callable[[Array], Any]


def regularizer_of(argument: str, value: object) -> Regularizer | None:
    """Return the regularizer that an argument stands for; None is none.

    Raises
    ------
    ValueError
        If it is none.
    """
    return None if value is None else object_of(argument, value, KINDS)


@dataclass(frozen=True)
class L1:
    """`l1` times the sum of absolute values."""

    l1: float = 0.01

    def __post_init__(self) -> None:
        """Check the factor."""
        _check_factor("l1", self.l1)

    def __call__(self, array: Array) -> Any:
        """Return what an array costs, in its dtype."""
        return _penalty(array, self.l1, 0)


@dataclass(frozen=True)
class L2:
    """`l2` times the sum of squares."""

    l2: float = 0.01

    def __post_init__(self) -> None:
        """Check the factor."""
        _check_factor("l2", self.l2)

    def __call__(self, array: Array) -> Any:
        """Return what an array costs, in its dtype."""
        return _penalty(array, 0, self.l2)


@dataclass(frozen=True)
class L1L2:
    """`l1` times the sum of absolute values, and `l2` times that of squares."""

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        """Check the factors."""
        _check_factor("l1", self.l1)
        _check_factor("l2", self.l2)

    def __call__(self, array: Array) -> Any:
        """Return what an array costs, in its dtype."""
        return _penalty(array, self.l1, self.l2)


KINDS = (L1, L2, L1L2)


def _check_factor(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{name}={value!r}: give a number.")
    if not (isfinite(value) and value >= 0):
        raise ValueError(f"{name}={value!r}: give a finite number, zero or above.")


def _penalty(array: Array, l1: float, l2: float) -> Any:
    """Return the penalty; sums are kept in the array's dtype, those of float16 and bfloat16 in float32."""
    values = array.astype(np.float32) if array.dtype.itemsize == 2 else array
    number = values.dtype.type
    total = number(0)
    with np.errstate(all="ignore"):  # overflow and NaN are results, not warnings
        if l1:
            total += number(l1) * np.abs(values).sum()
        if l2:
            total += number(l2) * np.square(values).sum()
        return array.dtype.type(total)
