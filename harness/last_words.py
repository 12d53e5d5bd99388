"""What did a program say before it ended?"""

from __future__ import annotations

import re

from adjoint.inert import cut

OF_NODE = re.compile(r"Node\.js v[\d.]+")
"""What Node ends the stack of an error with, whatever the error."""

MOST = 1000
"""How many characters are kept: a sentence that names a few long paths must come to its end."""


def last_words(stderr: str) -> str:
    """Return the line of standard error that tells how a program ended: the last, or that of Node's error."""
    lines = stderr.strip().splitlines() or [""]
    told = lines[-1]
    if OF_NODE.fullmatch(told.strip()):
        errors = (line for line in reversed(lines) if re.match(r"(Uncaught )?\w*Error\b", line))
        told = next(errors, told)
    return cut(told, MOST)
