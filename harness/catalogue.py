"""Where is an implementation, and how is it started?  Names and targets become commands."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from adjoint import claims_file
from adjoint.call import canonical
from adjoint.errors import UsageError
from adjoint.inert import short
from adjoint.nearest import instead
from adjoint.spec import load as load_spec

GET_NODE = "install Node.js 20 or newer, which brings npm: from nodejs.org, or with a package manager"
GET = {"node": GET_NODE, "npm": GET_NODE, "cc": "install a C compiler, such as gcc or clang"}
"""How to get each program that an environment needs beside a Python."""


class NotInstalled(UsageError):  # noqa: N818 - a state
    """The environment of an implementation does not exist."""


@dataclass(frozen=True)
class Entry:
    """An implementation known by name: a table of `catalogue.toml`, whose head explains the fields."""

    name: str
    module: str
    environment: str
    imports: tuple[str, ...]
    script: str
    about: str
    apis: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    draws: float = 1.0
    program: str = ""


@dataclass(frozen=True)
class Implementation:
    """Something that can be run: a name for it, the command of its worker, the variables it needs.

    `script` names the template that reproduces a case on it; `targets` gives each API's
    ``module:function``, where the template asks for one; `apis` are those known before it starts; `draws`
    is the share of a profile's calls that are drawn for it; `arrays` the library whose arrays it takes, where
    that is not NumPy.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    script: str = ""
    targets: Mapping[str, str] = field(default_factory=dict)
    apis: tuple[str, ...] = ()
    draws: float = 1.0
    arrays: str = ""

    @property
    def is_function(self) -> bool:
        """Whether it is anyone's function or class, given as ``module:function``."""
        return self.name in self.targets.values()


@cache
def entries() -> Mapping[str, Entry]:
    """Return the catalogue, by name."""
    rows = tomllib.loads((_folder() / "catalogue.toml").read_text(encoding="utf-8"))
    return {
        name: Entry(name, **{**row, "imports": tuple(row["imports"]), "apis": tuple(row["apis"])})
        for name, row in rows.items()
    }


def resolve(
    target: str,
    api: str | None = None,
    python: str | None = None,
    dtypes: str | None = None,
    claims: str | None = None,
) -> Implementation:
    """Find what a name or a ``module:function`` stands for.

    Parameters
    ----------
    target : str
    api : str, optional
        The API that a ``module:function`` offers.
    python : str, optional
        The interpreter to run it with, if a Python runs it.  Without it, that of its environment, or ours.
    dtypes : str, optional
        The dtypes that a ``module:function`` takes, separated by commas.
    claims : str, optional
        The file in which a ``module:function`` claims more.

    Raises
    ------
    UsageError
        If there is no such name, no such API, no such interpreter, or a claim can't be read.
    NotInstalled
        If its environment does not exist.
    """
    if python is not None and shutil.which(python) is None:
        raise UsageError(f"--python {python} is not a program that can be run; give the path of a Python.")
    if ":" in target:
        return _function(target, api, python or sys.executable, claims_file.read(claims, dtypes))
    if target not in entries():
        known = ", ".join(entries())
        others = instead(target, entries(), f"it has {known}")
        raise UsageError(
            f"{target!r} is not in the catalogue{others}; "
            "a function is given as module:function --api API, any other program as --command."
        )
    entry = entries()[target]
    folder = str(environments_folder() / entry.environment)
    return Implementation(
        target,
        _run(entry) if entry.program else _serve(python or _interpreter(entry), *entry.module.split()),
        {name: value.replace("{environment}", folder) for name, value in entry.env.items()},
        entry.script,
        entry.targets,
        entry.apis,
        entry.draws,
    )


