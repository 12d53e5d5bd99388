"""What does a person say of what was found?  Entries of findings.toml: what no record knows of a finding."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from adjoint.errors import UsageError
from adjoint.nearest import instead
from adjoint.reports.ranking import Check
from adjoint.reports.text import is_web_address
from adjoint.spec import load as load_spec

BUGS = {
    "silent wrong numbers": "It returns numbers that the document excludes, and says nothing.",
    "wrong shape or dtype": "It returns a tensor of another shape or dtype than the document promises.",
    "accepts what the page forbids": "It returns a result where the document rules the call out.",
    "refuses what the page allows": "It ends in an error where the document promises a result.",
    "crashes or hangs": "It takes its process down, or never answers.",
    "breaks another promise": "It fails in something else: weights, losses, config, the type of an error.",
}
"""The classes of bug, and what each means."""

LISTS = ("implementations", "clauses", "calls_with")


@dataclass(frozen=True)
class Entry:
    """What a person says of one finding.

    Attributes
    ----------
    id : str
        A short name; the page is linked to by it.
    title : str
        What is wrong, without a full stop.
    bug : str
        One of `BUGS`.
    argument : str
        Why it deviates, from the document's words; where it drifts, what changed since.
    effect : str
        What it does to a user.
    implementations, clauses : tuple of str
        Where it shows: names of implementations and ids of clauses; ``*`` and ``?`` stand for any.
    calls_with : tuple of str
        What the calls that show it have in common: pieces of a call as a record writes it, all of them.
    varies : str
        What it varies with, where it does not show everywhere.
    link : str
        Where it was reported.
    """

    id: str
    title: str
    bug: str
    argument: str
    effect: str
    implementations: tuple[str, ...]
    clauses: tuple[str, ...]
    calls_with: tuple[str, ...] = ()
    varies: str = ""
    link: str = ""

    def names(self, implementation: str) -> bool:
        """Tell whether it speaks of an implementation."""
        return any(fnmatchcase(implementation, pattern) for pattern in self.implementations)

    def speaks_of(self, implementation: str, clause: str) -> bool:
        """Tell whether it speaks of what an implementation does with a clause."""
        return self.names(implementation) and any(fnmatchcase(clause, pattern) for pattern in self.clauses)

    def covers(self, implementation: str, check: Check) -> bool:
        """Tell whether a check that differs shows this finding."""
        return self.speaks_of(implementation, check["clause"]) and all(
            piece in check["call"] for piece in self.calls_with
        )


def load() -> tuple[Entry, ...]:
    """Return the entries that came with the suite."""
    return read((files(__package__) / "findings.toml").read_text(encoding="utf-8"))


def read(text: str) -> tuple[Entry, ...]:
    """Read entries from the text of a TOML file.

    Raises
    ------
    UsageError
        If it is no TOML, or an entry is not well formed, or names an unknown clause or class of bug.
    """
    try:
        rows = tomllib.loads(text).get("finding", [])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"findings.toml is not TOML: {error}.") from None
    found = [_entry(row, f"findings.toml, finding {number}") for number, row in enumerate(rows, start=1)]
    for entry in found:
        if [other.id for other in found].count(entry.id) > 1:
            raise UsageError(
                f"findings.toml: the id {entry.id!r} is given to two findings; each needs its own."
            )
    return tuple(found)


def _entry(row: Mapping[str, Any], where: str) -> Entry:
    for name, value in row.items():
        texts = value if name in LISTS else [value]
        if not isinstance(texts, list) or not all(isinstance(item, str) and item for item in texts):
            kind = "a list of texts" if name in LISTS else "a text"
            raise UsageError(f"{where}: {name} is {value!r}; it must be {kind}, and none may be empty.")
    try:
        values: dict[str, Any] = {name: tuple(v) if name in LISTS else v for name, v in row.items()}
        entry = Entry(**values)
    except TypeError as error:
        raise UsageError(f"{where}: {error}.") from None
    if not re.fullmatch("[a-z0-9-]+", entry.id):
        raise UsageError(f"{where}: id is {entry.id!r}; it must be of small letters, digits and hyphens.")
    if entry.link and not is_web_address(entry.link):
        raise UsageError(f"{where}: link is {entry.link!r}; it must start with https://.")
    if entry.bug not in BUGS:
        raise UsageError(f"{where}: bug is {entry.bug!r}; it must be one of {', '.join(BUGS)}.")
    for clause in entry.clauses:
        if not any(fnmatchcase(known, clause) for known in load_spec().clauses):
            others = instead(clause, load_spec().clauses, "see 'adjoint list clauses'")
            raise UsageError(f"{where}: there is no clause {clause!r}{others}.")
    return entry
