"""How is a tensor held without rounding?  As Python integers over one power of two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isinf, ldexp, prod
from typing import Any

import ml_dtypes  # noqa: F401 - it makes NumPy know bfloat16
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


def round_all(integers: Sequence[int], exponent: int, form: Format) -> list[float]:
    """Return each of many ``value * 2**exponent`` as `round_to` does, sooner: by way of float64."""
    largest = max(max(integers, default=0), -min(integers, default=0))
    if largest.bit_length() > 1023 or not -900 < exponent < 900:
        return [round_to(value, exponent, form) for value in integers]
    with np.errstate(over="ignore", under="ignore"):
        once = np.ldexp(np.array(integers, np.float64), exponent)
    return _again(once, form, lambda j: round_to(integers[j], exponent, form))


def round_floats(numbers: NDArray[np.float64], form: Format) -> list[float]:
    """Return each of many numbers, in row-major order, rounded to a format; infinities stay."""

    def one(j: int) -> float:
        if np.isinf(flat[j]):
            return float(flat[j])
        above, below = flat[j].as_integer_ratio()
        return round_to(above, 1 - below.bit_length(), form)

    flat = numbers.ravel()
    return _again(flat, form, one)


def _again(once: NDArray[np.float64], form: Format, rounded: Callable[[int], float]) -> list[float]:
    """Round numbers that were rounded to float64 before.

    That goes wrong only where the first rounding lands half-way between two numbers of the format, or leaves
    the normal range: those few, by index, are left to `rounded`.
    """
    lost = 53 - form.precision
    half, size, bits = (1 << lost) >> 1, np.abs(once), once.view(np.int64)
    doubtful = (size <= 2.0**form.emin) | (size >= 2.0**form.emax)
    if lost:
        doubtful |= bits & ((1 << lost) - 1) == half
    twice: list[float] = ((bits + half) >> lost << lost).view(np.float64).tolist()
    for j in np.flatnonzero(doubtful & (size > 0)).tolist():
        twice[j] = rounded(j)
    return twice


def _is(number: float, value: int, exponent: int) -> bool:
    """Tell whether a number is ``value * 2**exponent``."""
    if isinf(number):
        return False
    above, below = number.as_integer_ratio()
    shift = exponent + below.bit_length() - 1
    return above == value << shift if shift >= 0 else above << -shift == value


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
            if not _is(number, value, self.exponent):
                raise InexactError(f"{value} * 2**{self.exponent} is not a {self.dtype}.")
        return np.array(flat, dtype=self.dtype).reshape(self.shape)

    def rounded(self) -> list[float]:
        """Return its elements, in row-major order, each rounded once to `dtype`."""
        return round_all(self.integers, self.exponent, FORMATS[self.dtype])

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
        if shift == 0:
            return self
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
        spread = [value for value in theirs for _ in range(run)] * prod(self.shape[:axis])
        integers = tuple(a + b for a, b in zip(mine.integers, spread, strict=True))
        return Tensor(self.dtype, self.shape, integers, exponent)

    def transposed(self, axes: tuple[int, ...]) -> Tensor:
        """Return the tensor with its axes in another order, as `numpy.transpose` has it."""
        flat = np.arange(len(self.integers)).reshape(self.shape).transpose(axes)
        return Tensor(self.dtype, flat.shape, tuple(self.integers[j] for j in flat.ravel()), self.exponent)
