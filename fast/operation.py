"""How is a transposed convolution computed fast? One matrix product, then one add a tap.

The product contracts the channels, for all taps of the kernel at once. What remains
is to add each tap's share into the output, as one strided slice of it.
"""

from itertools import product
from math import prod

import numpy as np

from adjoint.fast.arguments import Array
from adjoint.fast.taps import landings


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

    The element at `i` and the kernel's tap `k` meet in the output at
    `i * stride + k * dilation - crop`. What lands outside the output is dropped; where
    nothing lands, the output is zero, plus the bias.

    Parameters
    ----------
    x
        Shape [batch, in, *spatial]; any axis may have length 0.
    w
        Shape [in, out / groups, *kernel], dtype of `x`.
    stride, dilation, crop, output
        One integer for each spatial axis: the step between stamps, the step between
        taps, what is cut off at the start, and the length of the result. They are
        trusted: the API modules check what they pass.
    groups
        In how many groups the channels of `x` and of the result are split; group g of
        the result sees group g of `x` alone.
    bias
        Shape [out], dtype of `x`.

    Returns
    -------
    Array
        Shape [batch, out, *output], dtype of `x`, memory order free. Sums are kept in
        that dtype, those of float16 and bfloat16 in float32 and rounded once.
    """
    sums = np.dtype("float32") if x.dtype.itemsize == 2 else x.dtype
    with np.errstate(all="ignore"):  # overflow and NaN are results, not warnings
        stamps = _stamps(x.astype(sums, copy=False), w.astype(sums, copy=False), groups)
        y = np.zeros((groups, w.shape[1], x.shape[0], *output), sums)
        axes = zip(w.shape[2:], x.shape[2:], stride, dilation, crop, output, strict=True)
        for taps in product(*[tuple(landings(*axis)) for axis in axes]):
            k, source, target = zip(*taps, strict=True)
            y[..., *target] += stamps[:, *k, ..., *source]
        y = y.reshape(groups * w.shape[1], x.shape[0], *output)
        if bias is not None:
            y += bias.astype(sums, copy=False).reshape(-1, *[1] * (y.ndim - 1))
        return y.swapaxes(0, 1).astype(x.dtype, copy=False)


def _stamps(x: Array, w: Array, groups: int) -> Array:
    """Return x times each tap: [groups, *kernel, out / groups, batch, *spatial]."""
    share, kernel, batch, spatial = w.shape[1], w.shape[2:], x.shape[0], x.shape[2:]
    inner, taps = w.shape[0] // groups, prod(kernel)
    left = w.reshape(groups, inner, share, taps).transpose(0, 3, 2, 1)
    right = x.swapaxes(0, 1).reshape(groups, inner, batch * prod(spatial))
    products: Array = np.matmul(left.reshape(groups, taps * share, inner), right)
    return products.reshape(groups, *kernel, share, batch, *spatial)
