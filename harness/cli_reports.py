"""The commands that read records: what is written of them, and what is said in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from adjoint import ending, failures, listing, summary
from adjoint.baseline import Change
from adjoint.errors import UsageError
from adjoint.gate import code_of
from adjoint.inert import in_a_line
from adjoint.record import Record, files, read
from adjoint.reports import badge, entries, junit, markdown, pages
from adjoint.reports.findings import gather
from adjoint.reports.findings import render as render_findings
from adjoint.reports.score import SCORE
from adjoint.running import make_folder
from adjoint.sentences import sentences


@click.command()
@click.argument("records", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", default="adjoint-report", show_default=True, help="The folder to write to.")
@sentences
def report(records: tuple[Path, ...], out: str) -> None:
    """Write the report of RECORDS anew."""
    whole = [read(path) for given in records for path in files(given)]
    make_folder(Path(out))
    write(whole, Path(out))
    say(whole, Path(out))


@click.command()
@click.argument("records", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", default="FINDINGS.md", show_default=True, help="The file to write.")
@sentences
def findings(records: tuple[Path, ...], out: str) -> None:
    """Write what RECORDS found, with what reports/findings.toml says of it, as one page.

    Exit code: 0 the two agree; 1 something differs that no entry describes, or an entry is shown by nothing;
    2 the request makes no sense.
    """
    gathered = gather([read(path) for given in records for path in files(given)], entries.load())
    write_text(Path(out), render_findings(gathered))
    for cell in gathered.strange:
        number = len(cell.checks)
        click.echo(
            f"{in_a_line(cell.column.name)} differs from {cell.clause.id} in {number} "
            f"check{'s' * (number > 1)} that no entry of findings.toml describes."
        )
    for sentence in gathered.idle:
        click.echo(sentence)
    click.echo(f"findings: {out}")
    sys.exit(int(bool(gathered.strange or gathered.idle)))


def write(records: Sequence[Record], out: Path, changes: Sequence[Change] | None = None) -> None:
    """Write the reports of some records to a folder that is there; pages that others left there go.

    What a CI service reads shows the changes and nothing else, where there was a baseline.
    """
    made = pages.render(records, score=(out / SCORE).exists())
    for name in pages.names() - made.keys():
        (out / name).unlink(missing_ok=True)
    if changes is None:
        made |= {"junit.xml": junit.render(records), "summary.md": markdown.render(records)}
    else:
        made |= {"junit.xml": junit.render_changes(changes), "summary.md": markdown.render_changes(changes)}
    made["badge.json"] = badge.render(records)
    for name, text in made.items():
        write_text(out / name, text)


def say(records: Sequence[Record], out: Path, also: str = "") -> None:
    """Print a table: an implementation a line, with what came of it; `also` as of `failures.show`."""
    listing.terminal().print(summary.table(records))
    for record in records:
        _tell(record.name, record.footer["problems"])
        if code_of(record):
            failures.show(record, also)
        if code_of(record) == 3 and record.footer["status"] == "ran":
            _tell(record.name, ["is it wired rightly? 'adjoint smoke' says so."])
        _tell(record.name, [ending.why(record), failures.what_to_do(record)])
    click.echo(f"report: {out / pages.REPORT}")


def say_changes(changes: Sequence[Change], out: Path, also: str = "") -> None:
    """Print what changed, an implementation a line, and what newly fails; `also` as of `failures.show`."""
    for change in changes:
        click.echo(summary.changed(change))
        _tell(change.name, change.problems)
        failures.show(change.narrowed, also)
        _tell(change.name, [ending.why(change.record), failures.what_to_do(change.record)])
    click.echo(f"report: {out / pages.REPORT}")


def _tell(name: str, sentences: Iterable[str]) -> None:
    for sentence in filter(None, sentences):
        click.echo(f"{in_a_line(name)}: {in_a_line(sentence)}")


def write_text(path: Path, text: str) -> None:
    """Write a file.

    Raises
    ------
    UsageError
        If that can't be done.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}.") from None
