"""Does the summary of a CI job say what the records say?"""

from __future__ import annotations

import pytest

from adjoint import baseline
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
                seen = f"n{number}"
                lines.append(check(verdict, clause, call=f"f({name}, {number}{more})", seen=seen))
        records.append(record(*lines, name=name))
    assert all(fails(line) for made in records for line in made.checks)
    found = markdown.render(records).partition("## What fails\n")[2].partition("\n#")[0]
    for name in ("one", "two"):
        for number, clause in enumerate(clauses):
            start = f"- `{name}` `{clause}` "
            (line,) = [line for line in found.splitlines() if line.startswith(start)]
            said = f"demanded `the number 7`, seen `n{number}` (and 1 more)"
            assert f"`f({name}, {number})`, {said}" in line
    lines = found.splitlines()
    assert len([line for line in lines if line.startswith("- ")]) == 2 * len(clauses)
    assert (
        lines.count("  <details><summary>script</summary>") == lines.count("  </details>") == 2 * len(clauses)
    )


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


def test_the_summary_says_how_each_implementation_fared_in_each_document() -> None:
    one = record(check("conforms"), check("deviates", "tf-nn.dtype"), name="one")
    two = record(check("conforms"), check("conforms", "keras-conv1d.values"), name="two")
    lines = markdown.render([one, two]).splitlines()
    assert "| tf.nn.conv\\_transpose | ✗ 1 of 2 fail | ✓ 1 | " in lines
    (keras,) = [line for line in lines if line.endswith(" |  | ✓ 1 | ")]
    assert "keras" in keras.lower()


def test_a_script_is_folded_below_what_fails_whatever_it_holds() -> None:
    bad = check("deviates", script="x = 1\n\n```\n</details>\nprint(x)\n")
    shown = markdown.render([record(bad)])
    assert "  ````python\n  x = 1\n\n  ```\n  </details>\n  print(x)\n  ````\n" in shown
    assert "x" * 6000 in markdown.render([record(check("deviates", script="x" * 6000))])
    long = markdown.render([record(check("deviates", script="x" * 7000))])
    assert "# 7000 characters long: see report.html" in long


@pytest.mark.parametrize("number", [2])
def test_a_summary_is_never_larger_than_a_service_takes(number) -> None:
    clauses = [clause.id for clause in load().clauses.values()]
    text = "é" * 1500
    many = [check("deviates", clause, call=text, seen=text, demanded=text, script=text) for clause in clauses]
    records = [record(*many, name=f"{n}{text}") for n in range(number)]
    summary = markdown.render(records)
    assert 1000 < len(summary.encode("utf-8")) < 1 << 20
    assert "which this page has no room for: see report.html." in summary
    assert summary.count("<details>") == 30


def test_what_no_shorter_list_makes_fit_is_cut() -> None:
    made = markdown._fitting(lambda most: f"{most}\n" + "é\n" * 600_000)
    assert len(made.encode("utf-8")) < 1 << 20
    assert made.startswith("10\n")
    assert made.endswith("Cut here.\n")


CLAIMED = {"apis": ["tf.nn.conv_transpose"]}


def test_the_summary_of_changes_has_nothing_but_changes() -> None:
    before = record(
        check("deviates", "tf-nn.dtype"),
        check("conforms"),
        check("deviates", "tf-nn.rank"),
        problem="It is old.",
    )
    now = record(
        check("conforms", "tf-nn.dtype"),
        check("deviates"),
        check("deviates", "tf-nn.rank"),
        check("conforms", "tf-nn.batch"),
        problem="It is old.",
    )
    for made in (before, now):
        made.header["claims"].update(CLAIMED)
    (change,) = baseline.against([now], {"mine": before}, "x")
    summary = markdown.render_changes([change])
    assert summary.startswith("# Newly failing\n")
    assert "| `mine` | 1.2.3 | 1 | 1 | 0 | 1 | 0 | " in summary
    headings = [line[3:] for line in summary.splitlines() if line.startswith("## ")]
    assert headings == ["Newly failing", "Newly passing", "New checks"]
    assert "tf-nn.rank" not in summary
    assert "It is old." not in summary
    assert summary.count("<details>") == 1
    (same,) = baseline.against([before], {"mine": before}, "x")
    assert markdown.render_changes([same]).startswith("# Nothing newly fails\n")
    assert "## " not in markdown.render_changes([same])


def test_hostile_text_is_inert_in_the_summary_of_changes() -> None:
    made, empty = hostile(), record(name=hostile().name)
    for each in (made, empty):
        each.header["claims"].update(CLAIMED)
    rendered = markdown.render_changes(baseline.against([made], {made.name: empty}, "x"))
    assert not invisible(rendered)
    outside = "".join(rendered.split("`")[::2]).replace("<details><summary>script</summary>", "")
    assert "<script" not in outside.replace("\\<", "")
    assert "<img" not in outside.replace("\\<", "")
