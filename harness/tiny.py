"""Which tiny calls show how a worker is wired?  A dozen for each API, each of which asks for one thing more.

What a worker mistakes is a change of a `Setting`, the same for every API.  The first call has as many
channels as filters, and as elements on each axis, so that a worker that mixes axes up still returns
something; every byte of its numbers counts.  All others hold integers whose sums are exact, most of them on
axes of different sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adjoint.call import Call
from adjoint.reference import plain
from adjoint.tensors import Array, make
from adjoint.writing import Setting, has_formats, rank_of, written

RECIPE = {"kind": "integers", "low": -37, "high": 63, "seed": 0xFEDCBA9876543210}


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


def alike(setting: Setting) -> Setting:
    """Return the call with the same numbers and arguments, but as many elements on all axes as channels.

    A worker that takes one axis for another can answer that where it can't answer the call itself.
    """
    channels = max(2, setting.kernel.shape[0])
    image = np.resize(setting.input, (2, *(channels,) * (setting.rank + 1)))
    kernel = np.resize(setting.kernel, (channels, channels, *setting.kernel.shape[2:]))
    bias = None if setting.bias is None else np.resize(setting.bias, channels * setting.groups)
    return replace(setting, input=image, kernel=kernel, bias=bias, recipe=None, gradient=None)


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
