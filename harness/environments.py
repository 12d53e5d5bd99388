"""How are the environments of the frameworks made?  By tox, from a configuration that comes with us."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable

import click

from adjoint import catalogue
from adjoint.errors import UsageError


def make(names: Iterable[str]) -> None:
    """Make the environments of these catalogue entries, or bring them up to date.

    Raises
    ------
    UsageError
        If tox is not installed, or fails.
    """
    entries = [catalogue.entries()[name] for name in names if name in catalogue.entries()]
    wanted = sorted({entry.environment for entry in entries if entry.environment})
    if not wanted:
        return
    if importlib.util.find_spec("tox") is None:
        raise UsageError("--make needs tox, which is not installed; run 'pip install adjoint[make]'.")
    folder = catalogue.environments_folder()
    click.echo(f"making {', '.join(wanted)} in {folder}", err=True)
    command = [
        *(sys.executable, "-m", "tox", "run", "--notest", "-q"),
        *("-c", str(catalogue.environments_file())),
        *("--workdir", str(folder), "-e", ",".join(wanted)),
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith("TOX_")}
    if code := subprocess.run(command, env=env, stdout=sys.stderr, check=False).returncode:
        raise UsageError(f"tox could not make {', '.join(wanted)} (code {code}); what it said stands above.")
