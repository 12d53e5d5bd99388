"""How does a Python implementation serve the protocol?  Reads calls, performs them, writes what was seen.

Run as ``python serving.py on_torch [argument ...]``.  The module named is a file beside this one, with:

- ``start(*arguments, **options)``: returns ``{"name", "version", "claims"}``; the options are the message's;
- ``perform(api, arguments, tensors, stage)``, where ``arguments.to(function, **tensors)`` calls a function
  with the arguments: returns what was observed, name to NumPy array; calls
  ``stage(name)`` as it moves from ``construct`` to ``build``, ``weights``, ``call`` and ``observe``; a tensor
  named ``gradient``, which only those are given that claim to observe gradients, asks for all of these; where
  the API is not given the memory of the arrays, what it is given is among what was observed, as it is
  afterwards, as ``after-input`` and so on;
- for calls that are made again, ``given(tensors)``: returns the arrays as the API takes them, sharing
  their memory where it can; ``prepare(api, arguments, given, stage)``: returns a function that calls the
  API with such tensors (a layer, which is built once, with the input among them), and the layer or module,
  None of a function; and ``to_numpy(tensor)``;
- for calls that show more than tensors (`looking.NAMES`), ``look(api, arguments, tensors, stage, wanted,
  input_shape)``: returns what is wanted, by name: arrays, lists and mappings of them, Python's own values,
  or the callable itself whose signature is asked for; the shape is a tuple with None for what is unknown,
  or None;
- optionally ``make(argument, class_name, settings)``: returns an object of the framework's own, to be passed
  as that argument; without it Keras' serialized form is passed;
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
import traceback
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Tuple

try:
    import numpy as np
except ModuleNotFoundError as missing:
    sys.exit("%s has no %s, which a worker needs; --python chooses another" % (sys.executable, missing.name))

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
    try:
        system = load(os.path.join(here, name + ".py"))
    except ModuleNotFoundError as error:
        traceback.print_exc()
        sys.exit("%s has no module %r; --python chooses another Python" % (sys.executable, error.name))
    threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
    for line in calls:
        message = json.loads(line.decode("utf-8"))
        if message["do"] == "stop":
            return
        if message["do"] == "start":
            answer = started(system, arguments, message.get("options", {}))
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


INTERPRETATION = "1.0"
"""The one of calls that this file was written for."""

looking = load(os.path.join(os.path.dirname(os.path.abspath(__file__)), "looking.py"))


def started(system: Any, arguments: Tuple[str, ...], options: Dict[str, str]) -> Dict[str, Any]:
    """Return the answer to `start`, which may come again, with other options."""
    answer: Dict[str, Any] = system.start(*arguments, **options)
    claims = answer["claims"]
    claims["dtypes"] = [name for name in claims["dtypes"] if is_known(name)]
    reasons = {row[0]: "%s: /%s/ (%s)" % row[1:] for row in getattr(system, "UNSUPPORTED", ())}
    claims["unsupported"] = reasons
    again = ["between", "again", "later", "after"] if hasattr(system, "prepare") else []
    claims["observes"] = claims.get("observes", ["output"]) + again
    claims["interpretation"] = INTERPRETATION
    answer["python"] = platform.python_version()
    return answer


def is_known(dtype: str) -> bool:
    """Tell whether NumPy has a dtype; bfloat16 is none of its own."""
    try:
        np.dtype(dtype)
    except TypeError:
        return False
    return True


class Arguments(dict):  # type: ignore[type-arg]
    """A call's arguments by name; `to` calls something with them, the first ones by position if so asked."""

    positional: Tuple[str, ...] = ()

    def to(self, function: Callable[..., Any], **tensors: Any) -> Any:
        """Call a function, or construct something, with these arguments, and with tensors if it takes any."""
        whole = dict(tensors, **self)
        first = [whole.pop(name) for name in self.positional]
        return function(*first, **whole)

    def but(self, *names: str) -> "Arguments":
        """Return the arguments without some."""
        kept = Arguments((name, value) for name, value in self.items() if name not in names)
        kept.positional = tuple(name for name in self.positional if name not in names)
        return kept


def performed(system: Any, call: Dict[str, Any]) -> Dict[str, Any]:
    """Return the answer to `perform`, but for its id."""
    stages: List[str] = ["construct"]
    try:
        arguments = Arguments(
            (name, untag_argument(system, name, value)) for name, value in call["arguments"].items()
        )
        arguments.positional = tuple(call.get("positional", ()))
        tensors = {name: decode(value) for name, value in call["tensors"].items()}
        asked = (call["api"], arguments, tensors, stages.append)
        observed = observe(system, call, asked)
        wanted = [name for name in call["observe"] if name in observed]
        shown = {name: looking.shown(name, observed[name], encode) for name in wanted}
        return {"outcome": "returned", "observed": shown}
    except Exception as error:  # whatever it is, it is what the implementation answered
        message = said(error)
        types = [kind.__name__ for kind in type(error).__mro__[:-1]]
        for row, kind, pattern, link in getattr(system, "UNSUPPORTED", ()):
            if kind in types and re.search(pattern, message):
                reason = "%s: %s (%s)" % (types[0], " ".join(message.split())[:200], link)
                return {"outcome": "unsupported", "unsupported": row, "reason": reason}
        return {"outcome": "raised", "stage": stages[-1], "types": types, "message": message[:2000]}


