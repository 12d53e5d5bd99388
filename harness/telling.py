"""Which failures are one, and which is told first?  The same in the terminal and in every report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adjoint.record import FATAL, error_of, fails, handy

Check = Mapping[str, Any]

PLAIN = {
    "strides": ("one",),
    "dilation": ("none",),
    "padding": ("none", "valid"),
    "output_padding": ("zero", "not given"),
    "output_shape": ("least",),
    "groups": ("one",),
    "bias": ("none",),
    "activation": ("linear",),
    "data_format": ("last",),
}
"""Axes of a call's features, and the levels at which nothing is asked for."""

GRAVEST = (*FATAL, "deviates", "unsupported")
"""The verdicts of what can fail, the gravest first."""

NUMBERS = re.compile(r"(?<!\w)\d[\d.,()\[\] ]*")
"""A number, or a list of them such as a shape, not within a name: what errors that are the same differ in."""


@dataclass(frozen=True)
class Failure:
    """One thing that went wrong: a clause that does not hold, or one error that several clauses met.

    Attributes
    ----------
    checks : tuple of mapping
        The gravest first, then the most telling.
    clauses : tuple of str
        In the order of the checks.
    """

    checks: tuple[Check, ...]
    clauses: tuple[str, ...]

    @property
    def otherwise(self) -> str:
        """Those of its checks that show something else than the first, in words: see `otherwise`."""
        return otherwise(self.checks)


def failures(checks: Iterable[Check]) -> list[Failure]:
    """Return what failed in a run, of all of its checks: the most telling first."""
    failing = sorted(
        filter(fails, checks), key=lambda check: (GRAVEST.index(check["verdict"]), telling(check))
    )
    met: dict[str, set[str]] = defaultdict(set)
    for check in filter(error_of, failing):
        met[symptom(check)].add(check["clause"])
    found: dict[tuple[str, str], list[Check]] = {}
    for check in failing:
        shared = len(met[symptom(check)]) > 1 and bool(error_of(check))
        found.setdefault(("", symptom(check)) if shared else (check["clause"], ""), []).append(check)
    made = [
        Failure(tuple(group), tuple(dict.fromkeys(check["clause"] for check in group)))
        for group in found.values()
    ]
    return sorted(made, key=lambda failure: telling(failure.checks[0]))


def telling(check: Check) -> tuple[Any, ...]:
    """Return what puts failing checks in order, the most telling first.

    That is a call of which nothing is asked but the sum; then clauses of one argument; then those that any
    fault breaks, and calls that are not refused.  Of each, what a person can check first: see `handy`.
    """
    rule, features = check["clause"].partition(".")[2], check.get("features", {})
    plain = "strides" in features and all(features.get(axis, of[0]) in of for axis, of in PLAIN.items())
    later = {"values": 0 if plain else 2, "not-finite": 3}
    rank = 4 if rule.startswith("refuses") else later.get(rule, 1)
    return rank, *handy(check), check["case"]


def symptom(check: Check) -> str:
    """Return what a failing check shows: the error, numbers aside, or of what kind what it returned is."""
    return NUMBERS.sub("#", error_of(check)) or str(check["kind"])


def otherwise(checks: Sequence[Check]) -> str:
    """Return how many checks show something else than the first does, and what; empty if none does.

    That is another error, or a wrong value where the first raised: mending the first may leave it there.
    """
    others = [check for check in checks if symptom(check) != symptom(checks[0])]
    if not others:
        return ""
    return f"{len(others)} of them otherwise{', the first' * (len(others) > 1)}: {others[0]['seen']}"
