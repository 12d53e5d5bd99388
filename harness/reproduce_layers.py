"""How does a script look at a layer beside its output?  What it computes, and how the demand is written."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import Any

from adjoint.golden import Case, Check
from adjoint.literals import accepted
from adjoint.observations import OBSERVED_BY

OF_WEIGHTS = ("shapes", "initial", "trainable", "dtypes", "devices", "graph", "scope_name")
"""What is seen of the weights that a layer is built with, or of where they are."""
OF_SET_WEIGHTS = ("losses", "collected_losses", "stepped", "convolution_op")
"""What is seen once the weights are set."""
OTHERWISE = {"signature": "convolution_op_signature", "losses": "collected_losses"}
"""What a kind of check looks at where its call does not ask for what it usually looks at."""
FUNCTIONS = {"double": "lambda x: 2 * x"}


def looked(case: Case, check: Check) -> dict[str, Any]:
    """Return what a template needs to know of a check that looks at a layer: above all, what it looks at."""
    names = _looked_at(case, check)
    is_looked = check.kind in OBSERVED_BY
    is_config = check.kind == "config" and check.demanded is not None
    return {
        "looked": names,
        "is_built": not is_looked or not names.isdisjoint((*OF_WEIGHTS, *OF_SET_WEIGHTS)),
        "is_set": not is_looked or not names.isdisjoint(OF_SET_WEIGHTS),
        "weight_names": _weight_names(case, check),
        "asked": case.call.input_shape or tuple(case.call.tensors["input"]["shape"]),
        "settings": _settings(check.demanded["config"]) if is_config else {},
        "values": accepted(check.demanded["values"]) if is_config and "values" in check.demanded else "",
    }


def tensors_for(case: Case, check: Check) -> tuple[str, ...]:
    """Return the names of the tensors that a script of a check that looks at a layer passes."""
    names = _looked_at(case, check)
    if "stepped" in names:
        return tuple(case.call.tensors)
    passed = tuple(name for name in case.call.tensors if name != "gradient")
    return passed if names & {*OF_SET_WEIGHTS, "remade", "node"} else ()


def _looked_at(case: Case, check: Check) -> set[str]:
    """Return the names of the observations that a check is about, of those that its call asks for."""
    if check.kind == "attributes" and check.demanded:
        return set(check.demanded)
    names = {*OBSERVED_BY.get(check.kind, ())} & {*case.call.observe}
    if check.kind in OTHERWISE and not names:
        return {OTHERWISE[check.kind]}
    return names - {"remade"} if "values" not in (check.demanded or {}) else names


def _weight_names(case: Case, check: Check) -> list[str]:
    """Return the names of the weights that are looked at: those demanded, or all."""
    if check.demanded and check.kind in ("initial-weights", "after-step"):
        return list(check.demanded)
    return [name for name in ("kernel", "weight", "bias") if name in case.call.tensors]


def argument(name: str, value: Any, modules: str) -> str:
    """Return Python for an argument that is an object of a framework: `modules` is what holds its modules.

    Without one, it is in the form in which Keras writes an object down.
    """
    if not modules:
        return repr({"class_name": value.name, "config": dict(value.settings)})
    settings = ", ".join(f"{key}={setting!r}" for key, setting in value.settings.items())
    return f"{modules}.{name.rpartition('_')[2]}s.{value.name}({settings})"


def demanded(check: Check) -> str:
    """Return Python for what a check that looks at a layer demands."""
    match check.kind:
        case "initial-weights":
            return _rows({name: repr(wanted) for name, wanted in check.demanded.items()})
        case "losses" if "readings" in check.demanded:
            return _rows({name: _ends(ends) for name, ends in check.demanded["readings"].items()})
        case "losses":
            return _ends(check.demanded)
        case "after-step":
            return _rows({name: accepted(wanted) for name, wanted in check.demanded.items()})
        case "config":
            return _rows({name: repr(_form(value)) for name, value in check.demanded["config"].items()})
        case "signature" if isinstance(check.demanded, list):
            return f"inspect.signature(lambda {_parameters(check.demanded)}: None)"
        case "signature":
            return _rows({name: repr(_sizes(value)) for name, value in check.demanded.items()})
    return repr(check.demanded)


def _rows(texts: Mapping[str, str]) -> str:
    return "\n".join(["{", *(f"    {name!r}: {text}," for name, text in texts.items()), "}"])


def _ends(ends: Mapping[str, Any]) -> str:
    return repr((ends["low"], ends["high"]))


def _form(value: Any) -> Any:
    """Return the form in which a script compares an argument: one number for alike ones, a name's letters."""
    if isinstance(value, Mapping):
        value = value["class_name"]
    if isinstance(value, str):
        return value.replace("_", "").lower()
    if isinstance(value, list):
        return value[0] if len(set(value)) == 1 else tuple(value)
    return value


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the objects among the arguments, by argument."""
    return {
        name: value["config"]
        for name, value in config.items()
        if isinstance(value, Mapping) and value.get("config")
    }


def _parameters(demanded: list[Mapping[str, Any]]) -> str:
    """Return parameters as a definition has them."""
    parameters = [
        Parameter(p["name"], getattr(Parameter, p["kind"]), default=_sizes(p.get("default", Parameter.empty)))
        for p in demanded
    ]
    return str(Signature(parameters))[1:-1]


def _sizes(value: Any) -> Any:
    """Return a value with lists of numbers as tuples, as a definition has them."""
    if isinstance(value, Mapping):
        return {name: _sizes(item) for name, item in value.items()}
    return tuple(value) if isinstance(value, list) and not any(isinstance(x, str) for x in value) else value
