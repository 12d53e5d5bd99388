"""What do the documents demand?  Loads the clauses from the TOML files beside this module, and checks them.

One file holds one document: a `[document]` table and a `[[clause]]` table for each statement that can be
checked.  A clause's id is a name, never changed and never reused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

LEVELS = ("stated", "implied", "customary", "open")
KINDS = ("returned", "raised", "raised-type", "dtype", "shape", "values")


class SpecError(Exception):
    """A document's file does not follow the clause format."""


@dataclass(frozen=True)
class Document:
    """A page that specifies one or more APIs.

    Attributes
    ----------
    id : str
        Short name, the first part of each of its clauses' ids.
    title : str
        The page's own title.
    source : str
        Which page, of which version.
    apis : tuple of str
        Full names of the APIs that it documents.
    own : mapping of str to str
        System name to the version range that answers to this document (PEP 440), such as
        ``{"tensorflow": "==2.4.*"}``.  Held to it, any other version can only drift.
    """

    id: str
    title: str
    source: str
    apis: tuple[str, ...]
    own: Mapping[str, str]


@dataclass(frozen=True)
class Clause:
    """One checkable statement of a document.

    Attributes
    ----------
    id : str
        ``document.name``.
    level : str
        One of `LEVELS`.
    text : str
        The statement, in our own words.
    source : str
        Where in the document it stands.
    observes : tuple of str
        The kinds of check that may speak for it, out of `KINDS`.
    document : str
        Id of its document.
    evidence : str
        For a customary clause: what confirms it.  For an open one: what contradicts what.
    """

    id: str
    level: str
    text: str
    source: str
    observes: tuple[str, ...]
    document: str
    evidence: str = ""


@dataclass(frozen=True)
class Spec:
    """All documents and all clauses, by id."""

    documents: Mapping[str, Document]
    clauses: Mapping[str, Clause]

    def document_of(self, clause_id: str) -> Document:
        """Return the document that a clause belongs to."""
        return self.documents[self.clauses[clause_id].document]

    def apis(self) -> tuple[str, ...]:
        """Return the full names of all documented APIs, sorted."""
        return tuple(sorted({api for document in self.documents.values() for api in document.apis}))


@cache
def load() -> Spec:
    """Read and check every document in this folder.

    Raises
    ------
    SpecError
        If a file does not follow the format; the message names file and clause.
    """
    documents: dict[str, Document] = {}
    clauses: dict[str, Clause] = {}
    for path in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if path.name.endswith(".toml"):
            document, own_clauses = parse(path.read_text(encoding="utf-8"), path.name)
            if document.id in documents:
                raise SpecError(f"{path.name}: the document id {document.id!r} is used twice.")
            documents[document.id] = document
            for clause in own_clauses:
                if clause.id in clauses:
                    raise SpecError(f"{path.name}: the clause id {clause.id!r} is used twice.")
                clauses[clause.id] = clause
    return Spec(MappingProxyType(documents), MappingProxyType(clauses))


def parse(text: str, name: str) -> tuple[Document, list[Clause]]:
    """Turn one TOML file into its document and clauses.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        Its name, for messages.

    Raises
    ------
    SpecError
        If a key is missing, unknown, or holds what it may not.
    """
    try:
        data = tomllib.loads(text)
        entry = _table(data.pop("document"))
        apis, own = _texts(entry.pop("apis")), _table(entry.pop("own"))
        document = Document(apis=apis, own=own, **entry)
        _texts([*entry.values(), *own.values()])
        rows = [_table(row) for row in data.pop("clause")]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SpecError(f"{name}: not a document file: {error}.") from None
    if data:
        raise SpecError(f"{name}: unknown tables {sorted(data)}; known are document and clause.")
    return document, [_clause(row, document, name) for row in rows]


def _clause(row: dict[str, Any], document: Document, name: str) -> Clause:
    where = f"{name}: clause {row.get('id', '(no id)')!r}"
    try:
        clause = Clause(document=document.id, observes=_texts(row.pop("observes")), **row)
        _texts(list(row.values()))
    except (KeyError, TypeError) as error:
        raise SpecError(f"{where}: {error}.") from None
    if not clause.id.startswith(document.id + "."):
        raise SpecError(f"{where}: its id must start with {document.id!r} and a dot.")
    if clause.level not in LEVELS:
        raise SpecError(f"{where}: the level is {clause.level!r}; it must be one of {', '.join(LEVELS)}.")
    if not clause.observes or not set(clause.observes) <= set(KINDS):
        raise SpecError(f"{where}: observes {clause.observes}; it must name some of {', '.join(KINDS)}.")
    if clause.level in ("customary", "open") and not clause.evidence:
        raise SpecError(f"{where}: a clause of level {clause.level} must give its evidence.")
    return clause


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.80} must be a table")
    return dict(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.80} is {type(value).__name__}; it must be a list of texts")
    for item in value:
        if not isinstance(item, str):
            raise TypeError(f"{item!r:.80} is {type(item).__name__}; it must be text")
    return tuple(value)
