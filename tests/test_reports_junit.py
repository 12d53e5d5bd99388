"""Does a CI service that reads JUnit get what the records say?"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import xmlschema

from adjoint import baseline
from adjoint.reports import junit
from tests.records import API, DECLARED, DRIFT, check, drawn, hostile, invisible, record

SCHEMA = xmlschema.XMLSchema10(Path(__file__).parent / "junit.xsd")


def test_hostile_text_is_inert_in_junit() -> None:
    rendered = junit.render([hostile()])
    root = ET.fromstring(rendered.encode("utf-8"))
    assert {e.tag for e in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "skipped",
        "error",
    }
    assert not invisible(rendered)
    failure = root.find(".//failure[@type='crashed']")
    assert failure is not None
    assert failure.text is not None
    assert failure.text.count(r"<script>alert(1)</script>]]>\x1b[31m") == 7  # call, case, demanded, seen, …


def test_junit_counts_a_test_for_each_clause_of_each_api() -> None:
    one = record(
        check("conforms"),
        check("conforms", api="other.api"),
        check("deviates", "tf-nn.dtype"),
        check("conforms", "tf-nn.dtype"),
        check("unsupported", "tf-nn.rank", claimed=True),
        check("unsupported", "tf-nn.batch", claimed=True),
        check("conforms", "tf-nn.batch"),
        check("unsupported", "tf-nn.strides"),
        check("observed", "tf-nn.filters-in-out"),
        check("deviates", "tf-nn.output-shape", own=False, gated=False, held=False),
        problem="It is stale.",
    )
    root = ET.fromstring(junit.render([one, record(name="b", status="not-run", reason="none")]))
    first, second = root
    counts = {key: first.get(key) for key in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {
        "tests": "9",  # seven clauses, one of them of two APIs; and the declarations
        "failures": "3",  # dtype, strides, the declarations
        "errors": "0",
        "skipped": "2",  # rank, output-shape
        "time": "12.250",
    }
    assert [second.get(key) for key in ("name", "tests", "errors")] == ["b", "1", "1"]
    for suite in root:
        for result in ("failure", "error", "skipped"):
            plural = result if result == "skipped" else f"{result}s"
            assert suite.get(plural) == str(len(suite.findall(f"testcase/{result}")))
        assert suite.get("tests") == str(len(suite))
    named = {(case.get("name"), case.get("classname")) for case in first}
    assert ("tf-nn.values", f"mine {API}") in named
    assert ("tf-nn.values", "mine other.api") in named
    assert ("tf-nn.dtype", f"mine {API}") in named
    assert ("declarations", "mine") in named
    totals = {key: root.get(key) for key in ("tests", "failures", "errors", "time")}
    assert totals == {"tests": "10", "failures": "3", "errors": "1", "time": "24.500"}
    batch = first.find("testcase[@name='tf-nn.batch']")
    assert batch is not None
    assert len(batch) == 0


def test_a_junit_failure_tells_the_worst_check() -> None:
    said = {
        "call": "f(x)",
        "demanded": "peace",
        "seen": "SIGSEGV",
        "stderr": "its end",
        "script": "import f",
    }
    worst = check("crashed", **said)
    root = ET.fromstring(junit.render([record(check("deviates"), worst, check("deviates"))]))
    failure = root.find(".//failure")
    assert failure is not None
    text = failure.text or ""
    assert failure.get("type") == "crashed"
    assert failure.get("message") == "crashed: demanded peace; seen SIGSEGV; of f(x)"
    assert all(part in text for part in said.values())
    assert "2 more checks fail" in text


def test_junit_counts_drawn_calls_as_one_check_of_their_clause() -> None:
    made = record(
        drawn("conforms", 0.0, 0.5), check("conforms"), drawn("deviates", 7.0, clause="tf-nn.dtype")
    )
    suite = ET.fromstring(junit.render([made]))[0]
    found = {(case.get("name"), len(case)) for case in suite}
    assert found == {("tf-nn.values", 0), ("tf-nn.dtype", 1)}
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


MANY = record(
    *(check("deviates", clause) for clause in ("tf-nn.dtype", "tf-nn.rank")),
    check("conforms", "tf-nn.strides"),
    check("unsupported", "tf-nn.batch", claimed=True),
    DECLARED,
    DRIFT,
    problem="It is stale.",
)


@pytest.mark.parametrize(
    "records",
    [
        [],
        [record()],
        [MANY, record(name="b", status="not-run", reason="none")],
        [record(status="unavailable")],
        [hostile()],
    ],
)
def test_junit_is_valid_as_ci_services_read_it(records) -> None:
    SCHEMA.validate(junit.render(records))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<failure ", "<fail "),
        (' classname="mine', ' class="mine'),
        ('timestamp="2026-01-02T03:04:05"', 'timestamp="2026-01-02T03:04:05+00:00"'),
        (' time="12.250"', ' time="12,250"'),
        ("It is stale.", ""),
    ],
)
def test_junit_that_is_not_valid_is_noticed(old, new) -> None:
    rendered = junit.render([MANY])
    assert old in rendered
    with pytest.raises((xmlschema.XMLSchemaException, ET.ParseError)):
        SCHEMA.validate(rendered.replace(old, new))


def test_a_junit_message_is_short_and_its_text_is_whole() -> None:
    long = "seven\n" * 500
    failure = ET.fromstring(junit.render([record(check("deviates", seen=long))])).find(".//failure")
    assert failure is not None
    assert len(failure.get("message") or "") <= 500
    assert (failure.text or "").count("seven") == 500


def test_junit_shows_what_changed_against_a_baseline_and_nothing_else() -> None:
    before = record(check("deviates", "tf-nn.dtype"), check("conforms"), check("conforms", "tf-nn.shape"))
    now = record(check("deviates", "tf-nn.dtype"), check("deviates"), check("conforms", "tf-nn.rank"))
    for made in (before, now):
        made.header["claims"]["apis"] = [API]
    changes = baseline.against([now], {"mine": before}, Path("x"))
    rendered = junit.render_changes(changes)
    SCHEMA.validate(rendered)
    found = {case.get("name"): [e.tag for e in case] for case in ET.fromstring(rendered)[0]}
    assert found == {
        "tf-nn.values": ["failure"],
        "tf-nn.rank": [],
        "baseline": [],
        "tf-nn.shape": ["skipped"],
    }


def test_a_clause_of_which_a_check_is_gone_and_another_failed_is_one_test() -> None:
    before = record(check("conforms", "tf-nn.rank"), check("conforms"), check("conforms", case="gone"))
    now = record(check("conforms", "tf-nn.rank"), check("deviates"))
    for made in (before, now):
        made.header["claims"]["apis"] = [API]
    (suite,) = ET.fromstring(junit.render_changes(baseline.against([now], {"mine": before}, Path("x"))))
    assert [[e.tag for e in case] for case in suite.findall("testcase[@name='tf-nn.values']")] == [
        ["failure"]
    ]


@pytest.mark.parametrize("verdict", ["unsupported", "not-reached", "vacuous"])
def test_a_clause_of_which_nothing_was_judged_is_skipped(verdict: str) -> None:
    root = ET.fromstring(
        junit.render([record(check(verdict, claimed=True), check("conforms", "tf-nn.rank"))])
    )
    assert [[e.tag for e in case] for case in root[0].findall("testcase[@name='tf-nn.values']")] == [
        ["skipped"]
    ]
