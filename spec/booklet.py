"""How does a person read the clauses, beside the documents?  As one page, written from the TOML files.

Run as ``python -m adjoint.spec.booklet FILE``.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from adjoint.spec import load, sources
from adjoint.spec.clauses import KINDS, LEVELS

_ENVIRONMENT = Environment(
    loader=PackageLoader("adjoint.spec", "."),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    autoescape=False,
)


def booklet() -> str:
    """Return every document and its clauses, as Markdown."""
    spec = load()
    maps = {source.document: source for source in sources.load()}
    own = {
        document: [clause for clause in spec.clauses.values() if clause.document == document]
        for document in spec.documents
    }
    return _ENVIRONMENT.get_template("booklet.md.j2").render(
        documents=spec.documents.values(),
        clauses=own,
        counts={document: Counter(clause.level for clause in clauses) for document, clauses in own.items()},
        maps=maps,
        levels=LEVELS,
        kinds=KINDS,
        sentences=_sentences(maps),
    )


def _sentences(maps: dict[str, sources.SourceMap]) -> dict[str, list[int]]:
    """Return, for each clause, the numbers of the sentences that led to it, counted from 1."""
    found: dict[str, list[int]] = {}
    for source in maps.values():
        for number, unit in enumerate(source.units, start=1):
            for clause in unit.clauses:
                found.setdefault(clause, []).append(number)
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(booklet(), encoding="utf-8", newline="\n")
