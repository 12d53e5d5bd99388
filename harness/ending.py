"""Why did a run come to no end?"""

from __future__ import annotations

from adjoint.inert import in_a_line
from adjoint.last_words import last_words
from adjoint.record import FATAL, Record

INTERRUPTED = "it was interrupted"
"""The reason, where someone ended the run."""

GAVE_UP = "calls in a row ended the worker; the rest was not tried."
"""How the reason ends of a run that was hopeless."""


def why(record: Record) -> str:
    """Return why a run came to no end, with what the worker did and said last; empty if it came to one."""
    reason = str(record.footer["reason"])
    deaths = [check for check in record.checks if check["verdict"] in FATAL]
    if not reason.endswith(GAVE_UP) or not deaths:
        return reason
    words = in_a_line(last_words(str(deaths[-1].get("stderr") or "")))
    said = f"; its last words: {words}" if words else ""
    return f"{reason} The last time: {str(deaths[-1]['seen']).rstrip('.')}{said}"
