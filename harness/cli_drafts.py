"""How does `adjoint run` draft declarations?  What failed is run once more, as if all of it were declared."""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from adjoint import drafting
from adjoint.errors import UsageError
from adjoint.gate import code_of
from adjoint.record import Record
from adjoint.running import Request, run_all

SURVEY = "survey.json"


def check(path: Path) -> None:
    """See that a draft can be written, and that nothing is in its place.

    Raises
    ------
    UsageError
    """
    if path.exists():
        raise UsageError(f"--write-deviations {path} exists already; remove it, or name another file.")
    if not path.parent.is_dir():
        raise UsageError(f"--write-deviations {path} can't be written: there is no folder {path.parent}.")


def write(path: Path, request: Request, records: Sequence[Record]) -> None:
    """Run what failed once more, write a draft of what deviates, and say so.

    Raises
    ------
    UsageError
        If it can't be written.
    """
    surveys = list(_surveys(request, records))
    text = drafting.draft(surveys, datetime.datetime.now(datetime.UTC).date())
    for survey in surveys:
        for sentence in drafting.beyond(survey):
            click.echo(sentence)
    if not text:
        click.echo(f"draft: nothing that can be declared deviates undeclared, so {path} is not written.")
        return
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"--write-deviations {path} can't be written: {error.strerror}.") from None
    click.echo(f"draft: {path}; each reason in it is still to be written.")


def _surveys(request: Request, records: Sequence[Record]) -> Iterator[Mapping[str, Any]]:
    """Yield what deviates of each whose run failed, in as many calls as when it is declared."""
    for record in records:
        if record.footer["status"] != "ran" or not code_of(record):
            continue
        is_command = record.name in request.commands and record.name not in request.targets
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, SURVEY)
            run_all(
                replace(
                    request,
                    targets=() if is_command else (record.name,),
                    commands=(record.name,) if is_command else (),
                    make=False,
                    out=Path(folder),
                    options=(*request.options, f"--adjoint-survey={path}"),
                )
            )
            with suppress(OSError, ValueError):
                yield json.loads(path.read_text(encoding="utf-8"))
