"""Which calls show how the sums of many channels are held?  In half the bits, for each API, a small one.

Where a wider accumulator is claimed, partial sums are not rounded to the dtype; libraries do so between
blocks of channels, and few calls have more than one block.
"""

from __future__ import annotations

from collections.abc import Iterator

from adjoint.cases.arrays import families
from adjoint.cases.settings import Axis, Setting

CHANNELS = 34
"""More than two blocks of sixteen, with a half of them that fills no block."""


def settings() -> Iterator[Setting]:
    """Yield the settings."""
    for family in families().values():
        for rank, api in family.apis.items():
            axes = (Axis(4, 1), *[Axis(1, 1)] * (int(rank) - 1))
            for dtype in ("float16", "bfloat16"):
                yield Setting(api, axes, channels=CHANNELS, dtype=dtype, data="cancelling")
