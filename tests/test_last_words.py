"""Is the line kept that tells how a program ended?"""

from __future__ import annotations

import pytest

from adjoint.last_words import last_words


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        ("", ""),
        ("loading\nValueError: no\n", "ValueError: no"),
        (
            "/x/a.js:1\nnull.x\n ^\n\nTypeError: of null\n    at a (x.js:1)\n\nNode.js v20.20.2\n",
            "TypeError: of null",
        ),
        ("Error: first\nError: last {\n  code: 'X'\n}\n\nNode.js v20.20.2", "Error: last {"),
        ("odd\n\nNode.js v20.20.2", "Node.js v20.20.2"),
        ("of " + "a/" * 400 + "b.py; do this", "of " + "a/" * 400 + "b.py; do this"),
        ("x" * 1001, "x" * 999 + "…"),
    ],
)
def test_last_words_are_the_line_that_tells_most(stderr: str, words: str) -> None:
    assert last_words(stderr) == words
