"""What stands at the head of a record?  All that must be the same for a run to go on, and when it began."""

from __future__ import annotations

import datetime
import hashlib
import platform
from collections.abc import Sequence
from typing import Any

import hypothesis

from adjoint import INTERPRETATION, __version__
from adjoint.claims import Claims
from adjoint.errors import AdjointError
from adjoint.golden import Case, coverage, digest
from adjoint.plan import Plan
from adjoint.record import RecordWriter


def write_not_run(plan: Plan, error: AdjointError, status: str = "not-run") -> None:
    """Write the record of an implementation that could not be run."""
    with RecordWriter(plan.record, header(plan, None, (), 0)) as writer:
        writer.footer(status, 0.0, str(error))


def header(plan: Plan, claims: Claims | None, cases: Sequence[Case], drawn: int) -> dict[str, Any]:
    """Return the header of a run's record, for these cases and so many items that draw theirs."""
    return {
        "implementation": plan.implementation.name,
        "is_function": plan.implementation.is_function,
        "version": claims.version if claims else "",
        "systems": dict(claims.systems) if claims else {},
        "claims": {"apis": list(claims.apis), "dtypes": list(claims.dtypes)} if claims else {},
        "python": claims.python if claims else "",
        "platform": platform.platform(),
        "adjoint": __version__,
        "interpretation": INTERPRETATION,
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "planned": sum(len(case.checks) for case in cases),
        "drawn": drawn,
        "arrays": coverage(),
        "profile": plan.profile,
        "seed": plan.seed,
        "levels": list(plan.gate.levels),
        "drift": plan.gate.drift,
        "selection": plan.selection,
        "fingerprints": _fingerprints(plan, claims),
    }


def _fingerprints(plan: Plan, claims: Claims | None) -> dict[str, str]:
    """Return a digest of each thing that the verdicts depend on and that the header does not tell."""
    implementation = plan.implementation
    told = {
        "cases": digest(),
        "command": (implementation.command, sorted(implementation.env.items()), implementation.draws),
        "claims": claims,
        "declarations": plan.deviations,
        "limits": plan.limits,
        "version of Hypothesis": hypothesis.__version__,
    }
    return {name: hashlib.sha256(repr(value).encode()).hexdigest()[:12] for name, value in told.items()}
