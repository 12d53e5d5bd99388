"""Do the harness and a worker make the same numbers of a recipe, those of SplitMix64?"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache
from importlib.resources import as_file, files
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adjoint import tensors
from tests.golden_cases import CASES, VALUED, demands


def specifications() -> Iterator[dict[str, Any]]:
    for case in CASES:
        yield from case.call.to_json()["tensors"].values()
    for case in VALUED:
        for demanded in demands(case):
            ends = [demanded[name] for name in ("low", "high", "exact", "unit") if name in demanded]
            yield from ends or [demanded]


def splitmix64(seed: int, count: int) -> list[int]:
    """Return the generator's first values, in Python's integers."""
    values, mask = [], 2**64 - 1
    for j in range(1, count + 1):
        z = (seed + j * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        values.append(z ^ (z >> 31))
    return values


PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
"""The first values of SplitMix64 from the seed 1234567, as published (Rosetta Code, Splitmix64)."""


@cache
def serving() -> ModuleType:
    """Return the worker's serving loop, which shares no code with the harness."""
    with as_file(files("adjoint.implementations") / "serving.py") as path:
        spec = importlib.util.spec_from_file_location("serving_by_path", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def test_the_generator_is_splitmix64() -> None:
    assert splitmix64(1234567, 5) == PUBLISHED
    recipe = {"kind": "integers", "low": 0, "high": 2**63 - 1, "seed": 1234567}
    demanded = [value % 2**63 for value in PUBLISHED]
    assert tensors.make(recipe, (5,), "int64").tolist() == demanded
    assert serving().integers(recipe, (5,)).tolist() == demanded


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (0, 1), (-255, 255), (3, 9), (-(2**40), 2**40 - 1), (-9, -3)]
)
def test_harness_and_worker_draw_the_same_integers(low: int, high: int, seed: int) -> None:
    recipe = {"kind": "integers", "low": low, "high": high, "seed": seed}
    demanded = [low + value % (high - low + 1) for value in splitmix64(seed, 24)]
    made = tensors.make(recipe, (2, 3, 4), "float64")
    assert made.shape == (2, 3, 4)
    assert made.ravel().tolist() == demanded
    drawn = serving().integers(recipe, (2, 3, 4))
    assert drawn.shape == (2, 3, 4)
    assert drawn.ravel().tolist() == demanded


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,)])
def test_harness_and_worker_agree_on_shapes_without_much_in_them(shape: tuple[int, ...]) -> None:
    recipe = {"kind": "integers", "low": -5, "high": 5, "seed": 3}
    assert np.array_equal(tensors.make(recipe, shape, "int64"), serving().integers(recipe, shape))


def test_harness_and_worker_read_every_tensor_of_the_golden_files_alike() -> None:
    count = 0
    for specification in specifications():
        here, there = tensors.decode(specification), serving().decode(specification)
        assert (here.dtype, here.shape, here.tobytes()) == (there.dtype, there.shape, there.tobytes())
        count += 1
    assert count > 2 * len(CASES)
