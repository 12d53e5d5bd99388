"""Does the timeline show what changed from version to version, and nothing else?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adjoint.record import Record
from adjoint.reports import html, pages
from adjoint.reports.matrix import build
from adjoint.reports.timeline import Timeline, timelines
from adjoint.spec import load
from tests.records import KNOWN, Page, check, record

VALUES = "tf-nn.values"
OPEN = "tf-nn.filters-in-out"


def version(number: str, *checks: Any, name: str = "") -> Record:
    """A record of one version of TensorFlow, of which the document speaks if it is 2.4."""
    own = number.startswith("2.4")
    lines = [check | {"own": own, "gated": own, "held": own and check["held"]} for check in checks]
    return record(*lines, name=name or f"tensorflow-{number}", systems={"tensorflow": number})


def along(*records: Record) -> Timeline:
    (found,) = timelines(build(records, load()))
    return found


def words(line: Timeline) -> dict[str, list[str]]:
    """The marks of each clause that changes; what turns has a star."""
    return {
        course.clause.id: [place.mark.word + "*" * place.turns for place in course.places]
        for chapter in line.chapters
        for course in chapter.changing
    }


def verdicts(clause: str, *found: str) -> list[Record]:
    """A record for each of some versions, in disorder, with one check each; none where it is empty."""
    numbers = ("1.15.5", "2.4.4", "2.9.3", "2.15.1", "2.21.0")
    kept = check("conforms", "tf-nn.rank")
    made = [
        version(number, kept, *([check(verdict, clause)] if verdict else []))
        for number, verdict in zip(numbers, found, strict=False)
    ]
    return made[::-1]


def test_versions_go_from_left_to_right_and_what_changes_is_marked() -> None:
    line = along(*verdicts(VALUES, "conforms", "conforms", "deviates", "deviates", "conforms"))
    assert [column.record.header["systems"]["tensorflow"] for column in line.columns] == [
        *("1.15.5", "2.4.4", "2.9.3", "2.15.1", "2.21.0")
    ]
    assert words(line) == {VALUES: ["conforms", "conforms", "drift*", "drift", "conforms*"]}


def test_what_never_changes_is_counted_by_what_it_is() -> None:
    line = along(*verdicts(VALUES, "deviates", "deviates", "deviates"))
    (chapter,) = line.chapters
    assert not chapter.changing
    assert dict(chapter.constant) == {"conforms": 1, "deviates": 1}
    assert chapter.own == (False, True, False)
    text = " ".join(
        "".join(Page(pages.render(verdicts(VALUES, "deviates", "deviates"))["timeline.html"]).text).split()
    )
    assert "2 that never change✓ conforms 1, ✗ deviates 1" in text
    assert "tensorflow: 2 versions, 0 clauses change." in text


def test_drift_is_no_change_from_a_deviation_but_has_its_own_mark() -> None:
    line = along(*verdicts(VALUES, "conforms", "deviates", "deviates", "conforms"))
    assert words(line) == {VALUES: ["conforms", "deviates*", "drift", "conforms*"]}
    made = pages.render(verdicts(VALUES, "conforms", "deviates", "deviates", "conforms"))["timeline.html"]
    said = {" ".join(text.split()) for text in Page(made).cells.values()}
    assert {"✗ deviates changed", "△ drift", "✓ conforms changed", "✓ conforms"} == said


def test_unsupported_is_neither_wrong_nor_right() -> None:
    line = along(*verdicts(VALUES, "unsupported", "conforms", "crashed", "timed-out"))
    assert words(line) == {VALUES: ["unsupported", "conforms*", "crashed*", "timed-out*"]}


def test_a_version_that_was_not_asked_says_nothing() -> None:
    assert words(along(*verdicts(VALUES, "conforms", "", "not-reached", "conforms"))) == {}
    line = along(*verdicts(VALUES, "conforms", "", "deviates"))
    assert words(line) == {VALUES: ["conforms", "not-asked", "drift*"]}
    (chapter,) = along(*verdicts(VALUES, "deviates", "", "not-reached")).chapters
    assert chapter.once == 1
    assert dict(chapter.constant) == {"conforms": 1}


def test_another_fault_of_the_same_clause_is_a_change() -> None:
    def faults(number: str, *cases: str, asked: Sequence[str] = "abc") -> Record:
        lines = [check("deviates" if case in cases else "conforms", VALUES, case=case) for case in asked]
        return version(number, *lines)

    assert words(along(faults("2.4", "a"), faults("2.9", "a"))) == {}
    assert words(along(faults("2.4", "a"), faults("2.9", "b"))) == {VALUES: ["deviates", "drift*"]}
    assert words(along(faults("2.4", "a"), faults("2.9", "a", "d", asked="abcd"))) == {}
    missed = [check("deviates", VALUES, case="a"), check("not-reached", VALUES, case="b")]
    assert words(along(version("2.4", *missed), faults("2.9", "a", "b"))) == {}


def test_another_kind_of_fault_is_a_change() -> None:
    def faults(number: str, **kinds: str) -> Record:
        return version(number, *(check(verdict, VALUES, kind=kind) for kind, verdict in kinds.items()))

    one, other = {"values": "deviates", "dtype": "conforms"}, {"values": "conforms", "dtype": "deviates"}
    assert words(along(faults("2.4", **one), faults("2.9", **one))) == {}
    assert words(along(faults("2.4", **one), faults("2.9", **other))) == {VALUES: ["deviates", "drift*"]}


def test_an_open_clause_changes_where_its_answers_do() -> None:
    def saw(number: str, *seen: str) -> Record:
        lines = [check("observed", OPEN, case=f"case {n}", seen=text) for n, text in enumerate(seen)]
        return version(number, *lines)

    line = along(saw("2.4", "kept", "kept"), saw("2.9", "kept", "taken for zero"))
    assert words(line) == {OPEN: ["observed", "observed*"]}
    assert [place.seen for place in line.chapters[0].changing[0].places] == ["kept", "taken for zero"]
    assert words(along(saw("2.4", "raised ValueError: a"), saw("2.9", "raised TypeError: b"))) == {}
    assert words(along(saw("2.4", "kept"), saw("2.9", "kept", "taken for zero"))) == {}
    broken = version("2.9", check("crashed", OPEN, case="case 0"))
    assert words(along(saw("2.4", "kept"), broken)) == {OPEN: ["observed", "crashed*"]}


def test_a_declared_fault_that_drifts_says_both() -> None:
    known = check("deviates", VALUES, declared=KNOWN)
    line = along(version("2.4", known), version("2.9", known), version("2.15", check("conforms", VALUES)))
    marks = [(place.mark.word, place.mark.tags) for place in line.chapters[0].changing[0].places]
    assert marks == [("declared", ()), ("drift", ("declared",)), ("conforms", ())]


def test_documents_that_one_version_was_held_to_are_left_out() -> None:
    old = version("1.15", check("conforms", "tf-layers-conv2d.values"), check("conforms", VALUES))
    line = along(old, version("2.4", check("conforms", VALUES)))
    assert [chapter.document.id for chapter in line.chapters] == ["tf-nn"]


def test_without_versions_there_is_no_timeline() -> None:
    records = [
        version("2.4", check("conforms")),
        record(check("conforms", "torch-modules.values"), systems={}),
    ]
    assert timelines(build(records, load())) == ()
    assert "timeline.html" not in pages.render(records)
    assert "timeline.html" not in html.render(records)
    apart = [version("2.4", check("conforms")), version("2.9", check("conforms", "tf-layers-conv2d.values"))]
    assert timelines(build(apart, load())) == ()
