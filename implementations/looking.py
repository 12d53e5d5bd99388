"""How does what a call shows beside its output become JSON?  `serving.py` loads this file by its path.

A tensor stays what `serving.encode` makes of it.  Of the rest a system returns Python's own values, and the
callable itself where a signature is asked for.
"""

import inspect
import math
from typing import Any, Callable, Dict, List

import numpy as np

LISTS = ("losses", "collected_losses")
MAPPINGS = ("initial", "stepped")
SIGNATURES = ("signature", "convolution_op_signature")
TENSORS = ("remade", "convolution_op")
VALUES = (
    *("shapes", "config", "declared", "name", "bases", "trainable", "dtypes", "devices"),
    *("graph", "scope_name", "node"),
)
NAMES = frozenset(LISTS + MAPPINGS + SIGNATURES + TENSORS + VALUES)


def shown(name: str, value: Any, encode: Callable[[Any], Any]) -> Any:
    """Return JSON for what was observed under a name."""
    if name in MAPPINGS:
        return {key: encode(array) for key, array in value.items()}
    if name in LISTS:
        return encode(np.stack([np.asarray(item) for item in value]) if value else np.zeros(0, np.float32))
    if name in SIGNATURES:
        return parameters(value)
    return plain(value) if name in VALUES else encode(value)


def parameters(function: Callable[..., Any]) -> List[Dict[str, Any]]:
    """Return the parameters of a function but for `self`: name, kind, and default if there is one."""
    found = []
    for parameter in inspect.signature(function).parameters.values():
        one = {"name": parameter.name, "kind": parameter.kind.name}
        if parameter.default is not parameter.empty:
            one["default"] = plain(parameter.default)
        found.append(one)
    return found[1:] if found and found[0]["name"] == "self" else found


def plain(value: Any) -> Any:
    """Return a value as JSON has it.

    Tuples become lists, NumPy's numbers Python's; an object of a framework becomes its class and its
    configuration, a function or a class its name, and whatever else there is its text.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}  # JSON has no such number
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.tolist())
    if isinstance(value, type) or not hasattr(value, "get_config"):
        return getattr(value, "__name__", str(value))
    return {"class_name": type(value).__name__, "config": plain(value.get_config())}
