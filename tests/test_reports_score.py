"""Does the page of the score say what was caught and what was missed, and does it load nothing?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adjoint import cli_reports
from adjoint.reports import score
from tests.records import HOSTILE, Page, check, invisible, record

CLAUSE = "tf-nn.values"


def row(name: str, **changes: Any) -> dict[str, Any]:
    """A fault that a golden case caught, the third that was put."""
    seen = {"clause": CLAUSE, "kind": "values", "verdict": "deviates", "size": 12, "call": f"call of {name}"}
    found = {"family": "kernel", "name": name, "about": f"{name} is wrong", "caught": True}
    return {**found, "source": "golden", **seen, "cases": 3, "seconds": 0.25, **changes}


def missed(name: str, **changes: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("clause", "kind", "verdict", "size", "call"))
    return row(name, caught=False, source="", **{**nothing, "cases": 700, **changes})


def whole(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    caught = sum(each["caught"] for each in rows)
    head = {"adjoint": "1", "ended": "now", "profile": "quick", "seed": 7, "keyword": ""}
    return {**head, "faults": len(rows), "caught": caught, "found": list(rows), **changes}


def text_of(page: str) -> str:
    return " ".join("".join(Page(page.partition("</style>")[2]).text).split())


MIXED = whole(
    row("tap-lost"),
    row("flipped", cases=9, seconds=1.75, size=20),
    missed("unseen", family="memory"),
    row("late", family="memory", source="rounded", kind="shape", cases=1500, seconds=11, size=1001),
)


def test_families_are_counted_apart_and_together() -> None:
    kernel, memory, every = score.families(MIXED["found"])
    assert (kernel.name, kernel.faults, kernel.golden, kernel.drawn, kernel.missed) == ("kernel", 2, 2, 0, 0)
    assert (memory.name, memory.faults, memory.golden, memory.drawn, memory.missed) == ("memory", 2, 0, 1, 1)
    assert (every.name, every.faults, every.caught, every.missed) == ("all", 4, 3, 1)
    assert kernel.medians == {"cases": 6, "seconds": 1, "size": 16}
    assert every.medians == {"cases": 9, "seconds": 1.75, "size": 20}
    assert score.families([missed("unseen")])[-1].medians == {}


def test_clauses_come_by_how_many_faults_they_saw_first() -> None:
    more = [*MIXED["found"], row("other", kind="shape"), row("another", kind="shape")]
    found = [(first.clause, first.kind, first.faults) for first in score.firsts(more)]
    assert found == [(CLAUSE, "shape", 3), (CLAUSE, "values", 2)]
    assert score.firsts([missed("unseen")]) == ()


def test_a_value_is_in_one_part_and_a_limit_belongs_to_what_is_below_it() -> None:
    found = score.parts([1, 2, 10, 10, 11, 99], (1, 10), " s")
    assert [(part.said, part.faults) for part in found] == [
        ("up to 1 s", 1),
        ("up to 10 s", 3),
        ("over 10 s", 2),
    ]
    assert [round(part.share, 3) for part in found] == [0.333, 1, 0.667]
    assert [part.share for part in score.parts([], (1, 10))] == [0, 0, 0]


def test_the_page_says_of_each_fault_what_saw_it_and_what_is_missed_first() -> None:
    text = text_of(score.render(MIXED))
    assert "✗ 3 of 4 faults are caught 1 is missed. Golden cases alone catch 2; calls drawn" in text
    assert "✗ missed memory unseen unseen is wrong no check failed 700 0.25 ·" in text
    assert f"tap-lost tap-lost is wrong {CLAUSE} values call of tap-lost 3 0.25 12" in text
    assert f"late late is wrong {CLAUSE} shape drawn, rounded call of late 1500 11.00 1001" in text
    assert [text.count(f"{name} is wrong") for name in ("tap-lost", "flipped", "unseen", "late")] == [1] * 4
    assert text.index("unseen is wrong") < text.index("By family Cases") < text.index("tap-lost is wrong")
    assert "Profile quick, seed 7." in text
    assert "Only faults with" not in text


def test_where_all_is_caught_nothing_is_said_to_be_missed() -> None:
    text = text_of(score.render(whole(row("one"), keyword="kern")))
    assert (
        "✓ 1 of 1 fault is caught Golden cases alone catch 1; calls drawn after them catch no more." in text
    )
    assert "missed" not in text
    assert "Only faults with kern in their family or name were planted." in text


def test_where_all_is_missed_there_is_a_page_too() -> None:
    text = text_of(score.render(whole(missed("one"), missed("two"))))
    assert "✗ 0 of 2 faults are caught 2 are missed." in text
    assert "None is caught." in text


def test_a_crash_is_said_to_be_one() -> None:
    assert "crashed" in text_of(score.render(whole(row("one", verdict="crashed"))))


def test_the_page_loads_nothing_and_its_links_lead_somewhere() -> None:
    page = Page(score.render(MIXED))
    assert not {"script", "img", "iframe", "object", "base", "form"} & set(page.tags)
    assert not [value for _, _, value in page.attributes if "://" in value]
    assert len(set(page.ids)) == len(page.ids)
    led = {value for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert led == {f"#{name}" for name in page.ids} - {"#top"}


def test_text_is_inert() -> None:
    texts = dict.fromkeys(("about", "call", "kind", "clause", "verdict", "source", "name", "family"), HOSTILE)
    made = score.render(whole({**row("one"), **texts}, missed("two", about=HOSTILE), keyword=HOSTILE))
    assert Page(made).tags["script"] == Page(made).tags["img"] == 0
    assert not invisible(made)


def test_the_report_leads_to_a_score_that_lies_beside_it_and_that_back(tmp_path: Path) -> None:
    for there in (False, True):
        if there:
            (tmp_path / score.SCORE).write_text("a page", encoding="utf-8")
        cli_reports.write([record(check("conforms"))], tmp_path)
        report = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
        assert (("a", "href", score.SCORE) in report.attributes) == there
        back = Page(score.render(MIXED, report=there)).attributes
        assert (("a", "href", "report.html") in back) == there
    assert (tmp_path / score.SCORE).read_text(encoding="utf-8") == "a page"


def test_of_many_clauses_the_rest_are_folded_away() -> None:
    kinds = [row(f"fault-{number}", kind=f"kind-{number:02}") for number in range(score.MOST + 3)]
    text = text_of(score.render(whole(*kinds)))
    assert text.index(f"kind-{score.MOST - 1} 1") < text.index("3 more") < text.index(f"kind-{score.MOST} 1")
    assert " more Clause" not in text_of(score.render(whole(*kinds[: score.MOST])))
