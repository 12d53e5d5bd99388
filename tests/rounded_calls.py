"""On which calls is rounding looked at?  Drawn ones, with numbers of many sizes that cancel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Layout, Translation, channels_first
from tests.summing import ROUNDINGS, Numbers

# log2 of the largest factor: products stay normal, and sums far from the largest number
WIDTHS = {"float16": 3, "bfloat16": 12, "float32": 12, "float64": 12}


@dataclass(frozen=True)
class Rounded:
    """A call in the operation's own layout: numbers of `dtype`, held as float64."""

    x: Numbers
    w: Numbers
    bias: Numbers | None
    geometry: Geometry
    groups: int
    dtype: str

    def translation(self, layout: Layout | None = None, activation: str = "linear") -> Translation:
        """Return it as the reference takes it, of an API with this layout; channels come first if none."""
        return Translation(
            input=tensor(self.x, self.dtype),
            kernel=tensor(self.w, self.dtype),
            bias=None if self.bias is None else tensor(self.bias, self.dtype),
            geometries={"": self.geometry},
            layout=layout or channels_first(self.w.ndim - 2),
            kernel_layout=channels_first(self.w.ndim - 2),
            dtype=self.dtype,
            round_trip=(),
            groups=self.groups,
            activation=activation,
        )


def tensor(numbers: Numbers, dtype: str) -> Tensor:
    read = Tensor.from_array(numbers)
    return Tensor(dtype, read.shape, read.integers, read.exponent)


def geometry(random: np.random.Generator, rank: int, largest: int) -> Geometry:
    """Draw the axes: cropped at both ends or at one, with output padding or without."""
    axes = []
    while len(axes) < rank:
        i, k = random.integers(1, largest + 1, 2).tolist()
        s, d, c = random.integers(1, 4), random.integers(1, 3), random.integers(0, 3)
        o = (i - 1) * s + (k - 1) * d + 1 - c + random.integers(-2, 3)
        axes += [(i, k, int(o), int(s), int(d), int(c))] if o >= 1 else []
    return Geometry(*zip(*axes, strict=True))


def drawn(dtype: str, seed: int, batch: int = 8, groups: int | None = None) -> Rounded:
    """Draw a call; for half of the filters the second half of the channels takes the first back."""
    random = np.random.default_rng([seed, 7])
    fl, wide = ROUNDINGS[dtype], WIDTHS[dtype]
    where = geometry(random, rank := 1 + seed % 3, largest=(9, 5, 3)[seed % 3])
    groups = groups or int(random.integers(1, 3))
    channels, share = int(random.integers(1, 5)), int(random.integers(1, 4))

    def numbers(*shape: int) -> Numbers:
        return fl(random.choice((-1, 1), shape) * 2.0 ** random.uniform(-wide, wide, shape))

    x = numbers(batch, groups, channels, *where.input)
    w = numbers(groups, channels, share, *where.kernel)
    half = channels // 2
    x[: batch // 2, :, channels - half :] = -x[: batch // 2, :, :half]
    w[:, channels - half :, : (share + 1) // 2] = w[:, :half, : (share + 1) // 2]
    bias = numbers(groups * share) if seed % 4 else None
    if bias is not None:  # takes back a product
        bias[::2] = -fl(x[0, 0, 0].flat[0] * w[0, 0, 0].flat[0])
    x, w = x.reshape(batch, -1, *where.input), w.reshape(-1, share, *where.kernel)
    assert x.ndim == rank + 2
    return Rounded(x, w, bias, where, groups, dtype)
