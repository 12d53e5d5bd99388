"""What do hand-made rows look at beside the output, and what do they demand of it?

Such a row may have, beside the fields that `write.py` explains: `of`, the weights that it is about (all);
`told`, the arguments that it is about of a config (all, and what the layer made again returns);
`input_shape`, which `declared-shape` asks about, -1 being an unknown size; `attributes`, a table of what is
demanded of each, or where that is open a list; `method`, where the signature is that of convolution_op; and
`collection`, where the losses are those of the graph's collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adjoint.call import Call
from adjoint.demand import Demand
from adjoint.observations import OBSERVED_BY
from adjoint.promises import open_in_config, promised
from adjoint.reference.answer import Unspecified
from adjoint.spec import load

BY_OUTPUT = ("losses", "after-step", "config", "declared-shape")
"""The kinds of check that hang on what the output is."""


def kinds_of(row: Mapping[str, Any], observes: Sequence[str]) -> list[str]:
    """Return the kinds of check of a row that look at a layer: out of its own, or else those of its clause.

    A clause that the output alone may speak for is spoken for by that, unless the row says otherwise.
    """
    kinds = row.get("kinds", [] if "returned" in observes else observes)
    return [kind for kind in kinds if kind in OBSERVED_BY]


def observing(call: Call, row: Mapping[str, Any], kinds: Sequence[str]) -> Call:
    """Return the call that also observes what these kinds of check look at."""
    names: list[str] = []
    for kind in kinds:
        if kind == "attributes":
            names += row["attributes"]
        elif kind == "signature" and row.get("method"):
            names.append("convolution_op_signature")
        elif kind == "losses" and row.get("collection"):
            names.append("collected_losses")
        elif kind == "config" and "told" in row:
            names.append("config")
        else:
            names += OBSERVED_BY[kind]
    asked = row.get("input_shape")
    shape = tuple(None if size < 0 else size for size in asked) if asked else None
    return replace(call, observe=("output", *names), input_shape=shape)


def demanded_of(call: Call, row: Mapping[str, Any], kind: str, output: Demand) -> Any:
    """Return what a row demands of what one of its kinds of check looks at."""
    if kind == "attributes":
        return row["attributes"] if isinstance(row["attributes"], Mapping) else None
    try:
        whole = promised(call, kind, output)
    except Unspecified:
        if load().clauses[row["clause"]].level == "open":
            return None
        raise
    if kind in ("initial-weights", "after-step"):
        return {name: whole[name] for name in row.get("of", whole)}
    if kind == "config":
        told = row.get("told", whole["config"].keys() - open_in_config(call))
        return {**whole, "config": {name: value for name, value in whole["config"].items() if name in told}}
    if kind == "signature" and row["clause"].endswith(".defaults"):
        parameters = [parameter for parameter in whole if parameter["kind"] != "VAR_KEYWORD"]
        return {
            "defaults": {p["name"]: p["default"] for p in parameters if "default" in p},
            "required": [p["name"] for p in parameters if "default" not in p],
        }
    return whole
