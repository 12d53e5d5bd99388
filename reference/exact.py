"""How is a tensor held without rounding?  As Python integers over one power of two."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf, isinf, ldexp, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: bits of the significand, the exponents of its leading bit."""

    precision: int
    emin: int
    emax: int


FORMATS = {
    "float16": Format(11, -14, 15),
    "bfloat16": Format(8, -126, 127),
    "float32": Format(24, -126, 127),
    "float64": Format(53, -1022, 1023),
}


class InexactError(ArithmeticError):
    """A number that was to be exact in a dtype is not."""


def round_to(value: int, exponent: int, form: Format) -> float:
    """Return ``value * 2**exponent`` rounded once, to nearest, ties to even.

    Parameters
    ----------
    value, exponent : int
    form : Format
        Where to; every number of the four formats is a Python float.

    Returns
    -------
    float
        Infinite where it passes the largest number of the format.
    """
    if value == 0:
        return 0.0
    magnitude = abs(value)
    last = max(magnitude.bit_length() - 1 + exponent, form.emin) - (form.precision - 1)
    kept = magnitude << max(exponent - last, 0)
    if (lost := last - exponent) > 0:
        kept, rest = divmod(kept, 1 << lost)
        half = 1 << (lost - 1)
        kept += rest > half or (rest == half and kept % 2 == 1)
    if kept.bit_length() - 1 + last > form.emax:
        return -inf if value < 0 else inf
    return -ldexp(kept, last) if value < 0 else ldexp(kept, last)


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
        flat = self.rounded()
        for value, number in zip(self.integers, flat, strict=True):
            if isinf(number) or Fraction(number) != value * Fraction(2) ** self.exponent:
                raise InexactError(f"{value} * 2**{self.exponent} is not a {self.dtype}.")
        return np.array(flat, dtype=self.dtype).reshape(self.shape)

    def rounded(self) -> list[float]:
        """Return its elements, in row-major order, each rounded once to `dtype`."""
        return [round_to(value, self.exponent, FORMATS[self.dtype]) for value in self.integers]

    def planes(self) -> list[list[int]]:
        """Return its integers cut into lists, one for each pair of indices on the first two axes."""
        size = prod(self.shape[2:])
        return [list(self.integers[j * size : (j + 1) * size]) for j in range(prod(self.shape[:2]))]

    def absolute(self) -> Tensor:
        """Return the tensor of absolute values."""
        return Tensor(self.dtype, self.shape, tuple(map(abs, self.integers)), self.exponent)

    def ones(self) -> Tensor:
        """Return a tensor of its shape that holds ones: sums over it count."""
        return Tensor(self.dtype, self.shape, (1,) * len(self.integers))

    def reshaped(self, shape: tuple[int, ...]) -> Tensor:
        """Return its elements, in the same row-major order, in another shape."""
        return Tensor(self.dtype, shape, self.integers, self.exponent)

    def over(self, exponent: int) -> Tensor:
        """Return the same numbers over a smaller power of two, ``2**exponent``."""
        shift = self.exponent - exponent
        return Tensor(self.dtype, self.shape, tuple(value << shift for value in self.integers), exponent)

    def plus(self, other: Tensor) -> Tensor:
        """Return the sum with a tensor of the same shape."""
        exponent = min(self.exponent, other.exponent)
        pairs = zip(self.over(exponent).integers, other.over(exponent).integers, strict=True)
        return Tensor(self.dtype, self.shape, tuple(a + b for a, b in pairs), exponent)

    def minus(self, other: Tensor) -> Tensor:
        """Return the difference with a tensor of the same shape."""
        return self.plus(Tensor(other.dtype, other.shape, tuple(-b for b in other.integers), other.exponent))

    def plus_along(self, axis: int, other: Tensor) -> Tensor:
        """Return the sum with a 1-D tensor that lies along an axis."""
        exponent = min(self.exponent, other.exponent)
        mine, theirs = self.over(exponent), other.over(exponent).integers
        run = prod(self.shape[axis + 1 :])
        integers = (value + theirs[j // run % len(theirs)] for j, value in enumerate(mine.integers))
        return Tensor(self.dtype, self.shape, tuple(integers), exponent)

    def transposed(self, axes: tuple[int, ...]) -> Tensor:
        """Return the tensor with its axes in another order, as `numpy.transpose` has it."""
        flat = np.arange(len(self.integers)).reshape(self.shape).transpose(axes)
        return Tensor(self.dtype, flat.shape, tuple(self.integers[j] for j in flat.ravel()), self.exponent)
