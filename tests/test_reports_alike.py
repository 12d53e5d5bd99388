"""Is what fails listed in one order, with the same examples, by the terminal and by every report?"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from adjoint import failures
from adjoint.baseline import Change
from adjoint.reports import html, junit, markdown
from adjoint.reports.alike import alike
from adjoint.reports.matrix import build
from adjoint.spec import load
from tests.records import Page, check, raised, record

ERROR = "raised TypeError at call: no dilation"
CLAUSES = ("tf-nn.values", "tf-nn.rank", "tf-nn.dtype")
ALIKE = [raised(clause, size, ERROR, call=f"f({clause})") for size, clause in enumerate(CLAUSES)]
OTHERS = [
    check("deviates", "tf-nn.values", size=1, call="g(1)"),
    check("deviates", "tf-nn.batch", size=8, call="g(8)"),
    check("deviates", "tf-nn.strides", size=3, call="g(3)"),
    raised("tf-nn.strides", 7, "raised ValueError at call: <b>odd</b>", call="g(7)"),
]
RUN = record(*ALIKE, *OTHERS)
TOLD = [("tf-nn.rank", "f(tf-nn.rank)"), ("tf-nn.strides", "g(3)"), ("tf-nn.batch", "g(8)")]
TOLD += [("tf-nn.values", "g(1)")]
"""What is told of it: the clause and the call of each failure."""


def listed(text: str) -> str:
    """The list of what fails, of the page."""
    return text.partition('id="failures"')[2].partition("</ol>")[0]


def test_a_failure_of_one_implementation_leads_to_the_cells_of_its_clauses() -> None:
    matrix = build([RUN, record(*ALIKE, name="other")], load())
    found = [(each.column.name, [cell.clause.id for cell in each.cells]) for each in alike(matrix)]
    same = ["tf-nn.rank", "tf-nn.dtype", "tf-nn.values"]
    alone = [("mine", [clause]) for clause, _ in TOLD[1:]]
    assert found == [("mine", same), *alone, ("other", same)]
    assert all(each.column is cell.column for each in alike(matrix) for cell in each.cells)


def test_the_terminal_the_page_and_the_summary_list_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    failures.show(RUN)
    terminal = re.findall(r"^mine: (\S+) .*\n  (.*)", capsys.readouterr().out, re.MULTILINE)
    page = re.findall(r"<li>.*?<code>(.*?)</code>.*?<code.*?>(.*?)</code>", listed(html.render([RUN])), re.S)
    line = re.compile(r"^- `mine` `(\S+)` .*?: `(.*?)`", re.MULTILINE)
    summary = line.findall(markdown.render([RUN]).partition("## What fails")[2])
    changed = Change(RUN, RUN.checks, (), (), (), (), (), 1)
    changes = line.findall(markdown.render_changes([changed]).partition("## Newly failing")[2])
    assert terminal == page == summary == changes == TOLD


def test_junit_has_the_clauses_that_fail_in_that_order_and_before_the_others() -> None:
    conforming = check("conforms", "tf-nn.filters")
    tests = ET.fromstring(junit.render([record(conforming, *RUN.checks)])).iter("testcase")
    clauses = ["tf-nn.rank", "tf-nn.dtype", "tf-nn.values", "tf-nn.strides", "tf-nn.batch", "tf-nn.filters"]
    assert [test.get("name") for test in tests] == clauses


def test_the_page_tells_the_error_once_and_leads_to_each_clause() -> None:
    found = listed(html.render([RUN]))
    assert found.count("<li>") == 4
    assert found.count(ERROR) == found.count("The same in") == 1
    assert found.count("f(tf-nn.") == 1, "the call of the first is shown, and no other"
    assert len(re.findall(r"in \d checks?\b", found)) == 4
    assert "in 3 checks" in found
    page = Page(found)
    assert len([target for tag, name, target in page.attributes if (tag, name) == ("a", "href")]) == 6


def test_the_example_of_each_failure_is_open_in_its_cell_beside_the_worst_check() -> None:
    text = html.render([RUN]).partition('id="checks"')[2]
    values = text.partition("<code>tf-nn.values</code> <span")[2].partition("</section>")[0]
    calls = re.findall(r'<details class="check"( open)?>.*?<dt>Call</dt><dd><code>(.*?)</code>', values, re.S)
    assert calls == [(" open", "f(tf-nn.values)"), (" open", "g(1)")]
    strides = text.partition("<code>tf-nn.strides</code> <span")[2].partition("</section>")[0]
    assert re.findall(r'<details class="check"( open)?>', strides) == [" open", ""]


def test_the_summary_tells_the_error_once_too() -> None:
    found = markdown.render([RUN]).partition("## What fails")[2]
    (told,) = [line for line in found.splitlines() if line.startswith("- ") and "no dilation" in line]
    assert told.endswith("(and 2 more); the same in `tf-nn.dtype`, `tf-nn.values`")


def test_what_a_clause_shows_beside_is_counted_in_every_report() -> None:
    other = "1 of them otherwise: raised ValueError at call: "
    assert listed(html.render([RUN])).count(f"{other}&lt;b&gt;odd&lt;/b&gt;") == 1
    summary = markdown.render([RUN]).partition("## What fails")[2]
    assert summary.count(f"(and 1 more), {other}\\<b\\>odd\\</b\\>\n") == 1
    text = [failure.text or "" for failure in ET.fromstring(junit.render([RUN])).iter("failure")]
    assert [f"1 more check fails, {other}<b>odd</b>." in each for each in text].count(True) == 1
