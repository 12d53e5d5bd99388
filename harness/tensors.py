"""How is a tensor written on the wire, and read from it?

A specification is ``{"dtype", "shape", "data"}``, data being base64 of little-endian row-major bytes, two
for each element of bfloat16, or ``{"dtype", "shape", "make": {"kind": "integers", "low", "high", "seed"}}``.
In a call it may have a `layout`, how the elements lie in the memory of whoever performs it, one of `LAYOUTS`;
without it they lie in order, one after the other.  The elements are the same, and nothing here depends on it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import ml_dtypes  # noqa: F401 - it makes NumPy know bfloat16
import numpy as np
from numpy.typing import NDArray

from adjoint.errors import MessageError
from adjoint.inert import short

Array = NDArray[Any]
MOST_AXES = 32
MOST_ELEMENTS = 1 << 31
LAYOUTS = {
    "transposed": "the first axis runs fastest",
    "strided": "every second element, on every axis, of a larger array",
    "offset": "one element after the start of a larger array",
    "reversed": "from the last element to the first: negative strides",
    "broadcast": "one index of the first axis stands for all: a stride of 0, and read-only",
    "read-only": "in order, and not to be written to",
}
DTYPES = ("bool", "int32", "int64", "float16", "bfloat16", "float32", "float64")


def encode(array: Array) -> dict[str, Any]:
    """Return the specification of an array, its data written out."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    data = base64.b64encode(little.tobytes()).decode("ascii")
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


@dataclass(frozen=True)
class Foreign:
    """A tensor of a dtype that can't be read here: its name and its shape are all there is to see."""

    name: str
    shape: tuple[int, ...]


def seen(specification: Mapping[str, Any]) -> Array | Foreign:
    """Return the array that an answer holds, or as much of it as can be read.

    Raises
    ------
    MessageError
        If the specification is not well formed, or says how to make its data: an answer must give them.
    """
    shape = _shape(specification)
    if "make" in specification:
        raise MessageError("a tensor in an answer must give its data, not how to make them.")
    if more := set(specification) - {"dtype", "shape", "data"}:
        raise MessageError(f"a tensor in an answer has dtype, shape and data, and no {short(min(more))}.")
    name = specification.get("dtype")
    if isinstance(name, str) and name.isprintable() and 0 < len(name) <= 40 and name not in DTYPES:
        return Foreign(name, shape)
    return decode(specification)


def decode(specification: Mapping[str, Any]) -> Array:
    """Return the array that a specification describes.

    Raises
    ------
    MessageError
        If the specification is not well formed; the text names the part that is wrong.
    """
    shape = _shape(specification)
    name = specification.get("dtype")
    if name not in DTYPES:
        raise MessageError(f"a tensor's dtype is {short(name)}; it must be one of {', '.join(DTYPES)}.")
    layout = specification.get("layout")
    if layout is not None and layout not in tuple(LAYOUTS):
        raise MessageError(f"a tensor's layout is {short(layout)}; it must be one of {', '.join(LAYOUTS)}.")
    if "make" in specification:
        recipe = specification["make"]
        if not _is_recipe(recipe):
            raise MessageError(
                f"a tensor's make is {short(recipe)}; it must have kind 'integers', low, high and seed, "
                "integers with low <= high and 0 <= seed < 2**64."
            )
        return make(recipe, shape, name)
    try:
        data = base64.b64decode(specification["data"], validate=True)
    except (binascii.Error, KeyError, TypeError, ValueError):
        raise MessageError("a tensor's data is not base64.") from None
    dtype = np.dtype(name).newbyteorder("<")
    if len(data) != prod(shape) * dtype.itemsize:
        raise MessageError(
            f"a tensor of shape {shape} and dtype {name} needs {prod(shape) * dtype.itemsize} bytes, "
            f"its data has {len(data)}."
        )
    return np.frombuffer(data, dtype).astype(name).reshape(shape)


def _shape(specification: object) -> tuple[int, ...]:
    if not isinstance(specification, Mapping):
        raise MessageError(f"a tensor must be an object, not {short(specification)}.")
    shape = specification.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise MessageError(f"a tensor's shape is {short(shape)}; it must be a list of sizes.")
    if len(shape) > MOST_AXES or prod(max(size, 1) for size in shape) > MOST_ELEMENTS:
        raise MessageError(f"a tensor's shape is {short(shape)}; that is more than can be held.")
    return tuple(shape)


def _is_recipe(recipe: object) -> bool:
    if not isinstance(recipe, Mapping) or recipe.get("kind") != "integers":
        return False
    low, high, seed = (recipe.get(name) for name in ("low", "high", "seed"))
    if type(low) is not int or type(high) is not int or type(seed) is not int:
        return False
    return -(1 << 62) <= low <= high < 1 << 62 and 0 <= seed < 1 << 64


def make(recipe: Mapping[str, Any], shape: tuple[int, ...], dtype: str) -> Array:
    """Return integers between `low` and `high`, both included, drawn by SplitMix64 from the flat index.

    Element j is ``low + mix(seed + (j + 1) * 0x9E3779B97F4A7C15) % (high - low + 1)``, in unsigned 64-bit
    arithmetic that wraps.
    """
    low, high = int(recipe["low"]), int(recipe["high"])
    with np.errstate(over="ignore"):
        z = np.arange(1, prod(shape) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(recipe["seed"])
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    integers = (z % np.uint64(high - low + 1)).astype(np.int64) + low
    return integers.astype(dtype).reshape(shape)
