"""The command line, whole: its commands, and those that only look things up."""

from __future__ import annotations

import json
import sys

import click

from adjoint import __version__, catalogue, golden, listing, selection
from adjoint.cli_doctor import doctor_
from adjoint.cli_reports import findings, report
from adjoint.cli_run import run
from adjoint.cli_score import score
from adjoint.cli_smoke import smoke
from adjoint.errors import UsageError
from adjoint.reproduce import script
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
@click.option("--claims", help="A file of what a module:function claims: the arrays that it takes.")
@sentences
def reproduce(
    case: str, implementation: str, clause: str | None, api: str | None, claims: str | None
) -> None:
    """Print a script that shows CASE on IMPLEMENTATION and needs only its framework."""
    selection.check(None, clause, case)
    found = next(entry for entry in golden.load() if entry.id == case)
    checks = [check for check in found.checks if clause in (None, check.clause)]
    target = catalogue.resolve(implementation, api, sys.executable, claims=claims)
    if found.call.api not in target.apis:
        raise UsageError(
            f"case {case} is a call of {found.call.api}, which {implementation} does not offer; "
            f"it offers {', '.join(target.apis)}."
        )
    click.echo(script(found, checks[-1], target), nl=False)


if __name__ == "__main__":
    main()
