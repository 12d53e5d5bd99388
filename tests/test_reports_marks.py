"""Is what an implementation came to in a clause told in the right word?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adjoint.record import VERDICTS
from adjoint.reports.html import LEGEND
from adjoint.reports.marks import MARKS, NOT_REACHED, SILENT, SPEAKING, WRONG, mark_of
from adjoint.reports.ranking import worst_first
from tests.records import DECLARED, DRIFT, KNOWN, check

REFUSED = check("unsupported", claimed=True)
MISSED = check("not-reached")


@pytest.mark.parametrize(
    ("checks", "word", "tags", "note"),
    [
        ([], "not-asked", (), ""),
        ([check("conforms"), check("conforms")], "conforms", (), ""),
        ([check("conforms"), MISSED], "conforms", (), "1 of 2 not reached"),
        ([check("conforms"), REFUSED, MISSED], "in-part", (), "1 of 2 unsupported"),
        ([REFUSED, REFUSED], "unsupported", (), ""),
        ([REFUSED, MISSED], "unsupported", (), ""),
        ([check("unsupported")], "unsupported", ("fails",), ""),
        ([check("unsupported"), check("conforms")], "in-part", ("fails",), "1 of 2 unsupported"),
        ([MISSED], "not-reached", (), ""),
        ([check("vacuous"), MISSED], "vacuous", (), ""),
        ([check("deviates"), MISSED], "deviates", (), ""),
        ([check("conforms"), check("vacuous"), MISSED], "conforms", (), "1 of 2"),
        ([check("observed", "tf-nn.filters-in-out")], "observed", (), ""),
        ([check("deviates"), check("conforms"), REFUSED], "deviates", (), "1 of 3"),
        ([check("deviates"), DECLARED, DECLARED], "deviates", (), "1 of 3"),
        ([DECLARED, check("conforms")], "declared", (), "1 of 2"),
        ([check("deviates", held=False)], "not-held", (), ""),
        ([DRIFT, check("conforms", own=False)], "drift", (), "1 of 2"),
        ([DRIFT | {"declared": KNOWN}], "drift", ("declared",), ""),
        ([DRIFT | {"gated": True, "held": True}], "drift", ("fails",), ""),
        ([check("unsupported"), DRIFT], "drift", (), "1 of 2"),
        ([check("crashed"), check("deviates")], "crashed", (), "1 of 2"),
        ([DRIFT | {"verdict": "crashed"}], "crashed", ("drift",), ""),
        ([check("timed-out", declared=KNOWN)], "timed-out", ("declared",), ""),
        ([check("broken")], "broken", (), ""),
    ],
)
def test_a_mark_tells_what_is_worst_and_of_how_many(
    checks: list[Any], word: str, tags: tuple[str, ...], note: str
) -> None:
    mark = mark_of(worst_first(checks))
    assert (mark.word, mark.tags, mark.note) == (word, tags, note)
    assert (mark.worst is not None) == (word in WRONG)


def test_what_differs_is_shown_by_the_smallest_call() -> None:
    checks = [check("deviates", size=size, call=f"f({size})") for size in (9, 3, 7)]
    worst = mark_of(worst_first([check("conforms", size=1), *checks])).worst
    assert worst is not None
    assert worst["call"] == "f(3)"


def test_a_fault_is_the_same_whatever_the_version_is_held_to() -> None:
    results = {
        mark_of([one]).result for one in (check("deviates"), DECLARED, DRIFT, check("deviates", held=False))
    }
    assert results == {"deviates"}
    assert mark_of([check("crashed")]).result == "crashed"


def test_every_verdict_has_its_word_and_every_word_its_sign() -> None:
    assert set(VERDICTS) <= set(MARKS)
    assert {*SPEAKING, *SILENT} == set(MARKS)
    assert set(WRONG) < set(SPEAKING)
    wrong = {MARKS[word][0] for word in ("crashed", "timed-out", "broken", "deviates")}
    assert wrong == {"✗"}
    others = [MARKS[word][0] for word in MARKS if MARKS[word][0] != "✗"]
    assert len(others) == len(set(others))


def test_what_was_not_reached_is_explained_alike_wherever_it_is() -> None:
    docs = Path(__file__).parent.parent / "docs"
    page, tutorial = (
        " ".join((docs / f"{name}.md").read_text(encoding="utf-8").split()) for name in ("report", "tutorial")
    )
    said = NOT_REACHED.removesuffix(".")
    assert f"| … | not-reached | {said[0].lower()}{said[1:]} |" in page
    assert said.partition("an earlier check of ")[2] in tutorial
    assert dict(LEGEND)["not-reached"] == MARKS["not-reached"][1] == NOT_REACHED
