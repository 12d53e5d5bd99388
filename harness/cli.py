"""The command line, whole: its commands, and those that only look things up."""

from __future__ import annotations

import json

import click

from adjoint import __version__, listing
from adjoint.cli_doctor import doctor_
from adjoint.cli_reports import findings, report
from adjoint.cli_reproduce import reproduce
from adjoint.cli_run import run
from adjoint.cli_score import score
from adjoint.cli_smoke import smoke
from adjoint.sentences import sentences


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Does a transposed convolution do what its documents say?"""


main.add_command(run)
main.add_command(report)
main.add_command(findings)
main.add_command(score)
main.add_command(doctor_)
main.add_command(smoke)
main.add_command(reproduce)


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


if __name__ == "__main__":
    main()
