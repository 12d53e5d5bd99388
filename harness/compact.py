"""How does a golden file write the numbers that it demands?  As integers, where they are integers.

Of what is demanded of exact cases nearly all is: ``{"dtype", "shape", "integers": [3, -1, 12]}`` is shorter
than base64, and can be read by eye.  Calls stay as they go over the wire.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.tensors import decode, encode

EXACT = 1 << 53


def compact(demanded: Any) -> Any:
    """Return what a check demands, its tensors of integers written out as such."""
    if isinstance(demanded, list):
        return [compact(item) for item in demanded]
    if not isinstance(demanded, dict):
        return demanded
    if set(demanded) != {"dtype", "shape", "data"}:
        return {name: compact(item) for name, item in demanded.items()}
    numbers = decode(demanded).astype(np.float64).ravel()
    whole = np.isfinite(numbers) & (numbers == np.rint(numbers)) & (np.abs(numbers) < EXACT)
    signed = (numbers == 0) & np.signbit(numbers)  # JSON's integers have no -0
    if not whole.all() or signed.any():
        return demanded
    integers = [int(number) for number in numbers]
    if len(str(integers)) - 2 * len(integers) > len(demanded["data"]):
        return demanded
    return {"dtype": demanded["dtype"], "shape": demanded["shape"], "integers": integers}


def expanded(demanded: Any) -> Any:
    """Return what `compact` was given."""
    if isinstance(demanded, list):
        return [expanded(item) for item in demanded]
    if not isinstance(demanded, dict):
        return demanded
    if set(demanded) != {"dtype", "shape", "integers"}:
        return {name: expanded(item) for name, item in demanded.items()}
    return encode(
        np.array(demanded["integers"], np.float64).astype(demanded["dtype"]).reshape(demanded["shape"])
    )
