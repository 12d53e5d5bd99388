"""What is transposed convolution?  The operation under every API, in exact integers.

For each input element, stamp the kernel, scaled by it, into the output at
`position * stride + offset * dilation - crop`, and sum.  That is the adjoint of the convolution that
gathers over the same triples; the two stand side by side here, with the gradient of the kernel between
them, as three sums over one list of taps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from adjoint.reference.exact import Tensor


@dataclass(frozen=True)
class Geometry:
    """Where the kernel lands, for each spatial axis.

    The element at `i` and the kernel's tap `k` meet in the output at `i * stride + k * dilation - crop`.
    Each attribute has one integer for each of the N spatial axes.

    Attributes
    ----------
    input, kernel, output : tuple of int
        Sizes.
    stride, dilation, crop : tuple of int
        `crop` counts the elements cut off before the output starts; what lies past its end is cut off too.
    """

    input: tuple[int, ...]
    kernel: tuple[int, ...]
    output: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    crop: tuple[int, ...]

    @cached_property
    def taps(self) -> list[tuple[int, int, int]]:
        """Every (i, k, o): an input element, a tap of the kernel, and the output element they meet in.

        Each is a row-major index over the spatial axes.
        """
        taps = [(0, 0, 0)]
        axes = (self.input, self.kernel, self.output, self.stride, self.dilation, self.crop)
        for size, kernel, output, stride, dilation, crop in zip(*axes, strict=True):
            taps = [
                (i * size + a, k * kernel + b, o * output + c)
                for i, k, o in taps
                for a in range(size)
                for b in range(kernel)
                if 0 <= (c := a * stride + b * dilation - crop) < output
            ]
        return taps


def conv_transpose(
    x: Tensor, w: Tensor, geometry: Geometry, groups: int = 1, bias: Tensor | None = None
) -> Tensor:
    """Return y[n, f, o] = bias[f] + sum over taps (i, k, o) and c of x[n, c, i] * w[c, f, k].

    Parameters
    ----------
    x : Tensor
        Shape (batch, channels, *geometry.input).
    w : Tensor
        Shape (channels, filters / groups, *geometry.kernel).  Group g owns the g-th share of the
        channels, and makes the g-th share of the filters.
    geometry : Geometry
    groups : int
        A divisor of the channels.
    bias : Tensor, optional
        Shape (filters,).

    Returns
    -------
    Tensor
        Shape (batch, filters, *geometry.output), exact; its dtype is that of `x`.
    """
    (batch, channels), share = x.shape[:2], w.shape[1]
    images, kernels = x.planes(), w.planes()
    integers: list[int] = []
    for n, f in product(range(batch), range(share * groups)):
        plane = [0] * prod(geometry.output)
        for c in _members(f // share, channels // groups):
            image, kernel = images[n * channels + c], kernels[c * share + f % share]
            for i, k, o in geometry.taps:
                plane[o] += image[i] * kernel[k]
        integers += plane
    shape = (batch, share * groups, *geometry.output)
    y = Tensor(x.dtype, shape, tuple(integers), x.exponent + w.exponent)
    return y.plus_along(1, bias) if bias else y


def conv(y: Tensor, w: Tensor, geometry: Geometry, groups: int = 1) -> Tensor:
    """Return x[n, c, i] = sum over taps (i, k, o) and f of y[n, f, o] * w[c, f, k]: its transpose.

    Shapes are those of `conv_transpose`: `y` is (batch, filters, *geometry.output) and the result
    (batch, channels, *geometry.input).  Of a gradient `y` it is the gradient with respect to `x`.
    """
    batch, (channels, share) = y.shape[0], w.shape[:2]
    images, kernels = y.planes(), w.planes()
    integers: list[int] = []
    for n, c in product(range(batch), range(channels)):
        plane = [0] * prod(geometry.input)
        for f in _members(c * groups // channels, share):
            image, kernel = images[n * share * groups + f], kernels[c * share + f % share]
            for i, k, o in geometry.taps:
                plane[i] += image[o] * kernel[k]
        integers += plane
    return Tensor(y.dtype, (batch, channels, *geometry.input), tuple(integers), y.exponent + w.exponent)


def kernel_gradient(x: Tensor, y: Tensor, geometry: Geometry, groups: int = 1) -> Tensor:
    """Return w[c, f, k] = sum over taps (i, k, o) and n of x[n, c, i] * y[n, f, o].

    Shapes are those of `conv_transpose`: `x` is (batch, channels, *geometry.input), `y`, a gradient,
    (batch, filters, *geometry.output), and the result (channels, filters / groups, *geometry.kernel).
    """
    (batch, channels), filters = x.shape[:2], y.shape[1]
    share = filters // groups
    images, gradients = x.planes(), y.planes()
    integers: list[int] = []
    for c in range(channels):
        for f in _members(c * groups // channels, share):
            plane = [0] * prod(geometry.kernel)
            for n in range(batch):
                image, gradient = images[n * channels + c], gradients[n * filters + f]
                for i, k, o in geometry.taps:
                    plane[k] += image[i] * gradient[o]
            integers += plane
    return Tensor(x.dtype, (channels, share, *geometry.kernel), tuple(integers), x.exponent + y.exponent)


def bias_gradient(y: Tensor) -> Tensor:
    """Return b[f] = sum over n and o of y[n, f, o]; `y`, a gradient, is (batch, filters, *spatial)."""
    filters, planes = y.shape[1], y.planes()
    integers = [sum(map(sum, planes[f::filters])) for f in range(filters)]
    return Tensor(y.dtype, (filters,), tuple(integers), y.exponent)


def _members(group: int, share: int) -> range:
    """Return the indices of the g-th share of the channels, or of the filters."""
    return range(group * share, (group + 1) * share)
