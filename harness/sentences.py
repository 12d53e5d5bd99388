"""How is what is wrong with the user's input said?  In one sentence, and with exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from adjoint.errors import UsageError


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
