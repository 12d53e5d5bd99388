"""Which calls show what becomes of numbers at the edges of a format?  Small ones, for each API and dtype.

No clause says what a system shall do there; `adjoint.reference.edges` has what they are known to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from adjoint.cases.arrays import families
from adjoint.cases.edge_data import MAKERS
from adjoint.cases.settings import RULES, Axis, Setting, call_of
from adjoint.demand import demand
from adjoint.drawing import FLOATS

AXES = (Axis(3, 2, 3), Axis(2, 2), Axis(1, 1))
"""Along the first, no tap lands on every third element; along the second, taps meet."""


def settings() -> Iterator[Setting]:
    """Yield the settings, two for subnormal numbers: of the input, and of the products."""
    for family in families().values():
        for rank, api in family.apis.items():
            for rule in MAKERS:
                plain = Setting(api, AXES[: int(rank)], channels=3, filters=2, data=rule)
                for dtype in FLOATS:
                    for seed in range(2 if rule == "subnormal" else 1):
                        yield telling(replace(plain, dtype=dtype, seed=seed))


def telling(setting: Setting) -> Setting:
    """Return the setting with the first seed from which on, by twos, no two readings are alike."""
    for seed in count(setting.seed, 2):
        drawn = replace(setting, seed=seed)
        values = demand(call_of(drawn), rule=RULES[setting.data]).values.values()
        if len({str(value) for value in values}) == len(values):
            return drawn
    raise AssertionError
