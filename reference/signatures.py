"""Which parameters has an API, in which order, with which defaults?  `signatures.toml`, read."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from inspect import Parameter, Signature
from typing import Any

from adjoint.reference.answer import specified_only_if


@cache
def signatures() -> Mapping[str, Signature]:
    """Return the signature of each API, by its full name."""
    text = (files(__package__) / "signatures.toml").read_text(encoding="utf-8")
    return {api: _signature(parameters) for api, parameters in tomllib.loads(text).items()}


def bound(api: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call, also those that the page does not list, with the page's defaults.

    Parameters
    ----------
    api : str
    arguments : mapping
        Keyword arguments.

    Raises
    ------
    Unspecified
        If a required one is missing: every language refuses that in its own way.
    """
    parameters = signatures()[api].parameters.values()
    required = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    specified_only_if(set(required) <= set(arguments), f"{api} needs {', '.join(required)}")
    return {**{p.name: p.default for p in parameters if p.default is not p.empty}, **arguments}


def unlisted(api: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return the names of the arguments that the page does not list."""
    listed = {p.name for p in signatures()[api].parameters.values() if p.kind is not p.VAR_KEYWORD}
    return [name for name in arguments if name not in listed]


def _signature(text: str) -> Signature:
    """Read parameters, written as in a definition of Python, whose defaults are literals."""
    definition = ast.parse(f"def api({' '.join(text.split())}): pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    arguments = definition.args
    defaults = [ast.literal_eval(default) for default in arguments.defaults]
    values = [Parameter.empty] * (len(arguments.args) - len(defaults)) + defaults
    parameters = [
        Parameter(argument.arg, Parameter.POSITIONAL_OR_KEYWORD, default=value)
        for argument, value in zip(arguments.args, values, strict=True)
    ]
    if arguments.kwarg:
        parameters.append(Parameter(arguments.kwarg.arg, Parameter.VAR_KEYWORD))
    return Signature(parameters)
