"""What is transposed convolution, said a second time?  As the transpose of a matrix of windows that gather.

Written apart from the reference, and imports nothing of it.  Each element of the convolution's result looks
at its window of the zero-padded `y`; the matrix of that convolution is read off unit impulses, and the
transposed operation is its transpose.  The gradient of a kernel's element is what the convolution gives
that one element's unit impulse, times `x`.  Every term of a sum is laid out before it is summed, so that
terms can be counted.  All arrays hold NumPy integers of 64 bits: small tests stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Convolution:
    """A convolution's sizes, one integer for each spatial axis; `start` counts the zeros put before `y`."""

    windows: tuple[int, ...]
    kernel: tuple[int, ...]
    length: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    start: tuple[int, ...]
    groups: int = 1

    def __call__(self, y: Integers, w: Integers) -> Integers:
        """Convolve `y` (batch, filters, *length) with `w` (channels, filters / groups, *kernel)."""
        batch, (channels, share), rank = len(y), w.shape[:2], len(self.windows)
        gathered = self._padded(y).reshape(batch, self.groups, share, *self._extent())
        sizes = zip(self.windows, self.kernel, self.stride, self.dilation, strict=True)
        for axis, (count, size, step, apart) in enumerate(sizes):
            places = np.arange(count)[:, np.newaxis] * step + np.arange(size) * apart
            gathered = gathered.take(places, axis=3 + 2 * axis)  # an axis for the windows, one for the kernel
        axes = (0, 1, *range(3, 3 + 2 * rank, 2), 2, *range(4, 4 + 2 * rank, 2))
        seen = gathered.transpose(axes).reshape(batch, self.groups, prod(self.windows), -1)
        result = w.reshape(self.groups, channels // self.groups, -1) @ seen.swapaxes(2, 3)
        return result.reshape(batch, channels, *self.windows)

    def matrix(self, w: Integers) -> Integers:
        """Return the matrix that takes the flattened `y` of one sample to the flattened result."""
        filters = w.shape[1] * self.groups
        size = filters * prod(self.length)
        impulses = np.eye(size, dtype=np.int64).reshape(size, filters, *self.length)
        return self(impulses, w).reshape(size, -1).T

    def transposed(self, x: Integers, w: Integers) -> Integers:
        """Return the transposed operation of `x` (batch, channels, *windows)."""
        flat = x.reshape(len(x), -1) @ self.matrix(w)
        return flat.reshape(len(x), w.shape[1] * self.groups, *self.length)

    def output_terms(self, x: Integers, w: Integers) -> Integers:
        """Return the terms of each element of the output: (batch, output of one sample, terms)."""
        return x.reshape(len(x), 1, -1) * self.matrix(w).T

    def input_terms(self, y: Integers, w: Integers) -> Integers:
        """Return the terms of each element of the input's gradient: (batch, input of one sample, terms)."""
        return y.reshape(len(y), 1, -1) * self.matrix(w)

    def kernel_terms(self, x: Integers, y: Integers) -> Integers:
        """Return the terms of each element of the kernel's gradient: (*shape of the kernel, terms).

        `x` is (batch, channels, *windows), `y`, the gradient, (batch, filters, *length).
        """
        batch, filters = y.shape[:2]
        share = filters // self.groups
        size = share * prod(self.kernel)
        impulses = np.eye(size, dtype=np.int64).reshape(size, share, *self.kernel)
        seen = self(y, np.concatenate([impulses] * self.groups)).reshape(batch, self.groups, 1, size, -1)
        terms = x.reshape(batch, self.groups, -1, 1, prod(self.windows)) * seen
        return np.moveaxis(terms, 0, -2).reshape(x.shape[1], share, *self.kernel, -1)

    def kernel_gradient(self, x: Integers, y: Integers) -> Integers:
        """Return the gradient of the kernel, (channels, filters / groups, *kernel)."""
        return self.kernel_terms(x, y).sum(axis=-1)

    def _extent(self) -> tuple[int, ...]:
        """Return how far the windows see, in elements of the padded `y`."""
        axes = zip(self.windows, self.kernel, self.stride, self.dilation, strict=True)
        return tuple((count - 1) * s + (size - 1) * d + 1 for count, size, s, d in axes)

    def _padded(self, y: Integers) -> Integers:
        """Return `y` with zeros before and after it, and without what no window sees."""
        axes = list(zip(self.start, self.length, self._extent(), strict=True))
        wide = np.zeros((*y.shape[:2], *(start + size + extent for start, size, extent in axes)), np.int64)
        wide[:, :, *(slice(start, start + size) for start, size, _ in axes)] = y
        return wide[:, :, *(slice(extent) for _, _, extent in axes)]
