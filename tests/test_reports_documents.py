"""Does a document's page say of every clause who was asked, and what came of it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adjoint.record import Record
from adjoint.reports import pages
from adjoint.reports.documents import Page as Shown
from adjoint.reports.documents import Reading
from adjoint.reports.documents import pages as shown
from adjoint.reports.matrix import build
from adjoint.spec import load
from tests.records import DRIFT, KNOWN, Page, check, hostile, invisible, record

NAME = "document-tf-nn.html"
OPEN = "tf-nn.filters-in-out"
OWN = {"tensorflow": "2.4.4"}
NEW = {"tensorflow": "2.21.0"}


def later(verdict: str, clause: str = "tf-nn.values", **changes: Any) -> dict[str, Any]:
    """A line of an implementation that the document does not speak of."""
    return check(verdict, clause, own=False, gated=False, held=False) | changes


def of(*records: Record) -> Shown:
    (page,) = shown(build(records, load()), load())
    return page


def entry(page: Shown, clause: str) -> list[list[list[tuple[str, str]]]]:
    """What a page says of a clause: on either side, name and word of each reading, grouped as they are."""
    (found,) = (entry for entry in page.entries if entry.clause.id == clause)
    return [[list(map(_said, alike.readings)) for alike in side] for side in (found.own, found.others)]


def _said(reading: Reading) -> tuple[str, str]:
    return reading.column.name, reading.mark.word


def test_its_own_versions_stand_apart_from_the_others_the_newest_first() -> None:
    page = of(
        record(later("conforms"), name="tensorflow-2.9", systems={"tensorflow": "2.9.3"}),
        record(check("conforms"), name="tensorflow-2.4", systems=OWN),
        record(later("deviates"), name="tensorflow", systems=NEW),
        record(later("conforms"), name="tensorflow-1.15", systems={"tensorflow": "1.15.5"}),
        record(name="torch", status="not-run", reason="no torch", systems={}),
    )
    assert [column.name for column in page.own] == ["tensorflow-2.4"]
    assert [column.name for column in page.others] == ["tensorflow", "tensorflow-2.9", "tensorflow-1.15"]
    assert [column.name for column in page.newest] == ["tensorflow"]
    assert [column.name for column in page.absent] == ["torch"]
    assert entry(page, "tf-nn.values") == [
        [[("tensorflow-2.4", "conforms")]],
        [[("tensorflow", "drift")], [("tensorflow-2.9", "conforms"), ("tensorflow-1.15", "conforms")]],
    ]


def test_every_clause_has_its_place_in_the_order_of_the_document() -> None:
    page = of(record(check("conforms")))
    clauses = [clause for clause in load().clauses.values() if clause.document == "tf-nn"]
    assert [entry.clause for entry in page.entries] == clauses
    assert page.unchecked == tuple(clause for clause in clauses if clause.id != "tf-nn.values")


def test_who_was_not_asked_is_told_from_what_nobody_was() -> None:
    records = [
        record(check("conforms"), check("conforms", "tf-nn.rank"), name="a"),
        record(check("unsupported", "tf-nn.rank", claimed=True), name="b"),
    ]
    page = of(*records)
    assert entry(page, "tf-nn.values")[0] == [[("a", "conforms")], [("b", "not-asked")]]
    assert entry(page, "tf-nn.rank")[0] == [[("b", "unsupported")], [("a", "conforms")]]
    assert {page.own[0].name: page.counts[page.own[0]]["not-asked"]} == {"b": len(page.entries) - 1}
    assert page.having("unsupported") == (load().clauses["tf-nn.rank"],)
    text = pages.render(records)[NAME]
    assert text.count("No case of these runs checks it.") == len(page.unchecked) == len(page.entries) - 2
    every = [check("conforms", clause.clause.id) for clause in page.entries]
    whole = pages.render([record(*every)])[NAME]
    assert "No case of these runs checks it." not in whole
    assert "Every clause is checked by a case of these runs." in whole


def test_what_is_open_is_shown_with_what_was_seen() -> None:
    def saw(case: str, seen: str, size: int) -> dict[str, Any]:
        return check("observed", OPEN, case=case, seen=seen, size=size, call=f"f({size})")

    refuses = saw("a", "raised ValueError: no", 9), saw("b", "raised ValueError: not so", 5)
    page = of(
        record(*refuses, saw("c", "returned float32[2]", 7), name="a"),
        record(saw("c", "returned float32[2]", 7), *refuses, name="b"),
        record(*refuses, saw("c", "raised ValueError: never", 7), name="c"),
        record(saw("a", "raised ValueError: I", 9), saw("c", "returned float32[2]", 7), name="B"),
    )
    (found,) = (entry for entry in page.entries if entry.clause.id == OPEN)
    assert [[reading.column.name for reading in alike.readings] for alike in found.own] == [
        ["c"],
        ["b", "a", "B"],
    ]
    answers = [(answer.seen, answer.calls, answer.call) for answer in found.own[1].answers]
    assert answers == [("refuses (ValueError)", 2, "f(5)"), ("accepts", 1, "f(7)")]


def test_answers_are_alike_only_where_common_calls_were_answered_alike() -> None:
    def answering(name: str, **seen: str) -> Record:
        return record(*(check("observed", OPEN, case=case, seen=seen[case]) for case in seen), name=name)

    page = of(
        answering("e", a="kept"),
        answering("d", a="kept", b="kept"),
        answering("c", a="kept", b="taken for zero"),
        answering("b", z="kept"),
        answering("a", b="kept"),
    )
    assert entry(page, OPEN)[0] == [
        [("e", "observed"), ("d", "observed"), ("a", "observed")],
        [("c", "observed")],
        [("b", "observed")],
    ]


def test_a_deviating_clause_opens_to_the_smallest_call() -> None:
    big = check("deviates", size=9, call="f(9)", demanded="nine", seen="ten", script="print(9)")
    small = check("deviates", size=2, call="f(2)", demanded="two", seen="three", script="print(2)")
    fails, known = small | {"stderr": "boom"}, check("deviates", "tf-nn.rank", declared=KNOWN)
    page = Page(pages.render([record(big, check("conforms"), fails, known, check("not-reached"))])[NAME])
    text = "".join(page.text)
    assert all(part in text for part in ("f(2)", "two", "three", "print(2)", "boom", "2 of 3"))
    assert not any(part in text for part in ("f(9)", "nine", "print(9)"))
    assert KNOWN["reason"] in text
    assert page.tags["details"] == 2
    clause = load().clauses["tf-nn.values"]
    assert clause.text in text
    assert clause.source[1:] in text


def test_there_is_a_page_for_each_document_that_someone_was_held_to() -> None:
    lines = [check("conforms"), check("conforms", "torch-modules.values"), check("deviates", "tf-nn.gone")]
    records = [record(*lines), record(check("conforms", "gone.gone"), name="other")]
    made = pages.render(records)
    assert set(made) == {"report.html", NAME, "document-torch-modules.html"}
    assert set(made) < pages.names()
    titles = [load().documents[name].title for name in ("tf-nn", "torch-modules")]
    for name in (NAME, "document-torch-modules.html"):
        assert all(title in made[name] for title in titles)
    assert set(pages.render([])) == {"report.html"}


def test_links_lead_somewhere_from_page_to_page() -> None:
    made = pages.render(MANY)
    found = {name: Page(text) for name, text in made.items()}
    assert "timeline.html" in found
    led: set[str] = set()
    for name, page in found.items():
        assert len(page.ids) == len(set(page.ids))
        for target in _links(page):
            file, _, anchor = target.partition("#")
            led.add(file or name)
            assert not anchor or anchor in found[file or name].ids, target
    assert led == set(made)
    linked = set(_links(found["report.html"]))
    assert {name for name in made if name != "report.html"} <= linked


def test_pages_load_nothing_and_hostile_text_is_inert_on_them() -> None:
    plain = {name: Page(text) for name, text in pages.render(MANY).items()}
    known = set().union(*(page.tags for page in plain.values())) | {"pre"}
    older = Record({**hostile().header, "systems": {"tensorflow": "2.1"}}, hostile().checks, hostile().footer)
    newer = Record({**older.header, "systems": {"tensorflow": "2.2"}}, older.checks[1:2], older.footer)
    made = pages.render([hostile(), older, newer])
    assert {NAME, "timeline.html"} <= set(made)
    for name, rendered in made.items():
        page = Page(rendered)
        assert name == pages.REPORT or set(page.tags) <= known, name
        assert not {"script", "img", "iframe", "form"} & set(page.tags)
        assert not [attribute for _, attribute, _ in page.attributes if attribute.startswith("on")]
        assert not [value for _, _, value in page.attributes if "javascript:" in value or "://" in value]
        assert not invisible(rendered)
        assert "<script>alert(1)</script>" in "".join(page.text)
        assert "default-src 'none'" in rendered


def _links(page: Page) -> Iterator[str]:
    for tag, name, value in page.attributes:
        if (tag, name) == ("a", "href") and not value.startswith("https://"):
            yield value


MANY = [
    record(check("conforms"), check("deviates", "tf-nn.rank"), name="tensorflow-2.4", systems=OWN),
    record(
        *(later("crashed", stderr="boom"), DRIFT, later("observed", OPEN), check("conforms", "tf-nn.gone")),
        name="tensorflow",
        systems=NEW,
    ),
    record(
        check("deviates", "torch-modules.values", declared=KNOWN), name="torch", systems={"torch": "2.13"}
    ),
]
