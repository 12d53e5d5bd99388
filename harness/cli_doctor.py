"""The command that says what is there to run with, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from adjoint import __version__, catalogue, doctor, golden, listing
from adjoint.doctor import Environment
from adjoint.errors import UsageError
from adjoint.nearest import instead
from adjoint.sentences import sentences


@click.command(name="doctor")
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@sentences
def doctor_(names: tuple[str, ...], as_json: bool) -> None:
    """Say which environments are there, what is missing and what making it costs.

    NAMES are of the catalogue; without any, all of it is looked at.

    Exit code: 0, whatever is missing, where none is named; 1 where a named one can't be run as things are;
    2 the request makes no sense.
    """
    for name in names:
        if name not in catalogue.entries():
            known = ", ".join(catalogue.entries())
            others = instead(name, catalogue.entries(), f"it has {known}")
            raise UsageError(f"{name!r} is not in the catalogue{others}.")
    found = doctor.examine(names)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1))
    else:
        say(found)
    sys.exit(int(bool(names) and any(each.state != "there" for each in found)))


def say(found: Sequence[Environment]) -> None:
    """Print what was found, and what to do next."""
    tox = "tox is there" if importlib.util.find_spec("tox") else "no tox, which --make needs"
    click.echo(f"adjoint {__version__} on Python {platform.python_version()}; {tox}.")
    click.echo(f"{sum(1 for _ in golden.load())} golden cases, whole.")
    folder, free = catalogue.environments_folder(), doctor.free_megabytes()
    click.echo(f"Environments go to {folder}, where {free / 1000:.0f} GB are free.")
    rows = [
        {
            "environment": each.name,
            "is": each.state,
            "MB": each.megabytes,
            "s": each.seconds,
            "with, or why not": each.says,
        }
        for each in found
    ]
    if rows:
        listing.terminal().print(listing.table(rows))
    missing = [each for each in found if each.state == "missing"]
    room = sum(each.megabytes for each in missing)
    for each in missing:
        click.echo(f"adjoint run --make {' '.join(each.implementations)}")
    if missing:
        seconds = sum(each.seconds for each in missing)
        click.echo(f"Each makes what it needs; all of it takes {room / 1000:.1f} GB and about {seconds} s.")
    if room > free:
        click.echo(f"That does not fit: {free / 1000:.1f} GB are free.")
