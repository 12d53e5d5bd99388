"""Is what a layer or module shows beside its output what is demanded?  One rule for each kind of check.

Each takes what is demanded and what was observed, by name, and returns whether it holds and, in a line, what
was seen.  What is demanded, by kind:

- ``weights-shape``: the shapes of all weights, in order;
- ``initial-weights``: for some weights, by name, ``shape``, and ``low`` and ``high``, between which every
  element lies; perhaps ``reaches``, how far from zero the elements come on either side at the least, and
  ``median``, between which the median of the absolute values lies;
- ``losses``: ``low`` and ``high`` of each, sorted; or, where that is open, these in ``readings``, by name;
- ``after-step``: for some weights, by name, what is demanded of values;
- ``config``: ``config``, by argument what the layer's config and that of the layer made again tell; perhaps
  ``values``, what is demanded of the values that this one returns;
- ``declared-shape``: the shape, null being unknown;
- ``signature``: the first parameters, in order, and whether ``**kwargs`` follow; or ``defaults`` and
  ``required``, of parameters in any order;
- ``attributes``: for some attributes, by name, the value; of ``bases``, what must be among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from adjoint import tensors
from adjoint.comparing import compare
from adjoint.inert import short
from adjoint.observations import OBSERVED_BY

Seen = tuple[bool, str]
KEYWORDS = ("KEYWORD_ONLY", "VAR_KEYWORD")


def look(kind: str, demanded: Any, observed: Mapping[str, Any]) -> Seen:
    """Return whether what was observed is what a kind of check demands, and in a line what was seen.

    Where nothing is demanded, what is open, anything holds.
    """
    if demanded is None:
        names = [name for name in OBSERVED_BY[kind] if name in observed]
        return True, "; ".join(f"{name}: {_shown(observed[name])}" for name in names)
    return _RULES[kind](demanded, observed)


def describe(kind: str, demanded: Any) -> str:
    """Say what is demanded, in a line."""
    if demanded is None:
        return "open"
    if isinstance(demanded, Mapping) and "readings" in demanded:
        return "open: " + ", or ".join(demanded["readings"])
    return _DESCRIPTIONS.get(kind, _plainly)(demanded)


def _shapes(demanded: Any, observed: Mapping[str, Any]) -> Seen:
    return observed["shapes"] == demanded, str(observed["shapes"])


def _initial(demanded: Mapping[str, Any], observed: Mapping[str, Any]) -> Seen:
    found = {name: _filled(wanted, observed["initial"].get(name)) for name, wanted in demanded.items()}
    return all(held for held, _ in found.values()), "; ".join(
        f"{name}: {said}" for name, (_, said) in found.items()
    )


def _filled(wanted: Mapping[str, Any], weight: tensors.Array | tensors.Foreign | None) -> Seen:
    """Tell whether a weight has the shape, and whether its elements lie, and spread, as is demanded."""
    if weight is None or isinstance(weight, tensors.Foreign):
        return False, "none" if weight is None else f"{weight.name}, which can't be read"
    if list(weight.shape) != wanted["shape"]:
        return False, f"shape {list(weight.shape)}"
    values = weight.astype(np.float64)
    held = bool(np.all((wanted["low"] <= values) & (values <= wanted["high"])))
    said = f"from {values.min(initial=np.inf):.9g} to {values.max(initial=-np.inf):.9g}"
    if "reaches" in wanted:
        held = held and bool(min(-values.min(), values.max()) >= wanted["reaches"])
    if "median" in wanted:
        middle = float(np.median(np.abs(values)))
        held, said = (
            held and wanted["median"][0] <= middle <= wanted["median"][1],
            f"{said}, median {middle:.4g}",
        )
    return held, said


def _losses(demanded: Mapping[str, Any], observed: Mapping[str, Any]) -> Seen:
    (losses,) = (observed[name] for name in ("losses", "collected_losses") if name in observed)
    if isinstance(losses, tensors.Foreign):
        return False, f"{losses.name}, which can't be read"
    values = sorted(losses.astype(np.float64).ravel().tolist())

    def between(ends: Mapping[str, Sequence[float]]) -> bool:
        rows = list(zip_longest(ends["low"], values, ends["high"], fillvalue=np.nan))
        return all(low <= value <= high for low, value, high in rows)

    if "readings" not in demanded:
        return between(demanded), _numbers(values)
    names = [name for name, ends in demanded["readings"].items() if between(ends)]
    return bool(names), ", or ".join(names) or f"none of the readings known: {_numbers(values)}"


def _stepped(demanded: Mapping[str, Any], observed: Mapping[str, Any]) -> Seen:
    found = {}
    for name, wanted in demanded.items():
        weight = observed["stepped"].get(name)
        compared = compare(wanted, weight) if weight is not None else None
        found[name] = (compared.held, compared.seen) if compared else (False, "none")
    return all(held for held, _ in found.values()), "; ".join(
        f"{name}: {said}" for name, (_, said) in found.items()
    )


def _config(demanded: Mapping[str, Any], observed: Mapping[str, Any]) -> Seen:
    for of in ("config", "again"):
        told = observed["config"][of]
        for name, wanted in demanded["config"].items():
            is_none = name == "activation" and told.get(name) is None
            if name not in told or not _is_alike(wanted, "linear" if is_none else told[name]):
                seen = f"{name}={short(told[name])}" if name in told else f"no {name}"
                return False, seen + (" of the layer made again" if of == "again" else "")
    if "values" in demanded:
        compared = compare(demanded["values"], observed["remade"])
        return compared.held, f"of the layer made again, {compared.seen}"
    return True, "the arguments"


def _is_alike(wanted: Any, told: Any) -> bool:
    """Tell whether two forms of an argument are one: a number for a size a axis, a name for an object."""
    if isinstance(wanted, Mapping | str) and isinstance(told, Mapping | str):
        wanted, told = _simplest(wanted), _simplest(told)
        settings = _settings(told)
        return _name(wanted) == _name(told) and all(
            settings.get(key) == value for key, value in _settings(wanted).items()
        )
    return bool(_each_axis(wanted) == _each_axis(told))


def _simplest(value: Any) -> Any:
    """Return an L1L2 with one factor, which TensorFlow 1 makes of L1 and L2 alike, as the one of these."""
    factors = {name: factor for name, factor in _settings(value).items() if factor}
    if _name(value) != "l1l2" or len(factors) != 1:
        return value
    return {"class_name": next(iter(factors)), "config": factors}


def _name(value: Any) -> str:
    name = value.get("class_name") if isinstance(value, Mapping) else value
    return str(name).replace("_", "").lower()


def _settings(value: Any) -> Mapping[str, Any]:
    return value["config"] if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping) else {}


def _each_axis(value: Any) -> Any:
    """Return a size for each axis as one number where they are all the same."""
    alike = isinstance(value, list) and len({str(item) for item in value}) == 1
    return value[0] if alike else value


def _declared(demanded: Any, observed: Mapping[str, Any]) -> Seen:
    return observed["declared"] == demanded, str(observed["declared"]).replace("None", "unknown")


def _signature(demanded: Any, observed: Mapping[str, Any]) -> Seen:
    (name,) = (name for name in ("signature", "convolution_op_signature") if name in observed)
    seen, said = observed[name], ", ".join(map(_written, observed[name]))
    if isinstance(demanded, Mapping):
        shown = {p["name"]: p for p in seen if not p["kind"].startswith("VAR")}
        of_page = [shown[name] for name in (*demanded["defaults"], *demanded["required"]) if name in shown]
        right = all(_has_default(p, demanded["defaults"]) for p in of_page)
        return right and set(demanded["required"]) <= set(shown), said
    listed = [p for p in demanded if p["kind"] != "VAR_KEYWORD"]
    first, rest = seen[: len(listed)], seen[len(listed) :]
    defaults = {p["name"]: p["default"] for p in listed if "default" in p}
    right = [p["name"] for p in first] == [p["name"] for p in listed] and all(
        p["kind"] not in KEYWORDS and _has_default(p, defaults) for p in first
    )
    more = all(p["kind"] in KEYWORDS for p in rest)
    return right and more and (bool(rest) or len(listed) == len(demanded)), said


def _has_default(parameter: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    """Tell whether a parameter has its default, or none where it has none."""
    if parameter["name"] not in defaults:
        return "default" not in parameter
    return "default" in parameter and _is_alike(defaults[parameter["name"]], parameter["default"])


def _written(parameter: Mapping[str, Any]) -> str:
    """Return a parameter as a definition has it."""
    name = {"VAR_KEYWORD": "**", "VAR_POSITIONAL": "*"}.get(parameter["kind"], "") + str(parameter["name"])
    return f"{name}={parameter['default']!r}" if "default" in parameter else name


def _attributes(demanded: Mapping[str, Any], observed: Mapping[str, Any]) -> Seen:
    held = all(
        set(wanted) <= set(observed[name]) if name == "bases" else observed[name] == wanted
        for name, wanted in demanded.items()
    )
    return held, _plainly({name: observed[name] for name in demanded})


def _shown(seen: Any) -> str:
    """Say what was observed, of tensors between which numbers they lie."""
    if isinstance(seen, Mapping):
        return ", ".join(f"{name} {_shown(told)}" for name, told in seen.items())
    if isinstance(seen, tensors.Foreign):
        return f"{seen.name}{list(seen.shape)}"
    if not isinstance(seen, np.ndarray):
        return _plainly(seen)
    values = seen.astype(np.float64)
    return f"{list(seen.shape)} from {values.min(initial=np.inf):.6g} to {values.max(initial=-np.inf):.6g}"


def _plainly(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {told}" for name, told in value.items())
    return str(value).replace("None", "unknown")


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.9g}" for value in values) or "none"


def _describe_initial(demanded: Mapping[str, Any]) -> str:
    said = []
    for name, wanted in demanded.items():
        low, high = wanted["low"], wanted["high"]
        within = f"all {low:.9g}" if low == high else f"from {low:.9g} to {high:.9g}"
        said.append(f"{name}: {within}{', evenly' if 'reaches' in wanted else ''}")
    return "; ".join(said)


def _describe_losses(demanded: Mapping[str, Any]) -> str:
    middles = [(low + high) / 2 for low, high in zip(demanded["low"], demanded["high"], strict=True)]
    return _numbers(middles)


def _describe_signature(demanded: Any) -> str:
    if isinstance(demanded, Mapping):
        return ", ".join([*demanded["required"], *(f"{k}={v!r}" for k, v in demanded["defaults"].items())])
    return ", ".join(map(_written, demanded))


_RULES: dict[str, Callable[[Any, Mapping[str, Any]], Seen]] = {
    "weights-shape": _shapes,
    "initial-weights": _initial,
    "losses": _losses,
    "after-step": _stepped,
    "config": _config,
    "declared-shape": _declared,
    "signature": _signature,
    "attributes": _attributes,
}
_DESCRIPTIONS: dict[str, Callable[[Any], str]] = {
    "initial-weights": _describe_initial,
    "losses": _describe_losses,
    "after-step": lambda demanded: f"{' and '.join(demanded)} after the step",
    "config": lambda demanded: _plainly(demanded["config"]),
    "signature": _describe_signature,
}
