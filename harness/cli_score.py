"""The command that says what the suite catches: by family, by clause, what is missed, and on a page."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from adjoint import listing
from adjoint.cases.score import faults, summed
from adjoint.cases.score import run as run_faults
from adjoint.cli_reports import write_text
from adjoint.drawing import PROFILES, profiled
from adjoint.errors import UsageError
from adjoint.reports.pages import REPORT
from adjoint.reports.score import DATA, SCORE, Family, First, families, firsts, render
from adjoint.running import make_folder
from adjoint.sentences import sentences

MOST = 10
"""How many clauses are shown."""


@click.command()
@click.option(
    "--profile",
    metavar=f"[none|{'|'.join(PROFILES)}]",
    default="quick",
    show_default=True,
    help="How many calls are drawn, beside the golden cases.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Which calls are drawn (default: 0).")
@click.option("--faults", "folder", default="tests/faults", show_default=True, help="The folder of faults.")
@click.option("-k", "keyword", default="", help="Only faults with this in their family or name.")
@click.option("--out", default="adjoint-report", show_default=True, help="The folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@sentences
def score(profile: str, seed: int, folder: str, keyword: str, out: str, as_json: bool) -> None:
    """Put the seeded faults through the cases, and say which are caught, how fast and by which clause.

    Exit code: 0 all are caught; 1 some are missed; 2 the request makes no sense.
    """
    profiled(profile, f"--profile is {profile}")
    known = faults(Path(folder))
    chosen = [fault for fault in known if keyword in f"{fault.family}/{fault.name}"]
    if not chosen:
        raise UsageError(f"no fault has {keyword!r} in its family or name.")
    make_folder(Path(out))
    whole = summed(list(run_faults(Path(folder), chosen, profile, seed)), profile, seed, keyword)
    text = json.dumps(whole, indent=1)
    write_text(Path(out, DATA), text + "\n")
    write_text(Path(out, SCORE), render(whole, report=Path(out, REPORT).exists()))
    if as_json:
        click.echo(text)
    else:
        _say(whole)
        click.echo(f"score: {Path(out, SCORE)}")
    sys.exit(int(whole["caught"] < whole["faults"]))


def _say(whole: Mapping[str, Any]) -> None:
    console = listing.terminal()
    console.print(_families(families(whole["found"])))
    console.print(_clauses(firsts(whole["found"])))
    for row in whole["found"]:
        if not row["caught"]:
            missed = f"missed: {row['family']}/{row['name']}: {row['about']}"
            console.print(Text(missed), soft_wrap=True)
    click.echo(
        f"{whole['caught']} of {whole['faults']} faults are caught, with the profile {whole['profile']}."
    )


def _families(known: tuple[Family, ...]) -> Table:
    """Return a line for each family, and one for all: how many are caught, and the medians of that."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("family")
    for name in ("caught", "of", "by golden", "by drawn", "cases", "seconds", "elements"):
        made.add_column(name, justify="right")
    for family in known:
        held = family.medians
        medians = [f"{held['cases']:g}", f"{held['seconds']:.2f}", f"{held['size']:g}"] if held else [""] * 3
        counts = (family.caught, family.faults, family.golden, family.drawn)
        made.add_row(family.name, *map(str, counts), *medians)
    return made


def _clauses(known: tuple[First, ...]) -> Table:
    """Return the clauses that were first to see most faults, and by which kind of check."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("first seen by")
    made.add_column("check")
    made.add_column("faults", justify="right")
    for first in known[:MOST]:
        made.add_row(first.clause, first.kind, str(first.faults))
    return made
