"""Is an output that lies within what is demanded told from one that does not, element by element?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.comparing import LARGEST_PICTURE, compare, describe
from adjoint.tensors import Foreign, encode

LOW, HIGH = np.array([[1.0, -2.0, 0.0]], np.float32), np.array([[1.5, -1.0, 0.0]], np.float32)
NAN, INF = np.float32(np.nan), np.float32(np.inf)


def between(low: Any = LOW, high: Any = HIGH, unit: float = 0.25, **more: Any) -> dict[str, Any]:
    low, high = np.array(low, np.float32), np.array(high, np.float32)
    exact = (low.astype(np.float64) + high) / 2
    units = np.full(low.shape, unit)
    return {
        "low": encode(low),
        "high": encode(high),
        "exact": encode(exact),
        "unit": encode(units),
        **more,
    }


@pytest.mark.parametrize("seen", [LOW, HIGH, (LOW + HIGH) / 2, HIGH.astype(np.float64)], ids=str)
def test_both_ends_and_what_lies_between_are_accepted(seen: Any) -> None:
    assert compare(between(), seen).held


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize(("end", "towards"), [(LOW, -np.inf), (HIGH, np.inf)], ids=["low", "high"])
def test_the_next_number_beyond_an_end_is_not(end: Any, towards: float, index: int) -> None:
    seen = end.copy()
    seen[0, index] = np.nextafter(seen[0, index], np.float32(towards))
    assert not compare(between(), seen).held


@pytest.mark.parametrize(
    ("demanded", "seen", "held"),
    [
        (NAN, NAN, True),
        (NAN, np.float32(0), False),
        (NAN, INF, False),
        (INF, INF, True),
        (INF, -INF, False),
        (INF, NAN, False),
        (INF, np.finfo(np.float32).max, False),
        (np.float32(0), NAN, False),
    ],
    ids=str,
)
def test_what_must_be_nan_or_infinite_is_that_and_nothing_else(
    demanded: np.float32, seen: np.float32, held: bool
) -> None:
    assert compare(between([demanded], [demanded]), np.array([seen])).held is held


def test_what_was_measured_is_kept_in_units() -> None:
    found = compare(between(), LOW)
    assert found.measured == {"units": 2.0, "bound": 2.0}
    assert compare(encode(LOW), LOW).measured is None
    assert compare(between(unit=0.3), LOW).measured == {"units": 1.667, "bound": 1.667}


@pytest.mark.parametrize(
    ("demanded", "seen"),
    [
        (between([NAN], [NAN]), NAN),
        (between([1.0], [INF]), np.float32(2)),
        (between([1.0], [1.0]), INF),
        (between([1.0], [2.0], unit=0), np.float32(9)),
    ],
    ids=["nan", "no high end", "infinite", "no unit"],
)
def test_what_has_no_size_in_units_counts_for_none(demanded: dict[str, Any], seen: np.float32) -> None:
    assert compare(demanded, np.array([seen])).measured == {"units": 0.0, "bound": 0.0}


def test_it_is_said_how_an_output_was_right_and_no_bound_is_vacuous_unasked() -> None:
    assert compare(between(), LOW).seen == "within rounding"
    assert compare(encode(LOW), LOW).seen == "equal"
    for seen in (LOW, LOW - 1, LOW.T, Foreign("float8", (1, 3))):
        assert not compare(between(), seen).vacuous


def test_the_first_element_that_differs_is_named_with_what_it_should_be() -> None:
    seen = np.tile(HIGH, 2)
    seen[0, 1:5] += 8
    assert compare(between(np.tile(LOW, 2), np.tile(HIGH, 2)), seen).seen == (
        "4 of 6 elements differ; the first, at [0, 1], is 7 instead of -2 to -1"
    )
    assert compare(encode(np.arange(5)), np.arange(5) + 8).seen.endswith("is 8 instead of 0")


def test_a_tiny_output_is_told_whole() -> None:
    assert compare(between(), HIGH + 8).seen == "[9.5, 7, 8] instead of [1 to 1.5, -2 to -1, 0]"
    assert compare(between([NAN], [NAN]), LOW[0, :1]).seen == "1 instead of nan"
    assert compare(encode(np.arange(4)), np.arange(4) % 3).seen == "[0, 1, 2, 0] instead of [0, 1, 2, 3]"
    assert compare(encode(np.array(7)), np.array(-0.0)).seen == "-0 instead of 7"


def test_a_vacuous_bound_says_so_whatever_is_seen() -> None:
    found = compare(between(vacuous=True), LOW - 100)
    assert (found.held, found.vacuous) == (True, True)


def test_a_shape_or_a_dtype_that_can_not_be_read_is_not_accepted() -> None:
    assert compare(between(), LOW.T).seen == "shape [3, 1]"
    assert not compare(between(), Foreign("float8", (1, 3))).held


def test_a_picture_is_kept_of_what_differs_and_is_not_too_large() -> None:
    found = compare(between([1.0, NAN], [2.0, NAN]), np.array([5.0, -INF], np.float32))
    assert found.picture == {"shape": [2], "low": [1.0, "nan"], "high": [2.0, "nan"], "seen": [5.0, "-inf"]}
    assert compare(between(), LOW).picture is None
    for size, kept in ((LARGEST_PICTURE, True), (LARGEST_PICTURE + 1, False)):
        assert bool(compare(encode(np.zeros(size)), np.ones(size)).picture) is kept


def test_of_several_readings_the_one_that_holds_is_named() -> None:
    demanded = {"readings": {"floor": between(), "ceil": between(LOW + 10, HIGH + 10)}}
    ceil = compare(demanded, LOW + 10)
    assert (ceil.held, ceil.seen) == (True, "ceil")
    assert compare(demanded, LOW).measured == {"units": 2.0, "bound": 2.0}
    neither = compare(demanded, LOW + 5)
    assert (neither.held, neither.seen) == (False, "none of the readings known")
    assert neither.picture is not None


def test_of_an_output_that_no_reading_holds_it_is_said_what_differs_from_the_first() -> None:
    demanded = {"readings": {"floor": between(), "ceil": between(LOW + 10, HIGH + 10)}}
    said = {value: compare(demanded, np.where(LOW > 0, value, LOW)).seen for value in (NAN, INF, 9)}
    assert said == {
        NAN: "more NaN than the readings known",
        INF: "more infinities and NaN than the readings known",
        9: "none of the readings known",
    }
    assert compare(demanded, LOW[0]).seen == "none of the readings known"


def test_signs_of_zeros_count_only_where_they_are_asked_for() -> None:
    negative = np.where(LOW == 0, -0.0, LOW).astype(np.float32)
    assert compare(between(), negative).held
    assert compare(between(negative, negative), LOW).held
    assert not compare(between(signed=True), negative).held
    assert not compare(between(negative, negative, signed=True), LOW).held
    assert compare(between(negative, negative, signed=True), negative).held
    assert compare(between(signed=True), (LOW + HIGH) / 2).held


def test_a_deviation_that_no_number_can_measure_is_the_largest_number() -> None:
    largest = np.full((1, 3), np.finfo(np.float64).max)
    demanded = between(unit=1e-300)
    demanded |= {name: encode(-largest) for name in ("low", "high", "exact")}
    measured = compare(demanded, largest).measured
    assert measured == {"units": np.finfo(np.float64).max, "bound": 0.0}


def test_what_is_demanded_is_said_in_a_line() -> None:
    assert describe(between()) == "float32[1, 3], within rounding"
    assert describe(encode(LOW)) == "float32[1, 3], exactly"
    assert describe({"readings": {"floor": between(), "ceil": between()}}) == "open: floor, or ceil"


def test_it_is_told_whether_all_that_differs_became_nan() -> None:
    seen = LOW.copy()
    seen[0, :2] = np.nan
    assert compare(between(), seen).becomes == "nan"
    seen[0, 1] = np.inf
    assert compare(between(), seen).becomes == "not finite"
    seen[0, 1] = 100
    assert compare(between(), seen).becomes == "numbers"
    assert compare(between(), LOW).becomes == ""
