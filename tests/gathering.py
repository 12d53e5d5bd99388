"""What is transposed convolution, said a second time?  As the transpose of a matrix of windows that gather.

Written apart from the reference, and imports nothing of it.  Each element of the convolution's result looks
at its window of the zero-padded `y`; the matrix of that convolution is read off unit impulses, and the
transposed operation is its transpose.  All arrays hold NumPy integers of 64 bits: small tests stay exact.
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
        batch, (channels, share), rank = len(y), w.shape[:2], len(self.length)
        padded = self._padded(y).reshape(batch, self.groups, share, *self._extent())
        kernels = w.reshape(self.groups, channels // self.groups, -1)
        result = np.zeros((batch, self.groups, channels // self.groups, *self.windows), np.int64)
        for window in np.ndindex(*self.windows):
            gathered = padded
            for axis, corner in enumerate(np.multiply(window, self.stride)):
                places = corner + np.arange(self.kernel[axis]) * self.dilation[axis]
                gathered = gathered.take(places, axis=axis - rank)
            flat = gathered.reshape(batch, self.groups, -1, 1)
            result[:, :, :, *window] = (kernels @ flat)[..., 0]
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

    def _extent(self) -> tuple[int, ...]:
        """Return how far the windows see, in elements of the padded `y`."""
        axes = zip(self.windows, self.kernel, self.stride, self.dilation, strict=True)
        return tuple((count - 1) * s + (size - 1) * d + 1 for count, size, s, d in axes)

    def _padded(self, y: Integers) -> Integers:
        """Return `y` with zeros before and after it, and without what no window sees."""
        before = [
            (0, 0),
            (0, 0),
            *((zeros, extent) for zeros, extent in zip(self.start, self._extent(), strict=True)),
        ]
        return np.pad(y, before)[..., *(slice(extent) for extent in self._extent())]
