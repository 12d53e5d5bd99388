"""The command line: what to run, where to write, and what the exit code says."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from adjoint import __version__, catalogue, deviations, golden, listing, selection, summary
from adjoint.errors import UsageError
from adjoint.gate import HELD_LEVELS, code_of, exit_code
from adjoint.record import Record, read
from adjoint.reports import html, junit, markdown
from adjoint.reproduce import script
from adjoint.running import Request, make_folder, run_all


def sentences(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what is wrong with the user's input into one sentence and exit code 2."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except UsageError as error:
            click.echo(f"adjoint: {error}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("adjoint: interrupted.", err=True)
            sys.exit(3)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Does a transposed convolution do what its documents say?"""


@main.command()
@click.argument("targets", nargs=-1)
@click.option("--api", help="The API that a module:function offers.")
@click.option("--dtypes", help="The dtypes that a module:function takes, separated by commas.")
@click.option("--command", "commands", multiple=True, help="A program that speaks the protocol.")
@click.option("--python", help="The interpreter to run the implementations with.")
@click.option("--make", is_flag=True, help="Have tox build the environments that are missing.")
@click.option("--available", is_flag=True, help="Excuse implementations whose environment is missing.")
@click.option("--out", default="adjoint-report", show_default=True, help="The folder to write to.")
@click.option("--levels", default=",".join(HELD_LEVELS), show_default=True, help="Levels of clause to hold.")
@click.option("--drift", is_flag=True, help="Hold to the documents of other versions too.")
@click.option("--deviations", "declared", help="A file of further declared deviations.")
@click.option("--clause", help="Run only the cases of this clause.")
@click.option("--case", help="Run only this case.")
@click.option("-k", "keyword", help="Run only the items whose name matches, as pytest has it.")
@click.option("--timeout", type=click.FloatRange(min=0.1), help="Seconds for each call.")
@click.option("--memory", type=click.IntRange(min=64), help="MiB of resident memory for a worker.")
@sentences
def run(
    targets: tuple[str, ...],
    api: str | None,
    dtypes: str | None,
    commands: tuple[str, ...],
    python: str | None,
    make: bool,
    available: bool,
    out: str,
    levels: str,
    drift: bool,
    declared: str | None,
    clause: str | None,
    case: str | None,
    keyword: str | None,
    timeout: float | None,
    memory: int | None,
) -> None:
    """Run implementations through the cases, and write a report.

    A TARGET is a name in the catalogue, or module:function with --api.  Without any, whatever is there is
    run: fast always, and each entry of the catalogue whose environment exists; with --make, all of it.

    Exit code: 0 all held; 1 something did not; 2 the request makes no sense; 3 something that was asked
    for was not really run.
    """
    selection.check(levels, clause, case)
    if timeout is not None and not math.isfinite(timeout):
        raise UsageError(f"--timeout is {timeout}; it must be a number of seconds.")
    if declared:
        deviations.load(Path(declared))
    options = {
        "levels": levels,
        "deviations": declared and Path(declared).absolute(),
        "clause": clause,
        "case": case,
        "timeout": timeout,
        "memory": memory,
    }
    words = [f"--adjoint-{name}={value}" for name, value in options.items() if value is not None]
    words += ["--adjoint-drift"] if drift else []
    words += [f"-k={keyword}"] if keyword else []
    found = catalogue.entries() if make else filter(catalogue.is_there, catalogue.entries())
    request = Request(
        targets=targets or (() if commands else tuple(found)),
        commands=commands,
        api=api,
        dtypes=dtypes,
        python=python,
        make=make,
        excuse=available,
        out=Path(out),
        selection=" ".join(filter(None, (clause, case, keyword))),
        options=tuple(words),
    )
    if (api or dtypes) and not any(":" in target for target in request.targets):
        raise UsageError("--api and --dtypes speak of a module:function, and none was given.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    records = run_all(request)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the reports are a matter of a second
    _write_reports(records, request.out)
    _say(records, request.out)
    sys.exit(exit_code(records))


@main.command()
@click.argument("records", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", default="adjoint-report", show_default=True, help="The folder to write to.")
@sentences
def report(records: tuple[Path, ...], out: str) -> None:
    """Write the report of RECORDS anew."""
    whole = [read(path) for path in records]
    make_folder(Path(out))
    _write_reports(whole, Path(out))
    _say(whole, Path(out))


@main.command(name="list")
@click.argument("what", type=click.Choice(list(listing.ROWS)))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@sentences
def list_(what: str, as_json: bool) -> None:
    """List APIs, documents, clauses, cases or implementations."""
    rows = listing.ROWS[what]()
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    else:
        listing.terminal().print(listing.table(rows))


@main.command()
@click.argument("case")
@click.argument("implementation")
@click.option("--clause", help="The clause to show; without it, that of the case's last check.")
@click.option("--api", help="The API that a module:function offers.")
@sentences
def reproduce(case: str, implementation: str, clause: str | None, api: str | None) -> None:
    """Print a script that shows CASE on IMPLEMENTATION and needs only its framework."""
    selection.check(None, clause, case)
    found = next(entry for entry in golden.load() if entry.id == case)
    checks = [check for check in found.checks if clause in (None, check.clause)]
    target = catalogue.resolve(implementation, api, sys.executable)
    if found.call.api not in target.apis:
        raise UsageError(
            f"case {case} is a call of {found.call.api}, which {implementation} does not offer; "
            f"it offers {', '.join(target.apis)}."
        )
    click.echo(script(found, checks[-1], target), nl=False)


def _write_reports(records: Sequence[Record], out: Path) -> None:
    for name, render in (
        ("report.html", html.render),
        ("junit.xml", junit.render),
        ("summary.md", markdown.render),
    ):
        try:
            (out / name).write_text(render(records), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{out / name} can't be written: {error.strerror}.") from None


def _say(records: Sequence[Record], out: Path) -> None:
    """Print a table: an implementation a line, with what came of it."""
    listing.terminal().print(summary.table(records))
    for record in records:
        for problem in (record.footer["reason"], *record.footer["problems"]):
            if problem:
                click.echo(f"{record.name}: {problem}")
        if code_of(record):
            summary.show_failures(record)
    click.echo(f"report: {out / 'report.html'}")


if __name__ == "__main__":
    main()
