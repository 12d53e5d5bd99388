"""Anyone's function or class, named as `module:function`, that takes and gives NumPy arrays.

A function is called with the tensors and arguments of its API as keywords.  A class, for a layer's API, is
constructed with the arguments, then taken through `build(shape)`, `set_weights(list)` and a call.
"""

import importlib
import os
import sys
from typing import Any, Callable, Dict

import numpy as np

TARGET: Dict[str, Any] = {}


def start(target: str, api: str, dtypes: str = "int32,float32,float64") -> Dict[str, Any]:
    """Import the target; return name, version and claims."""
    sys.path.insert(0, os.getcwd())
    module_name, _, path = target.partition(":")
    found = module = importlib.import_module(module_name)
    for part in path.split("."):
        found = getattr(found, part)
    TARGET["call"] = found
    return {
        "name": target,
        "version": str(getattr(module, "__version__", "unversioned")),
        "claims": {"apis": [api], "dtypes": dtypes.split(","), "python_errors": True},
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function, or take the layer through its stages."""
    del api  # there is one
    target = TARGET["call"]
    if not isinstance(target, type):
        stage("call")
        output = target(**tensors, **arguments)
        stage("observe")
        return {"output": np.asarray(output)}
    layer = target(**arguments)
    stage("build")
    layer.build(tensors["input"].shape)
    stage("weights")
    layer.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    stage("call")
    output = layer(tensors["input"])
    stage("observe")
    return {"output": np.asarray(output)}
