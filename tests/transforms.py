"""How can an honest implementation transform a call?  By FFT, and by Winograd's F(2, 3) and F(4, 3).

Every operation is one of NumPy's in the transform's own format, float32 or float64: numbers are not held in
a wider one.  All sum what `zeroed` lays out: the input with zeros between and around its elements.
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.right import joined, split
from tests.rounded_calls import Rounded
from tests.summing import ROUNDINGS, Numbers

Floats = NDArray[Any]


def apart(array: Floats, steps: tuple[int, ...]) -> Floats:
    """Return the array with its last axes' elements `step` apart, and zeros between."""
    kept = array.ndim - len(steps)
    sizes = ((size - 1) * step + 1 for size, step in zip(array.shape[kept:], steps, strict=True))
    spread = np.zeros((*array.shape[:kept], *sizes), array.dtype)
    spread[(..., *(slice(None, None, step) for step in steps))] = array
    return spread


def cut(array: Floats, starts: tuple[int, ...], sizes: tuple[int, ...]) -> Floats:
    """Return a part of the last axes; past their end there are zeros."""
    kept, ends = array.ndim - len(sizes), [a + b for a, b in zip(starts, sizes, strict=True)]
    more = [(0, max(end - size, 0)) for end, size in zip(ends, array.shape[kept:], strict=True)]
    wide = np.pad(array, [(0, 0)] * kept + more)
    return wide[(..., *map(slice, starts, ends))]


def given(call: Rounded) -> tuple[Floats, Floats, Numbers, str]:
    """Return input, kernel and bias, and the format of the transform: no half."""
    x, w, bias = split(call)
    held = "float64" if call.dtype == "float64" else "float32"
    return x.astype(held), w.astype(held), bias, held


def finished(call: Rounded, y: Floats, bias: Numbers, held: str) -> Numbers:
    total = ROUNDINGS[held](y.astype(np.float64) + bias)
    return joined(ROUNDINGS[call.dtype](total))


def by_fft(call: Rounded) -> Numbers:
    x, w, bias, held = given(call)
    g, axes = call.geometry, tuple(range(-len(call.geometry.input), 0))
    z, spread = apart(x, g.stride), apart(w, g.dilation)
    sizes = [1 << (a + b).bit_length() for a, b in zip(z.shape[3:], spread.shape[3:], strict=True)]
    seen = np.fft.rfftn(z, sizes, axes)[:, :, :, np.newaxis] * np.fft.rfftn(spread, sizes, axes)
    y = np.fft.irfftn(seen.sum(axis=2), sizes, axes)
    assert y.dtype == held
    return finished(call, cut(y, g.crop, g.output), bias, held)


def gradients_by_fft(call: Rounded, gradient: Numbers) -> dict[str, Numbers]:
    """Return the gradients of input and kernel, correlations with that of the output."""
    x, w, _, held = given(call)
    g, axes = call.geometry, tuple(range(-len(call.geometry.input), 0))
    y = gradient.reshape(len(x), call.groups, -1, *g.output).astype(held)
    y = np.pad(y, [(0, 0)] * 3 + [(crop, 0) for crop in g.crop])
    z, spread = apart(x, g.stride), apart(w, g.dilation)
    reach = zip(z.shape[3:], spread.shape[3:], y.shape[3:], strict=True)
    sizes = [1 << (a + b + c).bit_length() for a, b, c in reach]
    y_seen, z_seen, w_seen = (np.fft.rfftn(array, sizes, axes) for array in (y, z, spread))

    def correlated(seen: Floats, steps: tuple[int, ...], shape: tuple[int, ...]) -> Numbers:
        full = np.fft.irfftn(seen, sizes, axes)
        assert full.dtype == held
        found = full[(..., *(slice(None, size * s, s) for size, s in zip(shape, steps, strict=True)))]
        return ROUNDINGS[call.dtype](found.astype(np.float64))

    to_input = (y_seen[:, :, np.newaxis] * w_seen.conj()).sum(axis=3)
    to_kernel = (z_seen.conj()[:, :, :, np.newaxis] * y_seen[:, :, np.newaxis]).sum(axis=0)
    return {
        "input": correlated(to_input, g.stride, g.input).reshape(call.x.shape),
        "kernel": correlated(to_kernel, g.dilation, g.kernel).reshape(call.w.shape),
    }


# A, G and B of Y = A((G g) * (B d)): Lavin and Gray's, with the points 0, 1, -1 and infinity, and +-2 too.
WINOGRAD = {
    2: (
        [[1, 1, 1, 0], [0, 1, -1, -1]],
        [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
        [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    ),
    4: (
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
        [
            [1 / 4, 0, 0],
            [-1 / 6, -1 / 6, -1 / 6],
            [-1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6],
            [0, 0, 1],
        ],
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ],
    ),
}


def along(matrix: Floats, array: Floats, rank: int) -> Floats:
    """Multiply each of the last `rank` axes by a matrix."""
    for axis in range(-rank, 0):
        array = np.moveaxis(np.moveaxis(array, axis, -1) @ matrix.T, -1, axis)
    return array


def by_winograd(call: Rounded, m: int) -> Numbers:
    """Cut kernels into pieces of three taps an axis, and outputs into tiles of m; sum what is transformed."""
    x, w, bias, held = given(call)
    g, rank = call.geometry, len(call.geometry.input)
    a, b, c = (np.array(matrix, held) for matrix in WINOGRAD[m])
    flipped = np.flip(apart(w, g.dilation), axis=tuple(range(-rank, 0)))
    reach = flipped.shape[3:]
    z = np.pad(apart(x, g.stride), [(0, 0)] * 3 + [(size - 1, 0) for size in reach])
    tiles = [-(-size // m) for size in g.output]
    kernels = cut(flipped, (0,) * rank, tuple(-(-size // 3) * 3 for size in reach))
    total: Floats = np.zeros((*x.shape[:2], w.shape[2], *tiles, *(m + 2,) * rank), held)
    for piece in product(*(range(0, size, 3) for size in reach)):
        part = along(b, cut(kernels, piece, (3,) * rank), rank)
        starts = tuple(crop + p for crop, p in zip(g.crop, piece, strict=True))
        seen = cut(z, starts, tuple(count * m + 2 for count in tiles))
        windows = np.lib.stride_tricks.sliding_window_view(seen, (m + 2,) * rank, axis=tuple(range(-rank, 0)))
        windows = along(c, windows[(slice(None),) * 3 + (slice(None, None, m),) * rank], rank)
        part = part.reshape(*part.shape[:3], *(1,) * rank, *part.shape[3:])
        total = reduce(np.add, np.moveaxis(windows[:, :, :, np.newaxis] * part, 2, 0), total)
    y = along(a, total, rank)  # (..., *tiles, *(m,) * rank)
    order = [
        axis for pair in zip(range(3, 3 + rank), range(3 + rank, 3 + 2 * rank), strict=True) for axis in pair
    ]
    y = y.transpose(0, 1, 2, *order).reshape(*y.shape[:3], *(count * m for count in tiles))
    assert y.dtype == held
    return finished(call, cut(y, (0,) * rank, g.output), bias, held)
