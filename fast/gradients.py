"""How do the output's gradients come back to what made it? For each tap, two matrix products.

A tap brings a strided slice of the output together with a slice of the input; the input's
gradient sums over filters and taps, the kernel's over samples and positions.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from adjoint.fast.arguments import Array
from adjoint.fast.taps import landings


@dataclass(frozen=True)
class Gradients:
    """What changes, as each operand changes, of the sum of the output's elements times some weights.

    Each has the shape and dtype of its operand; `bias` is what a bias would have, used or not.
    """

    input: Array
    kernel: Array
    bias: Array


def gradients(
    y: Array,
    x: Array,
    w: Array,
    *,
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    crop: tuple[int, ...],
    groups: int = 1,
) -> Gradients:
    """Return the gradients by input, kernel and bias, of the sum of conv_transpose(x, w) * y.

    Parameters
    ----------
    y
        Shape [batch, out, *output], dtype of `x`: the gradient by the output.
    x, w, stride, dilation, crop, groups
        As `operation.conv_transpose` has them.

    Returns
    -------
    Gradients
        Memory order free. Sums are kept in the dtype of `x`, those of float16 and bfloat16
        in float32 and rounded once.
    """
    sums = np.dtype("float32") if x.dtype.itemsize == 2 else x.dtype
    batch, inner, share = x.shape[0], w.shape[0] // groups, w.shape[1]
    with np.errstate(all="ignore"):  # overflow and NaN are results, not warnings
        x_sums, y_sums, w_sums = (array.astype(sums, copy=False) for array in (x, y, w))
        images = x_sums.swapaxes(0, 1).reshape(groups, inner, batch, *x.shape[2:])
        above = y_sums.swapaxes(0, 1).reshape(groups, share, batch, *y.shape[2:])
        taps = w_sums.reshape(groups, inner, share, *w.shape[2:])
        by_input, by_kernel = np.zeros(images.shape, sums), np.zeros(taps.shape, sums)
        axes = zip(w.shape[2:], x.shape[2:], stride, dilation, crop, y.shape[2:], strict=True)
        for met in product(*[tuple(landings(*axis)) for axis in axes]):
            k, source, target = zip(*met, strict=True)
            there = above[..., *target].reshape(groups, share, -1)
            here = images[..., *source]
            by_input[..., *source] += np.matmul(taps[..., *k], there).reshape(here.shape)
            by_kernel[..., *k] = np.matmul(here.reshape(groups, inner, -1), there.swapaxes(1, 2))
        by_bias = y_sums.sum(axis=(0, *range(2, y.ndim)), dtype=sums)
        return Gradients(
            by_input.reshape(x.swapaxes(0, 1).shape).swapaxes(0, 1).astype(x.dtype, copy=False),
            by_kernel.reshape(w.shape).astype(x.dtype, copy=False),
            by_bias.astype(x.dtype, copy=False),
        )
