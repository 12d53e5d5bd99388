"""Does the page of findings say what the records say, all of it, and the same for the same verdicts?"""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import pytest

from adjoint.record import Record
from adjoint.reports.entries import load
from adjoint.reports.findings import Findings, gather, is_later, render
from adjoint.reports.ranking import standing
from adjoint.spec import load as load_spec
from tests.found import check, drifts, entry, record

OTHER = {"case": "ffffffffffff"}
OLD, NEW = {"mine": "1.0"}, {"mine": "1.10"}


def cells(findings: Findings) -> list[Any]:
    return [cell for finding in findings.found for cell in finding.cells] + list(findings.strange)


def page(*records: Record, **changes: Any) -> str:
    return render(gather(records, [entry(**changes)]))


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level, empty if it is not there."""
    return "".join(re.findall(rf"(?ms)^## {title}$(.*?)(?=^## |\Z)", text))


def test_same_verdicts_give_the_same_bytes() -> None:
    checks = (check(), check("conforms", **OTHER), drifts("tf-nn.rank"), check("observed", "tf-nn.tuples"))
    a, b = record(*checks, name="mine-a"), record(*checks[:2], name="mine-b")
    moved = [
        Record(
            {**one.header, "started": "2027", "platform": "Other", "python": "3.12", "adjoint": "0.2"},
            tuple({**line, "stderr": "at 0x7f"} for line in reversed(one.checks)),
            {**one.footer, "seconds": 1.0},
        )
        for one in (b, a)
    ]
    assert page(a, b) == page(*moved)
    assert "Linux-of-this-machine" not in page(a, b)


def test_whatever_differs_is_described_or_said_not_to_be() -> None:
    lines = [
        check(),
        check(declared={"reason": "known", "link": ""}, **OTHER),
        check("crashed", "tf-nn.rank"),
        check("unsupported", "tf-nn.rank", **OTHER),
        drifts("tf-nn.dtype"),
        check("deviates", "tf-nn.dtype", held=False, **OTHER),
        check("conforms", case="0"),
        check("not-reached", case="1"),
        check("observed", "tf-nn.tuples"),
    ]
    findings = gather([record(*lines)], [entry()])
    told = [(line["clause"], line["case"]) for cell in cells(findings) for line in cell.checks]
    assert sorted(told) == sorted((line["clause"], line["case"]) for line in lines if standing(line))
    assert len(told) == 6
    assert {cell.clause.id for cell in findings.strange} == {"tf-nn.rank", "tf-nn.dtype"}
    loud = section(render(findings), "Not yet described")
    assert "`tf-nn.rank`" in loud
    assert "`tf-nn.dtype`" in loud
    assert "tf-nn.values" not in loud


def test_where_all_is_described_nothing_is_called_strange() -> None:
    assert not section(page(record(check())), "Not yet described")


def test_an_entry_does_not_hide_another_cause() -> None:
    lines = [check(), check(call="f(strides=7)", **OTHER)]
    findings = gather([record(*lines)], [entry(calls_with=("strides=7",))])
    assert [line["call"] for cell in findings.strange for line in cell.checks] == [lines[0]["call"]]
    assert findings.found[0].lead.worst["call"] == "f(strides=7)"


def test_of_two_entries_the_first_has_the_check() -> None:
    findings = gather([record(check())], [entry(), entry(id="again")])
    assert [finding.entry.id for finding in findings.found] == ["off-by-one"]
    assert [sentence.split(" is ")[0] for sentence in findings.idle] == ["the finding again"]


def test_an_entry_that_nothing_shows_is_idle() -> None:
    (sentence,) = gather([record(check("conforms"))], [entry()]).idle
    assert "the finding off-by-one is shown by no check of these records" in sentence
    assert not gather([record(check())], [entry()]).idle
    other = record(check("conforms"), name="yours")
    assert not gather([other], [entry()]).idle, "nobody ran the one it names"


def test_a_clause_that_was_asked_and_conforms_is_idle() -> None:
    both = entry("tf-nn.values", "tf-nn.rank")
    (sentence,) = gather([record(check(), check("conforms", "tf-nn.rank"))], [both]).idle
    assert "names the clause tf-nn.rank, of which no check" in sentence
    assert not gather([record(check())], [both]).idle, "nobody asked tf-nn.rank"
    other = record(check("conforms", "tf-nn.rank"), name="yours")
    assert not gather([record(check()), other], [both]).idle, "the entry does not speak of that one"


def test_the_smallest_call_leads_and_the_documents_own_before_drift() -> None:
    small, large = {"size": 1, "call": "f(small)"}, {"size": 9, "call": "f(large)"}
    drifting = record(drifts(**small), name="mine-a")
    own = record(check(**large), check(**{**large, "call": "f(larger)", "size": 10}, **OTHER), name="mine-b")
    finding = gather([drifting, own], [entry()]).found[0]
    assert finding.lead.worst["call"] == "f(large)"
    assert gather([drifting], [entry()]).found[0].lead.worst["call"] == "f(small)"


def test_where_a_finding_shows_is_told_run_by_run() -> None:
    lines = [check(), check(clause="tf-nn.rank", **OTHER)]
    both = gather([record(*lines, name=f"mine-{a}") for a in "ba"], [entry("tf-nn.values", "tf-nn.rank")])
    found = [(cell.column.name[-1], cell.clause.id[6:]) for cell in both.found[0].cells]
    assert found == [("a", "rank"), ("a", "values"), ("b", "rank"), ("b", "values")]


def test_drift_stands_apart() -> None:
    own, drift = page(record(check())), page(record(drifts()))
    assert "Everything is one too large" in section(own, "Deviations of a system from its own document")
    assert not section(own, "Drift")
    assert "Everything is one too large" in section(drift, "Drift")
    assert not section(drift, "Deviations of a system from its own document")


def test_which_versions_show_it_is_read_off_their_records() -> None:
    bad, good = check(), check("conforms")

    def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
        text = page(record(old, name="mine-old", systems=OLD), record(new, name="mine-new", systems=NEW))
        return re.findall(r"(?m)^- .*\(mine 1\..*$", text)

    assert told(bad, good) == [
        "- Shows in `mine-old` (mine 1.0).",
        "- Mended in later versions: `mine-new` (mine 1.10).",
    ]
    assert told(good, bad) == [
        "- Shows in `mine-new` (mine 1.10).",
        "- Not yet in earlier versions: `mine-old` (mine 1.0).",
    ]
    assert told(bad, bad) == ["- Shows in `mine-new` (mine 1.10), `mine-old` (mine 1.0)."]
    unasked = check("conforms", **OTHER)
    assert told(bad, unasked) == ["- Shows in `mine-old` (mine 1.0)."]


@pytest.mark.parametrize(
    ("systems", "than", "later"),
    [
        ({"a": "1.10"}, {"a": "1.9"}, True),
        ({"a": "1.9"}, {"a": "1.10"}, False),
        ({"a": "1.0"}, {"a": "1.0"}, False),
        ({"a": "2", "b": "1"}, {"a": "1", "b": "1"}, True),
        ({"a": "2", "b": "1"}, {"a": "1", "b": "2"}, False),
        ({"a": "2", "b": "1"}, {"a": "1"}, False),
        ({"a": "2"}, {"a": "somebody's build"}, False),
        ({}, {}, False),
    ],
)
def test_later(systems: dict[str, str], than: dict[str, str], later: bool) -> None:
    assert is_later(systems, than) is later


def test_other_systems_that_hold_are_named() -> None:
    bad = record(check(), check(clause="tf-nn.rank", **OTHER))
    good = record(check("conforms"), name="good", systems={"good": "3"})
    mixed = record(
        check("conforms"), check("unsupported", "tf-nn.rank", **OTHER), name="mixed", systems={"mixed": "3"}
    )
    unasked = record(check("conforms", case="0"), name="unasked", systems={"unasked": "3"})
    older = record(check("conforms"), name="older", systems=OLD)
    findings = gather([bad, good, mixed, unasked, older], [entry("tf-nn.values", "tf-nn.rank")])
    elsewhere = findings.elsewhere(findings.found[0])
    assert {said: [column.name for column in found] for said, found in elsewhere.items()} == {
        "later": [],
        "earlier": ["older"],
        "beside": ["good"],
    }
    assert "- The same calls conform: `good` (good 3)." in render(findings)


def test_another_setting_of_a_version_that_shows_it_is_no_later_version() -> None:
    shown = [record(check(), name=name, systems=of) for name, of in (("old", OLD), ("new", NEW))]
    held = record(check("conforms"), name="new-compiled", systems=NEW)
    findings = gather([*shown, held], [entry(implementations=("*",))])
    told = findings.elsewhere(findings.found[0])
    assert {said: [column.name for column in found] for said, found in told.items()} == {
        "later": [],
        "earlier": [],
        "beside": ["new-compiled"],
    }


def test_runs_that_come_to_the_same_are_one_row() -> None:
    alike = [record(check(), name=f"mine-{name}") for name in "ab"]
    other = record(check(seen="the number 9"), name="mine-c")
    text = page(*alike, other)
    rows = re.findall(r"(?m)^\| (`mine.*?) \| `tf-nn.values` \|", text)
    assert rows == ["`mine-a`, `mine-b`", "`mine-c`"]
    assert text.count("```python") == 1


def test_clauses_of_one_text_are_one_promise() -> None:
    lines = [check(clause=f"keras-conv{n}d.bias", **OTHER) for n in (1, 2)]
    text = page(record(*lines, check()), implementations=("mine",), clauses=("*",))
    assert "(stated: `keras-conv1d.bias`, `keras-conv2d.bias`)" in text


def test_a_drawn_case_has_its_script_and_no_command() -> None:
    golden, drawn = page(record(check())), page(record(check(drawn={"data": "exact"})))
    assert "`adjoint reproduce 0123456789ab mine --clause tf-nn.values`, or this script:" in golden
    assert "adjoint reproduce" not in drawn
    assert "```python\nprint(7)\n```" in golden
    assert "```python\nprint(7)\n```" in drawn


def test_a_function_is_reproduced_with_its_api() -> None:
    text = page(record(check(), name="mine:conv"))
    assert (
        "`adjoint reproduce 0123456789ab mine:conv --clause tf-nn.values --api tf.nn.conv_transpose`" in text
    )


def test_hostile_text_is_inert() -> None:
    evil = "<script>x</script>\n\n# a `b` ``` \u202e"
    texts = dict.fromkeys(("call", "demanded", "seen", "case"), evil)
    line = check(**texts, script=f"a = 1\n```\n</details>\n{evil}")
    hostile = record(
        line, check("observed", "tf-nn.tuples", **texts), name=f"mine{evil}", systems={evil: evil}
    )
    for text in (page(hostile), render(gather([hostile], []))):
        fenced = re.findall(r"(?ms)^(````+)python\n(.*?)\n\1$", text)
        assert [body.startswith("a = 1\n```\n</details>\n<script>") for _, body in fenced] == [True]
        outside = re.sub(r"(?ms)^(````+)python\n.*?\n\1$", "", text)
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
        assert "<script" not in outside.replace("\\<", "")
        assert "\u202e" not in text
        summaries = re.findall("<summary>(.*?)</summary>", text)
        assert len(summaries) == text.count("<summary>")
        assert not any("<" in summary for summary in summaries)


def filter_ids(pattern: str) -> list[str]:
    return fnmatch.filter(load_spec().clauses, pattern)[:1]


def write(folder: Path, *more: dict[str, Any], mended: str = "") -> list[Path]:
    """Write a record for each implementation that an entry which came with the suite names.

    They show every finding, but `mended`; the first record has some `more` checks.
    """
    folder.mkdir()
    paths = []
    names = sorted({name for one in load() for name in one.implementations})
    for number, name in enumerate(names):
        shown = [
            check("conforms" if one.id == mended else "deviates", clause, call=" ".join(one.calls_with))
            for one in load()
            for pattern in one.clauses
            for clause in filter_ids(pattern)
            if one.speaks_of(name, clause)
        ]
        whole = record(*shown, *(() if number else more), name=name)
        lines = [whole.header, *whole.checks, whole.footer]
        paths.append(folder / f"{number}.record.jsonl")
        paths[-1].write_text("".join(json.dumps(line) + "\n" for line in lines))
    return paths


def test_the_command_writes_the_page(run_adjoint: Any, tmp_path: Path) -> None:
    out = tmp_path / "F.md"
    done = run_adjoint("findings", *write(tmp_path / "a"), "--out", out)
    assert (done.returncode, done.stdout) == (0, f"findings: {out}\n"), done.stderr
    assert all(one.title in out.read_text().replace("\\", "") for one in load())


def test_the_command_says_what_no_entry_describes(run_adjoint: Any, tmp_path: Path) -> None:
    out = tmp_path / "F.md"
    strange = check(clause="tf-nn.values", call="f(strange)")
    done = run_adjoint("findings", *write(tmp_path / "a", strange), "--out", out)
    assert done.returncode == 1
    assert " differs from tf-nn.values in 1 check that no entry of findings.toml describes." in done.stdout
    assert "`f(strange)`" in section(out.read_text(), "Not yet described")


def test_the_command_says_what_nothing_shows(run_adjoint: Any, tmp_path: Path) -> None:
    gone = [one.id for one in load() if not one.varies][-1]
    done = run_adjoint("findings", *write(tmp_path / "a", mended=gone), "--out", tmp_path / "F.md")
    assert done.returncode == 1
    assert f"the finding {gone} is shown by no check of these records" in done.stdout


def test_the_command_refuses_what_it_can_not_do(run_adjoint: Any, tmp_path: Path) -> None:
    for words, said in (
        (["none.jsonl"], "none.jsonl can't be read"),
        ([*write(tmp_path / "a"), "--out", tmp_path / "no" / "F.md"], "F.md can't be written"),
    ):
        done = run_adjoint("findings", *words, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert said in done.stderr
