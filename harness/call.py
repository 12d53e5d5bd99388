"""What is one use of an API?  A call: pure data, written as JSON, with tags where JSON can't say it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from adjoint.errors import MessageError
from adjoint.inert import cut
from adjoint.reference.objects import FUNCTIONS, Function, Named
from adjoint.tensors import Array, decode, encode

KERAS_JSON = "keras.json"
GRADIENTS = ("gradient-input", "gradient-kernel", "gradient-bias")
"""What may be observed beside the output: the gradients by input, kernel and bias."""


@dataclass(frozen=True)
class Call:
    """One use of an API.

    Attributes
    ----------
    api : str
        Full name.
    arguments : mapping
        Keyword arguments, as tagged JSON; of a layer API, those of its constructor.
    tensors : mapping
        Name to tensor specification: of a function, its tensor arguments; of a layer, `input` and the
        weights to set.  Beside them `gradient`, in the shape and dtype of the output, where a gradient is
        observed: the gradients are those of the sum of output * gradient.
    observe : tuple of str
        What to look at: the `output`; any of `GRADIENTS`, by whatever name the API has for the kernel; and of
        a call that is made again after others, with the same function, layer or module, `between`, what one
        of the others returns, whose input is the opposite, `again`, what the call then returns, and `later`,
        what the first output holds in the end, the memory of the tensors written over; and for each tensor
        ``after-input`` and so on, what it holds once the first call is made, or the gradients are taken.
        `observations` has the rest.
    input_shape : tuple of int or None, optional
        The shape that ``declared`` asks about, None being an unknown size; without it, that of the input.
    positional : tuple of str
        The arguments, and of a function also tensors, that are given by position, in this order.
    home : mapping of str to str, optional
        Files, by name, that lie in the worker's home folder before it starts: it is then one of its own.
    """

    api: str
    arguments: Mapping[str, Any]
    tensors: Mapping[str, Any]
    observe: tuple[str, ...] = ("output",)
    input_shape: tuple[int | None, ...] | None = None
    home: Mapping[str, str] | None = None
    positional: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Call:
        """Read what `to_json` wrote."""
        asked = data.get("input_shape")
        shape = None if asked is None else tuple(asked)
        parts = data["api"], data["arguments"], data["tensors"], tuple(data["observe"])
        return cls(*parts, shape, data.get("home"), tuple(data.get("positional", ())))

    def to_json(self) -> dict[str, Any]:
        """Return the call as it goes over the wire."""
        return {
            "api": self.api,
            "arguments": dict(self.arguments),
            "tensors": dict(self.tensors),
            "observe": list(self.observe),
            **({} if self.input_shape is None else {"input_shape": list(self.input_shape)}),
            **({} if self.home is None else {"home": dict(self.home)}),
            **({"positional": list(self.positional)} if self.positional else {}),
        }

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits that depend on nothing but the call."""
        return hashlib.sha256(canonical(self.to_json()).encode()).hexdigest()[:12]

    @cached_property
    def values(self) -> dict[str, Any]:
        """The arguments as Python values."""
        return {name: untag(value) for name, value in self.arguments.items()}

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return str(self.tensors["input"]["dtype"])

    @property
    def size(self) -> int:
        """How many elements its tensors have: a smaller call is a better example."""
        return sum(prod(spec["shape"]) for spec in self.tensors.values())

    @property
    def is_repeated(self) -> bool:
        """Whether it is made again."""
        return "again" in self.observe

    def repeated(self) -> Call:
        """Return the same call, to be made again, with all of that to be observed."""
        return replace(self, observe=("output", "between", "again", "later")).keeping()

    def keeping(self) -> Call:
        """Return the same call, with what each of its tensors holds afterwards to be observed too."""
        return replace(self, observe=(*self.observe, *(f"after-{name}" for name in self.tensors)))

    def opposite(self) -> Call:
        """Return the call whose input is the opposite."""
        return replace(self, tensors={**self.tensors, "input": encode(-decode(self.tensors["input"]))})

    def arrays(self) -> dict[str, Array]:
        """Return the tensors that the API is given, as NumPy arrays."""
        return {name: decode(value) for name, value in self.tensors.items() if name != "gradient"}

    @property
    def gradient(self) -> Array | None:
        """The gradient by the output, where the call has one."""
        return decode(self.tensors["gradient"]) if "gradient" in self.tensors else None

    @property
    def image_data_format(self) -> str:
        """What keras.json says, if there is one that says it; else ``channels_last``."""
        try:
            return str(json.loads((self.home or {})[KERAS_JSON])["image_data_format"])
        except (KeyError, ValueError, TypeError):
            return "channels_last"

    def parameters(self) -> dict[str, Any]:
        """Return what a predicate may ask of a call: its arguments, its dtype, shapes as ``input.shape``.

        Also ``given``, the names of the arguments: one that is None is not one that is not given.
        """
        shapes = {f"{name}.shape": list(spec["shape"]) for name, spec in self.tensors.items()}
        known = {"api": self.api, "dtype": self.dtype, "given": list(self.arguments)}
        return {**known, **shapes, **plain(self.values)}

    def _place(self, name: str) -> int:
        """Return where an argument stands: those given by position are first, and in their order."""
        return self.positional.index(name) if name in self.positional else len(self.positional)

    def __str__(self) -> str:
        """Return the call in one line, tensors as dtype and shape."""
        shown = [f"{name}: {spec['dtype']}{spec['shape']}" for name, spec in self.tensors.items()]
        named = {name: f"{name}={value!r}" for name, value in self.values.items()}
        named |= {name: repr(self.values[name]) for name in self.positional if name in named}
        shown += [named[name] for name in sorted(named, key=self._place)]
        files = [f" with {name} {text!r}" for name, text in (self.home or {}).items()]
        return f"{self.api}({', '.join(shown)}){''.join(files)}"


def canonical(data: Any) -> str:
    """Return JSON with its keys sorted and no spaces: one text for one value."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a value with its tuples as lists, as a TOML file would write it, and objects by their names.

    NumPy's numbers become Python's: theirs, compared with a list, give an array.
    """
    if isinstance(value, Named | Function):
        return value.name
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def untag(value: Any) -> Any:
    """Return the Python value that tagged JSON stands for.

    Raises
    ------
    MessageError
        If the tag is none of those below, or what it holds is not known.
    """
    if isinstance(value, list):
        return [untag(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "$tuple" in value:
        return tuple(untag(item) for item in value["$tuple"])
    if "$int" in value:
        kind = str(value.get("as", "int")).removeprefix("numpy.")
        return int(value["$int"]) if kind == "int" else np.dtype(kind).type(value["$int"])
    if "$float" in value:
        return float(value["$float"])
    if "$object" in value:
        name, settings = value["$object"]
        return Named(name, settings)
    if value.get("$callable") in FUNCTIONS:
        return Function(value["$callable"])
    raise MessageError(
        f"{cut(canonical(value), 80)} carries no known tag; known are $tuple, $int, $float, $object and "
        f"$callable, one of {', '.join(FUNCTIONS)}."
    )
