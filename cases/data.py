"""Which numbers does a call hold?  Four kinds of data, chosen for what they can reveal.

- exact: integers so small that every order of summation gives the same number, and as large as that allows:
  a fault that reaches an output is then unlikely to be missed by chance;
- rounded: signed reals of many sizes, half of whose terms nearly cancel, all products well inside the normal
  range;
- cancelling: such reals, where the later half of the channels nearly takes back what the earlier one brought:
  of a partial sum that is rounded between them, the error is as large as the result;
- special: exact, but for a few NaN and infinities in the input; a tap of the kernel is zero.

And those of `edge_data`, at the edges of a format.  All from SplitMix64, so that any program can make them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd, isqrt, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adjoint import tensors as wire
from adjoint.cases.edge_data import MAKERS, drawn
from adjoint.reference.exact import FORMATS

Shape = tuple[int, ...]
Orders = Mapping[str, Shape]
SPECIAL = (np.nan, np.inf, -np.inf)
TRIES = 64
"""How often a tensor is drawn anew where a flip, or an exchange of two rows, would leave it as it is."""


def tensors(
    kind: str, shapes: Mapping[str, Shape], orders: Orders, terms: int, dtype: str, seed: int
) -> dict[str, Any]:
    """Return the specifications of a call's tensors.

    Parameters
    ----------
    kind : str
        ``exact``, ``rounded``, ``cancelling``, ``special`` or one of `MAKERS`.
    shapes : mapping
        Of ``input`` (batch, channels, *spatial), ``kernel`` (channels, filters / groups, *kernel) and perhaps
        ``bias`` (filters,).
    orders : mapping
        The API's order of those axes, where it is another.
    terms : int
        The most products that one element of the output sums.
    dtype : str
    seed : int

    Raises
    ------
    ValueError
        If so many terms leave no room for exact sums.
    """
    if kind in MAKERS:
        arrays = {name: array.astype(dtype) for name, array in MAKERS[kind](shapes, dtype, seed).items()}
    elif kind in ("rounded", "cancelling"):
        arrays = _rounded(shapes, terms, dtype, seed)
        _cancel(arrays, kind, seed, FORMATS[dtype].precision)
    else:
        arrays = _integers(shapes, terms, dtype, seed)
    if kind == "special":
        _make_special(arrays, seed)
    ordered = {
        name: array.transpose(order) if (order := orders.get(name)) else array
        for name, array in arrays.items()
    }
    return {name: wire.encode(array.astype(dtype)) for name, array in ordered.items()}


def gradient(kind: str, shape: Shape, terms: int, largest: float, dtype: str, seed: int) -> wire.Array:
    """Return the gradient by an output, in the operation's order of axes.

    Parameters
    ----------
    kind : str
        ``exact`` or ``rounded``.
    shape : tuple of int
        The output's.
    terms : int
        The most products that one element of a gradient sums.
    largest : float
        The largest absolute value of what it is multiplied with.
    dtype : str
    seed : int
    """
    form, sums = FORMATS[dtype], max(terms * largest, 1)
    if kind == "exact":  # where terms leave no room, ones: their sums are rounded then
        return telling("gradient", shape, max(1, int((1 << form.precision) / sums)), seed).astype(dtype)
    top = min(12, int(form.emax - 3 - log2(sums)))
    return _signed("gradient", shape, top - 4, top, form.precision, seed).astype(dtype)


def meetings(size: int, kernel: int, stride: int, dilation: int) -> int:
    """Return how many pairs of an input element and a tap can meet in one element, along one axis."""
    step = gcd(stride, dilation)
    return min(-(-size // (dilation // step)), -(-kernel // (stride // step)))


def _integers(shapes: Mapping[str, Shape], terms: int, dtype: str, seed: int) -> dict[str, wire.Array]:
    """Return integers of which `terms` products and a bias sum to no more than the dtype holds exactly."""
    limit = 1 << FORMATS[dtype].precision
    most = (isqrt(1 + 4 * terms * limit) - 1) // (2 * terms)  # terms * most**2 + most <= limit
    if most < 1:
        raise ValueError(
            f"{terms} terms leave no room for exact sums in {dtype}: at most {limit} may be summed."
        )
    return {name: telling(name, shape, most, seed) for name, shape in shapes.items()}


def telling(name: str, shape: Shape, most: int, seed: int) -> wire.Array:
    """Return integers that every flip of an axis, and every exchange of two rows, changes, where some can.

    What is there twice is drawn anew.
    """
    array = drawn(name, shape, -most, most, seed)
    for attempt in range(1, TRIES):
        twice = _twice(array, 2 * most + 1)
        if not twice.any():
            break
        array = np.where(twice, drawn(name, shape, -most, most, seed + (attempt << 32)), array)
    return array


def _twice(array: wire.Array, span: int) -> NDArray[np.bool]:
    """Return which elements lie in a row, or a slice along an axis, that is there before.

    Of an array that a flip leaves as it is, all; of nearly as many parts as numbers out of `span` can make,
    none.
    """
    found = np.zeros(array.shape, bool)
    if not array.size:
        return found
    sliced = [(np.moveaxis(array, j, 0), np.moveaxis(found, j, 0)) for j in range(array.ndim)]
    width = array.shape[-1]
    for parts, marks in [*sliced, *([(array.reshape(-1, width), found.reshape(-1, width))] * (width > 1))]:
        texts = [part.tobytes() for part in parts]
        if 4 * span ** min(parts[0].size, 64) >= 5 * len(texts):
            seen: set[bytes] = set()
            for j, text in enumerate(texts):
                marks[j] |= text in seen
                seen.add(text)
    flips = (np.flip(array, j) for j, size in enumerate(array.shape) if size > 1)
    return found | any(np.array_equal(array, flipped) for flipped in flips)


def _rounded(shapes: Mapping[str, Shape], terms: int, dtype: str, seed: int) -> dict[str, wire.Array]:
    """Return numbers of full precision, between 2**-wide and 2**(wide + 1)."""
    form = FORMATS[dtype]
    wide = min(12, int(form.emax - 4 - log2(terms + 1)) // 2)
    return {name: _signed(name, shape, -wide, wide, form.precision, seed) for name, shape in shapes.items()}


def _cancel(arrays: dict[str, wire.Array], kind: str, seed: int, precision: int) -> None:
    """Make half of the channels take back what the others bring; of rounded data, only of odd seeds."""
    pairs = arrays["kernel"].shape[0] // 2
    if kind == "cancelling":
        brings, takes = slice(0, pairs), slice(pairs, 2 * pairs)
    elif seed % 2:
        brings, takes = slice(0, 2 * pairs, 2), slice(1, None, 2)  # each second one, the one before it
    else:
        return
    arrays["input"][:, takes] = arrays["input"][:, brings]
    arrays["kernel"][takes] = -arrays["kernel"][brings] * (1 + 2.0 ** (2 - precision))


def _signed(name: str, shape: Shape, least: int, most: int, precision: int, seed: int) -> wire.Array:
    """Return numbers of full precision and either sign, between 2**least and 2**(most + 1)."""
    low = 1 << (precision - 1)
    significand = drawn(name, shape, low, 2 * low - 1, seed)
    exponent = drawn(f"{name} exponent", shape, least, most, seed) - (precision - 1)
    sign = 1 - 2 * drawn(f"{name} sign", shape, 0, 1, seed)
    return sign * np.ldexp(significand.astype(np.float64), exponent.astype(np.int32))


def _make_special(arrays: dict[str, wire.Array], seed: int) -> None:
    """Put up to three NaN and infinities into the input, and a zero into a kernel of several taps."""
    for name in arrays:
        arrays[name] = arrays[name].astype(np.float64)
    flat = arrays["input"].reshape(-1)
    for j, position in enumerate(drawn("places", (1 + seed % 3,), 0, max(flat.size - 1, 0), seed)):
        if flat.size:
            flat[position] = SPECIAL[(seed + j) % 3]
    kernel = arrays["kernel"].reshape(-1)
    if kernel.size > 1:
        kernel[drawn("zero", (1,), 0, kernel.size - 1, seed)[0]] = 0
