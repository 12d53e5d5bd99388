"""Is one and the same error told once, in the page and in the summary, and each other failure for itself?"""

from __future__ import annotations

from adjoint.reports import html, markdown
from adjoint.reports.alike import alike
from adjoint.reports.matrix import build
from adjoint.spec import load
from tests.records import Page, check, record

ERROR = {"seen": "raised TypeError at call: no dilation", "kind": "returned"}
CLAUSES = ("tf-nn.values", "tf-nn.rank", "tf-nn.dtype")
ALIKE = [check("deviates", clause, call=f"f({clause})", **ERROR) for clause in CLAUSES]
OTHERS = [check("deviates", clause) for clause in ("tf-nn.batch", "tf-nn.strides")]


def test_cells_whose_worst_call_ended_in_the_same_error_are_one_group() -> None:
    matrix = build([record(*ALIKE, *OTHERS), record(*ALIKE, name="other")], load())
    groups = [(group[0].column.name, len(group)) for group in alike(matrix.standing("fails"))]
    assert sorted(groups) == [("mine", 1), ("mine", 1), ("mine", 3), ("other", 3)]


def test_the_page_tells_the_error_once_and_leads_to_each_clause() -> None:
    text = html.render([record(*ALIKE, *OTHERS)])
    found = text.partition('id="failures"')[2].partition("</ol>")[0]
    assert found.count("<li>") == 3
    assert found.count(ERROR["seen"]) == found.count("The same in") == 1
    assert found.count("f(tf-nn.") == 1, "the call of the first is shown, and no other"
    page = Page(found)
    assert len([target for tag, name, target in page.attributes if (tag, name) == ("a", "href")]) == 5


def test_so_does_the_summary() -> None:
    found = markdown.render([record(*ALIKE, *OTHERS)]).partition("## What fails")[2]
    lines = [line for line in found.splitlines() if line.startswith("- ")]
    assert len(lines) == 3
    (told,) = [line for line in lines if "no dilation" in line]
    assert all(f"`{clause}`" in told for clause in CLAUSES)
    assert "; the same in `tf-nn." in told
