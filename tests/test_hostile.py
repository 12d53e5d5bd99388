"""Does text that an implementation wrote stay text, from its worker to every report?"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adjoint.claims import MOST_CHARACTERS, Claims
from adjoint.errors import MessageError
from adjoint.inert import in_a_line, inert
from adjoint.record import Record, read
from tests import miniatures
from tests.records import invisible

HERE = Path(__file__).parent
PARTS = ("<script>", "\x1b", "\x00", "\u200f", "\u202e", "\ud800", "\ufffe", "\r", "]]>")
SPELT = (r"\x1b[31m", r"\x00", r"\u200f", r"\u202e", r"\ud800", r"\ufffe")
"""What stands for these, where it is shown in full."""


@dataclass(frozen=True)
class Reported:
    """A run of an implementation that means harm."""

    folder: Path
    code: int
    said: bytes
    record: Record

    def text(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode("utf-8")


def reported(name: str, folder: Path) -> Reported:
    command = shlex.join(
        [sys.executable, str(HERE / "miniatures.py"), name, "<script>alert(2)</script>\u202e`|*"]
    )
    words = [sys.executable, "-m", "adjoint.cli", "run", "--command", command, "--out", folder]
    done = subprocess.run(
        [*map(str, words), "--profile", "none"],
        env={**os.environ, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    (path,) = folder.glob("*.record.jsonl")
    return Reported(folder, done.returncode, done.stdout, read(path))


@pytest.fixture(scope="module")
def run() -> Iterator[Reported]:
    with TemporaryDirectory() as folder:
        yield reported("means_harm", Path(folder))


class Acts(HTMLParser):
    """What in a page could act: scripts, images, event handlers, links that are scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "base", "form", "img"):
            self.found.append(f"{tag} {attrs}")
        self.found += [f"{name}={value}" for name, value in attrs if name.startswith("on")]
        self.found += [str(value) for name, value in attrs if name == "href" and "script" in str(value)]


def test_the_run_comes_to_its_end_with_every_kind_of_harm_in_its_record(run: Reported) -> None:
    assert run.record.footer["status"] == "ran"
    assert run.code in (1, 3)
    verdicts = {line["verdict"] for line in run.record.checks}
    assert verdicts >= {"deviates", "broken", "unsupported", "crashed"}
    text = json.dumps([run.record.header, *run.record.checks], ensure_ascii=False)
    assert all(part in text or json.dumps(part)[1:-1] in text for part in PARTS)


def test_a_megabyte_is_not_kept(run: Reported) -> None:
    assert len(run.record.header["version"]) <= MOST_CHARACTERS
    for line in run.record.checks:
        assert all(len(str(line.get(part, ""))) < 5000 for part in ("seen", "demanded", "stderr"))
    assert sum(path.stat().st_size for path in run.folder.iterdir()) < 40 << 20


def test_no_page_can_act(run: Reported) -> None:
    pages = list(run.folder.glob("*.html"))
    assert len(pages) > 1
    for page in pages:
        text = run.text(page.name)
        assert not invisible(text), page.name
        acts = Acts()
        acts.feed(text)
        assert not acts.found, page.name
        assert text.rstrip().endswith("</html>")
    report = run.text("report.html")
    assert all(part in report for part in SPELT)
    assert "&lt;script&gt;alert(1)" in report


def test_junit_is_valid(run: Reported) -> None:
    text = run.text("junit.xml")
    assert not invisible(text)
    (suite,) = ElementTree.fromstring(text)
    names = [test.get("name") for test in suite]
    assert len(names) == int(suite.get("tests", 0)) > 20
    assert {child.tag for test in suite for child in test} <= {"failure", "error", "skipped"}
    assert not [child for test in suite for part in test for child in part]
    assert r"\u202e" in text