def from_callable(function: Any, api: str, pickled: Path, claimed: Mapping[str, Any]) -> Implementation:
    """Return an implementation that is a function or class of this process, put into a file for a worker.

    Raises
    ------
    UsageError
        If there is no such API, or the function can't be handed over.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    try:
        pickled.write_bytes(cloudpickle.dumps(function))
    except Exception as error:
        raise UsageError(f"{name} can't be handed to a process of its own: {short(error, 200)}.") from None
    made = _function(name, api, sys.executable, claimed)
    command = tuple(f"@{pickled}" if word == name else word for word in made.command)
    paths = os.pathsep.join(filter(None, sys.path))  # where this process imports from, the worker does too
    return replace(made, command=command, env={"PYTHONPATH": paths})


def from_command(command: str) -> Implementation:
    """Return an implementation that is any program speaking the protocol.

    Raises
    ------
    UsageError
        If the command is empty, or a quote in it is not closed.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--command {command} can't be read as a shell would: {error}.") from None
    if not words:
        raise UsageError("--command is empty; give the program and its arguments in one string.")
    return Implementation(command, tuple(words))


def from_system(path: Path) -> Implementation:
    """Return an implementation that is served, on this Python, from a file such as `on_fast.py`."""
    return Implementation(path.stem, _serve(sys.executable, str(path.absolute().with_suffix(""))))


def is_there(name: str) -> bool:
    """Tell whether a catalogue entry can be run as things are."""
    try:
        resolve(name)
    except NotInstalled:
        return False
    return True


def environments_folder() -> Path:
    """Return where `--make` puts the environments: ADJOINT_ENVIRONMENTS, or .tox/environments here."""
    return Path(os.environ.get("ADJOINT_ENVIRONMENTS") or Path(".tox", "environments")).absolute()


def environments_file() -> Path:
    """Return the tox configuration that makes them."""
    with as_file(_folder() / "environments.ini") as path:
        return path


def python_of(environment: str) -> Path | None:
    """Return the Python of an environment, if it exists."""
    paths = (environments_folder() / environment / name for name in ("bin/python", "Scripts/python.exe"))
    return next((path for path in paths if path.exists()), None)


def _interpreter(entry: Entry) -> str:
    if not entry.environment:
        return sys.executable
    if path := python_of(entry.environment):
        return str(path)
    if not entry.imports:
        raise NotInstalled(
            f"{entry.name} needs the environment {environments_folder() / entry.environment}, which does not "
            "exist; add --make to make it, or give --python."
        )
    if all(importlib.util.find_spec(name) for name in entry.imports):
        return sys.executable
    raise NotInstalled(
        f"{entry.name} needs {' and '.join(entry.imports)}, and neither the environment "
        f"{environments_folder() / entry.environment} nor this Python has it; add --make to install it, or "
        "give --python."
    )


def _run(entry: Entry) -> tuple[str, ...]:
    """Return the command of an entry that was compiled, or that runs on what npm put into its folder."""
    folder = environments_folder() / entry.environment
    if not entry.module:  # it was compiled there
        compiled = entry.program.replace("{environment}", str(folder))
        if shutil.which(compiled) is None:
            raise NotInstalled(
                f"{entry.name} needs {compiled}, which is not there; add --make to compile it."
            )
        return (compiled,)
    if not all((folder / "node_modules" / name).is_dir() for name in entry.imports):
        raise NotInstalled(
            f"{entry.name} needs {' and '.join(entry.imports)}, and {folder} has it not; "
            "add --make to install it."
        )
    program = shutil.which(entry.program)
    if program is None:
        raise NotInstalled(f"{entry.name} needs {entry.program}, which is not on PATH; {GET_NODE}.")
    with as_file(_folder() / entry.module) as path:
        return (program, str(path))


def _function(target: str, api: str | None, python: str, claimed: Mapping[str, Any]) -> Implementation:
    apis = load_spec().apis()
    if not all(target.split(":", 1)):
        raise UsageError(f"{target} must name both a module and a function: module:function.")
    if api is None:
        raise UsageError(f"{target} needs --api, the API that it offers: one of {', '.join(apis)}.")
    if api not in apis:
        others = instead(api, apis, f"it must be one of {', '.join(apis)}")
        raise UsageError(f"--api {api} is not documented here{others}.")
    command = _serve(python, "on_function", target, api, *([canonical(claimed)] if claimed else []))
    arrays = str(claimed.get("arrays", ""))
    return Implementation(target, command, {}, "function", {api: target}, (api,), arrays=arrays)


def _serve(python: str, *arguments: str) -> tuple[str, ...]:
    with as_file(_folder() / "serving.py") as path:
        return (python, str(path), *arguments)


def _folder() -> Any:
    return files("adjoint") / "implementations"
