"""Anyone's function or class, named as `module:function`, that takes and gives NumPy arrays.

A function is called with the tensors and arguments of its API as keywords.  A class is constructed with the
arguments; for a layer's API it is then taken through `build(shape)` (tf.layers, which knows none: a first
call), `set_weights(list)` and a call; for a module of PyTorch its attributes `weight` and `bias` are set, and
it is called.  It takes bfloat16 only where that is named: few functions of NumPy do.
"""

import importlib
import os
import sys
from typing import Any, Callable, Dict

import numpy as np

TARGET: Dict[str, Any] = {}


def start(target: str, api: str, dtypes: str = "int32,float16,float32,float64") -> Dict[str, Any]:
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
    """Call the function, or take the layer or module through its stages."""
    target = TARGET["call"]
    if not isinstance(target, type):
        stage("call")
        output = target(**tensors, **arguments)
    elif api.startswith("torch.nn."):
        output = module(target, arguments, tensors, stage)
    else:
        layer = target(**arguments)
        stage("build")
        if api.startswith("tf.layers"):  # it has the dtype of its first input
            layer(np.zeros(built_for(tensors, arguments), tensors["input"].dtype))
        else:
            layer.build(built_for(tensors, arguments))
        stage("weights")
        layer.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
        stage("call")
        output = layer(tensors["input"])
    stage("observe")
    return {"output": np.asarray(output)}


def module(
    kind: Any, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Any:
    """Construct a module, set its weights, call it; `output_size` is an argument of the call."""
    call = {name: value for name, value in arguments.items() if name == "output_size"}
    made = kind(**{name: value for name, value in arguments.items() if name not in call})
    stage("weights")
    for name in ("weight", "bias"):
        if name in tensors:
            setattr(made, name, tensors[name])
    stage("call")
    return made(tensors["input"], **call)


def built_for(tensors: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
