"""How are the environments of the frameworks made?  Each by a tox of its own, from a configuration of ours.

What a configuration calls ``base_python`` is looked for here: tox finds little but what is on PATH.
"""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable

import click

from adjoint import catalogue, interpreters
from adjoint.errors import AdjointError, UsageError
from adjoint.inert import cut

BASE_PYTHON = re.compile(r"\{env:(\w+):python(\d+\.\d+)\}")
"""How the configuration says which Python an environment needs, and which variable may name one."""


class NotMade(AdjointError):  # noqa: N818 - a state
    """An environment can't be made; the text says why."""


def make(names: Iterable[str]) -> dict[str, AdjointError]:
    """Make the environments of these catalogue entries, or bring them up to date.

    Returns
    -------
    dict of str to AdjointError
        Each entry whose environment could not be made, and why; the others are there.

    Raises
    ------
    UsageError
        If tox is not installed.
    """
    entries = [catalogue.entries()[name] for name in names if name in catalogue.entries()]
    wanted = sorted({entry.environment for entry in entries if entry.environment})
    if wanted and importlib.util.find_spec("tox") is None:
        raise UsageError("--make needs tox, which is not installed; run 'pip install adjoint[make]'.")
    failed: dict[str, AdjointError] = {}
    for environment in wanted:
        click.echo(f"making {environment} in {catalogue.environments_folder()}", err=True)
        try:
            _make(environment)
        except AdjointError as error:
            click.echo(str(error), err=True)
            failed[environment] = error
    return {entry.name: failed[entry.environment] for entry in entries if entry.environment in failed}


def needs(environment: str) -> tuple[str, str]:
    """Return the variable that may name an environment's Python, and its version; both empty if any does."""
    found = BASE_PYTHON.fullmatch(configuration().get(f"testenv:{environment}", "base_python", fallback=""))
    return (found[1], found[2]) if found else ("", "")


def without(environment: str) -> str:
    """Return which of the programs that make an environment is not there, in a sentence; empty if none."""
    wanted = configuration().get(f"testenv:{environment}", "allowlist_externals", fallback="").split()
    missing = [program for program in wanted if shutil.which(program) is None]
    if not missing:
        return ""
    return (
        f"{environment} needs {' and '.join(missing)}, not to be found on PATH; {catalogue.GET[missing[0]]}."
    )


def configuration() -> configparser.ConfigParser:
    """Return the tox configuration of the environments, read."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(catalogue.environments_file().read_text(encoding="utf-8"))
    return parser


def _make(environment: str) -> None:
    """Make one environment, or bring it up to date, and see that it is of the Python that it needs.

    Raises
    ------
    NoInterpreter, NotMade
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("TOX_")}
    if missing := without(environment):
        raise NotMade(missing)
    variable, version = needs(environment)
    if variable:
        env[variable] = str(interpreters.find(version, variable))
    _run_tox(environment, env)
    python = catalogue.python_of(environment)
    if python is None:
        raise NotMade(f"tox made no {environment}, and did not say why.")
    if variable and not interpreters.is_version(python, version):
        raise NotMade(
            f"{environment} needs Python {version}, and {python} is another; remove the environment's folder."
        )


def _run_tox(environment: str, env: dict[str, str]) -> None:
    """Have tox make an environment; what it says is passed on.

    Raises
    ------
    NotMade
    """
    command = [
        *(sys.executable, "-m", "tox", "run", "-q", "-e", environment),
        *("-c", str(catalogue.environments_file()), "--workdir", str(catalogue.environments_folder())),
    ]
    said = []
    with subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as tox:
        assert tox.stdout is not None
        for line in tox.stdout:
            click.echo(line, err=True, nl=False)
            said.append(line.strip())
    if tox.returncode:
        lines = [line for line in said if line] or ["nothing"]
        errors = [line for line in lines if "error" in line.lower()] or lines
        raise NotMade(f"tox could not make {environment}; it said: {cut(errors[-1], 300)}")
