"""Which small calls is the reference held to?  Every combination of small parameters, with integers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry
from tests.gathering import Convolution, Integers


class Axis(NamedTuple):
    """One spatial axis of a geometry."""

    input: int
    kernel: int
    output: int
    stride: int
    dilation: int
    crop: int


class Channels(NamedTuple):
    """How many groups, and how many channels and filters each has."""

    groups: int
    channels: int
    filters: int


def axes(inputs: range, kernels: range, steps: range, crops: range, off: range) -> list[Axis]:
    """Return every axis of these sizes, its output ending `off` elements from the end of the last stamp."""
    found = []
    for i, k, s, d, c in product(inputs, kernels, steps, steps, crops):
        end = (i - 1) * s + (k - 1) * d + 1 - c
        found += [Axis(i, k, end + more, s, d, c) for more in off if end + more >= 1]
    return found


# -12 is below every end: on a line, outputs have every size from 1 to two past the end
LINE = axes(range(1, 4), range(1, 4), range(1, 4), range(3), off=range(-12, 3))
PLANE = axes(range(1, 3), range(1, 3), range(1, 3), range(2), off=range(-1, 2))
VOLUME = [
    *axes(range(2, 3), range(2, 3), range(1, 3), range(1, 2), off=range(-1, 1)),
    Axis(input=3, kernel=1, output=8, stride=3, dilation=1, crop=0),
    Axis(input=1, kernel=3, output=4, stride=2, dilation=2, crop=1),
]
EVERY_SPLIT = [Channels(*sizes) for sizes in product((1, 2), (1, 2), (1, 3))]
UNEQUAL_SPLITS = [Channels(1, 1, 2), Channels(2, 2, 1)]

SPACES: dict[str, list[tuple[tuple[Axis, ...], Channels]]] = {
    "line": list(product(product(LINE), EVERY_SPLIT)),
    "plane": list(product(product(PLANE, repeat=2), UNEQUAL_SPLITS)),
    "volume": list(product(product(VOLUME, repeat=3), UNEQUAL_SPLITS)),
}
COUNTS = {"line": 1458 * 8, "plane": 80**2 * 2, "volume": 10**3 * 2}


class Example(NamedTuple):
    """One point of a space: the operation said twice, and integers to put in."""

    said: str
    geometry: Geometry
    gathering: Convolution
    x: Integers
    y: Integers
    w: Integers
    bias: Integers

    @property
    def groups(self) -> int:
        return self.gathering.groups


def examples(space: str) -> Iterator[Example]:
    """Yield every point; no two numbers of a kernel are alike, and both signs occur."""
    random = np.random.default_rng(20)
    noise = random.integers(-99, 100, 4000)
    numbers = random.permutation(np.r_[-300:0, 1:301])
    for sizes, (groups, channels, filters) in SPACES[space]:
        i, k, o, s, d, c = zip(*sizes, strict=True)
        x_shape, y_shape = (2, groups * channels, *i), (2, groups * filters, *o)
        yield Example(
            f"{sizes}, groups={groups}, channels={channels}, filters={filters}",
            Geometry(i, k, o, s, d, c),
            Convolution(windows=i, kernel=k, length=o, stride=s, dilation=d, start=c, groups=groups),
            np.resize(noise, x_shape),
            np.resize(noise[::-1], y_shape),
            np.resize(numbers, (groups * channels, filters, *k)),
            noise[: groups * filters],
        )


def exact(array: Integers, exponent: int = 0) -> Tensor:
    return Tensor("float64", array.shape, tuple(array.ravel().tolist()), exponent)


def whole(tensor: Tensor) -> Integers:
    assert tensor.exponent == 0
    return np.array(tensor.integers, np.int64).reshape(tensor.shape)
