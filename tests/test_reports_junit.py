"""Does a CI service that reads JUnit get what the records say?"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from adjoint.reports import junit
from tests.records import API, check, drawn, hostile, invisible, record


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
    assert failure.text.count(r"<script>alert(1)</script>]]>\x1b[31m") == 6  # call, case, demanded, seen, …


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
    assert {("tf-nn.values", API), ("tf-nn.values", "other.api"), ("tf-nn.dtype", API)} <= named
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
