"""Does the implementation conform, clause by clause, in every golden case?"""

from __future__ import annotations

from adjoint.plugin import Golden


def test_clause(adjoint_golden: Golden) -> None:
    """Each item is a clause of an API and holds all of its golden cases."""
    adjoint_golden.must_conform()
