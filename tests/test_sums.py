"""Do the calls of many channels tell where sums are rounded, and let every order of them be?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint import tensors
from adjoint.cases import sums
from adjoint.cases.settings import Setting, call_of
from adjoint.demand import demand
from adjoint.reference.bound import Claim

Array = np.ndarray[Any, Any]
SETTINGS = list(sums.settings())
each_setting = pytest.mark.parametrize("setting", SETTINGS, ids=[f"{s.api} {s.dtype}" for s in SETTINGS])


def products(setting: Setting) -> Array:
    """Return what each channel brings to each element, of shape (channels, elements); there is one filter."""
    x, w = (
        np.moveaxis(array.astype(np.float64), array.shape.index(sums.CHANNELS), 0)
        for array in call_of(setting).arrays().values()
    )
    return np.asarray(w.reshape(-1, 1) * x.reshape(sums.CHANNELS, -1))


def added_up(terms: Array, block: int, between: Any) -> Array:
    """Sum in float32, and round what is summed to the dtype `between` blocks of channels."""
    total = np.zeros(terms.shape[1:], np.float32)
    for first in range(0, len(terms), block):
        total = total.astype(between).astype(np.float32)
        for term in terms[first : first + block]:
            total = total + term.astype(np.float32)
    return total


def holds(setting: Setting, total: Array) -> bool:
    """Tell whether a sum in float32 is accepted once it is rounded to the dtype."""
    reading = demand(call_of(setting), Claim("float32")).values[""]
    low, high = (tensors.decode(reading[end]).ravel() for end in ("low", "high"))
    seen = total.astype(low.dtype)
    return bool(((low <= seen) & (seen <= high)).all())


@each_setting
@pytest.mark.parametrize("block", [8, 16, 32])
def test_sums_that_are_rounded_between_blocks_of_channels_are_not_accepted(
    setting: Setting, block: int
) -> None:
    assert not holds(setting, added_up(products(setting), block, call_of(setting).arrays()["input"].dtype))


@each_setting
def test_sums_of_the_claimed_accumulator_are_accepted_in_every_order(setting: Setting) -> None:
    terms = products(setting)
    orders = [np.random.default_rng(seed).permutation(len(terms)) for seed in range(20)]
    for order in (np.arange(len(terms)), np.arange(len(terms))[::-1], *orders):
        assert holds(setting, added_up(terms[order], 8, np.float32))
