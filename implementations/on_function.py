"""Anyone's function or class, named as `module:function`, that takes and gives NumPy arrays.

A function is called with the tensors and arguments of its API as keywords.  A class is constructed with the
arguments; for a layer's API it is then taken through `build(shape)` (tf.layers, which knows none: a first
call), `set_weights(list)` and a call; for a module of PyTorch its attributes `weight` and `bias` are set, and
it is called.  It takes bfloat16 only where that is named: few functions of NumPy do.
"""

import importlib
import os
import sys
from typing import Any, Callable, Dict, Tuple

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
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function, or take the layer or module through its stages."""
    call, _ = prepare(api, arguments, tensors, stage)
    stage("call")
    output = call(tensors)
    stage("observe")
    return {"output": to_numpy(output)}


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return the arrays: they are what is taken."""
    return tensors


def to_numpy(output: Any) -> Any:
    """Return an array of whatever is returned."""
    return np.asarray(output)


def prepare(
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return what calls the function, or the layer or module once it is built; and that, if there is one."""
    target = TARGET["call"]
    if not isinstance(target, type):
        return lambda given: arguments.to(target, **given), None
    if api.startswith("torch.nn."):
        return module(target, arguments, tensors, stage)
    layer = arguments.to(target)
    stage("build")
    if api.startswith("tf.layers"):  # it has the dtype of its first input
        layer(np.zeros(built_for(tensors, arguments), tensors["input"].dtype))
    else:
        layer.build(built_for(tensors, arguments))
    stage("weights")
    layer.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    return lambda given: layer(given["input"]), layer


def module(
    kind: Any, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Construct a module and set its weights; `output_size` is an argument of the call."""
    call = {name: value for name, value in arguments.items() if name == "output_size"}
    made = arguments.but("output_size").to(kind)
    stage("weights")
    for name in ("weight", "bias"):
        if name in tensors:
            setattr(made, name, tensors[name])
    return lambda given: made(given["input"], **call), made


def built_for(tensors: Dict[str, Any], arguments: Any) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
