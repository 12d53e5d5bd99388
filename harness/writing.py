"""How does each API have a call?  A `Setting` is one in the operation's own terms; `written` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adjoint.call import GRADIENTS, Call
from adjoint.reference import layers, plain, tf_layers, tf_nn, torch_functional, torch_modules
from adjoint.reference.apis import LAYERS
from adjoint.tensors import Array, encode

DATA_FORMATS = {False: "channels_first", True: "channels_last"}


@dataclass(frozen=True, eq=False)
class Setting:
    """A call in the operation's terms.

    Attributes
    ----------
    api : str
    input, kernel : Array
        Shapes (batch, channels, *sizes) and (channels, filters / groups, *taps).
    bias : Array or None
    stride, dilation, more : tuple of int
        A number for each spatial axis; `more` is how much longer the output is at its end.
    crop : tuple of pairs of int
        What is cut off at either end; where an API only knows 'valid' and 'same', whether anything is.
    last : bool or None
        Where the channels are, if that is said.
    tag : str
        How numbers for the axes are given: ``$tuple``, ``$int``, or plainly.
    recipe : mapping, optional
        How the input is made, if it is sent so.
    doubled : bool
        Whether the activation is a function of ours, which doubles.
    gradient : Array or None
        In the shape of the API's output.
    """

    api: str
    input: Array
    kernel: Array
    bias: Array | None
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    crop: tuple[tuple[int, int], ...]
    more: tuple[int, ...]
    groups: int = 1
    last: bool | None = None
    tag: str = ""
    recipe: Mapping[str, Any] | None = None
    doubled: bool = False
    gradient: Array | None = None

    @property
    def rank(self) -> int:
        """How many spatial axes there are."""
        return self.input.ndim - 2

    @property
    def dtype(self) -> str:
        """Of all its tensors."""
        return self.input.dtype.name


def rank_of(api: str) -> int:
    """Return how many spatial axes the calls of an API have here."""
    known = {**torch_functional.RANKS, **torch_modules.RANKS}
    return next((n for n in (1, 3) if f"v{n}DTranspose" in api), known.get(api, 2))


def has_weights(api: str) -> bool:
    """Tell whether it is a layer or a module, whose weights are set."""
    return api in LAYERS or api in torch_modules.RANKS


def has_formats(api: str) -> bool:
    """Tell whether its channels may be last, and are unless another data format is asked for."""
    return api in LAYERS or api == tf_nn.API


def written(setting: Setting) -> Call | None:
    """Return the call as its API has it, or None where the API can't say this."""
    s, api = setting, setting.api
    if api in LAYERS:
        arguments = _of_layer(s)
    elif api == tf_nn.API:
        arguments = _of_tf_nn(s)
    elif api == plain.API:
        arguments = _of_operation(s)
    else:
        arguments = _of_torch(s)
    return None if arguments is None else Call(api, arguments, _tensors(s), _observed(s))


def _observed(s: Setting) -> tuple[str, ...]:
    slopes = GRADIENTS if s.bias is not None else GRADIENTS[:2]
    return ("output", *slopes) if s.gradient is not None else ("output",)


def _tensors(s: Setting) -> dict[str, Any]:
    names = {plain.API: ("input", "kernel"), tf_nn.API: ("input", "filters")}
    of_tf = has_formats(s.api)
    image = np.moveaxis(s.input, 1, -1) if of_tf and s.last is not False else s.input
    kernel = np.moveaxis(s.kernel, (0, 1), (-1, -2)) if of_tf else s.kernel
    of_input, of_kernel = names.get(s.api, ("input", "kernel" if of_tf else "weight"))
    made = {of_input: encode(image), of_kernel: encode(kernel)}
    if s.recipe:
        made[of_input] = {"dtype": s.dtype, "shape": list(image.shape), "make": dict(s.recipe)}
    if s.bias is not None:
        made["bias"] = encode(s.bias)
    if s.gradient is not None:
        made["gradient"] = encode(s.gradient)
    return made


def _of_operation(s: Setting) -> dict[str, Any] | None:
    if s.bias is not None or s.last is not None or s.tag or s.doubled:
        return None
    numbers = {name: list(getattr(s, name)) for name in ("stride", "dilation")}
    crop, more = [list(ends) for ends in s.crop], list(s.more)
    return {**numbers, "crop": crop, "output_padding": more, "groups": s.groups}


