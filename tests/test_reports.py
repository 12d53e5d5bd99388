"""Do the reports say what the records say, and does an implementation's text stay text?"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import pytest

from adjoint.record import VERDICTS as JUDGED
from adjoint.record import Record, fails
from adjoint.reports import html, junit, markdown
from adjoint.reports.matrix import build
from adjoint.reports.ranking import VERDICTS, standing
from adjoint.reports.text import code, inert, prose
from adjoint.spec import load

API = "tf.nn.conv_transpose"
HOSTILE = (
    "<script>alert(1)</script>]]>\x1b[31m\x00\u200f\u202eevil\ud800\ufffe\"'><img src=https://a.example>"
)


def check(verdict: str, clause: str = "tf-nn.values", **changes: Any) -> dict[str, Any]:
    """One line of a record, of an implementation that the document speaks of, unless changed."""
    level = load().clauses[clause].level if clause in load().clauses else "stated"
    line = {
        "case": "0123456789ab",
        "why": "unequal strides",
        "api": API,
        "call": f"{API}(input: float32[1, 2, 3, 4])",
        "size": 24,
        "kind": "values",
        "clause": clause,
        "level": level,
        "own": True,
        "gated": True,
        "held": level != "open",
        "claimed": False,
        "verdict": verdict,
        "declared": None,
    }
    if verdict != "conforms":
        line |= {"demanded": "the number 7", "seen": "the number 8", "script": "print(7)"}
    return line | changes


def record(
    *checks: Mapping[str, Any], name: str = "mine", status: str = "ran", reason: str = "", problem: str = ""
) -> Record:
    header = {
        "record": 1,
        "implementation": name,
        "version": "1.2.3",
        "systems": {"tensorflow": "2.4.0"},
        "claims": {},
        "python": "3.11.7",
        "platform": "Linux",
        "adjoint": "0.1.0",
        "interpretation": "1.0",
        "started": "2026-01-02T03:04:05+00:00",
        "planned": 77,
        "levels": ["stated", "implied", "customary"],
        "drift": False,
        "selection": "",
    }
    footer = {
        "footer": True,
        "status": status,
        "reason": reason,
        "problems": [problem] if problem else [],
        "checks": len(checks),
        "verdicts": dict(Counter(line["verdict"] for line in checks)),
        "seconds": 12.25,
    }
    return Record(header, tuple(checks), footer)


KNOWN = {"reason": "a rounding fault of 2.4", "link": "https://issues.example/1"}
DECLARED = check("deviates", declared=KNOWN)
DRIFT = check("deviates", "tf-nn.rank", own=False, gated=False, held=False)


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.cells: dict[str, str] = {}
        self._within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        found = dict(attrs)
        if tag == "a":
            target = found.get("href") or ""
            self._within.append(target if (found.get("class") or "").startswith("cell") else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._within.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._within and self._within[-1]:
            self.cells[self._within[-1]] = self.cells.get(self._within[-1], "") + data

    @property
    def ids(self) -> list[str]:
        return [value for _, name, value in self.attributes if name == "id"]


def hostile() -> Record:
    """Everything that an implementation, or what it runs on, can say."""
    texts = dict.fromkeys(("why", "call", "demanded", "seen", "stderr", "script", "case"), HOSTILE)
    bad = check("crashed", **texts)
    reason = {"reason": HOSTILE, "link": "javascript:alert(1)"}
    known = check("deviates", "tf-nn.rank", **texts, declared=reason)
    odd = check("observed", "tf-nn.filters-in-out", **texts)
    other = check("deviates", HOSTILE)
    made = record(bad, known, odd, other, name=HOSTILE, problem=HOSTILE, reason=HOSTILE)
    header = dict(made.header) | {"version": HOSTILE, "systems": {HOSTILE: HOSTILE}, "python": HOSTILE}
    return Record(header, made.checks, made.footer)


def invisible(text: str) -> list[str]:
    return [c for c in text if c not in "\n\t" and inert(c) != c]


def test_every_verdict_has_a_rank_a_sign_and_a_place_in_the_legend() -> None:
    assert sorted(VERDICTS) == sorted(JUDGED)
    assert set(VERDICTS) <= set(html.SYMBOLS)
    assert set(VERDICTS) == {word for word, _ in html.LEGEND}


def test_hostile_text_is_inert_in_html() -> None:
    rendered = html.render([hostile()])
    page, plain = Page(rendered), Page(html.render([record(check("deviates"))]))
    assert page.tags["script"] == page.tags["img"] == 0
    assert set(page.tags) <= set(plain.tags) | {"pre"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert not [value for _, _, value in page.attributes if value.startswith("javascript:")]
    assert not invisible(rendered)
    assert r"<script>alert(1)</script>]]>\x1b[31m\x00\u200f\u202eevil\ud800\ufffe" in "".join(page.text)


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


def test_hostile_text_is_inert_in_markdown() -> None:
    rendered = markdown.render([hostile()])
    rendered.encode("utf-8")
    assert not invisible(rendered)
    outside = "".join(rendered.split("`")[::2])  # no hostile text here holds a backtick
    assert "<script" not in outside.replace("\\<", "")
    assert "<img" not in outside.replace("\\<", "")
    assert "https://" not in outside


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a|b", "`a\\|b`"), ("a\nb", "`a b`"), ("a `` b", "```a `` b```"), ("`a`", "`` `a` ``"), ("", "`  `")],
)
def test_code_is_one_span_of_one_table_cell(text: str, shown: str) -> None:
    assert code(text) == shown


def test_code_is_cut_where_it_is_long() -> None:
    assert code("x" * 50, most=10) == "`" + "x" * 9 + "…`"


def test_prose_means_itself() -> None:
    assert prose("*a* <b> [c](https://d) e_f\n| $g$") == r"\*a\* \<b\> \[c\](https\://d) e\_f \| \$g\$"


def test_visible_text_is_left_alone() -> None:
    assert inert("naïve ≤ 3 “quoted”\n\tindented") == "naïve ≤ 3 “quoted”\n\tindented"
    assert inert("\u200f\r\U000e0001") == r"\u200f\x0d\U000e0001"


def test_a_page_loads_nothing() -> None:
    page = Page(html.render([record(DECLARED, check("crashed", stderr="boom")), hostile()]))
    loading = {"script", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "source"}
    assert not loading & set(page.tags)
    for tag, name, value in page.attributes:
        if "://" in value:
            assert (tag, name, value) == ("a", "href", KNOWN["link"])
    assert [value for tag, name, value in page.attributes if tag == "link" and name == "href"] == ["data:,"]
    style = html.render([]).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert ("a", "href", KNOWN["link"]) in page.attributes


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    records = [record(DECLARED, DRIFT, check("deviates")), record(DRIFT, name="other"), hostile()]
    page = Page(html.render(records))
    assert len(page.ids) == len(set(page.ids))
    assert {v[1:] for _, name, v in page.attributes if name == "href" and v.startswith("#")} <= set(page.ids)


def test_a_cell_shows_its_worst_verdict_and_leads_to_its_checks() -> None:
    checks = [check("conforms"), check("not-reached"), check("crashed"), check("deviates"), check("conforms")]
    page = Page(html.render([record(*checks)]))
    (target, said), *more = page.cells.items()
    assert not more
    assert said.split() == ["✗", "crashed", "2/5"]
    assert target[1:] in page.ids


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


def test_clauses_not_exercised_are_counted_and_named() -> None:
    spec = load()
    matrix = build([record(check("conforms"))], spec)
    assert matrix.exercised == 1
    assert matrix.not_exercised == len(spec.clauses) - 1
    text = "".join(Page(html.render([record(check("conforms"))])).text)
    assert f"{len(spec.clauses) - 1} clauses not exercised" in text
    assert all(clause in text for clause in spec.clauses)


def test_a_clause_of_another_edition_is_shown() -> None:
    page = Page(html.render([record(check("deviates", "tf-nn.gone"))]))
    assert "tf-nn.gone" in "".join(page.text)
    assert len(page.cells) == 1


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


def test_every_failing_clause_is_in_the_summary_with_its_smallest_call() -> None:
    clauses = [clause.id for clause in load().clauses.values() if clause.level != "open"]
    records = []
    for name in ("one", "two"):
        lines = []
        for number, clause in enumerate(clauses):
            verdict = ("deviates", "crashed", "timed-out", "broken", "unsupported")[number % 5]
            for more in (", 1000", ""):
                lines.append(check(verdict, clause, call=f"f({name}, {number}{more})"))
        records.append(record(*lines, name=name))
    assert all(fails(line) for made in records for line in made.checks)
    found = markdown.render(records).partition("## What fails\n")[2].partition("\n#")[0]
    for name in ("one", "two"):
        for number, clause in enumerate(clauses):
            start = f"- `{name}` `{clause}` "
            (line,) = [line for line in found.splitlines() if line.startswith(start)]
            assert f"`f({name}, {number})`, demanded `the number 7`, seen `the number 8` (and 1 more)" in line
    assert len([line for line in found.splitlines() if line]) == 2 * len(clauses)


def test_the_summary_has_its_parts_in_order() -> None:
    seen = [check("observed", "tf-nn.filters-in-out", seen=f"reading {number % 5}") for number in range(9)]
    bad = check("deviates", "tf-nn.dtype")
    made = record(check("conforms"), bad, DECLARED, DRIFT, *seen, problem="It is stale.")
    summary = markdown.render([made])
    headings = [line[3:] for line in summary.splitlines() if line.startswith("## ")]
    assert headings == [
        "What fails",
        "Declared deviations",
        "Stale and expired declarations",
        "Observed, of open clauses",
        "Drift, and what is not held",
    ]
    assert "`reading 0` × 2, `reading 1` × 2, `reading 2` × 2, `something else` × 3" in summary
    assert summary.count("It is stale.") == 1
    row = next(line for line in summary.splitlines() if line.startswith("| `mine`"))
    assert row == "| `mine` | 1.2.3 | ✗ failed | 1 | 9 | 3 | 1 | 12.2 |"
    head = next(line for line in summary.splitlines() if line.startswith("| implementation"))
    assert head.count("|") == row.count("|")


def test_a_clause_can_both_fail_and_be_declared() -> None:
    summary = markdown.render([record(check("crashed"), DECLARED, check("conforms"))])
    failing, _, declared = summary.partition("## Declared deviations")
    assert "**crashed**" in failing
    assert "(and" not in summary
    assert "**deviates**" in declared
    assert KNOWN["reason"] in declared


def test_a_page_shows_what_a_reader_needs_of_a_deviation() -> None:
    stderr = "\n".join(f"line {number}" for number in range(30))
    made = check("crashed", call="f(1)", stderr=stderr, script="import it\nit.fails()", seen="SIGSEGV")
    text = "".join(Page(html.render([record(made, check("conforms"))])).text)
    clause = load().clauses["tf-nn.values"]
    said = [made[key] for key in ("call", "case", "why", "demanded", "seen", "script")]
    assert all(part in text for part in [clause.text, clause.source, *said])
    assert "line 29" in text
    assert "line 9\n" not in text


def test_a_drift_held_by_the_gate_fails() -> None:
    assert standing(DRIFT) == "drift"
    assert standing(DRIFT | {"gated": True, "held": True}) == "fails"
