"""Does the summary of a CI job say what the records say?"""

from __future__ import annotations

from adjoint.record import fails
from adjoint.reports import markdown
from adjoint.spec import load
from tests.records import DECLARED, DRIFT, KNOWN, check, drawn, hostile, invisible, record


def test_hostile_text_is_inert_in_markdown() -> None:
    rendered = markdown.render([hostile()])
    rendered.encode("utf-8")
    assert not invisible(rendered)
    outside = "".join(rendered.split("`")[::2])  # no hostile text here holds a backtick
    assert "<script" not in outside.replace("\\<", "")
    assert "<img" not in outside.replace("\\<", "")
    assert "https://" not in outside


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


def test_the_summary_counts_drawn_calls_as_one_check() -> None:
    bad = drawn("deviates", 7.0, 0.0, call="f(1)", clause="tf-nn.dtype")
    summary = markdown.render([record(drawn("conforms", 0.0, 0.5), check("conforms"), bad)])
    assert "| `mine` | 1.2.3 | ✗ failed | 2 | 1 | 1 | 12.2 |" in summary
    assert "`tf-nn.dtype` **deviates**: `f(1)`, demanded `the number 7`, seen `the number 8`" in summary