def _of_torch(s: Setting) -> dict[str, Any] | None:
    if s.last is not None or s.doubled or any(first != end for first, end in s.crop):
        return None
    padding = tuple(first for first, _ in s.crop)
    given = {"stride": s.stride, "dilation": s.dilation, "padding": padding, "output_padding": s.more}
    usual = {"stride": 1, "dilation": 1, "padding": 0, "output_padding": 0}
    arguments: dict[str, Any] = {
        name: _numbers(s, numbers) for name, numbers in given.items() if set(numbers) != {usual[name]}
    }
    arguments |= {"groups": s.groups} if s.groups > 1 else {}
    if s.api not in torch_modules.RANKS:
        return arguments
    channels, share = s.kernel.shape[:2]
    arguments |= {"bias": False} if s.bias is None else {}
    arguments |= {"dtype": s.dtype} if s.dtype != "float32" else {}
    sizes = _numbers(s, s.kernel.shape[2:])
    return {"in_channels": channels, "out_channels": share * s.groups, "kernel_size": sizes, **arguments}


def _of_layer(s: Setting) -> dict[str, Any] | None:
    if s.groups > 1 or (s.dtype != "float32" and s.api == tf_layers.API and s.gradient is not None):
        return None
    filters = s.kernel.shape[1]
    tagged = {
        "$int": str(filters),
        "as": "numpy.int64",
    }  # of those that are sizes, not all take such a number
    s, filters = (replace(s, tag=""), tagged) if s.tag == "$int" else (s, filters)
    arguments: dict[str, Any] = {"filters": filters, "kernel_size": _numbers(s, s.kernel.shape[2:])}
    given = {"strides": (s.stride, 1), "dilation_rate": (s.dilation, 1), "output_padding": (s.more, 0)}
    for name, (numbers, usual) in given.items():
        if set(numbers) != {usual}:
            arguments[name] = _numbers(s, numbers)
    arguments |= {"padding": "same"} if np.any(s.crop) else {}
    arguments |= {"data_format": DATA_FORMATS[s.last]} if s.last is not None else {}
    arguments |= {"use_bias": False} if s.bias is None else {}
    arguments |= {"activation": {"$callable": "double"}} if s.doubled else {}
    arguments |= {"dtype": s.dtype} if s.dtype != "float32" and s.api != tf_layers.API else {}
    return arguments


def _of_tf_nn(s: Setting) -> dict[str, Any] | None:
    if s.groups > 1 or s.bias is not None or s.doubled:
        return None
    padding = "SAME" if np.any(s.crop) else "VALID"
    axes = zip(s.input.shape[2:], s.kernel.shape[2:], s.stride, s.dilation, s.more, strict=True)
    sizes = [layers.output_length(n, k, t, d, padding.lower(), None) + more for n, k, t, d, more in axes]
    if padding == "VALID":  # the least that convolves back, and more
        axes = zip(s.input.shape[2:], s.kernel.shape[2:], s.stride, s.dilation, s.more, strict=True)
        sizes = [(n - 1) * t + (k - 1) * d + 1 + more for n, k, t, d, more in axes]
    ends = s.input.shape[0], s.kernel.shape[1]
    shape = [*ends, *sizes] if s.last is False else [ends[0], *sizes, ends[1]]
    arguments: dict[str, Any] = {
        "output_shape": shape,
        "strides": _numbers(s, s.stride),
        "padding": padding,
    }
    arguments |= {"dilations": _numbers(s, s.dilation)} if set(s.dilation) != {1} else {}
    if s.last is not None:
        arguments["data_format"] = tf_nn.DATA_FORMATS[s.rank][not s.last]
    return arguments


def _numbers(s: Setting, numbers: Sequence[int]) -> Any:
    """Return numbers for the axes, in the form that the setting asks for."""
    if s.tag == "$int" and len(set(numbers)) == 1:
        return {"$int": str(numbers[0]), "as": "numpy.int64"}
    if s.tag == "$tuple":
        return {"$tuple": list(numbers)}
    return numbers[0] if len(numbers) == 1 else list(numbers)
