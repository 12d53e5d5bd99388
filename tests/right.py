"""How can an honest implementation compute a call?  Whole ones, with a rounding after each operation.

Each is written for itself, and takes nothing but sizes from the reference.  A way sums products over
channels and taps from a start; groups have an axis of their own: input (batch, groups, channels, *input),
kernel (groups, channels, filters, *kernel), result (batch, groups, filters, *output).  Each rounds every
product and every sum by `fl`, but where it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np

from adjoint.reference.operation import Geometry
from tests.rounded_calls import Rounded
from tests.summing import ROUNDINGS, Numbers, Rounding, blocked, by_size, pairwise

Way = Callable[[Numbers, Numbers, Geometry, Rounding, Numbers], Numbers]
Implementation = Callable[[Rounded], Numbers]


def places(w: Numbers) -> list[tuple[int, tuple[int, ...]]]:
    """Every channel and tap."""
    return list(product(range(w.shape[1]), product(*map(range, w.shape[3:]))))


def times(x: Numbers, w: Numbers, c: int, k: tuple[int, ...]) -> Numbers:
    """Multiply one channel of the input by one tap of its kernels."""
    taps = w[(slice(None), c, slice(None), *k)]
    return x[:, :, c, np.newaxis] * taps.reshape(*taps.shape, *(1,) * len(k))


def scatter(
    x: Numbers, w: Numbers, g: Geometry, fl: Rounding, start: Numbers, order: Callable[..., Numbers] = np.sort
) -> Numbers:
    """Stamp the kernel, tap by tap in some order, on a canvas of which the output is cut."""
    axes = zip(g.input, g.kernel, g.output, g.stride, g.dilation, g.crop, strict=True)
    sizes = [max((i - 1) * s + (k - 1) * d + 1, o + c) for i, k, o, s, d, c in axes]
    canvas = np.empty((*x.shape[:2], w.shape[2], *sizes))
    canvas[:] = start
    everywhere = places(w)
    for j in order(np.arange(len(everywhere))):
        c, k = everywhere[j]
        ends = zip(k, g.input, g.stride, g.dilation, strict=True)
        stamp = (..., *(slice(a * d, a * d + (i - 1) * s + 1, s) for a, i, s, d in ends))
        canvas[stamp] = fl(canvas[stamp] + fl(times(x, w, c, k)))
    return canvas[(..., *(slice(c, c + o) for c, o in zip(g.crop, g.output, strict=True)))]


def backwards(numbers: Numbers) -> Numbers:
    return numbers[::-1]


def at_random(numbers: Numbers) -> Numbers:
    return np.random.default_rng(8).permutation(numbers)


def gathered(x: Numbers, w: Numbers, g: Geometry) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield, for each channel and tap, its unrounded term of every output, and which outputs have one."""
    for c, k in places(w):
        found, there = [], np.ones(g.output, bool)
        for axis, (a, size) in enumerate(zip(k, g.input, strict=True)):
            along = np.arange(g.output[axis]) + g.crop[axis] - a * g.dilation[axis]
            i, rest = np.divmod(along, g.stride[axis])
            inside = (rest == 0) & (i >= 0) & (i < size)
            found.append(np.where(inside, i, 0))
            there &= inside.reshape([-1 if j == axis else 1 for j in range(len(k))])
        yield times(x[(..., *np.ix_(*found))], w, c, k), there


def gather(x: Numbers, w: Numbers, g: Geometry, fl: Rounding, start: Numbers) -> Numbers:
    """Look, for each output, for the inputs that meet it, and skip the others."""
    total = start
    for term, there in gathered(x, w, g):
        total = np.where(there, fl(total + fl(term)), total)
    return total


def fused(x: Numbers, w: Numbers, g: Geometry, fl: Rounding, start: Numbers) -> Numbers:
    """Gather by multiply-adds: a product is not rounded before it is added; of float64 64 bits are kept."""
    total = start
    for term, there in gathered(x.astype(np.longdouble), w.astype(np.longdouble), g):
        total = np.where(there, fl((total + term).astype(np.float64)), total)
    return total


def zero_insertion(x: Numbers, w: Numbers, g: Geometry, fl: Rounding, start: Numbers) -> Numbers:
    """Put zeros between the inputs and around them, and convolve with the flipped kernel."""
    reach = [(k - 1) * d for k, d in zip(w.shape[3:], g.dilation, strict=True)]
    axes = zip(reach, g.input, g.output, g.stride, g.crop, strict=True)
    sizes = [max(r + (i - 1) * s + 1, c + o + r) for r, i, o, s, c in axes]
    spread = np.zeros((*x.shape[:3], *sizes))
    starts = zip(reach, g.input, g.stride, strict=True)
    spread[(..., *(slice(r, r + (i - 1) * s + 1, s) for r, i, s in starts))] = x
    flipped = np.flip(w, axis=tuple(range(3, w.ndim)))
    total = start
    for c, k in places(w):
        window = zip(k, g.dilation, g.crop, g.output, strict=True)
        seen = spread[(..., *(slice(a * d + crop, a * d + crop + o) for a, d, crop, o in window))]
        total = fl(total + fl(times(seen, flipped, c, k)))
    return total


