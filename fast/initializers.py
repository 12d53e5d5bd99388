"""What does a weight hold before training?  Keras' initializers, and the draw that PyTorch's modules make.

An initializer is called as `initializer(shape, dtype=dtype)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, TypeAlias

import numpy as np

from adjoint.fast.arguments import Array
from adjoint.fast.named import object_of

Initializer: TypeAlias = Callable[..., Array]


def initializer_of(argument: str, value: object, default: str) -> Initializer:
    """Return the initializer that an argument stands for; None is the default.

    Raises
    ------
    ValueError
        If it is none.
    """
    return object_of(argument, default if value is None else value, KINDS)


_GENERATOR = [np.random.default_rng()]


def set_random_seed(seed: int) -> None:
    """Let all that is drawn from here on without a seed of its own be the same each time."""
    _GENERATOR[0] = np.random.default_rng(seed)


def uniform(shape: tuple[int, ...], dtype: np.dtype[Any], limit: float, seed: int | None = None) -> Array:
    """Return numbers drawn evenly from -limit to limit, none of them beyond, whatever the dtype rounds."""
    most = dtype.type(limit)
    if float(most) > limit:
        most = np.nextafter(most, dtype.type(0))
    generator = _GENERATOR[0] if seed is None else np.random.default_rng(seed)
    return generator.uniform(-float(most), float(most), shape).astype(dtype)


@dataclass(frozen=True)
class Zeros:
    """Zeros."""

    def __call__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array of zeros."""
        return np.zeros(shape, dtype)


@dataclass(frozen=True)
class Ones:
    """Ones."""

    def __call__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array of ones."""
        return np.ones(shape, dtype)


@dataclass(frozen=True)
class Constant:
    """One number everywhere."""

    value: float = 0.0

    def __call__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array of that number."""
        return np.full(shape, self.value, dtype)


@dataclass(frozen=True)
class GlorotUniform:
    """Numbers drawn evenly within sqrt(6 / (fan in + fan out)) of zero.

    A fan is the channels of its side times the elements of the window; of a weight with
    one axis, both are its length. With a seed, each call draws the same.
    """

    seed: int | None = None

    def __call__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array of them; the last two axes are those of the channels."""
        outer, inner = shape[-2:] if len(shape) > 1 else shape * 2
        fans = (inner + outer) * prod(shape[:-2])
        return uniform(shape, dtype, sqrt(6 / fans), self.seed)


KINDS = (Constant, GlorotUniform, Ones, Zeros)
