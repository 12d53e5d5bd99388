"""The command that says what the suite catches: a table by family, one of clauses, and what was missed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import click
from rich import box
from rich.table import Table
from rich.text import Text

from adjoint import listing
from adjoint.cases.score import Found, faults
from adjoint.cases.score import run as run_faults
from adjoint.drawing import PROFILES
from adjoint.errors import UsageError
from adjoint.sentences import sentences

MOST = 10
"""How many clauses are shown."""


@click.command()
@click.option(
    "--profile",
    type=click.Choice(["none", *PROFILES]),
    default="quick",
    show_default=True,
    help="How many calls are drawn, beside the golden cases.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Which calls are drawn (default: 0).")
@click.option("--faults", "folder", default="tests/faults", show_default=True, help="The folder of faults.")
@click.option("-k", "keyword", default="", help="Only faults with this in their family or name.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@sentences
def score(profile: str, seed: int, folder: str, keyword: str, as_json: bool) -> None:
    """Put the seeded faults through the cases, and say which are caught, how fast and by which clause.

    Exit code: 0 all are caught; 1 some are missed; 2 the request makes no sense.
    """
    known = faults(Path(folder))
    chosen = [fault for fault in known if keyword in f"{fault.family}/{fault.name}"]
    if not chosen:
        raise UsageError(f"no fault has {keyword!r} in its family or name.")
    found = list(run_faults(Path(folder), chosen, profile, seed))
    caught = [each for each in found if each.line]
    if as_json:
        rows = [each.to_json() for each in found]
        whole = {"profile": profile, "seed": seed, "faults": len(found), "caught": len(caught), "found": rows}
        click.echo(json.dumps(whole, indent=1))
    else:
        _say(found)
        click.echo(f"{len(caught)} of {len(found)} faults are caught, with the profile {profile}.")
    sys.exit(int(len(caught) < len(found)))


def _say(found: Sequence[Found]) -> None:
    console = listing.terminal()
    console.print(_families(found))
    console.print(_clauses(found))
    for each in found:
        if not each.line:
            console.print(
                Text(f"missed: {each.fault.family}/{each.fault.name}: {each.fault.about}"), soft_wrap=True
            )


def _families(found: Sequence[Found]) -> Table:
    """Return a line for each family, and one for all: how many are caught, and the medians of that."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("family")
    for name in ("caught", "of", "by golden", "by drawn", "cases", "seconds", "elements"):
        made.add_column(name, justify="right")
    families = dict.fromkeys(each.fault.family for each in found)
    for family in (*families, "all"):
        rows = [each for each in found if family in (each.fault.family, "all")]
        caught = [each for each in rows if each.line]
        golden = sum(each.source == "golden" for each in caught)
        medians = ("", "", "")
        if caught:
            medians = (
                f"{median(each.cases for each in caught):g}",
                f"{median(each.seconds for each in caught):.2f}",
                f"{median(each.line['size'] for each in caught if each.line):g}",
            )
        made.add_row(family, *map(str, (len(caught), len(rows), golden, len(caught) - golden)), *medians)
    return made


def _clauses(found: Sequence[Found]) -> Table:
    """Return the clauses that were first to see most faults, and by which kind of check."""
    first = Counter((each.line["clause"], each.line["kind"]) for each in found if each.line)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("first seen by")
    made.add_column("check")
    made.add_column("faults", justify="right")
    for (clause, kind), count in sorted(first.items(), key=lambda item: (-item[1], item[0]))[:MOST]:
        made.add_row(clause, kind, str(count))
    return made