def one_matrix(x: Numbers, w: Numbers, g: Geometry, fl: Rounding, start: Numbers) -> Numbers:
    """Write the operation as a matrix, (groups, channels * input, filters * output), and multiply by it."""
    matrix = np.zeros((*w.shape[:2], *g.input, w.shape[2], *g.output))
    axes = list(zip(g.stride, g.dilation, g.crop, strict=True))
    for i, k in product(product(*map(range, g.input)), product(*map(range, g.kernel))):
        o = [a * s + b * d - c for a, b, (s, d, c) in zip(i, k, axes, strict=True)]
        if all(0 <= at < size for at, size in zip(o, g.output, strict=True)):
            matrix[(slice(None), slice(None), *i, slice(None), *o)] = w[(..., *k)]
    rows = matrix.reshape(len(w), w.shape[1] * np.prod(g.input), -1)
    flat = x.reshape(*x.shape[:2], -1)
    shape = (*x.shape[:2], w.shape[2], *g.output)
    total = np.broadcast_to(start, shape).reshape(*x.shape[:2], -1)
    for j in range(rows.shape[1]):
        total = fl(total + fl(flat[:, :, j, np.newaxis] * rows[:, j]))
    return total.reshape(shape)


def laid_out(
    x: Numbers,
    w: Numbers,
    g: Geometry,
    fl: Rounding,
    start: Numbers,
    add: Callable[[Numbers, Rounding], Numbers],
) -> Numbers:
    """Lay out all terms, and zeros where there is none, and add them up; the start is one of them."""
    terms = [np.where(there, fl(term), 0) for term, there in gathered(x, w, g)]
    return add(np.stack([*terms, np.broadcast_to(start, terms[0].shape)]), fl)


WAYS: dict[str, Way] = {
    "scatter": scatter,
    "scatter backwards": partial(scatter, order=backwards),
    "scatter at random": partial(scatter, order=at_random),
    "gather": gather,
    "zero insertion": zero_insertion,
    "one matrix": one_matrix,
    "fused": fused,
    "pairwise": partial(laid_out, add=pairwise),
    "blocked": partial(laid_out, add=blocked),
    "largest first": partial(laid_out, add=by_size),
}


def split(call: Rounded) -> tuple[Numbers, Numbers, Numbers]:
    """Return input, kernel and bias with an axis for the groups."""
    x = call.x.reshape(len(call.x), call.groups, -1, *call.x.shape[2:])
    w = call.w.reshape(call.groups, -1, *call.w.shape[1:])
    bias = np.zeros(call.groups * w.shape[2]) if call.bias is None else call.bias
    return x, w, bias.reshape(call.groups, w.shape[2], *(1,) * len(call.geometry.input))


def joined(y: Numbers) -> Numbers:
    return y.reshape(len(y), -1, *y.shape[3:])


def bias_last(call: Rounded, way: Way) -> Numbers:
    x, w, bias = split(call)
    fl = ROUNDINGS[call.dtype]
    return joined(fl(way(x, w, call.geometry, fl, np.zeros_like(bias)) + bias))


def bias_first(call: Rounded, way: Way) -> Numbers:
    x, w, bias = split(call)
    return joined(way(x, w, call.geometry, ROUNDINGS[call.dtype], bias))


def in_wider(call: Rounded, accumulator: str) -> Numbers:
    """Sum in a wider format, the bias with the products, and round at the end."""
    x, w, bias = split(call)
    wide, fl = ROUNDINGS[accumulator], ROUNDINGS[call.dtype]
    return joined(fl(wide(scatter(x, w, call.geometry, wide, np.zeros_like(bias)) + bias)))


def in_steps(call: Rounded, accumulator: str) -> Numbers:
    """Sum in a wider format, round, add the bias, and round again."""
    x, w, bias = split(call)
    wide, fl = ROUNDINGS[accumulator], ROUNDINGS[call.dtype]
    return joined(fl(fl(scatter(x, w, call.geometry, wide, np.zeros_like(bias))) + bias))


DIRECT: dict[str, Implementation] = {
    **{name: partial(bias_last, way=way) for name, way in WAYS.items()},
    **{f"{name}, bias first": partial(bias_first, way=way) for name, way in WAYS.items()},
}
WIDER = {
    "float16": ("float32", "float64"),
    "bfloat16": ("float32", "float64"),
    "float32": ("float64",),
    "float64": (),
}
# Of each dtype, by name and accumulator.
BY_ACCUMULATOR: dict[str, dict[tuple[str, str], Implementation]] = {
    dtype: {
        (f"{how.__name__}, {accumulator}", accumulator): partial(how, accumulator=accumulator)
        for accumulator in wider
        for how in (in_wider, in_steps)
    }
    for dtype, wider in WIDER.items()
}
