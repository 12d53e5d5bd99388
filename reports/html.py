"""What does a run look like to a person?  One page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence

from adjoint.record import Record
from adjoint.reports.alike import alike
from adjoint.reports.coverage import MOST_LISTED, coverages, shade
from adjoint.reports.marks import NOT_REACHED
from adjoint.reports.matrix import build
from adjoint.reports.pictures import illustrated
from adjoint.reports.ranking import standing
from adjoint.reports.text import markup_environment
from adjoint.reports.timeline import timelines
from adjoint.reports.units import scale_of, strips
from adjoint.spec import load

SYMBOLS = {
    "conforms": "✓",
    "observed": "◇",
    "vacuous": "○",
    "unsupported": "–",
    "not-reached": "…",
    "deviates": "✗",
    "broken": "✗",
    "timed-out": "✗",
    "crashed": "✗",
    "passed": "✓",
    "failed": "✗",
    "stopped": "✗",
    "not-run": "✗",
    "unavailable": "–",
}
"""A sign for each verdict and state, so that colour is never the only one."""

LEGEND = (
    ("conforms", "What was seen is what the clause demands."),
    ("deviates", "What was seen is not what the clause demands."),
    ("crashed", "The worker died of the call: by a signal, by its own exit, or by too much memory."),
    ("timed-out", "The worker gave no answer in time."),
    ("broken", "The worker's answer broke the protocol."),
    ("unsupported", "The implementation does not offer this."),
    ("not-reached", NOT_REACHED),
    ("vacuous", "The error bound is so wide that it allows anything."),
    ("observed", "An open clause: what was seen is noted, and nothing is demanded."),
)

LEVELS = (
    ("stated", "The document says it."),
    ("implied", "It follows from what the document says, and the mathematics."),
    ("customary", "The document is silent; its makers' own text or tests confirm it."),
    ("open", "The document is silent or contradicts itself: observed and compared, never failed."),
)

STANDINGS = (
    ("fails", "Fails the gate."),
    ("declared", "Differs, is known, and is declared with a reason; does not fail the gate."),
    ("drift", "Differs from a document of another version of the system; shown, and held only with --drift."),
    ("not held", "Differs, in a level of clauses that the gate was told not to hold."),
)


MOST_QUIET = 12
"""How many checks of a cell that do not differ are listed."""


def render(records: Sequence[Record], score: bool = False) -> str:
    """Return the report of some records as one HTML page.

    Parameters
    ----------
    records : sequence of Record
        One for each implementation.
    score : bool
        Whether the page of the suite's own score lies beside it, to be led to.

    Returns
    -------
    str
        The page.  It loads nothing and runs no script; text that came from an implementation can't act.
    """
    template = markup_environment().get_template("report.html")
    matrix = build(records, load())
    measured = strips(matrix.columns)
    failing = alike(matrix)
    examples = {id(each.first) for each in failing}
    return template.render(
        matrix=matrix,
        failing=failing,
        is_example=lambda check: id(check) in examples,
        timeline=bool(timelines(matrix)),
        score=score,
        strips=measured,
        scale=scale_of(measured),
        coverages=coverages(matrix.columns),
        most_listed=MOST_LISTED,
        shade=shade,
        illustrated=illustrated,
        most_quiet=MOST_QUIET,
        standing=standing,
        symbols=SYMBOLS,
        legend=LEGEND,
        levels=LEVELS,
        standings=STANDINGS,
    )