def observe(system: Any, call: Dict[str, Any], asked: Tuple[Any, ...]) -> Dict[str, Any]:
    """Return what the system saw of a call, by the one of three ways that shows what is asked for."""
    wanted = tuple(call["observe"])
    if "again" in wanted:
        return repeated(system, *asked)
    if looking.NAMES.isdisjoint(wanted):
        seen = system.perform(*asked)
        after = {"after-" + name: array for name, array in asked[2].items()}
        return dict(after, **seen)
    shape = call.get("input_shape")
    return dict(system.look(*asked, wanted=wanted, input_shape=None if shape is None else tuple(shape)))


def repeated(
    system: Any,
    api: str,
    arguments: Dict[str, Any],
    tensors: Dict[str, Any],
    stage: Callable[[str], None],
) -> Dict[str, Any]:
    """Return what a call returned and left of its tensors, and what is so after other calls.

    Each is copied as it is seen: what it was then is what counts.
    """
    given = system.given(tensors)
    perform, _ = system.prepare(api, arguments, given, stage)
    stage("call")
    first = perform(given)
    stage("observe")
    seen = {"output": np.array(system.to_numpy(first))}
    seen.update({"after-" + name: np.array(system.to_numpy(tensor)) for name, tensor in given.items()})
    stage("call")
    opposite, doubled = others(tensors, arguments)
    seen["between"] = np.array(system.to_numpy(perform(system.given(opposite))))
    perform(system.given(doubled))
    seen["again"] = np.array(system.to_numpy(perform(given)))
    perform(system.given(opposite))  # a buffer of the first output holds other numbers from here on
    stage("observe")
    for array in tensors.values():
        if array.flags.writeable:  # an output that is a view of it is so no longer
            array[...] = 0
    seen["later"] = np.array(system.to_numpy(first))
    return seen


def others(tensors: Dict[str, Any], arguments: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """Yield the tensors of two other calls: with the opposite input; of twice the batch, where it is free."""
    # cast back, for an old NumPy makes another dtype of a negated bfloat16
    opposite = {name: (-array).astype(array.dtype) for name, array in tensors.items()}
    yield dict(tensors, input=opposite["input"])
    whole = tensors["input"]
    batched = whole.ndim == max(array.ndim for array in tensors.values())
    if batched and "output_shape" not in arguments:
        whole = np.concatenate([whole, opposite["input"]])
    yield dict(opposite, input=whole)


def said(error: Exception) -> str:
    """Return an error's message, whatever its own `__str__` does."""
    try:
        return str(error)
    except Exception:
        return "(its message can't be read)"


def untag_argument(system: Any, argument: str, value: Any) -> Any:
    """Return the Python value of an argument; it may be an object of the framework's own, or a function."""
    if isinstance(value, dict) and "$object" in value:
        class_name, settings = value["$object"]
        if hasattr(system, "make"):
            return system.make(argument, class_name, settings)
        return {"class_name": class_name, "config": settings}
    if isinstance(value, dict) and "$callable" in value:
        return CALLABLES[value["$callable"]]
    return untag(value)


def double(x: Any) -> Any:
    """Return twice a tensor, of whatever framework."""
    return 2 * x


CALLABLES = {"double": double}


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
        array = integers(specification["make"], shape).astype(dtype)
    else:
        data = base64.b64decode(specification["data"])
        array = np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    return laid_out(array, specification["layout"]) if "layout" in specification else array


def laid_out(array: Any, layout: str) -> Any:
    """Return an array of the same elements that lie so in memory, which between them has every bit set."""
    if layout == "transposed":
        return np.asfortranarray(array)
    if layout == "reversed":
        return np.flip(np.flip(array).copy())
    if layout == "broadcast":
        return np.broadcast_to(array[:1], array.shape)
    if layout == "read-only":
        array.setflags(write=False)
        return array
    if layout == "strided":
        whole = filled(tuple(2 * size for size in array.shape), array.dtype)
        view = whole[(slice(None, None, 2),) * array.ndim]
    else:
        assert layout == "offset", layout
        view = filled((array.size + 2,), array.dtype)[1:-1].reshape(array.shape)
    view[...] = array
    return view


def filled(shape: Tuple[int, ...], dtype: Any) -> Any:
    """Return an array whose every bit is set: of floating-point numbers, NaN."""
    array = np.empty(shape, dtype)
    array.view(np.uint8)[...] = 255
    return array


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
