"""Which output sizes does the convolution with the same arguments map back to the input's?

Where the stride is above one there are several, one a remainder: for each axis a range.
"""

from __future__ import annotations


def extent(kernel: int, dilation: int) -> int:
    """Return how many elements a dilated kernel spans."""
    return (kernel - 1) * dilation + 1


def excess(length: int, kernel: int, stride: int, dilation: int, output: int) -> int:
    """Return by how much the stamps of ``length`` elements span more than an output of that size."""
    return max((length - 1) * stride + extent(kernel, dilation) - output, 0)


def without_padding(length: int, kernel: int, stride: int, dilation: int, crop: int = 0) -> range:
    """Return the sizes of which ``length`` windows are taken, after ``crop`` zeros are put at either end.

    A convolution takes floor((size + 2 * crop - extent) / stride) + 1 of them, extent being the span of
    the dilated kernel.
    """
    shortest = (length - 1) * stride + extent(kernel, dilation) - 2 * crop
    return range(shortest, shortest + stride)


def same(length: int, stride: int) -> range:
    """Return the sizes of which ceil(size / stride) windows are taken, as padding named "same" does."""
    return range((length - 1) * stride + 1, length * stride + 1)
