"""Was anything in a document skipped?  The source maps: every sentence of a document, and where it went.

A map cuts its document, white space folded to single spaces, into units that follow one another without a
gap: a sentence, a row of a table, a heading, a line of code.  Each unit gives its position and a hash of its
text, never the text, and either the clauses that it became or why nothing in it can be checked.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from adjoint.spec.clauses import SpecError


@dataclass(frozen=True)
class Unit:
    """One sentence or row.

    Attributes
    ----------
    start, end : int
        Where it stands in the folded text, `end` excluded.
    hash : str
        The first twelve hexadecimal digits of the SHA-256 of its text.
    clauses : tuple of str
        What it became.
    uncheckable : str
        Why it became nothing; empty where it did.
    """

    start: int
    end: int
    hash: str
    clauses: tuple[str, ...] = ()
    uncheckable: str = ""


@dataclass(frozen=True)
class SourceMap:
    """Where every unit of one document went.

    Attributes
    ----------
    document : str
        Id of the document.
    file : str
        How the name of the document's file starts.
    length : int
        Characters of the folded text.
    hash : str
        SHA-256 of the folded text.
    units : tuple of Unit
    """

    document: str
    file: str
    length: int
    hash: str
    units: tuple[Unit, ...]


def fold(text: str) -> str:
    """Return a document's text with each run of white space as a single space."""
    return " ".join(text.split())


def digest(text: str) -> str:
    """Return the hash by which a unit is known."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def load() -> tuple[SourceMap, ...]:
    """Read the source map of each document.

    Raises
    ------
    SpecError
        If a map is not well formed, or leaves a gap.
    """
    paths = sorted((files("adjoint.spec") / "maps").iterdir(), key=lambda entry: entry.name)
    return tuple(
        parse(path.read_text(encoding="utf-8"), path.name) for path in paths if path.name.endswith(".toml")
    )


def parse(text: str, name: str) -> SourceMap:
    """Turn one TOML file into a source map.

    Raises
    ------
    SpecError
        If a key is missing or unknown, or the units do not tile the document.
    """
    try:
        data = tomllib.loads(text)
        units = tuple(_unit(row) for row in data.pop("unit"))
        found = SourceMap(units=units, **data)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise SpecError(f"{name}: not a source map: {error}.") from None
    for problem in gaps(found):
        raise SpecError(f"{name}: {problem}")
    return found


def gaps(source: SourceMap) -> Iterator[str]:
    """Yield a sentence for each place where the units do not tile the document."""
    position = 0
    for unit in source.units:
        if unit.start not in (position, position + 1) or unit.end <= unit.start:
            yield f"the unit at {unit.start} does not follow the one that ends at {position}."
        if bool(unit.clauses) == bool(unit.uncheckable):
            yield f"the unit at {unit.start} must have either clauses or a reason why it is uncheckable."
        position = unit.end
    if position != source.length:
        yield f"the units end at {position}, the document at {source.length}."


def mismatches(source: SourceMap, text: str) -> Iterator[str]:
    """Yield a sentence for each way in which a map does not fit its document's text."""
    folded = fold(text)
    if hashlib.sha256(folded.encode()).hexdigest() != source.hash:
        yield "the document is not the one that was mapped."
    position = 0
    for unit in source.units:
        if left := folded[position : unit.start].strip():
            yield f"{left!r}, before the unit at {unit.start}, is in no unit."
        position = unit.end
        content = folded[unit.start : unit.end]
        if digest(content) != unit.hash:
            yield f"the unit at {unit.start} has another text."
        if SENTENCES.search(content):
            yield f"the unit at {unit.start} holds more than one sentence: {content!r}."


SENTENCES = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!ie)(?<!et al)[.!?][)\"'`]*\s+[A-Z]")
"""Where one sentence ends and another starts."""


def _unit(row: Mapping[str, Any]) -> Unit:
    start, end = row["at"]
    unknown = set(row) - {"at", "hash", "clauses", "uncheckable"}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)} in the unit at {start}")
    return Unit(start, end, row["hash"], tuple(row.get("clauses", ())), row.get("uncheckable", ""))
