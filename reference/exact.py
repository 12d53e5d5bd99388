"""How is a tensor held without rounding?  As Python integers over one power of two."""

from __future__ import annotations

from dataclasses import dataclass
from math import ldexp, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRECISION = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
"""Bits of the significand of each floating dtype, the hidden one counted."""


class InexactError(ArithmeticError):
    """A number that was to be exact in a dtype is not."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of exact numbers: element j, in row-major order, is ``integers[j] * 2**exponent``.

    Attributes
    ----------
    dtype : str
        The dtype that its numbers came in, or are meant for.
    shape : tuple of int
    integers : tuple of int
        As many as the product of the shape.
    exponent : int
    """

    dtype: str
    shape: tuple[int, ...]
    integers: tuple[int, ...]
    exponent: int = 0

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> Tensor:
        """Read a NumPy array of finite numbers, whatever its dtype.

        Raises
        ------
        InexactError
            If an element is NaN or infinite.
        """
        if array.dtype.kind in "iub":
            return cls(array.dtype.name, array.shape, tuple(int(value) for value in array.ravel()))
        if not np.isfinite(array).all():
            raise InexactError("the tensor holds NaN or an infinity, which no exact sum can hold.")
        ratios = [float(value).as_integer_ratio() for value in array.ravel()]
        shift = max((below.bit_length() - 1 for _, below in ratios), default=0)
        integers = tuple(above << shift >> (below.bit_length() - 1) for above, below in ratios)
        return cls(array.dtype.name, array.shape, integers, -shift)

    def to_array(self) -> NDArray[Any]:
        """Return a NumPy array of `dtype`.

        Raises
        ------
        InexactError
            If an element has no exact counterpart in `dtype`.
        """
        bits = PRECISION[self.dtype]
        for value in self.integers:
            if (abs(value) & -abs(value)).bit_length() + bits <= abs(value).bit_length():
                raise InexactError(f"{value} * 2**{self.exponent} needs more than {bits} bits.")
        flat = np.array([ldexp(value, self.exponent) for value in self.integers], dtype=self.dtype)
        return flat.reshape(self.shape)

    def planes(self) -> list[list[int]]:
        """Return its integers cut into lists, one for each pair of indices on the first two axes."""
        size = prod(self.shape[2:])
        return [list(self.integers[j : j + size]) for j in range(0, len(self.integers), max(size, 1))]

    def absolute(self) -> Tensor:
        """Return the tensor of absolute values."""
        return Tensor(self.dtype, self.shape, tuple(map(abs, self.integers)), self.exponent)

    def transposed(self, axes: tuple[int, ...]) -> Tensor:
        """Return the tensor with its axes in another order, as `numpy.transpose` has it."""
        flat = np.arange(len(self.integers)).reshape(self.shape).transpose(axes)
        return Tensor(self.dtype, flat.shape, tuple(self.integers[j] for j in flat.ravel()), self.exponent)
