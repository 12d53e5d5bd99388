"""Does what was asked for exist?"""

from __future__ import annotations

import re

from adjoint.errors import UsageError
from adjoint.golden import load as load_golden
from adjoint.nearest import instead
from adjoint.spec import load
from adjoint.spec.clauses import LEVELS

SEE = "see 'adjoint list clauses'"
DRAWN = " If it was drawn, it is in no list: its script stands in the report of the run that drew it."
"""What is said of an id that is none of a golden case."""


def check(levels: str | None, clause: str | None, case: str | None) -> None:
    """See that levels, a clause and a case that were asked for exist, and that the golden files are whole.

    Raises
    ------
    UsageError
    """
    known = {entry.id: entry for entry in load_golden()}
    if levels is not None and not set(levels.split(",")) <= set(LEVELS):
        raise UsageError(f"--levels {levels} must name some of {', '.join(LEVELS)}, separated by commas.")
    if clause is not None and clause not in load().clauses:
        raise UsageError(f"there is no clause {clause!r}{instead(clause, load().clauses, SEE)}.")
    if case is not None and case not in known:
        drawn = DRAWN if re.fullmatch("[0-9a-f]{12}", case) else ""
        raise UsageError(f"there is no case {case!r}; see 'adjoint list cases'.{drawn}")
    if case is not None and clause is not None and clause not in known[case].clauses():
        raise UsageError(
            f"case {case} has no check of {clause}; it checks {', '.join(known[case].clauses())}."
        )
