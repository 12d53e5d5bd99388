"""Which tiny calls show how a worker is wired?  A dozen for each API, each of which asks for one thing more.

A `Setting` is a call in the operation's own terms, and `written` writes it as an API has it: so what a worker
mistakes is a change of a setting, the same for every API.  The first call has as many channels as filters,
and as elements on each axis, so that a worker that mixes axes up still returns something; every byte of its
numbers counts.  All others hold integers whose sums are exact, most of them on axes of different sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adjoint.call import GRADIENTS, Call
from adjoint.reference import layers, plain, tf_layers, tf_nn, torch_functional, torch_modules
from adjoint.reference.apis import LAYERS
from adjoint.tensors import Array, encode, make

RECIPE = {"kind": "integers", "low": -37, "high": 63, "seed": 0xFEDCBA9876543210}
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


@dataclass(frozen=True)
class Step:
    """One call of the checklist.

    Attributes
    ----------
    asks : str
        What it asks for, in a few words.
    call : Call
    setting : Setting or None
        What it is in the operation's terms; None of a call that is to be refused.
    """

    asks: str
    call: Call
    setting: Setting | None


def steps(api: str, dtypes: Sequence[str], first: int) -> Iterator[Step]:
    """Yield the calls of one API, whatever clauses say of each.

    Parameters
    ----------
    api : str
    dtypes : sequence of str
        Those claimed; the first of float32, float64, float16 and bfloat16 among them is that of most calls.
    first : int
        A number to draw from: no two calls of a checklist hold the same numbers.
    """
    known = [name for name in ("float32", "float64", "float16", "bfloat16") if name in dtypes]
    for asks, setting in _settings(api, known, first):
        if call := written(setting):
            yield Step(asks, call, setting)
    if known and (call := _illegal(api, known[0], first)):
        yield Step("an error is an answer", call, None)


def _settings(api: str, dtypes: Sequence[str], first: int) -> Iterator[tuple[str, Setting]]:
    rank, seeds = rank_of(api), iter(range(1000 * first, 1000 * first + 1000))
    ranked = {"square": (3,) * rank, "taps": (2,) * rank}

    def integers(shape: Sequence[int], dtype: str) -> Array:
        recipe = {"low": -99, "high": 99, "seed": next(seeds)}
        return make(recipe, tuple(shape), dtype)

    def square(dtype: str) -> Setting:
        image, kernel = (2, 3, *ranked["square"]), (3, 3, *ranked["taps"])
        return _setting(api, _bytes(image, dtype, next(seeds)), _bytes(kernel, dtype, next(seeds)))

    def oblong(**changed: Any) -> Setting:
        groups = changed.get("groups", 1)
        image, kernel = (2, 2 * groups, 4, 3, 2)[: rank + 2], (2 * groups, 3, 3, 2, 1)[: rank + 2]
        if changed.pop("odd", False):
            kernel = (2, 3, 3, 5, 3)[: rank + 2]
        if changed.pop("biased", False):
            changed["bias"] = integers((3,), dtypes[0])
        return replace(_setting(api, integers(image, dtypes[0]), integers(kernel, dtypes[0])), **changed)

    def formatted(last: bool) -> Setting:
        image, kernel = (2, 3, *ranked["square"]), (3, 3, *ranked["taps"])
        made = _setting(api, integers(image, dtypes[0]), integers(kernel, dtypes[0]))
        return replace(made, last=last)

    for dtype in dtypes[:1]:
        steps = (2, 3, 1)[:rank]
        yield "a first call", square(dtype)
        yield "axes of different sizes", oblong()
        yield "a bias", oblong(biased=True)
        yield "strides", oblong(stride=steps)
        # Keras 2 takes one number for all axes
        apart = (2,) * rank if api.startswith("tf.keras") else (3, 2, 1)[:rank]
        yield "dilation", oblong(dilation=apart)
        crops = ((2, 1), (1, 0), (0, 1)) if api == plain.API else ((1, 1), (2, 2), (0, 0))
        yield "padding", oblong(crop=crops[:rank], odd=True)
        longer = (2, 1, 0)[:rank]
        yield "a longer output", oblong(stride=(3, 4, 3)[:rank], more=longer)
        yield "groups", oblong(groups=2)
        yield "channels last", formatted(True)
        yield "channels first", formatted(False)
        yield "a $tuple as argument", oblong(stride=steps, tag="$tuple")
        yield "a $int as argument", oblong(stride=(2,) * rank, tag="$int")
        yield "a $callable as argument", oblong(doubled=True)
        image = make(RECIPE, (2, 1, *(4, 3, 2)[:rank]), dtype)
        yield (
            "a tensor to make",
            replace(_setting(api, image, np.ones((1,) * (rank + 2), dtype)), recipe=RECIPE),
        )
    for dtype in dtypes[1:]:
        yield dtype, square(dtype)


def with_gradient(setting: Setting, shape: Sequence[int], seed: int) -> Step:
    """Return the call, its gradients to be observed; `shape` is that of its output."""
    gradient = make({"low": -99, "high": 99, "seed": seed}, tuple(shape), setting.dtype)
    changed = replace(setting, gradient=gradient)
    call = written(changed)
    assert call
    return Step("gradients", call, changed)


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


def _setting(api: str, image: Array, kernel: Array) -> Setting:
    ones = (1,) * (image.ndim - 2)
    return Setting(api, image, kernel, None, ones, ones, ((0, 0),) * len(ones), (0,) * len(ones))


def _bytes(shape: Sequence[int], dtype: str, seed: int) -> Array:
    """Return numbers near 1, with a sign, that are such too where their bytes are read backwards."""
    width = np.dtype(dtype).itemsize
    drawn = make({"low": 0, "high": 255, "seed": seed}, (*shape, width), "int64")
    ends = (0x3F, 0x40, 0xBF, 0xC0) if width > 2 else (0x3C, 0x3D, 0x3F, 0x40, 0x42, 0xBC, 0xBE, 0xC1)
    for end in (0, -1):
        drawn[..., end] = np.array(ends)[drawn[..., end] % len(ends)]
    return drawn.astype(np.uint8).view(np.dtype(dtype))[..., 0]


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


def _illegal(api: str, dtype: str, first: int) -> Call | None:
    """Return a call that every page of such APIs refuses, if one does."""
    for _, setting in _settings(api, [dtype], first):
        call = written(setting)
        if api == plain.API or call is None:
            return None
        # a stride of 0, of which some layers would die, is for PyTorch's
        wrong = {"padding": "NONE"} if has_formats(api) else {"stride": 0}
        return replace(call, arguments={**call.arguments, **wrong})
    return None
