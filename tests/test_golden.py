"""Is a golden file that was edited, damaged or is foreign refused, by file and line?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adjoint import golden
from adjoint.errors import GoldenError
from adjoint.golden import Case
from tests.golden_cases import CASES, SAMPLE, written


def test_a_line_read_and_written_is_the_same_line() -> None:
    texts = [text for name, text in sorted(written().items()) if name.endswith(".jsonl")]
    lines = [line for text in texts for line in text.splitlines(keepends=True)]
    assert len(lines) == len(CASES) >= 156
    assert [case.to_line() for case in CASES] == lines


@pytest.fixture
def reread(tmp_path: Path) -> Callable[[str], list[Case]]:
    """Return what puts a line between two good ones of a file, and loads it."""
    good = [case.to_line() for case in CASES[:2]]

    def load_with(line: str) -> list[Case]:
        text = good[0] + line.removesuffix("\n") + "\n" + good[1]
        (tmp_path / "some.jsonl").write_text(text, encoding="utf-8")
        return list(golden.load(tmp_path))

    return load_with


def test_three_good_lines_are_three_cases_and_other_files_none(
    reread: Callable[[str], list[Case]], tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("not a golden file")
    assert reread(SAMPLE.to_line()) == [CASES[0], SAMPLE, CASES[1]]


def edited(change: Callable[[dict[str, Any]], Any]) -> str:
    data = json.loads(SAMPLE.to_line())
    change(data)
    return json.dumps(data, separators=(",", ":"))


def values_of(data: dict[str, Any]) -> dict[str, Any]:
    return next(check["demanded"] for check in data["checks"] if check["kind"] == "values")


EDITS = {
    "the call": lambda data: data["call"]["arguments"].update(note=1),
    "a seed": lambda data: data["call"]["tensors"]["input"]["make"].update(seed=1),
    "what is demanded": lambda data: values_of(data).update(data="A" + values_of(data)["data"][:-1]),
    "a demanded shape": lambda data: data["checks"][2]["demanded"].reverse(),
    "a clause": lambda data: data["checks"][0].update(clause=data["checks"][1]["clause"]),
    "a check less": lambda data: data["checks"].pop(),
    "the reason": lambda data: data.update(why="because"),
    "the coverage": lambda data: data["exercises"].append("tf-nn.values"),
    "the id": lambda data: data.update(id="0" * 12),
    "a key more": lambda data: data.update(more=1),
    "a key less": lambda data: data.pop("exercises"),
    "the seal": lambda data: data.update(seal="0" * 16),
    "no seal": lambda data: data.pop("seal"),
    "a number that JSON lacks": lambda data: values_of(data).update(dtype=float("nan")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_line_is_refused_by_file_and_line(edit: str, reread: Callable[[str], list[Case]]) -> None:
    line = edited(EDITS[edit])
    assert json.loads(line) != json.loads(SAMPLE.to_line())
    with pytest.raises(GoldenError, match=r"some\.jsonl, line 2\b"):
        reread(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "not JSON",
        SAMPLE.to_line()[:200],
        "{}",
        "[]",
        "[1, 2]",
        "null",
        "7",
        '"text"',
        '{"seal": "", "format": 1}',
        '{"seal": "", "format": 1, "interpretation": "1.0"}',
        '{"seal": "", "format": 1, "interpretation": 1}',
        '{"seal": "", "format": 1, "interpretation": null}',
        '{"event": "open", "format": "csv", "interpretation": "none", "seal": null}',
    ],
    ids=range(14),
)
def test_a_foreign_line_is_refused_by_file_and_line(line: str, reread: Callable[[str], list[Case]]) -> None:
    with pytest.raises(GoldenError, match=r"some\.jsonl, line 2\b"):
        reread(line)


@pytest.mark.parametrize(
    ("name", "value"), [("FORMAT", 3), ("INTERPRETATION", "2.0"), ("INTERPRETATION", "10.0")]
)
def test_a_sealed_line_of_another_format_or_interpretation_is_refused(
    name: str, value: Any, reread: Callable[[str], list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setattr(golden, name, value)
        line = SAMPLE.to_line()
    with pytest.raises(GoldenError, match=rf"some\.jsonl, line 2\b.*{value}"):
        reread(line)


def test_a_sealed_line_of_a_later_minor_interpretation_is_read(
    reread: Callable[[str], list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(golden, "INTERPRETATION", "1.7")
        line = SAMPLE.to_line()
    assert '"interpretation":"1.7"' in line
    assert reread(line)[1] == SAMPLE


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with the golden files, to be damaged."""
    for name, text in written().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(list(golden.load(tmp_path))) == len(CASES)
    return tmp_path


def test_a_lost_line_is_missed_by_file(copied: Path) -> None:
    path = copied / "tf_nn.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(GoldenError, match=r"tf_nn\.jsonl"):
        list(golden.load(copied))


def test_a_lost_file_is_missed_by_name(copied: Path) -> None:
    (copied / "tf_nn.jsonl").unlink()
    with pytest.raises(GoldenError, match=r"tf_nn\.jsonl"):
        list(golden.load(copied))


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "3", '{"tf_nn.jsonl": "many"}'])
def test_a_foreign_manifest_is_refused(copied: Path, text: str) -> None:
    (copied / golden.MANIFEST).write_text(text)
    with pytest.raises(GoldenError):
        list(golden.load(copied))


def test_a_file_that_is_no_text_is_refused(copied: Path) -> None:
    (copied / "tf_nn.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(GoldenError):
        list(golden.load(copied))
