"""What is there of the environments that the implementations live in, what is missing, and what does it cost?

Looks, and makes nothing; the frameworks themselves are not imported.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from importlib.resources import files
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from adjoint import catalogue, environments, interpreters
from adjoint.interpreters import NoInterpreter


@dataclass(frozen=True)
class Environment:
    """One environment, as it is found.

    Attributes
    ----------
    name : str
    implementations : tuple of str
        Those that live in it.
    state : str
        ``there``; ``missing``, and `adjoint run --make` would make it; ``broken``, as it can't be run or is
        not what it should be; or ``impossible``, as its Python is missing, or a program that it needs.
    says : str
        What is in it, where its Python is, or what is wrong and what to do.
    megabytes, seconds : int
        What making it costs.
    """

    name: str
    implementations: tuple[str, ...]
    state: str
    says: str
    megabytes: int
    seconds: int


def examine(names: Iterable[str] = ()) -> list[Environment]:
    """Look at the environments that some implementations live in, or at all.

    Parameters
    ----------
    names : iterable of str
        Of the catalogue; without any, all of it.
    """
    wanted = set(names)
    homes: dict[str, list[str]] = {}
    for entry in catalogue.entries().values():
        if entry.environment and (entry.name in wanted or not wanted):
            homes.setdefault(entry.environment, []).append(entry.name)
    return [_examined(name, tuple(found), costs()[name]) for name, found in homes.items()]


def costs() -> dict[str, dict[str, int]]:
    """Return what making each environment costs, in megabytes and seconds."""
    text = (files("adjoint") / "implementations" / "costs.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def free_megabytes() -> int:
    """Return how much room there is where the environments go, which need not be there yet."""
    folder = catalogue.environments_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free // 10**6


def pins(environment: str) -> list[Requirement]:
    """Return what an environment is made with, of those of which a version is given."""
    deps = environments.configuration().get(f"testenv:{environment}", "deps", fallback="").splitlines()
    lines = [line.partition("#")[0].strip() for line in deps]
    made_with = [Requirement(line) for line in lines if line]
    return [requirement for requirement in made_with if str(requirement.specifier).startswith("==")]


def packages(environment: str) -> dict[str, str]:
    """Return what npm installs in an environment: name to version."""
    named = environments.configuration().get(f"testenv:{environment}", "npm", fallback="").split()
    return {name: version for name, _, version in (each.rpartition("@") for each in named)}


def _examined(name: str, implementations: tuple[str, ...], cost: dict[str, int]) -> Environment:
    state, says = _found(name)
    return Environment(name, implementations, state, says, cost["megabytes"], cost["seconds"])


def _found(name: str) -> tuple[str, str]:
    """Return the state of an environment, and what is to be said of it."""
    folder = catalogue.environments_folder() / name
    if lacking := environments.without(name):
        return "impossible", lacking
    if packages(name):
        return _found_of_npm(name, folder)
    variable, version = environments.needs(name)
    python = catalogue.python_of(name)
    if python is None and not folder.exists():
        if not variable:
            return "missing", "of this Python"
        try:
            return "missing", f"of Python {version}: {interpreters.find(version, variable)}"
        except NoInterpreter as error:
            return "impossible", str(error)
    if python is None or not interpreters.runs(python):
        return "broken", f"its Python does not run; remove {folder} and make it anew."
    if variable and not interpreters.is_version(python, version):
        return "broken", f"it is not of Python {version}; remove {folder} and make it anew."
    held = {canonicalize_name(each.metadata["Name"]): each.version for each in _installed(folder)}
    versions = [(pin, held.get(canonicalize_name(pin.name), "")) for pin in pins(name)]
    wrong = [f"{pin} ({held or 'not there'})" for pin, held in versions if held not in pin.specifier]
    if wrong:
        return "broken", f"it should have {', '.join(wrong)}; --make brings it up to date."
    return "there", ", ".join(f"{pin.name} {held}" for pin, held in versions) or "compiled"


def _found_of_npm(name: str, folder: Path) -> tuple[str, str]:
    """Return the same of an environment that npm fills: its Python does not matter."""
    if not folder.exists():
        return "missing", f"by {shutil.which('npm')}"
    held = {package: _version(folder / "node_modules" / package) for package in packages(name)}
    wrong = [
        f"{package}@{wanted} ({held[package] or 'not there'})"
        for package, wanted in packages(name).items()
        if held[package] != wanted
    ]
    if wrong:
        return "broken", f"it should have {', '.join(wrong)}; --make brings it up to date."
    return "there", ", ".join(f"{package} {version}" for package, version in held.items())


def _version(package: Path) -> str:
    """Return the version of a package that npm installed; empty if it is not there."""
    try:
        return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return ""


def _installed(folder: Path) -> Iterator[Distribution]:
    """Yield what is installed in an environment."""
    places = [*folder.glob("lib/python*/site-packages"), *folder.glob("Lib/site-packages")]
    return iter(distributions(path=[str(place) for place in places]))
