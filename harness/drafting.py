"""How are deviations declared that nobody wrote down yet?  A draft in TOML, from what a survey gathered."""

from __future__ import annotations

import datetime
import glob
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from packaging.version import InvalidVersion, Version

from adjoint.deviations import TODO, Deviation
from adjoint.inert import in_a_line
from adjoint.predicates import Predicate, separating

DAYS = 90
"""How long a declaration that was drafted holds."""

MOST = 300
"""How many characters a comment has at most."""

TRIED = 5
"""How many predicates are put to the test as declarations."""

HEAD = """\
# Drafted by 'adjoint run --write-deviations': what deviated undeclared, a declaration for each clause and
# kind of check.  Put the reason of each in place of its {todo}; until then the file is refused.  Where a
# predicate says less than you know, put yours.
"""


def draft(surveys: Sequence[Mapping[str, Any]], today: datetime.date) -> str:
    """Return a deviations file for what some surveys found; empty if they found nothing.

    Parameters
    ----------
    surveys : sequence of mapping
        As `adjoint.surveying.Survey` writes them, one for each implementation.
    today : datetime.date
    """
    rows = [_row(survey, group, today) for survey in surveys for group in survey["groups"]]
    return "\n".join([HEAD.format(todo=TODO), *rows]) if rows else ""


def beyond(survey: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each way of failing that no declaration can excuse."""
    return [
        f"{survey['implementation']}: {said} can't be declared; an implementation claims what it supports."
        for said in survey["beyond"]
    ]


def _row(survey: Mapping[str, Any], group: Mapping[str, Any], today: datetime.date) -> str:
    failing, conforming = group["failing"], group["conforming"]
    predicate = _predicate(group)
    smallest = group["smallest"]
    notes = [
        f"{smallest['verdict']} in {len(failing)} of {len(failing) + len(conforming)} calls; the smallest:",
        smallest["call"],
        f"demanded: {smallest['demanded']}",
        f"seen: {smallest['seen']}",
    ]
    if not conforming:
        notes.append("No call of this clause and kind conforms, so there is no predicate.")
    elif predicate is None:
        notes.append(
            "No predicate of one or two parameters tells the failing calls from those that conform: "
            "this excuses whatever fails of this clause and kind."
        )
    said = predicate or Predicate()
    lines = [
        "[[deviation]]",
        *(f"# {in_a_line(note, MOST)}" for note in notes),
        f"implementation = {text(glob.escape(survey['implementation']))}",
        f"clause = {text(group['clause'])}",
        f"kind = {text(group['kind'])}",
    ]
    if said.where:
        lines.append(f"where = {value(dict(said.where))}")
    if said.when:
        lines.append(f"when = {text(said.when)}")
    versions, unread = _versions(survey["systems"])
    lines += [f"# The version of {name} can't be read as one: {found}." for name, found in unread.items()]
    if versions:
        lines.append(f"versions = {value(versions)}")
    lines.append(f"expires = {(today + datetime.timedelta(days=DAYS)).isoformat()}")
    lines.append(f'reason = "{TODO}: say why this is known, and where it is being mended."')
    return "\n".join(lines) + "\n"


def _predicate(group: Mapping[str, Any]) -> Predicate | None:
    """Return the simplest predicate that, as a declaration, holds for what fails and nothing else."""
    failing, conforming = group["failing"], group["conforming"]
    if not conforming:
        return None
    for predicate in islice(separating(failing, conforming), TRIED):
        row = Deviation("", group["clause"], "", where=predicate.where, when=predicate.when)
        fits = partial(row.matches, group["clause"], group["kind"])
        if all(map(fits, failing)) and not any(map(fits, conforming)):
            return predicate
    return None


def _versions(systems: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the range of each system's version, and the versions that can't be read."""
    found, unread = {}, {}
    for name, version in systems.items():
        try:
            found[name] = f"=={Version(version).public}"
        except InvalidVersion:
            unread[name] = in_a_line(version, MOST)
    return found, unread


def value(given: Any) -> str:
    """Return a value as TOML writes it within a line."""
    if isinstance(given, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {value(item)}" for name, item in given.items()) + " }"
    if isinstance(given, list):
        return "[" + ", ".join(map(value, given)) + "]"
    if isinstance(given, bool):
        return str(given).lower()
    return text(given) if isinstance(given, str) else repr(given)


def text(given: str) -> str:
    """Return a text as a basic string of TOML."""
    return '"' + "".join(map(_escaped, given)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\u{code:04x}"
    return "\ufffd" if 0xD800 <= code < 0xE000 else character


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else text(name)
