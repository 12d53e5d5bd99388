"""Which check is worse than which, and what does one mean to the gate?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adjoint.record import fails
from adjoint.telling import GRAVEST, telling

Check = Mapping[str, Any]

VERDICTS = (
    *GRAVEST,
    "vacuous",
    "observed",
    "conforms",
    "not-reached",
)
"""What a check can come to, worst first; what was not reached says nothing, and so stands last."""

STANDINGS = ("fails", "declared", "drift", "not-held", "")
"""What a check means to the gate, worst first; see `standing`."""

DIFFERS = ("crashed", "timed-out", "broken", "deviates")


def standing(check: Check) -> str:
    """Return what one check means to the gate.

    Returns
    -------
    str
        One of `STANDINGS`: it `fails` the gate; it differs as `declared`; it differs from a document of
        another version, which is `drift`; it differs, but the gate was told not to hold its level
        (`not-held`); or nothing (an empty string).
    """
    if fails(check):
        return "fails"
    if check["verdict"] not in DIFFERS:
        return ""
    if check["declared"]:
        return "declared"
    return "not-held" if check["own"] else "drift"


def worst_first(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Sort checks: by standing, then by verdict, then the most telling first."""
    return tuple(
        sorted(
            checks,
            key=lambda check: (
                STANDINGS.index(standing(check)),
                VERDICTS.index(check["verdict"]),
                telling(check),
            ),
        )
    )
