"""How is a tensor written in a script?  As an expression in NumPy, short where it can be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from adjoint import tensors

LITERAL = 96
"""The most elements of a tensor that a script writes out; of a larger one it says how to make it."""


def is_made(spec: Mapping[str, Any]) -> bool:
    """Tell whether a script says how to make a tensor, rather than what it holds."""
    return "make" in spec and prod(spec["shape"]) > LITERAL


_LAID_OUT = {
    "transposed": "np.asfortranarray({})",
    "strided": "strided({})",
    "offset": "offset({})",
    "reversed": "np.flip(np.flip({}).copy())",
    "broadcast": "np.broadcast_to({}[:1], {})",
    "read-only": "read_only({})",
}


def expression(spec: Mapping[str, Any]) -> str:
    """Return Python for an input tensor."""
    shape = tuple(spec["shape"])
    if "layout" in spec:
        contiguous = expression({key: value for key, value in spec.items() if key != "layout"})
        return _LAID_OUT[spec["layout"]].format(contiguous, shape)
    if is_made(spec):
        recipe = spec["make"]
        numbers = f"{recipe['low']}, {recipe['high']}, {recipe['seed']}"
        return f'integers({shape}, {numbers}).astype("{_written(spec["dtype"])}")'
    return literal(tensors.decode(spec))


def literal(array: tensors.Array) -> str:
    """Return Python for an array: number by number, or a large one by its bytes."""
    dtype = _written(array.dtype.name)
    if array.size > 4 * LITERAL:
        data, little = tensors.encode(array.astype(dtype))["data"], np.dtype(dtype).newbyteorder("<").str
        return f'np.frombuffer(base64.b64decode(\n    "{data}"\n), "{little}").reshape({array.shape})'
    flat = ", ".join(map(_number, array.ravel()))
    text = f'np.array([{flat}], dtype="{dtype}")'
    return text if array.ndim == 1 else f"{text}.reshape({array.shape})"


def _number(value: Any) -> str:
    """Return Python for a number: a whole one without a point, but for a negative zero and what is large."""
    number = float(value)
    if math.isnan(number):
        return "np.nan"
    if math.isinf(number):
        return "np.inf" if number > 0 else "-np.inf"
    whole = (
        abs(number) < 1 << 53 and number.is_integer() and not (number == 0 and math.copysign(1, number) < 0)
    )
    return repr(int(number) if whole else number)


def _written(dtype: str) -> str:
    """Return the dtype to write numbers in: NumPy alone has no bfloat16, but float32 holds each of them."""
    return "float32" if dtype == "bfloat16" else dtype


def accepted(values: Mapping[str, Any]) -> str:
    """Return Python for the least and the greatest numbers accepted; one array where they are one."""
    ends = [values[end] for end in ("low", "high")] if "low" in values else [values]
    texts = dict.fromkeys(literal(tensors.decode(end)) for end in ends)
    return ", ".join(texts).join("()") if len(texts) > 1 else next(iter(texts))
