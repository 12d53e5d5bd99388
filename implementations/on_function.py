"""Anyone's function or class, named as `module:function`, that takes and gives NumPy arrays.

A function is called with the tensors and arguments of its API as keywords.  A class is constructed with the
arguments; for a layer's API it is then taken through `build(shape)` (tf.layers, which knows none: a first
call), `set_weights(list)` and a call; for a module of PyTorch its attributes `weight` and `bias` are set, and
it is called.  It takes bfloat16 only where that is claimed: few functions of NumPy do.  Where it is claimed
to take the arrays of another library, that library's `asarray` makes them.
"""

import difflib
import importlib
import json
import os
import pickle
import platform
import sys
import traceback
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

TARGET: Dict[str, Any] = {}
UNSUPPORTED: List[Tuple[str, str, str, str]] = []


def start(target: str, api: str, claimed: str = "{}") -> Dict[str, Any]:
    """Import the target; return name, version and claims.

    A target ``@FILE`` is pickled in a file.  What is claimed is JSON, as `adjoint.claims_file` has it.
    """
    sys.path.insert(0, os.getcwd())
    claims = json.loads(claimed)
    found, version = loaded(target)
    arrays: Any = imported(claims["arrays"]) if "arrays" in claims else np
    if not hasattr(arrays, "asarray"):
        sys.exit(
            "module %s has no asarray, so it can't be claimed as the library of arrays" % arrays.__name__
        )
    TARGET.update(call=found, asarray=arrays.asarray, library=arrays)
    UNSUPPORTED[:] = [
        (row["id"], row["error"], row["pattern"], row.get("link", ""))
        for row in claims.get("unsupported", [])
    ]
    return {
        "name": target,
        "version": version,
        "claims": {
            "apis": [api],
            "dtypes": claims.get("dtypes", ["int32", "float16", "float32", "float64"]),
            "arithmetic": claims.get("arithmetic", {}),
            "python_errors": True,
        },
    }


def loaded(target: str) -> Tuple[Any, str]:
    """Return the function or class that a target names, and its module's version."""
    if target.startswith("@"):
        with open(target[1:], "rb") as file:
            found = pickle.load(file)
        module = sys.modules.get(getattr(found, "__module__", None) or "")
    else:
        module_name, _, path = target.partition(":")
        found = module = imported(module_name)
        for part in path.split("."):
            found = held(found, part, module_name)
    if not callable(found):
        sys.exit(
            "the target %s is of type %s, and must be a function or a class" % (target, type(found).__name__)
        )
    return found, str(getattr(module, "__version__", "unversioned"))


def imported(name: str) -> Any:
    """Import a module; if that can't be done, leave with a sentence that says why, and where."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever the module does as it is imported
        traceback.print_exc()
        sys.exit(unimported(name, error))


def unimported(name: str, error: Exception) -> str:
    """Say why a module can't be imported."""
    python = "Python %s (%s)" % (platform.python_version(), sys.executable)
    another = "--python chooses another Python"
    missing = getattr(error, "name", None)
    if isinstance(error, ImportError) and missing and (name + ".").startswith(missing + "."):
        if name.endswith(".py"):
            found = "" if "/" in name or "\\" in name else ": did you mean %r?" % name[:-3]
            return "there is no module %r; a module is named without .py%s" % (name, found)
        return "there is no module %r in %s, and %s has none; %s" % (missing, os.getcwd(), python, another)
    if isinstance(error, ModuleNotFoundError):
        return "module %s imports %r, which %s does not have; %s" % (name, missing, python, another)
    if isinstance(error, SyntaxError):
        at = "%s, line %s, of which %s says" % (error.filename, error.lineno, python)
        return "module %s can't be imported: %s: %s: %s" % (name, at, type(error).__name__, error.msg)
    frames = [row for row in traceback.extract_tb(error.__traceback__) if "importlib" not in row.filename]
    at = "%s, line %s" % (frames[-1].filename, frames[-1].lineno)
    said = "%s: %s" % (type(error).__name__, " ".join(str(error).split()))
    hint = "; it ran on %s, and %s" % (python, another) if isinstance(error, ImportError) else ""
    return "module %s can't be imported: %s, %s%s" % (name, at, said, hint)


def held(of: Any, name: str, module: str) -> Any:
    """Return an attribute; if there is none, leave with a sentence."""
    if hasattr(of, name):
        return getattr(of, name)
    near = difflib.get_close_matches(name, dir(of), 1)
    sys.exit("module %s has no %r%s" % (module, name, ": did you mean %r?" % near[0] if near else ""))


def perform(
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function, or take the layer or module through its stages."""
    passed = given(tensors)
    call, _ = prepare(api, arguments, passed, stage)
    stage("call")
    output = call(passed)
    stage("observe")
    return {"output": to_numpy(output)}


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return arrays of the library whose arrays are taken."""
    return {name: taken(array) for name, array in tensors.items()}


def taken(array: Any) -> Any:
    """Return an array of the library, in the same memory where it can.

    PyTorch has no negative strides, and takes NumPy's bfloat16 by its bits alone.
    """
    try:
        return TARGET["asarray"](array)
    except ValueError:
        if array.flags.c_contiguous:
            raise
        return taken(array.copy())
    except TypeError:
        if array.dtype.name != "bfloat16" or not hasattr(TARGET["library"], "bfloat16"):
            raise
        return taken(array.view("int16")).view(TARGET["library"].bfloat16)


def to_numpy(output: Any) -> Any:
    """Return an array of what is returned; what is none, a list or a number, is an error.

    PyTorch's tensors may wait for a gradient, and show bfloat16 by its bits alone.
    """
    if hasattr(output, "detach"):
        output = output.detach()
    if hasattr(output, "__dlpack__") and not hasattr(output, "__array__"):
        return np.from_dlpack(output)
    if output is None or isinstance(output, (list, tuple, dict, str, int, float, complex)):
        some = " of %d" % len(output) if isinstance(output, (list, tuple)) else ""
        kind = "None" if output is None else "a " + type(output).__name__ + some
        raise TypeError("it returned %s, where one array is wanted" % kind)
    try:
        return np.asarray(output)
    except TypeError:
        if getattr(output, "dtype", None) is not getattr(TARGET.get("library"), "bfloat16", TARGET):
            raise
        return np.asarray(output.view(TARGET["library"].int16)).view("bfloat16")


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
    kept = arguments.but("output_size")
    if TARGET["library"] is not np and isinstance(kept.get("dtype"), str):
        kept["dtype"] = getattr(TARGET["library"], kept["dtype"])
    made = kept.to(kind)
    stage("weights")
    set_weights(made, {name: tensors[name] for name in ("weight", "bias") if name in tensors})
    return lambda given: made(given["input"], **call), made


def set_weights(made: Any, weights: Dict[str, Any]) -> None:
    """Set the weights of a module: those of a subclass of PyTorch's by its state, of any other by assignment.

    A parameter of PyTorch's takes no tensor that is assigned to it; its other state stays as it is.
    """
    if hasattr(made, "load_state_dict"):
        made.load_state_dict(dict(made.state_dict(), **weights))
        return
    for name, weight in weights.items():
        setattr(made, name, weight)


def built_for(tensors: Dict[str, Any], arguments: Any) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
