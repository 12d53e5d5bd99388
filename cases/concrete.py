"""Which numbers have the levels of a row?  From levels to a setting, always the same.

A row names a level for each axis of `adjoint.features`.  Numbers are drawn from what its hash gives, many
times over; the best draw that is legal, and has those levels, is taken: small, and its sizes and
channel counts distinct, so that no exchange of axes goes unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import TypeVar

from adjoint.cases.settings import Axis, Setting, call_of, legal
from adjoint.features import features_of
from adjoint.reference.plain import API as PLAIN
from adjoint.reference.round_trip import extent

Row = Mapping[str, str]
_T = TypeVar("_T")
Pick = Callable[[Sequence[_T]], _T]
TRIES = 150
MOST_ELEMENTS = 400
MOST_PRODUCTS = 20_000
COUNTS = {"one": (1,), "few": (2, 3, 4), "prime": (5, 7), "other": (6, 8, 9, 10)}
BATCHES = {"0": (0,), "1": (1,), "none": (1,), "more": (2, 3)}


def setting_of(api: str, row: Row) -> Setting:
    """Return the setting of an API that has the levels of a row.

    Raises
    ------
    ValueError
        If none was found.
    """
    drawn = []
    for attempt in range(TRIES):
        for setting in _drawn(api, row, _picker(row, attempt)):
            if _cost(setting) == (0, 0) and _has(setting, row):
                return setting
            drawn.append(setting)
    for setting in sorted(drawn, key=_cost):
        if _has(setting, row):
            return setting
    raise ValueError(f"no legal call of {api} was found with the levels {dict(row)}.")


def _has(setting: Setting, row: Row) -> bool:
    """Return whether the call of a setting is legal, and has the levels."""
    translated = legal(setting)
    return translated is not None and row.items() <= features_of(call_of(setting), translated).items()


def _picker(row: Row, attempt: int) -> Pick[_T]:
    """Return what picks one of several options, by the bytes of the row's hash."""
    text = f"{sorted(row.items())} {attempt}"
    digest = iter(hashlib.sha512(text.encode()).digest())
    return lambda options: options[next(digest) % len(options)]


def _drawn(api: str, row: Row, pick: Pick[int]) -> Iterator[Setting]:
    """Yield one setting that may have the levels, or none."""
    shares = _shares(row)
    axes = _axes(api, row, pick)
    if not shares or not axes:
        return
    channels, filters, groups = shares[pick(range(len(shares)))]
    yield Setting(
        api,
        axes,
        batch=pick(BATCHES[row["batch"]]),
        channels=channels,
        filters=filters,
        groups=groups,
        same=row["padding"] == "same",
        pads_output=row.get("output_padding", "not given") != "not given",
        first=row.get("data_format") == "first",
        batched=row["batch"] != "none",
        bias=row.get("bias") == "given",
        activation=row.get("activation", "linear"),
        form=row.get("form", "list"),
        dtype=row["dtype"],
        data=row["data"],
        seed=256 * pick(range(256)) + pick(range(256)),
    )


def _shares(row: Row) -> list[tuple[int, int, int]]:
    """Return channels, filters and groups that have the levels; several groups are of several of both."""
    level, found = row.get("groups", "one"), []
    for channels, filters in product(COUNTS[row["channels"]], COUNTS[row["filters"]]):
        common = [n for n in range(2, channels + 1) if channels % n == filters % n == 0]
        several = [n for n in common if n < min(channels, filters)]
        groups = {"one": [1], "several": several, "depthwise": [n for n in common if n == channels]}[level]
        found += [(channels, filters, n) for n in groups]
    return found


def _axes(api: str, row: Row, pick: Pick[int]) -> tuple[Axis, ...]:
    """Return spatial axes that may have the levels; none, if what was picked has no room for them."""
    rank = int(row["rank"])
    strides = _steps(row["strides"], rank, pick)
    dilations = _steps(row.get("dilation", "none"), rank, pick)
    lead = strides.index(max(strides))
    kernels = [pick((1, 2, 3)) for _ in range(rank)]
    kernels[lead] = pick(_kernels(row["kernel"], strides[lead]) or (1,))
    kernels = [kernels[lead]] * rank if row.get("form") == "number" else kernels
    sizes = [pick(_sizes(row["size"], kernels[0]) or (1,)), *(pick((1, 2, 3, 4, 5)) for _ in range(rank - 1))]
    crops = _amounts(row["padding"] in ("cropped", "uneven"), [2] * rank, row, pick)
    padded = "some" in row.get("output_padding", "") or row.get("output_shape") == "more"
    least = 4 if api == PLAIN else 1
    room = [
        max(s, d if api.startswith("torch") else least) - 1 for s, d in zip(strides, dilations, strict=True)
    ]
    extras = _amounts(padded, room, row, pick)
    tails = _amounts(row["padding"] == "uneven", [2] * rank, row, pick)
    columns = (sizes, kernels, strides, dilations, crops, extras, tails)
    return tuple(Axis(*numbers) for numbers in zip(*columns, strict=True))


def _steps(level: str, rank: int, pick: Pick[int]) -> list[int]:
    """Return strides, or dilations."""
    if level == "mixed":
        return [pick((1, 2, 3)) for _ in range(rank)]
    return [pick((2, 3, 4)) if level == "equal" else 1] * rank


def _kernels(level: str, stride: int) -> list[int]:
    """Return the sizes of a kernel that have the level beside a stride."""
    return {
        "less": list(range(1, stride)),
        "equal": [stride],
        "multiple": [2 * stride, 3 * stride],
        "more": [k for k in range(stride + 1, 2 * stride + 2) if k % stride],
    }[level]


def _sizes(level: str, kernel: int) -> list[int]:
    """Return the sizes of an axis that have the level beside a kernel."""
    beyond = range(kernel + 1, kernel + 5)
    return {
        "one": [1],
        "within the kernel": list(range(2, kernel + 1)),
        "odd": [n for n in beyond if n % 2 and n > 1],
        "even": [n for n in beyond if n % 2 == 0],
    }[level]


def _amounts(some: bool, most: list[int], row: Row, pick: Pick[int]) -> list[int]:
    """Return how much is cropped or padded on each axis."""
    if not some:
        return [0] * len(most)
    if row.get("form") == "number":
        return [pick(range(min(most) + 1))] * len(most)
    return [pick(range(n + 1)) for n in most]


def _cost(setting: Setting) -> tuple[int, int]:
    """Return by how much a setting is too large, and how many of its counts are alike, or tell little.

    What its levels ask for, a count of one, or a number for all axes, is not counted.
    """
    axes, channels, filters = setting.axes, setting.channels, setting.filters
    stamped = ((a.size - 1) * a.stride + extent(a.kernel, a.dilation) for a in axes)
    output = prod(max(n + a.extra - 2 * a.crop - a.tail, 0) for n, a in zip(stamped, axes, strict=True))
    taps = prod(a.kernel for a in axes)
    weights = channels * filters // setting.groups * taps
    images = setting.batch * prod(a.size for a in axes)
    largest = max(images * channels, weights, setting.batch * filters * output)
    excess = max(0, largest - MOST_ELEMENTS) + max(0, images * weights - MOST_PRODUCTS)
    counts = [n for n in (channels, filters, *(a.size for a in axes)) if n > 1]
    kernels = [a.kernel for a in axes] if setting.form != "number" else []
    ones = sum(a.size == 1 for a in axes[1:])
    return excess, ones + len(counts) - len(set(counts)) + len(kernels) - len(set(kernels))
