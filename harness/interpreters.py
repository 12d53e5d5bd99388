"""Where on this machine is a Python of a given version?

An environment variable may say so; else it is looked for where people have them: on PATH, among what uv,
pyenv, asdf and rye installed, in the Windows registry (all by findpython), and in conda's environments.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from findpython import Finder
from findpython.providers.base import BaseProvider
from findpython.python import PythonVersion

from adjoint.errors import AdjointError


class NoInterpreter(AdjointError):  # noqa: N818 - a state
    """There is no Python of a version; the text says what to install."""


class Conda(BaseProvider):
    """The Pythons of conda's environments, which it lists in a file in the home folder."""

    @classmethod
    def create(cls) -> Conda:
        """Return the provider; it needs to know nothing."""
        return cls()

    def find_pythons(self) -> Iterator[PythonVersion]:
        """Yield the Python of each environment that still has one."""
        try:
            lines = Path("~/.conda/environments.txt").expanduser().read_text(encoding="utf-8").splitlines()
        except (OSError, RuntimeError, ValueError):
            return
        for folder in filter(None, map(str.strip, lines)):
            bin_folder = Path(folder) if os.name == "nt" else Path(folder, "bin")
            yield from self.find_pythons_from_path(bin_folder, True)


def find(version: str, variable: str) -> Path:
    """Return a CPython of a version: the newest patch of it that runs.

    Parameters
    ----------
    version : str
        Such as ``3.7``.
    variable : str
        The environment variable that may name one.

    Raises
    ------
    NoInterpreter
        If there is none, or the variable names something else.
    """
    if named := os.environ.get(variable):
        given = PythonVersion(Path(shutil.which(named) or named).absolute())
        if not is_version(given.executable, version):
            raise NoInterpreter(f"{variable} is {named}, and not a Python {version}; name one, or unset it.")
        return given.executable
    finder = Finder()
    finder.add_provider(Conda())
    major, minor = map(int, version.split("."))
    found = finder.find_all(major, minor, implementation="cpython", freethreaded=False)
    if not found:
        raise NoInterpreter(
            f"Python {version} was not found; install it, by 'uv python install {version}', 'pyenv install "
            f"{version}' or 'conda create -n py{version} python={version}', or say where it is in {variable}."
        )
    return found[0].interpreter


def is_version(python: Path, version: str) -> bool:
    """Tell whether a program is a Python of a version, such as ``3.7``; asks it."""
    asked = PythonVersion(python)
    return asked.is_valid() and f"{asked.major}.{asked.minor}" == version


def runs(python: Path) -> bool:
    """Tell whether a program is a Python that runs; asks it."""
    return PythonVersion(python).is_valid()
