"""How does a notebook show what came of a function?  A few lines of HTML, with the script of each failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from adjoint.ending import why
from adjoint.gate import code_of
from adjoint.record import Record
from adjoint.reports.text import markup_environment
from adjoint.spec import load


def render(record: Record, failures: Sequence[Mapping[str, Any]]) -> str:
    """Return HTML that shows a record; text that came from the implementation can't act.

    Parameters
    ----------
    record : Record
    failures : sequence of mapping
        The checks to show, with their calls and scripts.
    """
    counts = Counter(check["verdict"] for check in record.checks)
    state = {0: "passed", 1: "failed", 3: "was not really run"}[code_of(record)]
    template = markup_environment().get_template("notebook.html")
    return template.render(
        record=record, why=why, counts=counts, state=state, failures=failures, clauses=load().clauses
    )
