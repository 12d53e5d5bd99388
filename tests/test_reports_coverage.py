"""Does the page say which pairs of parameters met, and which did not?"""

from __future__ import annotations

from adjoint.record import Record
from adjoint.reports import html
from adjoint.reports.column import column_of
from adjoint.reports.coverage import MOST_LISTED, Coverage, coverages, shade
from tests.records import API, Page, check, covered, record

COUNTED = {
    "bias": {"no": {"rank": {"1": 4, "2": 12}, "strides": {"mixed": 1}}, "yes": {"rank": {"1": 120}}},
    "rank": {"1": {"strides": {"mixed": 0, "one": 30}}, "2": {"strides": {"one": 2}}},
}


def only() -> Coverage:
    (found,) = coverages([column_of(covered(record(check("conforms")), {API: COUNTED}))])
    return found


def test_pairs_are_counted_whichever_axis_comes_first() -> None:
    found = only()
    assert found.levels == {"bias": ["no", "yes"], "rank": ["1", "2"], "strides": ["mixed", "one"]}
    assert found.count(("bias", "no"), ("rank", "2")) == found.count(("rank", "2"), ("bias", "no")) == 12
    assert (found.met, len(found.pairs)) == (6, 12)


def test_the_rarest_pairs_come_first_and_those_that_never_met_apart() -> None:
    found = only()
    assert [count for count, _, _ in found.rarest] == [1, 2, 4, 12, 30, 120]
    assert found.rarest[0] == (1, ("bias", "no"), ("strides", "mixed"))
    assert [(one, other) for _, one, other in found.never] == [
        (("bias", "no"), ("strides", "one")),
        (("bias", "yes"), ("rank", "2")),
        (("bias", "yes"), ("strides", "mixed")),
        (("bias", "yes"), ("strides", "one")),
        (("rank", "1"), ("strides", "mixed")),
        (("rank", "2"), ("strides", "mixed")),
    ]


def test_the_table_is_a_triangle() -> None:
    found = only()
    assert [axis for axis, _ in found.earlier] == ["bias", "rank"]
    assert dict(found.rows()) == {
        "rank": [("1", [4, 120]), ("2", [12, 0])],
        "strides": [("mixed", [1, 0, 0, 0]), ("one", [0, 0, 30, 2])],
    }


def test_a_shade_is_a_power_of_ten() -> None:
    assert [shade(count) for count in (0, 1, 9, 10, 99, 100, 1000, 10**6)] == [0, 1, 1, 2, 2, 3, 4, 4]


def test_a_page_says_it_in_words_and_in_a_table() -> None:
    rendered = html.render([covered(record(check("conforms")), {API: COUNTED})])
    page = Page(rendered)
    text = "".join(page.text)
    assert "6 of 12 pairs met, the rarest once" in text
    assert "bias no × strides mixed: 1; rank 2 × strides one: 2; bias no × rank 1: 4" in text
    assert "bias no × strides one; bias yes × rank 2; " in text
    assert '<td class="s1">4</td><td class="s3">120</td>' in rendered
    assert rendered.count("<td>·</td>") == 6
    assert "coverage" in page.ids


def test_long_lists_are_cut() -> None:
    many = {"size": {str(number): {"rank": {"1": number}} for number in range(1, 2 * MOST_LISTED)}}
    rare = "".join(Page(html.render([covered(record(check("conforms")), {API: many})])).text)
    assert f": {MOST_LISTED}\n" in rare
    assert f": {MOST_LISTED + 1}" not in rare
    never = {"size": {str(number): {"rank": {"1": 0}} for number in range(MOST_LISTED + 5)}}
    text = "".join(Page(html.render([covered(record(check("conforms")), {API: never})])).text)
    assert "; and 5 more" in text
    assert text.count("rank 1 × size") == MOST_LISTED


def test_the_covering_arrays_of_the_golden_cases_are_told() -> None:
    row = {
        "family": "mine",
        "rows": 7,
        "pairs": 31,
        "pairs_covered": 31,
        "triples": 53,
        "triples_covered": 52,
    }
    seen = covered(record(check("conforms")), {API: COUNTED})
    told = html.render([Record({**seen.header, "arrays": [row]}, seen.checks, seen.footer)])
    cells = "".join(f'<td class="number">{row[name]}</td>' for name in list(row)[1:])
    assert f'<th scope="row">mine</th>{cells}</tr>' in told
    assert "Covering arrays" not in html.render([seen])
