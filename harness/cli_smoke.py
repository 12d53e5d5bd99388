"""The command that says whether an implementation is wired rightly, before anything is judged."""

from __future__ import annotations

import math
import shlex
import sys

import click
from rich.table import Table
from rich.text import Text

from adjoint import listing
from adjoint.errors import UsageError, WorkerDidNotStart
from adjoint.meant import Meant
from adjoint.sentences import sentences
from adjoint.smoke import checklist
from adjoint.smoke_calls import Line
from adjoint.smoke_words import PROTOCOL, PYTHON
from adjoint.talk import Talk

MARKS = {"right": ("✓", "+", "green"), "wrong": ("✗", "x", "bold red"), "left out": ("–", "-", "dim")}

WIDTH = 23
"""Of the column that says what is asked for."""


@click.command()
@click.argument("target", required=False)
@click.option("--api", help="The API that a module:function offers.")
@click.option("--dtypes", help="The dtypes that a module:function takes, separated by commas.")
@click.option("--claims", help="A file of what a module:function claims: dtypes, arrays, arithmetic, ...")
@click.option("--command", help="A program that speaks the protocol.")
@click.option("--python", help="The interpreter to run the implementation with.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    help="Seconds for each answer, that to `start` too (default: 60, and 180 to start).",
)
@sentences
def smoke(
    target: str | None,
    api: str | None,
    dtypes: str | None,
    claims: str | None,
    command: str | None,
    python: str | None,
    timeout: float | None,
) -> None:
    """Is the wiring right?  Put a dozen tiny calls of each API to TARGET, and say what is mistaken.

    TARGET is a name in the catalogue, or module:function with --api.

    Exit code: 0 all is right; 1 something is wrong; 2 the request makes no sense; 3 it did not start.
    """
    if timeout is not None and not math.isfinite(timeout):
        raise UsageError(f"--timeout is {timeout}; it must be a number of seconds.")
    meant = Meant(target, command, api, dtypes, claims, python)
    implementation = meant.found()
    rerun = shlex.join(["adjoint", "run", *meant.words()])
    words = PYTHON if ":" in (target or "") else PROTOCOL
    talk = Talk(implementation.command, implementation.env, timeout)
    lines: list[Line] = []
    api_shown = ""
    try:
        for line in checklist(talk, rerun, words):
            if line.api and line.api != api_shown:
                api_shown = line.api
                listing.terminal().print(Text(line.api, "bold"))
            lines.append(line)
            show(line)
    except WorkerDidNotStart as problem:
        show(Line("wrong", words.called("start"), words.unstarted(str(problem))))
        sys.exit(3)
    finally:
        talk.close()
    sys.exit(conclude(lines, implementation.name, rerun))


def show(line: Line) -> None:
    """Print one line of the checklist."""
    console = listing.terminal()
    fancy, simple, style = MARKS[line.state]
    said = line.says[:1].upper() + line.says[1:].removesuffix(".")
    said += "" if said.endswith(("?", "…")) else "."
    mark = fancy if console.encoding.startswith("utf") else simple
    if not console.is_terminal:  # one line for each, to be searched
        click.echo(f"{mark} {line.asks:{WIDTH}} {said}")
        return
    row = Table.grid(padding=(0, 1))
    for width in (1, WIDTH, None):
        row.add_column(width=width, overflow="fold")
    row.add_row(Text(mark, style), Text(line.asks), Text(said, "red" if line.state == "wrong" else ""))
    console.print(row)


def conclude(lines: list[Line], name: str, rerun: str) -> int:
    """Print what it comes to, and return the exit code."""
    wrong = [line for line in lines if line.state == "wrong"]
    if wrong:
        click.echo(f"{len(wrong)} of {len(lines)} steps show that {name} is not wired rightly.")
    else:
        click.echo(f"{name} is wired rightly: {len(lines)} steps. Whether it conforms, `{rerun}` says.")
    return int(bool(wrong))
