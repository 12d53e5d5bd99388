"""Which pages does a person get of a run?  The report; beside it one for each document, and a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adjoint.record import Record
from adjoint.reports import html
from adjoint.reports.documents import Page, page_name, pages
from adjoint.reports.marks import MARKS, WRONG
from adjoint.reports.matrix import build
from adjoint.reports.ranking import standing
from adjoint.reports.text import markup_environment
from adjoint.reports.timeline import timelines
from adjoint.spec import load

REPORT = "report.html"
TIMELINE = "timeline.html"


def names() -> frozenset[str]:
    """Return the names of all pages that there can be."""
    return frozenset((REPORT, TIMELINE, *map(page_name, load().documents.values())))


def render(records: Sequence[Record], score: bool = False) -> dict[str, str]:
    """Return the pages of some records, by file name.

    They lead to one another, and the report to a `score` that lies beside it; they load nothing and run no
    script; text that came from an implementation can't act.
    """
    spec = load()
    matrix = build(records, spec)
    found, along = pages(matrix, spec), timelines(matrix)
    made = {REPORT: html.render(records, score)}
    for page in found:
        made[page.name] = _page("document.html", page=page, documents=found, timeline=bool(along))
    if along:
        made[TIMELINE] = _page("timeline.html", timelines=along, documents=found)
    return made


def _page(template: str, documents: Sequence[Page], **shown: Any) -> str:
    return (
        markup_environment()
        .get_template(template)
        .render(
            documents=documents,
            marks=MARKS,
            noted=(*WRONG, "unsupported"),
            standing=standing,
            symbols=html.SYMBOLS,
            levels=html.LEVELS,
            **shown,
        )
    )
