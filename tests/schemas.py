"""The JSON Schemas as validators, by the name of what they describe."""

import json
from functools import cache
from importlib.resources import files

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

NAMES = ("answer", "call", "golden", "request", "tensor")


@cache
def schema(name):
    path = files("adjoint") / "schemas" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def validator(name):
    known = [Resource.from_contents(schema(other)) for other in NAMES]
    return Draft202012Validator(schema(name), registry=known @ Registry())


def problem(name, message):
    """Return what is wrong with a message, in a line; empty if nothing is."""
    error = best_match(validator(name).iter_errors(message))
    return f"{error.json_path}: {error.message:.300}" if error else ""


def problems(name, messages):
    """Return what is wrong with each of many messages that has something wrong."""
    return [found for message in messages if (found := problem(name, message))]
