"""What did not hold, as a person reads it in a terminal: the most telling first, the same thing once."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from adjoint import catalogue
from adjoint.ending import GAVE_UP
from adjoint.inert import in_a_line
from adjoint.listing import terminal
from adjoint.record import Record
from adjoint.telling import Failure, failures

Check = Mapping[str, Any]

MOST_SHOWN = 10
"""How many paragraphs are printed."""

MOST_NAMED = 6
"""How many clauses a paragraph names that show the same error."""


def show(record: Record, also: str = "") -> None:
    """Print a paragraph for each thing that failed, with its smallest call; then how much is left.

    What a function was given with, as ``--claims FILE``, is `also`.
    """
    found, console = failures(record.checks), terminal()
    for failure in found[:MOST_SHOWN]:
        head, *rest = told(record, failure, also)
        console.print(Text(head, "bold"))
        for line in rest:
            console.print(Text(line), soft_wrap=True)
    if left := found[MOST_SHOWN:]:
        number = len({clause for failure in left for clause in failure.clauses})
        clauses = f"{number} {'clause' if number == 1 else 'clauses'}"
        console.print(f"... and {len(left)} more, of {clauses}; see the report.")


def what_to_do(record: Record) -> str:
    """Return what to do about a run that was stopped; empty if it was not."""
    if record.footer["status"] != "stopped":
        return ""
    if not str(record.footer["reason"]).endswith(GAVE_UP):
        return "What there is of it goes on with --resume, said beside the same words."
    slow = any(check["verdict"] == "timed-out" for check in record.checks)
    more = "Where calls take long, --timeout gives each more. " if slow else ""
    return f"{more}To see what is wrong, call by call: {_smoke(record)}"


def told(record: Record, failure: Failure, also: str = "") -> list[str]:
    """Return the paragraph of a failure of an implementation, in lines; `also` as of `show`."""
    first, others = failure.checks[0], failure.clauses[1:]
    head = f"{first['clause']} {first['verdict']}, in {len(failure.checks)} check(s)"
    said = lines(first)[1:]
    if failure.otherwise:
        said.append(f"  {in_a_line(failure.otherwise)}")
    if others:
        more = f", and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        said.append(f"  the same in: {', '.join(map(in_a_line, others[:MOST_NAMED]))}{more}")
    if others and first["verdict"] == "deviates":
        said.append(f"  not offered? {_how_to_claim(record)}")
    said.append(f"  script: {in_a_line(_how_to_reproduce(first, record, also))}")
    return [f"{in_a_line(record.name)}: {head}", *said]


def lines(check: Mapping[str, Any]) -> list[str]:
    """Return what there is to read of a check that failed, in four lines."""
    said = (check["call"], f"demanded: {check['demanded']}", f"seen: {check['seen']}")
    return [f"{check['clause']} {check['verdict']}", *(f"  {in_a_line(line)}" for line in said)]


def _smoke(record: Record) -> str:
    """Return the command that looks at the wiring of an implementation."""
    name = record.name
    if name in catalogue.entries():
        return f"adjoint smoke {name}"
    if _is_function(record):
        return f"adjoint smoke {name} --api {' '.join(record.header['claims']['apis'])}"
    return f"adjoint smoke --command {shlex.quote(name)}"


def _how_to_claim(record: Record) -> str:
    if _is_function(record):
        return "then claim so: [[unsupported]] in a file for --claims (docs/tutorial.md, 8)."
    return "then the worker must answer so: 'unsupported' (docs/protocol.md)."


def _is_function(record: Record) -> bool:
    """Tell whether it was given as ``module:function``; the name of a program may look so too."""
    return bool(record.header.get("is_function"))


def _how_to_reproduce(check: Mapping[str, Any], record: Record, also: str) -> str:
    name = record.name
    if "drawn" in check:
        return "in the report"
    shown = f"adjoint reproduce {check['case']} {name} --clause {check['clause']}"
    if name in catalogue.entries():
        return shown
    if _is_function(record):
        return " ".join(filter(None, (shown, "--api", check["api"], also)))
    return f"adjoint reproduce {check['case']} --command {shlex.quote(name)} --clause {check['clause']}"