def test_the_summary_shows_it_as_text(run: Reported) -> None:
    text = run.text("summary.md")
    assert not invisible(text)
    text = re.sub(r"^ *(`{3,}).*?^ *\1`*$", "", text, flags=re.MULTILINE | re.DOTALL)  # blocks of code
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "<script" not in outside.replace("\\<", "")
    assert "<img" not in outside.replace("\\<", "")
    assert not [line for line in text.splitlines() if line.startswith("adjoint: passed")]
    (row,) = [line for line in text.splitlines() if line.startswith("| `") or line.startswith("| ``")]
    assert len(re.findall(r"(?<!\\)\|", row)) == len(re.findall(r"(?<!\\)\|", text.splitlines()[4]))
    assert max(map(len, text.splitlines())) < 5000


def test_the_terminal_shows_it_as_text(run: Reported) -> None:
    said = run.said.decode("utf-8")
    assert not invisible(said)
    assert "Traceback" not in said
    assert all(part in said for part in (r"\x1b[31m", r"\u202e"))
    assert not [line for line in said.splitlines() if line.startswith("adjoint: passed")]
    assert max(map(len, said.splitlines())) < 3000


def test_so_does_pytest_alone(tmp_path: Path) -> None:
    command = shlex.join([sys.executable, str(HERE / "miniatures.py"), "means_harm"])
    words = ["--adjoint-command", command, f"--adjoint-record={tmp_path / 'a'}", "--adjoint-profile=none"]
    pytest_words = ["-q", "--pyargs", "adjoint.cases", "-c", str(HERE.parent / "cases" / "pytest.ini")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *pytest_words, *words], capture_output=True, check=False
    )
    said = done.stdout.decode("utf-8")
    assert r"\x1b[31m" in said or "<script>" in said
    assert not [c for c in invisible(said) if c != "\x1b"]
    assert "\x1b[31m" not in said
    assert not [line for line in said.splitlines() if line.startswith("adjoint: passed")]


def test_last_words_at_the_start_are_text_everywhere(tmp_path: Path) -> None:
    run = reported("means_harm_at_start", tmp_path)
    assert run.code == 3
    assert run.record.footer["status"] == "not-run"
    for text in (
        run.said.decode("utf-8"),
        *(run.text(name) for name in ("report.html", "junit.xml", "summary.md")),
    ):
        assert not invisible(text)
    ElementTree.fromstring(run.text("junit.xml"))
    assert "<script>alert" not in run.text("report.html")


@pytest.mark.parametrize("part", ["apis", "dtypes", "systems", "unsupported", "observes"])
@pytest.mark.parametrize("huge", ["long", "many"])
def test_claims_that_are_huge_are_refused(part: str, huge: str) -> None:
    texts = ["x" * 1001] if huge == "long" else [f"x{n}" for n in range(1001)]
    value = dict.fromkeys(texts, "") if part in ("systems", "unsupported") else texts
    claims = {"apis": [], "dtypes": [], part: value}
    with pytest.raises(MessageError, match=f"lacks or garbles {part}"):
        Claims.from_json({"version": "", "claims": claims})


def test_a_line_is_one_line_and_no_longer_than_asked() -> None:
    assert in_a_line(miniatures.HOSTILE) == (
        r"<script>alert(1)</script>]]>\x1b[31m\x00\x07\u200f\u202eevil\ud800\ufffe"
        "\"'><img src=x>`|* adjoint: passed"
    )
    assert in_a_line("x" * 10, 4) == "xxx…"


@pytest.mark.parametrize(
    ("character", "spelt"),
    [
        *(("\x1b", r"\x1b"), ("\x7f", r"\x7f"), ("\x85", r"\x85"), ("\u200b", r"\u200b")),
        *(("\ud800", r"\ud800"), ("\ufffe", r"\ufffe"), ("\u2028", r"\u2028"), ("\u2029", r"\u2029")),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_what_can_not_be_seen_is_spelt_even_alone(character: str, spelt: str) -> None:
    assert inert(f"a{character}b") == f"a{spelt}b"
