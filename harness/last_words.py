"""What did a program say before it ended?"""

from __future__ import annotations

import re

OF_NODE = re.compile(r"Node\.js v[\d.]+")
"""What Node ends the stack of an error with, whatever the error."""


def last_words(stderr: str) -> str:
    """Return the line of standard error that tells how a program ended: the last, or that of Node's error."""
    lines = stderr.strip().splitlines() or [""]
    if not OF_NODE.fullmatch(lines[-1].strip()):
        return lines[-1]
    return next((line for line in reversed(lines) if re.match(r"(Uncaught )?\w*Error\b", line)), lines[-1])
