"""Does a picture show what differs, where it lies and by how much?"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, prod
from typing import Any

import pytest

from adjoint.reports import html
from adjoint.reports.pictures import (
    MOST_LINES,
    MOST_PICTURES,
    MOST_SLICES,
    Picture,
    illustrated,
    number,
    picture,
)
from tests.records import PICTURE, Page, check, record


def drawn(shape: Sequence[int], wrong: Sequence[int]) -> Picture:
    """A picture of an output that counts up, and is one too large in these places."""
    demanded = list(range(prod(shape)))
    seen = [value + (value in wrong) for value in demanded]
    return picture({"picture": {"shape": list(shape), "low": demanded, "high": demanded, "seen": seen}})


def one(low: Any, high: Any, seen: Any) -> tuple[str, str, str, bool]:
    """The only element of a picture."""
    given = {"shape": [1], "low": [low], "high": [high], "seen": [seen]}
    ((element,),) = picture({"picture": given}).slices[0].elements
    return element.demanded, element.seen, element.difference, element.offends


@pytest.mark.parametrize(
    ("low", "high", "seen", "shown"),
    [
        (3, 3, 3, ("3", "3", "·", False)),
        (3, 3, 4, ("3", "4", "+1", True)),
        (3, 3, -1, ("3", "-1", "-4", True)),
        (3, 3, "nan", ("3", "nan", "nan", True)),
        (3, 3, "-inf", ("3", "-inf", "-inf", True)),
        ("nan", "nan", "nan", ("nan", "nan", "·", False)),
        ("nan", "nan", 1, ("nan", "1", "nan", True)),
        ("inf", "inf", "inf", ("inf", "inf", "·", False)),
        (1, 2, 2, ("1.5", "2", "·", False)),
        (1, 2, 1, ("1.5", "1", "·", False)),
        (1, 2, 4.5, ("1.5 ±0.5", "4.5", "+2.5", True)),
        (1, 2, 0.75, ("1.5 ±0.5", "0.75", "-0.25", True)),
        (60000, "inf", 50000, ("≥ 60000", "50000", "-10000", True)),
        ("-inf", -60000, "-inf", ("≤ -60000", "-inf", "·", False)),
        ("-inf", "inf", 5, ("any", "5", "·", False)),
        (-1.7e308, 1.7e308, "inf", ("0", "inf", "+inf", True)),
        (1e308, 1.5e308, 1.7e308, ("1.25e+308 ±2.5e+307", "1.7e+308", "+2e+307", True)),
    ],
)
def test_an_element_says_how_far_it_lies_outside(low: Any, high: Any, seen: Any, shown: Any) -> None:
    assert one(low, high, seen) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (16777217.0, "16777217"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1 / 3, "0.333333"),
        (1e30, "1e+30"),
        (nan, "nan"),
    ],
)
def test_numbers_are_readable(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("shape", "indices"),
    [
        ([], ["[]"]),
        ([4], ["[:]"]),
        ([2, 3], ["[:, :]"]),
        ([1, 2, 5, 6], ["[0, 0, :, :]", "[0, 1, :, :]"]),
        ([1, 5, 6, 2], ["[0, :, :, 0]", "[0, :, :, 1]"]),
        ([2, 2, 2], ["[0, :, :]", "[1, :, :]"]),
    ],
)
def test_slices_lie_along_the_two_longest_axes(shape: list[int], indices: list[str]) -> None:
    assert [slice.index for slice in drawn(shape, []).slices] == indices


def test_a_slice_holds_the_elements_of_its_index() -> None:
    (first, second) = drawn([3, 4, 2], []).slices
    assert first.index == "[:, :, 0]"
    assert [[element.seen for element in row] for row in first.elements] == [
        ["0", "2", "4", "6"],
        ["8", "10", "12", "14"],
        ["16", "18", "20", "22"],
    ]
    assert second.elements[0][1].seen == "3"


def test_what_differs_is_drawn_first_and_the_rest_is_counted() -> None:
    shown = drawn([MOST_SLICES + 3, 9, 9], range(81 * 2, 81 * (MOST_SLICES + 3)))
    assert [slice.index for slice in shown.slices] == [f"[{n + 2}, :, :]" for n in range(MOST_SLICES)]
    assert (shown.more, shown.more_offending) == (3, 1)
    assert (shown.offending, shown.size) == (81 * (MOST_SLICES + 1), 81 * (MOST_SLICES + 3))


@pytest.mark.parametrize(("size", "wrong", "first"), [(12, 11, 0), (30, 0, 0), (30, 7, 7), (30, 29, 18)])
def test_a_long_slice_is_cut_around_the_first_that_differs(size: int, wrong: int, first: int) -> None:
    (down,), (across,) = drawn([size, 2], [2 * wrong]).slices, drawn([size], [wrong]).slices
    assert down.rows == across.columns == range(first, first + MOST_LINES)
    assert down.elements[wrong - first][0].offends
    assert down.is_cut == across.is_cut == (size > MOST_LINES)


def test_only_the_first_checks_of_a_cell_are_drawn() -> None:
    checks = [check("deviates"), *(check("deviates", picture=PICTURE) for _ in range(MOST_PICTURES + 1))]
    found = list(illustrated(checks))
    assert [line for line, _ in found] == checks
    assert [shown is not None for _, shown in found] == [False, *[True] * MOST_PICTURES, False]


def test_a_page_shows_the_three_sides_and_outlines_what_differs() -> None:
    rendered = html.render([record(check("deviates", picture=PICTURE))])
    said = "".join(Page(rendered).text)
    assert "1 of 4 elements, of shape [1, 2, 2], lie outside" in said
    sides = rendered.split("<caption>")[1:]
    assert [side.partition("<")[0] for side in sides] == ["demanded", "seen", "difference"]
    outlined = [side.partition('class="off">')[2].partition("<")[0] for side in sides]
    assert outlined == ["3", "8", "+5"]
    assert rendered.count('class="off"') == 3


def test_what_is_observed_has_a_picture_too() -> None:
    seen = check("observed", "tf-nn.filters-in-out", picture=PICTURE)
    page = Page(html.render([record(seen, check("observed", "tf-nn.filters-in-out"))]))
    assert page.tags["caption"] == 3
    assert "Picture of case 0123456789ab" in "".join(page.text)
