"""Does a text that is cut end in an ellipsis, wherever one is?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adjoint.inert import cut, in_a_line, short
from adjoint.outcome import Raised

ROOMS = Path(__file__).parents[1]


def test_what_is_longer_is_cut_and_what_is_not_is_left() -> None:
    assert cut("a" * 10, 10) == "a" * 10
    assert cut("a" * 11, 10) == "a" * 9 + "…"
    assert short("a" * 8, 10) == repr("a" * 8)
    assert short("a" * 9, 10) == "'aaaaaaaa…"
    assert in_a_line("a\n" * 9, 10) == "a a a a a…"


def test_so_is_the_message_of_an_error() -> None:
    assert str(Raised("call", ("E",), "m" * 300)) == f"E at call: {'m' * 300}"
    assert str(Raised("call", ("E",), "m" * 301)) == f"E at call: {'m' * 299}…"


@pytest.mark.parametrize("room", ["harness", "reports", "cases"])
def test_no_text_is_cut_by_a_format_that_leaves_no_mark(room: str) -> None:
    found = [
        f"{path.name}: {line.strip()}"
        for path in (ROOMS / room).glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r":\.\d+\}", line) or re.search(r"\[:\d\d+\]!r", line)
    ]
    assert found == []
