"""What is transposed convolution?  The operation under every API, in exact integers.

For each input element, stamp the kernel, scaled by it, into the output at
`position * stride + offset * dilation - crop`, and sum.  That is the adjoint of the convolution that
gathers over the same triples; the two stand side by side here, as sums over one list of taps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

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

    def taps(self) -> Iterator[tuple[int, int, int]]:
        """Every (i, k, o), as row-major indices: input, kernel and the output position they meet in."""
        axes = zip(self.stride, self.dilation, self.crop, self.output, strict=True)
        steps = list(axes)
        for i, at in enumerate(product(*map(range, self.input))):
            for k, offset in enumerate(product(*map(range, self.kernel))):
                o = 0
                for a, b, (stride, dilation, crop, size) in zip(at, offset, steps, strict=True):
                    position = a * stride + b * dilation - crop
                    if not 0 <= position < size:
                        break
                    o = o * size + position
                else:
                    yield i, k, o


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
    images, kernels, taps = x.planes(), w.planes(), list(geometry.taps())
    exponent = x.exponent + w.exponent
    start = _start(bias, share * groups, exponent)
    exponent = min(exponent, bias.exponent) if bias else exponent
    shift = x.exponent + w.exponent - exponent
    size = _size(geometry.output)
    integers: list[int] = []
    for n, f in product(range(batch), range(share * groups)):
        plane = [0] * size
        group = f // share
        for c in range(group * channels // groups, (group + 1) * channels // groups):
            image, kernel = images[n * channels + c], kernels[c * share + f % share]
            for i, k, o in taps:
                plane[o] += image[i] * kernel[k]
        integers.extend((value << shift) + start[f] for value in plane)
    return Tensor(x.dtype, (batch, share * groups, *geometry.output), tuple(integers), exponent)


def conv(y: Tensor, w: Tensor, geometry: Geometry, groups: int = 1) -> Tensor:
    """Return x[n, c, i] = sum over taps (i, k, o) and f of y[n, f, o] * w[c, f, k]: its transpose.

    Shapes are those of `conv_transpose`: `y` is (batch, filters, *geometry.output) and the result
    (batch, channels, *geometry.input).
    """
    batch, (channels, share) = y.shape[0], w.shape[:2]
    images, kernels, taps = y.planes(), w.planes(), list(geometry.taps())
    size = _size(geometry.input)
    integers: list[int] = []
    for n, c in product(range(batch), range(channels)):
        plane = [0] * size
        first = c * groups // channels * share
        for f in range(share):
            image, kernel = images[n * share * groups + first + f], kernels[c * share + f]
            for i, k, o in taps:
                plane[i] += image[o] * kernel[k]
        integers.extend(plane)
    return Tensor(y.dtype, (batch, channels, *geometry.input), tuple(integers), y.exponent + w.exponent)


def magnitude(
    x: Tensor, w: Tensor, geometry: Geometry, groups: int = 1, bias: Tensor | None = None
) -> Tensor:
    """Return S, the sum of |x * w| and |bias| in each output element: what rounding is measured against."""
    return conv_transpose(x.absolute(), w.absolute(), geometry, groups, bias and bias.absolute())


def _start(bias: Tensor | None, filters: int, exponent: int) -> list[int]:
    """Return the bias of each filter, over the smaller of its own power of two and 2**exponent."""
    if bias is None:
        return [0] * filters
    return [value << max(bias.exponent - exponent, 0) for value in bias.integers]


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
