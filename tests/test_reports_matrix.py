"""Is what fails put first, and is the run told in one sentence, the same in every report?"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from adjoint.record import Record, fails
from adjoint.reports import html, junit, markdown
from adjoint.reports.matrix import build
from adjoint.reports.ranking import standing
from adjoint.spec import load
from tests.records import DECLARED, DRIFT, KNOWN, Page, check, record


@pytest.mark.parametrize(
    ("checks", "verdict", "kind", "count"),
    [
        ([check("conforms"), check("unsupported", claimed=True)], "unsupported", "", 1),
        ([check("conforms"), check("conforms")], "conforms", "", 2),
        ([check("crashed", declared=KNOWN), check("deviates")], "deviates", "fails", 1),
        ([check("conforms"), DECLARED, DECLARED], "deviates", "declared", 2),
        ([check("unsupported")], "unsupported", "fails", 1),
        ([check("deviates", own=False, gated=True)], "deviates", "fails", 1),
        ([check("deviates", own=False, held=False)], "deviates", "drift", 1),
        ([check("deviates", held=False)], "deviates", "not-held", 1),
        ([check("not-reached"), check("vacuous")], "vacuous", "", 1),
        ([check("not-reached"), check("conforms")], "conforms", "", 1),
    ],
)
def test_a_cell_puts_first_what_fails(checks: list[Any], verdict: str, kind: str, count: int) -> None:
    (cell,) = build([record(*checks)], load()).cells
    assert (cell.verdict, cell.standing, cell.count) == (verdict, kind, count)


def test_what_fails_comes_first() -> None:
    good = record(check("conforms"), name="good")
    bad = record(check("conforms"), check("deviates", "tf-nn.dtype"))
    matrix = build([good, bad], load())
    assert [column.name for column in matrix.columns] == ["mine", "good"]
    assert matrix.groups[0].document.id == "tf-nn"
    assert matrix.groups[0].rows[0].clause.id == "tf-nn.dtype"
    assert [cell.standing for cell in matrix.cells] == ["fails", "", ""]


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ([], "0 implementations, 0 clauses: nothing was checked"),
        ([record(check("conforms"))], "1 implementation, 1 clause: everything held"),
        (
            [record(check("conforms"), DECLARED, DRIFT)],
            "1 implementation, 2 clauses: everything held; 1 declared deviation, 1 drift",
        ),
        (
            [record(check("conforms"), check("deviates"), check("crashed"))],
            "1 implementation, 1 clause: 1 fails (2 checks)",
        ),
        (
            [record(check("conforms")), record(name="b", status="not-run", reason="no torch")],
            "2 implementations, 1 clause: 1 implementation not run to the end",
        ),
        (
            [record(check("conforms")), record(name="b", status="unavailable", reason="no torch")],
            "2 implementations, 1 clause: everything held; 1 implementation unavailable",
        ),
        (
            [record(check("conforms"), problem="It is stale.")],
            "1 implementation, 1 clause: 1 declaration stale or expired",
        ),
        (
            [record(check("unsupported", claimed=True))],
            "1 implementation, 1 clause: 1 implementation without one value that conforms",
        ),
    ],
)
def test_the_heading_is_one_sentence(records: list[Record], sentence: str) -> None:
    matrix = build(records, load())
    assert matrix.sentence == sentence
    state = "passed" if "everything held" in sentence else "failed" if records else "unavailable"
    assert matrix.state == state
    page = "".join(Page(html.render(records)).text)
    assert f"{sentence}." in page
    assert f"{html.SYMBOLS[state]} {state.capitalize()}" in page
    assert markdown.render(records).startswith(f"# {state.capitalize()}\n")
    assert f"{sentence}." in markdown.render(records).replace("\\", "")


@pytest.mark.parametrize("status", ["not-run", "stopped", "unavailable"])
def test_the_reason_of_what_was_not_run_appears(status: str) -> None:
    records = [record(check("conforms")), record(name="other", status=status, reason="tox ended with 1")]
    page = "".join(Page(html.render(records)).text)
    for rendered in (page, markdown.render(records), junit.render(records)):
        assert "tox ended with 1" in rendered
        assert status in rendered
    (suite,) = ET.fromstring(junit.render(records)).findall("testsuite[@name='other']")
    assert suite.get("skipped" if status == "unavailable" else "errors") == "1"
    assert suite.get("errors" if status == "unavailable" else "skipped") == "0"


def test_declared_deviations_are_no_failures() -> None:
    records = [record(check("conforms", "tf-nn.dtype"), check("conforms"), DECLARED)]
    assert not fails(DECLARED)
    assert not build(records, load()).standing("fails")
    suite = ET.fromstring(junit.render(records))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "1")
    skipped = suite.find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == f"declared: {KNOWN['reason']}"
    summary = markdown.render(records)
    assert summary.startswith("# Passed\n")
    assert "## What fails" not in summary
    assert KNOWN["reason"] in summary.partition("## Declared deviations")[2]
    page = "".join(Page(html.render(records)).text)
    assert KNOWN["reason"] in page


def test_a_drift_held_by_the_gate_fails() -> None:
    assert standing(DRIFT) == "drift"
    assert standing(DRIFT | {"gated": True, "held": True}) == "fails"
