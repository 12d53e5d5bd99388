"""What did not hold, as a person reads it in a terminal: the most telling first, the same thing once."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from adjoint import catalogue
from adjoint.ending import GAVE_UP
from adjoint.inert import in_a_line
from adjoint.listing import terminal
from adjoint.record import Record, error_of, fails, handy

Check = Mapping[str, Any]

MOST_SHOWN = 10
"""How many paragraphs are printed."""

MOST_NAMED = 6
"""How many clauses a paragraph names that show the same error."""

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


@dataclass(frozen=True)
class Failure:
    """One thing that went wrong: a clause that does not hold, or one error that several clauses met.

    Attributes
    ----------
    checks : tuple of mapping
        The most telling first.
    clauses : tuple of str
        In the order of the checks.
    """

    checks: tuple[Check, ...]
    clauses: tuple[str, ...]


def failures(record: Record) -> list[Failure]:
    """Return what failed in a run, the most telling first."""
    failing = sorted(filter(fails, record.checks), key=telling)
    clauses: dict[str, set[str]] = defaultdict(set)
    for check in failing:
        clauses[error_of(check)].add(check["clause"])
    found: dict[str, list[Check]] = {}
    for check in failing:
        error = error_of(check)
        found.setdefault(error if error and len(clauses[error]) > 1 else check["clause"], []).append(check)
    return [
        Failure(tuple(checks), tuple(dict.fromkeys(check["clause"] for check in checks)))
        for checks in found.values()
    ]


def show(record: Record, also: str = "") -> None:
    """Print a paragraph for each thing that failed, with its smallest call; then how much is left.

    What a function was given with, as ``--claims FILE``, is `also`.
    """
    found, console = failures(record), terminal()
    for failure in found[:MOST_SHOWN]:
        head, *rest = told(record.name, failure, also)
        console.print(Text(head, "bold"))
        for line in rest:
            console.print(Text(line), soft_wrap=True)
    failing = [check["clause"] for check in record.checks if fails(check)]
    shown = {clause for failure in found[:MOST_SHOWN] for clause in failure.clauses}
    if left := len({*failing} - shown):
        console.print(f"... and {left} more {'clause' if left == 1 else 'clauses'}; see the report.")


def what_to_do(record: Record) -> str:
    """Return what to do about a run that was stopped; empty if it was not."""
    if record.footer["status"] != "stopped":
        return ""
    if not str(record.footer["reason"]).endswith(GAVE_UP):
        return "What there is of it goes on with --resume, said beside the same words."
    slow = any(check["verdict"] == "timed-out" for check in record.checks)
    more = "Where calls take long, --timeout gives each more. " if slow else ""
    return f"{more}To see what is wrong, call by call: {_smoke(record)}"


def told(name: str, failure: Failure, also: str = "") -> list[str]:
    """Return the paragraph of a failure of an implementation, in lines; `also` as of `show`."""
    first, others = failure.checks[0], failure.clauses[1:]
    head = f"{first['clause']} {first['verdict']}, in {len(failure.checks)} check(s)"
    said = lines(first)[1:]
    if others:
        more = f", and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        said.append(f"  the same in: {', '.join(map(in_a_line, others[:MOST_NAMED]))}{more}")
    if others and first["verdict"] == "deviates":
        said.append(f"  not offered? {_how_to_claim(name)}")
    said.append(f"  script: {in_a_line(_how_to_reproduce(first, name, also))}")
    return [f"{in_a_line(name)}: {head}", *said]


def telling(check: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what puts failing checks in order, the most telling first.

    That is a call of which nothing is asked but the sum; then clauses of one argument; then those that any
    fault breaks, and calls that are not refused.  Of each, what a person can check first: see `handy`.
    """
    rule, features = check["clause"].partition(".")[2], check.get("features", {})
    plain = "strides" in features and all(features.get(axis, of[0]) in of for axis, of in PLAIN.items())
    later = {"values": 0 if plain else 2, "not-finite": 3}
    rank = 4 if rule.startswith("refuses") else later.get(rule, 1)
    return rank, *handy(check)


def lines(check: Mapping[str, Any]) -> list[str]:
    """Return what there is to read of a check that failed, in four lines."""
    said = (check["call"], f"demanded: {check['demanded']}", f"seen: {check['seen']}")
    return [f"{check['clause']} {check['verdict']}", *(f"  {in_a_line(line)}" for line in said)]


def _smoke(record: Record) -> str:
    """Return the command that looks at the wiring of an implementation."""
    name = record.name
    if name in catalogue.entries():
        return f"adjoint smoke {name}"
    if _is_function(name):
        return f"adjoint smoke {name} --api {' '.join(record.header['claims']['apis'])}"
    return f"adjoint smoke --command {shlex.quote(name)}"


def _how_to_claim(name: str) -> str:
    if _is_function(name):
        return "then claim so: [[unsupported]] in a file for --claims (docs/tutorial.md, 8)."
    return "then the worker must answer so: 'unsupported' (docs/protocol.md)."


def _is_function(name: str) -> bool:
    return ":" in name and " " not in name


def _how_to_reproduce(check: Mapping[str, Any], name: str, also: str) -> str:
    if "drawn" in check:
        return "in the report"
    shown = f"adjoint reproduce {check['case']} {name} --clause {check['clause']}"
    if name in catalogue.entries():
        return shown
    if _is_function(name):
        return " ".join(filter(None, (shown, "--api", check["api"], also)))
    return f"adjoint reproduce {check['case']} --command {shlex.quote(name)} --clause {check['clause']}"
