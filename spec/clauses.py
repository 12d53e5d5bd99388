"""What do the documents demand?  Loads the clauses from the TOML files beside this module, and checks them.

One file holds one document: a `[document]` table and a `[[clause]]` table for each statement that can be
checked.  A clause's id is a name, never changed and never reused.  Where a page says what a sibling's page
says, its clause has `as`, the sibling's id, and takes from it whatever it does not give itself.
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
KINDS = {
    "returned": "the call returns",
    "raised": "the call is refused, by any error at any stage",
    "raised-type": "the type of that error",
    "dtype": "of the output",
    "shape": "of the output",
    "shape-within": "each axis of the output lies in a range",
    "values": "of the output",
    "inputs-kept": "each tensor that was given holds what it held, after the call and its gradients",
    "repeatable": "the values of another call, and then of the same call made again",
    "output-kept": "the output holds what it held, after further calls and after the inputs are written over",
    "gradient-input": "of the loss, the sum of output * g, with respect to the input",
    "gradient-kernel": "the same, with respect to the kernel",
    "gradient-bias": "the same, with respect to the bias",
    "weights-shape": "the shapes of a built layer's weights, in order",
    "initial-weights": "their values before any training",
    "losses": "what the layer reports as losses after a call",
    "after-step": "the weights after one step of plain SGD",
    "config": "what get_config returns, and the layer made from it again",
    "declared-shape": "what compute_output_shape says",
    "signature": "names, order and defaults of the parameters",
    "attributes": "of a layer: its name, its base classes, its collections; of a function, its node's name",
    "convolution-op": "what the layer's method convolution_op returns",
}


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
    paths = sorted(files(__package__).iterdir(), key=lambda entry: entry.name)
    return read(
        {path.name: path.read_text(encoding="utf-8") for path in paths if path.name.endswith(".toml")}
    )


def read(texts: Mapping[str, str]) -> Spec:
    """Turn the texts of document files, given by name, into documents and clauses.

    Raises
    ------
    SpecError
        If a key is missing, unknown, or holds what it may not; or an id is used twice.
    """
    documents: dict[str, Document] = {}
    rows: dict[str, tuple[Document, str, dict[str, Any]]] = {}
    for name, text in texts.items():
        document, own_rows = _document(text, name)
        if document.id in documents:
            raise SpecError(f"{name}: the document id {document.id!r} is used twice.")
        documents[document.id] = document
        for row in own_rows:
            id = str(row.get("id", "(no id)"))
            if id in rows:
                raise SpecError(f"{name}: the clause id {id!r} is used twice.")
            rows[id] = document, f"{name}: clause {id!r}", row
    clauses = {id: _clause(_completed(id, rows), *rows[id][:2]) for id in rows}
    return Spec(MappingProxyType(documents), MappingProxyType(clauses))


def _document(text: str, name: str) -> tuple[Document, list[dict[str, Any]]]:
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
    return document, rows


def _completed(id: str, rows: Mapping[str, tuple[Document, str, dict[str, Any]]]) -> dict[str, Any]:
    """Return a clause's row, with what it shares with a sibling."""
    _, where, row = rows[id]
    if "as" not in row:
        return row
    if row["as"] not in rows or "as" in rows[row["as"]][2]:
        raise SpecError(f"{where}: as is {row['as']!r}; it must be the id of a clause that is written out.")
    sibling = {key: value for key, value in rows[row["as"]][2].items() if key != "source"}
    return {**sibling, **{key: value for key, value in row.items() if key != "as"}}


def _clause(row: Mapping[str, Any], document: Document, where: str) -> Clause:
    try:
        fields = {**row, "observes": _texts(row["observes"])}
        clause = Clause(document=document.id, **fields)
        _texts([value for key, value in row.items() if key != "observes"])
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
