"""What may have gone wrong that no changed call expresses?  Mistakes that the answer alone gives away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from adjoint.expecting import Expected
from adjoint.hypotheses import channels_back
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.operation import Geometry, conv
from adjoint.supposing import Heard, as_it_is
from adjoint.tensors import Array, decode, make
from adjoint.writing import written


def stale(heard: Heard) -> str:
    """Is it what an earlier call should have had?"""
    for number, name, wanted in heard.earlier:
        if wanted.accepts(heard.seen):
            if heard.in_python:
                return f"it returns what a call before had to return: that of {name!r}"
            return f"call {heard.number}'s answer is that of call {number}"
    return ""


def nothing_but_zeros(heard: Heard) -> str:
    """Is it zero throughout?"""
    return "" if np.any(heard.seen) or not heard.seen.size else "it returns zeros"


def input_again(heard: Heard) -> str:
    """Is it what it was given?"""
    call = written(heard.setting)
    assert call
    for name, tensor in call.tensors.items():
        if name != "gradient" and np.array_equal(decode(tensor), heard.seen) and not heard.setting.recipe:
            return f"it returns its {name} as it is"
    return ""


def correlation(heard: Heard) -> str:
    """Is it the forward operation, with either of the kernel's channel axes summed over?"""
    s = heard.setting
    if s.recipe or s.groups > 1:
        return ""
    axes = zip(s.input.shape[2:], s.kernel.shape[2:], s.stride, s.dilation, s.crop, strict=True)
    sizes = tuple((n + sum(ends) - (k - 1) * d - 1) // t + 1 for n, k, t, d, ends in axes)
    if min(sizes) < 1:
        return ""
    geometry = Geometry(
        sizes, s.kernel.shape[2:], s.input.shape[2:], s.stride, s.dilation, tuple(c for c, _ in s.crop)
    )
    for kernel in (s.kernel, s.kernel.swapaxes(0, 1)):
        if kernel.shape[1] != s.input.shape[1]:
            continue
        given = Tensor.from_array(s.input), Tensor.from_array(kernel)
        y = _numbers(conv(*given, geometry))
        total = _numbers(conv(given[0].absolute(), given[1].absolute(), geometry))
        terms = prod(kernel.shape[1:])
        spread = total * terms * 2.0 ** -FORMATS[s.dtype].precision
        for order in (as_it_is, channels_back):
            low, high = order(y - spread), order(y + spread)
            if Expected(s.dtype, ((low, high),)).accepts(heard.seen):
                return "it computes the correlation (the convolution of a forward layer), not its transpose"
    return ""


def _numbers(tensor: Tensor) -> Array:
    return np.array([float(n) * 2.0**tensor.exponent for n in tensor.integers]).reshape(tensor.shape)


def recipe(heard: Heard) -> str:
    """Are the numbers that were to be made others, by a known mistake?  The call returns its input."""
    asked, dtype, shape = heard.setting.recipe, heard.wanted.dtype, heard.wanted.shape
    if not asked or heard.seen.shape != shape:
        return ""
    low, high, seed = (int(asked[name]) for name in ("low", "high", "seed"))
    mistakes = {
        "it counts elements from 0, where element j takes seed + (j + 1) * 0x9E3779B97F4A7C15": {
            "low": low,
            "high": high,
            "seed": (seed - 0x9E3779B97F4A7C15) % 2**64,
        },
        "it leaves out `high`, which is one of the numbers": {"low": low, "high": high - 1, "seed": seed},
        "it leaves out `low`, which is to be added": {"low": 0, "high": high - low, "seed": seed},
    }
    for words, mistaken in mistakes.items():
        if np.array_equal(make(mistaken, shape, dtype), heard.seen):
            return f"a tensor's `make` recipe is not understood: {words}"
    return ""


def other_shape(heard: Heard) -> str:
    """Are the numbers right, in another shape?"""
    same_size = heard.seen.size == prod(heard.wanted.shape) and heard.seen.shape != heard.wanted.shape
    if same_size and heard.wanted.accepts(heard.seen.reshape(heard.wanted.shape)):
        return (
            f"the numbers are right, but their shape is {list(heard.seen.shape)} "
            f"where {list(heard.wanted.shape)} is due"
        )
    return ""


@dataclass(frozen=True)
class Guess:
    """A mistake that is recognised by what came back alone."""

    name: str
    said: Callable[[Heard], str]


GUESSES = (
    Guess("is stale", stale),
    Guess("returns zeros", nothing_but_zeros),
    Guess("returns what it is given", input_again),
    Guess("makes other numbers", recipe),
    Guess("correlates", correlation),
    Guess("returns another shape", other_shape),
)
