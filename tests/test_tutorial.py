"""Does the tutorial show what happens?  It is followed word by word, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FAILS = ("--claims", "bug.py")
"""In whose commands the tutorial says that something fails, beside the runs whose output it shows."""


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield the kind of each block, its text, and the paragraph before it."""
    text = PAGE.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        yield found[1], found[2], text[: found.start()].rstrip().rpartition("\n\n")[2]


def run(command: str, folder: Path) -> tuple[int, str]:
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": paths, "COLUMNS": "200"}
    words = ("bash", "-c", command.replace("pytest -q", "pytest -q -p no:cacheprovider -p no:xdist"))
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def plain(text: str) -> str:
    """Return what a text says, but for times and what aligns columns."""
    lines = [re.sub(r"\d+\.\d+s?$", "T", " ".join(line.split())) for line in text.strip().splitlines()]
    return "\n".join(lines)


def edited(name: str, text: str, module: str, before: str) -> str:
    """Return a module with a block put in: the whole of it, its last line, or its loop."""
    if f"`{name}`:" in before and "last line" not in before:
        return text
    if "last line" in before:
        return module[: module.rindex("    return")] + text
    start, end = module.index("    for tap"), module.rindex("    return")
    return module[:start] + text + module[end:]


def test_every_step_does_what_the_page_says(tmp_path: Path) -> None:
    said, ran = "", 0
    for kind, text, before in blocks():
        named = re.findall(r"`(\w+\.(?:py|toml))`", before)
        if kind in ("python", "toml"):
            path = tmp_path / (named[-1] if named else "mine.py")
            module = path.read_text() if path.exists() else ""
            path.write_text(edited(path.name, text, module, before))
        elif kind == "sh":
            found = [run(line, tmp_path) for line in text.strip().splitlines()]
            said, ran = "".join(output for _, output in found), ran + len(found)
            code = max(code for code, _ in found)
            assert code == int("FAILED" in said or any(word in text for word in FAILS)), said
        elif kind == "text":
            assert plain(said).startswith(plain(text)), f"shown:\n{text}\nseen:\n{said}"
    assert ran == 8


def test_a_page_that_shows_something_else_is_noticed() -> None:
    shown = [text for kind, text, _ in blocks() if kind == "text"]
    assert all(len(plain(text).splitlines()) > 1 for text in shown)
    assert not plain("mine:operation unversioned passed 703 0").startswith(plain(shown[0]))
    assert plain("a   b  2.4\n") == plain("a b 17.3")
