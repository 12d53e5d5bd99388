"""Which numbers lie at the edges of a format?  Zeros of both signs, subnormals, the largest; and beyond them.

By the last part of the clause that they are made for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from adjoint import tensors as wire
from adjoint.reference.exact import FORMATS

Shape = tuple[int, ...]
Arrays = dict[str, NDArray[np.float64]]


def drawn(name: str, shape: Shape, low: int, high: int, seed: int) -> wire.Array:
    """Return integers between `low` and `high`, both included."""
    digest = hashlib.sha256(f"{name} {shape} {seed}".encode()).hexdigest()
    return wire.make({"low": low, "high": high, "seed": int(digest[:8], 16)}, shape, "int64")


def _signed(name: str, shape: Shape, sizes: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return numbers of these sizes, half of them negative, zeros too."""
    signed: NDArray[np.float64] = np.copysign(sizes, 1 - 2 * drawn(f"{name} sign", shape, 0, 1, seed))
    return signed


def _zeros(shapes: Mapping[str, Shape], _: str, seed: int) -> Arrays:
    """Return zeros of both signs, and a one here and there."""
    return {
        name: _signed(name, shape, np.where(drawn(name, shape, 0, 2, seed) == 0, 1.0, 0.0), seed)
        for name, shape in shapes.items()
    }


def _subnormal(shapes: Mapping[str, Shape], dtype: str, seed: int) -> Arrays:
    """Return subnormal inputs; of odd seeds normal numbers whose products are subnormal; sums exact."""
    form = FORMATS[dtype]
    least = form.emin - form.precision + 1
    powers = (form.emin, least - form.emin) if seed % 2 else (least, 0)
    return {
        name: _signed(name, shape, drawn(name, shape, 1, 3, seed) * 2.0**power, seed)
        for (name, shape), power in zip(shapes.items(), powers, strict=True)
    }


def _largest(shapes: Mapping[str, Shape], dtype: str, seed: int) -> Arrays:
    """Return numbers of which one product fits, and of two, when they are of one sign, no sum does."""
    half = FORMATS[dtype].emax // 2
    sizes = (1.5 * 2.0**half, 2.0 ** (FORMATS[dtype].emax - half))
    return {
        name: _signed(name, shape, np.full(shape, size), seed)
        for (name, shape), size in zip(shapes.items(), sizes, strict=True)
    }


def _weights(shapes: Mapping[str, Shape], _: str, seed: int) -> Arrays:
    """Return small integers, with a NaN and an infinity in the kernel, and a zero in the input."""
    made = {name: drawn(name, shape, 1, 5, seed).astype(np.float64) for name, shape in shapes.items()}
    made["input"].reshape(-1)[0] = 0
    made["kernel"].reshape(-1)[[0, -1]] = np.nan, np.inf
    return made


MAKERS: Mapping[str, Callable[[Mapping[str, Shape], str, int], Arrays]] = {
    "sign-of-zero": _zeros,
    "subnormal": _subnormal,
    "overflow": _largest,
    "weights-not-finite": _weights,
}
"""From the shapes of input and kernel, a dtype and a seed, to the two."""
