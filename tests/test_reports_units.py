"""Does the page say how far each implementation strayed, in each dtype, and what the bound is?"""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from adjoint.record import Record
from adjoint.reports import html
from adjoint.reports.column import column_of
from adjoint.reports.units import LAST, Measured, Scale, Strip, scale_of, strips
from tests.records import Page, check, drawn, record


def measured(units: float, dtype: str = "float32", verdict: str = "conforms", **more: Any) -> dict[str, Any]:
    return check(verdict, units=units, features={"dtype": dtype}, **more)


def found(*records: Record) -> list[Strip]:
    return strips([column_of(made) for made in records])


def test_there_is_a_strip_for_each_implementation_and_dtype() -> None:
    first = record(measured(1.0), measured(2.0, "float16"), measured(0.0), check("conforms"))
    second = record(measured(3.0), name="other")
    made = [
        (strip.column.name, strip.dtype, [one.units for one in strip.measured])
        for strip in found(first, second)
    ]
    assert made == [("mine", "float16", [2.0]), ("mine", "float32", [1.0, 0.0]), ("other", "float32", [3.0])]


def test_each_drawn_call_counts_once() -> None:
    holding = drawn("conforms", 0.5, 1.5, features={"dtype": "float32"})
    failing = drawn("deviates", 0.0, 9.0, units=9.0, features={"dtype": "float64"})
    made = {strip.dtype: [one.units for one in strip.measured] for strip in found(record(holding, failing))}
    assert made == {"float64": [0.0, 9.0], "float32": [0.5, 1.5]}


def test_the_largest_is_told_apart_from_what_differs() -> None:
    lines = [
        measured(1.0, bound=6.0),
        measured(2.0, bound=54.0),
        measured(50.0, verdict="deviates", bound=9.0),
    ]
    (strip,) = found(record(*lines))
    assert strip.largest(False) == Measured(2.0, 54.0, False)
    assert strip.largest(True) == Measured(50.0, 9.0, True)
    assert strip.bounds == (6.0, 54.0)
    (worse,) = found(record(measured(inf), measured(nan), measured(1.0)))
    largest = worse.largest(False)
    assert largest is not None
    assert largest.units != largest.units
    assert worse.largest(True) is None
    assert worse.bounds is None


def test_every_call_that_is_not_exact_is_in_a_bar() -> None:
    values = [0.0, 1e-9, 0.3, 0.31, 1.0, 99.0, 1e4, 1e12, inf, nan]
    (strip,) = found(record(*(measured(value, bound=100.0) for value in values)))
    scale = scale_of([strip])
    bars = strip.bars(scale)
    assert strip.exact == 1
    assert sum(bar.count for bar in bars) == len(values) - 1
    assert max(bar.height for bar in bars) == 1
    assert bars[-1].count == 4
    assert bars[-1].left > LAST
    assert bars[-1].said == "10⁴ and more"
    assert bars[0].said.startswith("less than")


@pytest.mark.parametrize("value", [0.0101, 0.5, 1.0, 3.0, 10.0, 99.9, 1000.0, 9999.0])
def test_a_bar_stands_over_its_values(value: float) -> None:
    scale = Scale(-2, 4)
    left, width, _ = scale.place(scale.bar_of(value))
    assert left - 1e-9 <= scale.at(value) < left + width


def test_the_axis_holds_every_bound_and_no_more_than_it_must() -> None:
    (near,) = found(record(measured(0.2, bound=24.0)))
    assert scale_of([near]).decades == range(-1, 3)
    (far,) = found(record(measured(0.2, bound=2e5)))
    assert scale_of([near, far]).decades == range(-1, 7)
    (exact,) = found(record(measured(0.0)))
    assert scale_of([exact]).decades == range(0, 2)


def test_a_page_says_it_in_words() -> None:
    lines = [measured(0.0), measured(3.25, bound=24.0), measured(inf, verdict="deviates", bound=6.0)]
    page = Page(html.render([record(*lines)]))
    text = "".join(page.text)
    assert (
        "3 calls, 1 exact; largest 3.25 (its bound: 24); largest of what differs inf (its bound: 6)" in text
    )
    assert "bound 6 to 24" in text
    assert "rounding" in page.ids
    assert page.tags["svg"] == 1


def test_what_is_all_exact_needs_no_axis() -> None:
    page = Page(html.render([record(measured(0.0), measured(0.0))]))
    assert "2 calls, 2 exact; largest 0" in "".join(page.text)
    assert page.tags["svg"] == 0
