"""How does a Python implementation serve the protocol?  Reads calls, performs them, writes what was seen.

Run as ``python serving.py on_torch [argument ...]``.  The module named is a file beside this one, with:

- ``start(*arguments)``: returns ``{"name", "version", "claims"}``;
- ``perform(api, arguments, tensors, stage)``: returns what was observed, name to NumPy array; calls
  ``stage(name)`` as it moves from ``construct`` to ``build``, ``weights``, ``call`` and ``observe``;
- optionally ``UNSUPPORTED``: rows of (id, exception type, pattern, link); an error that a row matches says
  that the implementation does not offer this, rather than that it does it wrongly.

Needs NumPy and nothing else; with ml_dtypes, or a framework that brings a bfloat16 of its own to NumPy, it
serves bfloat16 too, and without one claims none.
"""

import base64
import contextlib
import importlib.util
import json
import os
import platform
import re
import sys
import threading
import time
from types import ModuleType
from typing import Any, Dict, List, Tuple

import numpy as np

with contextlib.suppress(ImportError):
    import ml_dtypes  # noqa: F401 - it makes NumPy know bfloat16


def main(name: str, *arguments: str) -> None:
    """Serve one system until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    calls = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)  # from here on, whoever prints writes to standard error
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    system = load(os.path.join(here, name + ".py"))
    threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
    for line in calls:
        message = json.loads(line.decode("utf-8"))
        if message["do"] == "stop":
            return
        if message["do"] == "start":
            answer = started(system, arguments)
        else:
            answer = dict(performed(system, message["call"]), id=message["id"])
        answers.write(json.dumps(answer).encode("utf-8") + b"\n")
        answers.flush()


def watch(parent: int) -> None:
    """End this process once the one that started it is gone, whatever it is busy with."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def load(path: str) -> ModuleType:
    """Import a module from its file."""
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def started(system: Any, arguments: Tuple[str, ...]) -> Dict[str, Any]:
    """Return the answer to `start`."""
    answer: Dict[str, Any] = system.start(*arguments)
    claims = answer["claims"]
    claims["dtypes"] = [name for name in claims["dtypes"] if is_known(name)]
    reasons = {row[0]: "%s: /%s/ (%s)" % row[1:] for row in getattr(system, "UNSUPPORTED", ())}
    claims["unsupported"] = reasons
    answer["python"] = platform.python_version()
    return answer


def is_known(dtype: str) -> bool:
    """Tell whether NumPy has a dtype; bfloat16 is none of its own."""
    try:
        np.dtype(dtype)
    except TypeError:
        return False
    return True


def performed(system: Any, call: Dict[str, Any]) -> Dict[str, Any]:
    """Return the answer to `perform`, but for its id."""
    stages: List[str] = ["construct"]
    try:
        arguments = {name: untag(value) for name, value in call["arguments"].items()}
        tensors = {name: decode(value) for name, value in call["tensors"].items()}
        observed = system.perform(call["api"], arguments, tensors, stages.append)
        return {"outcome": "returned", "observed": {k: encode(v) for k, v in observed.items()}}
    except Exception as error:  # whatever it is, it is what the implementation answered
        message = said(error)
        types = [kind.__name__ for kind in type(error).__mro__[:-1]]
        for row, kind, pattern, link in getattr(system, "UNSUPPORTED", ()):
            if kind in types and re.search(pattern, message):
                reason = "%s: %s (%s)" % (types[0], " ".join(message.split())[:200], link)
                return {"outcome": "unsupported", "unsupported": row, "reason": reason}
        return {"outcome": "raised", "stage": stages[-1], "types": types, "message": message[:2000]}


def said(error: Exception) -> str:
    """Return an error's message, whatever its own `__str__` does."""
    try:
        return str(error)
    except Exception:
        return "(its message can't be read)"


def untag(value: Any) -> Any:
    """Return the Python value that tagged JSON stands for."""
    if isinstance(value, list):
        return [untag(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$tuple" in value:
        return tuple(untag(item) for item in value["$tuple"])
    if "$int" in value:
        kind = value.get("as", "int")
        return int(value["$int"]) if kind == "int" else np.dtype(kind.split(".")[1]).type(value["$int"])
    if "$float" in value:
        return float(value["$float"])
    raise ValueError("no known tag in %r" % (value,))


def decode(specification: Dict[str, Any]) -> Any:
    """Return the array that a tensor's specification describes."""
    dtype, shape = np.dtype(str(specification["dtype"])), tuple(specification["shape"])
    if "make" in specification:
        return integers(specification["make"], shape).astype(dtype)
    data = base64.b64decode(specification["data"])
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)


def encode(array: Any) -> Dict[str, Any]:
    """Return the specification of an array."""
    array = np.asarray(array)
    little = array.astype(array.dtype.newbyteorder("<"))
    data = "" if array.dtype.hasobject else base64.b64encode(little.tobytes()).decode("ascii")
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def integers(make: Dict[str, int], shape: Tuple[int, ...]) -> Any:
    """Return integers drawn by SplitMix64 from the flat index."""
    with np.errstate(over="ignore"):
        z = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = z + np.uint64(make["seed"])
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    spread = np.uint64(make["high"] - make["low"] + 1)
    return ((z % spread).astype(np.int64) + make["low"]).reshape(shape)


if __name__ == "__main__":
    main(*sys.argv[1:])
