"""The command that prints a script that shows a case, and needs not the suite."""

from __future__ import annotations

import sys

import click

from adjoint import claims_file, golden, selection
from adjoint.errors import UsageError
from adjoint.meant import Meant
from adjoint.reproduce import needs_gradients, script
from adjoint.sentences import sentences


@click.command()
@click.argument("case")
@click.argument("implementation", required=False)
@click.option("--clause", help="The clause to show; without it, that of the case's last check.")
@click.option("--api", help="The API that a module:function offers.")
@click.option("--dtypes", help="The dtypes that a module:function takes, separated by commas.")
@click.option("--claims", help="A file of what a module:function claims: dtypes, arrays, arithmetic, ...")
@click.option("--command", help="A program that speaks the protocol.")
@sentences
def reproduce(
    case: str,
    implementation: str | None,
    clause: str | None,
    api: str | None,
    dtypes: str | None,
    claims: str | None,
    command: str | None,
) -> None:
    """Print a script that shows CASE on IMPLEMENTATION and needs only its framework.

    IMPLEMENTATION is a name in the catalogue, or module:function with --api; of a --command, the script is a
    shell's, and puts the call to it.
    """
    selection.check(None, clause, case)
    found = next(entry for entry in golden.load() if entry.id == case)
    checks = [check for check in found.checks if clause in (None, check.clause)]
    target = Meant(implementation, command, api, dtypes, claims).found(sys.executable)
    if command is None and found.call.api not in target.apis:
        raise UsageError(
            f"case {case} is a call of {found.call.api}, which {implementation} does not offer; "
            f"it offers {', '.join(target.apis)}."
        )
    taken = claims_file.read(claims, dtypes).get("dtypes")
    if taken is not None and found.call.dtype not in taken:
        raise UsageError(
            f"case {case} is a call in {found.call.dtype}, which {implementation} does not claim; "
            f"it claims {', '.join(taken)}."
        )
    if target.is_function and needs_gradients(found, checks[-1]):
        raise UsageError(
            f"case {case} needs gradients for {checks[-1].clause}, and a module:function is not asked for "
            "any; a program that claims to show them is (--command, docs/protocol.md), and so is fast."
        )
    click.echo(script(found, checks[-1], target), nl=False)
