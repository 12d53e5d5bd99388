"""Are the golden files' data exact, where they are to be, and such that they reveal?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint import tensors
from adjoint.golden import Case
from tests.golden_cases import VALUED, demands

PRECISION = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
ROUNDED = [case for case in VALUED if any("low" in demanded for demanded in demands(case))]
# Rounded data that reach no element of the output are neither.
EXACT = [case for case in VALUED if case not in ROUNDED and not case.why.endswith("rounded data")]
FILLED = [case for case in EXACT if case.call.arrays()["input"].size]
each_exact_case = pytest.mark.parametrize("case", FILLED, ids=[case.id for case in FILLED])
each_rounded_case = pytest.mark.parametrize("case", ROUNDED, ids=[case.id for case in ROUNDED])


def kernel_of(case: Case) -> Any:
    """Return the kernel with the axes (channels, filters of a group, *spatial)."""
    arrays = case.call.arrays()
    if "weight" in arrays or case.call.api == "operation":
        return arrays["weight" if "weight" in arrays else "kernel"]
    kernel = arrays["filters"] if "filters" in arrays else arrays["kernel"]
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def input_of(case: Case) -> Any:
    """Return the input with the axes (batch, channels, *spatial), or without the first."""
    array, form = case.call.arrays()["input"], str(case.call.values.get("data_format")).upper()
    first = (
        "weight" in case.call.tensors
        or case.call.api == "operation"
        or form.startswith(("NC", "CHANNELS_FIRST"))
    )
    return array if first else np.moveaxis(array, -1, 1)


def told_twice(array: Any, span: int) -> list[str]:
    """Return where an array has parts twice that numbers out of `span` could tell apart.

    Parts are slices along an axis, and rows along the last; exchanged, or flipped, two alike show nothing.
    A fifth of those that are possible must be left over: else no draw avoids it.
    """
    parts = {f"axis {j}": np.moveaxis(array, j, 0).reshape(n, -1) for j, n in enumerate(array.shape)}
    if array.shape[-1] > 1:
        parts["rows"] = array.reshape(-1, array.shape[-1])
    return [
        where
        for where, found in parts.items()
        if 4 * span ** found.shape[1] >= 5 * len(found) and len(np.unique(found, axis=0)) < len(found)
    ]


def span_of(specification: Any, array: Any) -> int:
    """Return out of how many numbers a tensor was drawn; of one that is given, as far as it shows."""
    made = specification.get("make") or {"high": int(np.abs(array).max()), "low": -int(np.abs(array).max())}
    return int(made["high"] - made["low"] + 1)


@each_exact_case
def test_no_kernel_is_constant(case: Case) -> None:
    kernel = kernel_of(case)
    assert kernel.size == 1 or len(np.unique(kernel)) > 1


@each_exact_case
def test_no_tensor_has_a_part_twice(case: Case) -> None:
    arrays = case.call.arrays()
    ordered = [("input", arrays["input"], input_of(case))]
    ordered += [
        (name, arrays[name], kernel_of(case)) for name in ("filters", "kernel", "weight") if name in arrays
    ]
    ordered += [("bias", arrays["bias"], arrays["bias"])] if "bias" in arrays else []
    for name, array, turned in ordered:
        if case.call.tensors[name].get("layout") == "broadcast":  # alike along its first axis, in that alone
            (turned,) = np.unique(array, axis=0)
        assert told_twice(turned, span_of(case.call.tensors[name], array)) == [], name


@pytest.mark.parametrize(
    ("array", "span", "where"),
    [
        ([[1, 2], [3, 4], [1, 2]], 9, ["axis 0", "rows"]),
        ([[1, 2, 1], [3, 4, 3]], 9, ["axis 1"]),
        ([[[1, 2], [3, 4]], [[5, 6], [1, 2]]], 3, ["rows"]),
        ([[[1, 2], [3, 4]], [[5, 6], [1, 2]]], 1, []),
        ([[5, 5]], 3, ["axis 1"]),
        ([[5, 5]], 1, []),
        ([[1, 2], [3, 4]], 9, []),
    ],
)
def test_a_part_that_is_there_twice_is_told(array: Any, span: int, where: list[str]) -> None:
    assert told_twice(np.array(array), span) == where


def spatial(value: Any, rank: int, channels_last: bool) -> tuple[int, ...]:
    """Return the spatial items of an int, or of 1, N or N+2 of them."""
    items = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(items) == rank + 2:
        items = items[1:-1] if channels_last else items[2:]
    return items * rank if len(items) == 1 else items


def largest_sum(case: Case) -> int:
    """Return the largest sum of absolute values of any output element, those cropped away counted too."""
    arrays = {name: np.abs(array).astype(np.int64) for name, array in case.call.arrays().items()}
    values = case.call.values
    kernel = np.abs(kernel_of(case)).astype(np.int64)
    rank, groups = kernel.ndim - 2, values.get("groups", 1)
    default = "channels_last" if case.call.api.startswith("tf.layers") else case.call.image_data_format
    placed = str(values.get("data_format") or default)
    last = (
        "weight" not in arrays
        and case.call.api != "operation"
        and not placed.startswith(("NC", "channels_first"))
    )
    x = np.moveaxis(arrays["input"], -1, 1) if last else arrays["input"]
    x = x if x.ndim == kernel.ndim else x[np.newaxis]
    stride = spatial(values.get("stride", values.get("strides", 1)), rank, last)
    spread = [values.get(name) for name in ("dilation", "dilations", "dilation_rate")]
    dilation = spatial(next((d for d in spread if d), 1), rank, last)
    ends = [(i - 1) * s + 1 for i, s in zip(x.shape[2:], stride, strict=True)]
    reach = [(k - 1) * d for k, d in zip(kernel.shape[2:], dilation, strict=True)]
    largest = 0
    for part, taps in zip(np.split(x, groups, axis=1), np.split(kernel, groups), strict=True):
        total = np.zeros((taps.shape[1], len(x), *np.add(ends, reach)), np.int64)
        for tap in np.ndindex(*kernel.shape[2:]):
            corners = np.multiply(tap, dilation)
            places = tuple(slice(c, c + e, s) for c, e, s in zip(corners, ends, stride, strict=True))
            total[:, :, *places] += np.tensordot(taps[:, :, *tap], part, (0, 1))
        largest = max(largest, int(total.max(initial=0)))
    return largest + int(arrays["bias"].max()) if "bias" in arrays else largest


@each_exact_case
def test_every_order_of_summation_is_exact(case: Case) -> None:
    assert largest_sum(case) <= 2 ** PRECISION[case.call.dtype]


@each_exact_case
def test_the_numbers_are_nearly_as_large_as_exactness_lets(case: Case) -> None:
    """The larger the range, the more a pass is worth; nine bits are for the terms of a sum, and for luck."""
    bits = PRECISION[case.call.dtype]
    assert largest_sum(case) >= 2 ** (bits - 9)


@each_exact_case
def test_what_is_demanded_are_whole_numbers_of_the_demanded_dtype_and_shape(case: Case) -> None:
    held = {check.kind: check.demanded for check in case.checks}
    for reading in demands(case):
        array = tensors.decode(reading)
        assert array.dtype.name == held.get("dtype", case.call.dtype)
        assert list(array.shape) == held.get("shape", list(array.shape))
        assert np.array_equal(array, np.rint(array))


@each_rounded_case
def test_what_is_demanded_between_two_ends_holds_the_exact_value(case: Case) -> None:
    held = {check.kind: check.demanded for check in case.checks}
    for reading in demands(case):
        low, high = (tensors.decode(reading[end]) for end in ("low", "high"))
        exact, unit = (tensors.decode(reading[name]) for name in ("exact", "unit"))
        assert low.dtype.name == high.dtype.name == held["dtype"]
        assert list(low.shape) == list(high.shape) == held["shape"] == list(exact.shape) == list(unit.shape)
        ends = [end.astype(np.float64) for end in (low, high)]
        special = ~np.isfinite(ends[0])
        assert np.array_equal(ends[0][special], ends[1][special], equal_nan=True)
        assert np.all((ends[0] <= exact) & (exact <= ends[1]) | special)
        assert np.all(unit >= 0)
