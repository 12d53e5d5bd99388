"""How does a transposed convolution look in a real library?  In tiles, with a workspace and flat indices.

The same function as `adjoint.fast.operation`, in another form: for each tile of the input a matrix product
makes columns, block by block of the channels and some rows at a time; each column is then added into the
output, at places that were computed before.  Each of these has an end that the sizes need not fit: here
faults of size thresholds are one line.
"""

from math import prod

import numpy as np

from adjoint.fast.arguments import Array

TILE = 16
"""How many elements of the input make columns at once."""

DEPTH = 8
"""How many channels are summed at once."""

LANES = 4
"""How many rows of the columns are made at once."""


def conv_transpose(
    x: Array,
    w: Array,
    *,
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    crop: tuple[int, ...],
    output: tuple[int, ...],
    groups: int = 1,
    bias: Array | None = None,
) -> Array:
    """Stamp the kernel, scaled by each element of `x`, into the output, and sum.

    Parameters and result are those of `adjoint.fast.operation.conv_transpose`.
    """
    sums = np.dtype("float32") if x.dtype.itemsize == 2 else x.dtype
    batch, channels, share = x.shape[0], x.shape[1], w.shape[1]
    inner, pixels, plane = channels // groups, prod(x.shape[2:]), prod(output)
    places = _places(x.shape[2:], w.shape[2:], stride, dilation, crop, output)
    with np.errstate(all="ignore"):
        images = np.ascontiguousarray(x, sums).reshape(batch, channels, pixels)
        weights = np.ascontiguousarray(w, sums).reshape(channels, share * len(places))
        y = np.zeros((batch, groups * share, plane), sums)
        workspace = np.zeros((share * len(places), TILE), sums)
        for n in range(batch):
            for g in range(groups):
                image = images[n, g * inner : (g + 1) * inner]
                kernel = weights[g * inner : (g + 1) * inner]
                for start in range(0, pixels, TILE):
                    stop = min(start + TILE, pixels)
                    columns = workspace[:, : stop - start]
                    _multiply(kernel, image[:, start:stop], columns)
                    _add(columns, places[:, start:stop], y[n, g * share : (g + 1) * share])
        if bias is not None:
            y += bias.astype(sums).reshape(-1, 1)
        return y.reshape(batch, groups * share, *output).astype(x.dtype)


def _multiply(kernel: Array, image: Array, columns: Array) -> None:
    """Write the products of kernel [inner, rows] and image [inner, width] to columns [rows, width]."""
    inner, rows = kernel.shape
    whole = rows - rows % LANES
    columns[:] = 0
    for first in range(0, inner, DEPTH):
        last = min(first + DEPTH, inner)
        for row in range(0, whole, LANES):
            columns[row : row + LANES] += kernel[first:last, row : row + LANES].T @ image[first:last]
        for row in range(whole, rows):
            columns[row] += kernel[first:last, row] @ image[first:last]


def _add(columns: Array, places: Array, y: Array) -> None:
    """Add columns [share * taps, width] to y [share, plane], at places [taps, width]."""
    shares = columns.reshape(len(y), len(places), -1)
    for tap, where in enumerate(places):
        lands = where >= 0
        y[:, where[lands]] += shares[:, tap, lands]


def _places(
    lengths: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    crop: tuple[int, ...],
    output: tuple[int, ...],
) -> Array:
    """Return where each tap of each element lands in a plane of the output, or -1: [taps, pixels]."""
    places = np.zeros((1, 1), np.int64)
    lands = np.ones((1, 1), bool)
    for n, k, s, d, c, size in zip(lengths, kernel, stride, dilation, crop, output, strict=True):
        on_axis = np.arange(k)[:, None] * d + np.arange(n) * s - c
        inside = (on_axis >= 0) & (on_axis < size)
        shape = (len(places) * k, places.shape[1] * n)
        places = (places[:, None, :, None] * size + on_axis[:, None, :]).reshape(shape)
        lands = (lands[:, None, :, None] & inside[:, None, :]).reshape(shape)
    return np.where(lands, places, -1)
