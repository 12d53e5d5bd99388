"""Is what a layer shows beside its output told right from wrong, for each kind of check?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.looking import describe, look
from adjoint.observations import OBSERVED_BY
from adjoint.tensors import Foreign, encode

DRAWN = {"kernel": {"shape": [5], "low": -2.0, "high": 2.0, "reaches": 1.5, "median": [0.5, 1.0]}}
SPREAD = [-1.75, -0.5, 0.75, 0.5, 1.75]
WEIGHTS = {"kernel": np.array([1.0, -2.0], np.float32), "bias": np.array([0.5], np.float32)}
STEPPED = {name: encode(weight) for name, weight in WEIGHTS.items()}
CONFIG = {
    "filters": 3,
    "strides": [2, 2],
    "activation": "linear",
    "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
    "bias_initializer": "zeros",
    "bias_constraint": None,
}
REMADE = np.array([[1.0, 2.0]], np.float32)
PARAMETERS = [
    {"name": "filters", "kind": "POSITIONAL_OR_KEYWORD"},
    {"name": "strides", "kind": "POSITIONAL_OR_KEYWORD", "default": [1, 1]},
    {"name": "kwargs", "kind": "VAR_KEYWORD"},
]
DEFAULTS = {"defaults": {"strides": [1, 1], "padding": "SAME"}, "required": ["filters"]}
FILTERS, STRIDES, KEYWORDS = PARAMETERS
ONLY = {"name": "dtype", "kind": "KEYWORD_ONLY", "default": None}


def initial(values: list[float], dtype: str = "float32") -> dict[str, Any]:
    return {"initial": {"kernel": np.array(values, dtype)}}


def of_both(l1: float, l2: float) -> dict[str, Any]:
    """What TensorFlow 1 writes of any regularizer by l1, l2 or both."""
    return {"class_name": "L1L2", "config": {"l1": l1, "l2": l2}}


def norm(name: str) -> dict[str, Any]:
    return {"class_name": name, "config": {"max_value": 2}}


def configs(again: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    told = {**CONFIG, "trainable": True, **changes}
    return {"config": {"config": told, "again": {**told, **(again or {})}}}


def remade(values: Any) -> dict[str, Any]:
    return {**configs(), "remade": np.asarray(values, np.float32)}


def signature(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {"signature": list(parameters)}


HOLDS = [
    ("weights-shape", [[2, 3], [3]], {"shapes": [[2, 3], [3]]}),
    ("initial-weights", DRAWN, initial(SPREAD)),
    ("initial-weights", DRAWN, initial([-1.5, -0.5, 0.25, 0.5, 1.5])),
    ("initial-weights", DRAWN, initial([-1.75, -1, 0.25, 1, 1.75])),
    ("initial-weights", {"kernel": {"shape": [2], "low": 1.0, "high": 1.0}}, initial([1, 1])),
    ("initial-weights", {"kernel": {"shape": [0], "low": 1.0, "high": 1.0}}, initial([])),
    ("losses", {"low": [1.0, 2.0], "high": [1.0, 2.5]}, {"losses": np.array([2.25, 1.0])}),
    ("losses", {"low": [], "high": []}, {"losses": np.zeros(0, np.float32)}),
    ("losses", {"low": [1.0], "high": [1.0]}, {"collected_losses": np.array([1.0])}),
    ("after-step", STEPPED, {"stepped": WEIGHTS}),
    ("after-step", {"bias": STEPPED["bias"]}, {"stepped": {"bias": WEIGHTS["bias"]}}),
    ("config", {"config": CONFIG}, configs()),
    ("config", {"config": CONFIG}, configs(strides=2, activation=None)),
    ("config", {"config": CONFIG}, configs(bias_initializer={"class_name": "Zeros", "config": {}})),
    ("config", {"config": CONFIG}, configs(kernel_regularizer=of_both(0.0, 0.5))),
    ("config", {"config": {"strides": 2}}, configs(strides=[2])),
    ("config", {"config": CONFIG, "values": encode(REMADE)}, remade(REMADE)),
    ("declared-shape", [None, 4, 3], {"declared": [None, 4, 3]}),
    ("signature", PARAMETERS, signature(*PARAMETERS)),
    ("signature", PARAMETERS, signature(FILTERS, {**STRIDES, "default": 1}, KEYWORDS)),
    ("signature", PARAMETERS, signature(FILTERS, STRIDES, ONLY)),
    ("signature", PARAMETERS[:2], signature(FILTERS, STRIDES)),
    ("signature", PARAMETERS[:1], {"convolution_op_signature": [FILTERS]}),
    ("signature", DEFAULTS, signature(STRIDES, FILTERS, KEYWORDS)),
    ("signature", DEFAULTS, signature(FILTERS)),
    ("attributes", {"name": "up", "trainable": 2}, {"name": "up", "trainable": 2}),
    ("attributes", {"bases": ["Layer"]}, {"bases": ["Conv2D", "Layer", "object"]}),
    ("attributes", {"bases": ["Layer"]}, {"bases": ["Layer"]}),
]
DOES_NOT = [
    ("weights-shape", [[2, 3], [3]], {"shapes": [[3], [2, 3]]}, "[[3], [2, 3]]"),
    ("weights-shape", [[2, 3]], {"shapes": [[2, 3], [3]]}, "[[2, 3], [3]]"),
    ("initial-weights", DRAWN, initial([-2.5, *SPREAD[1:]]), "kernel: from -2.5 to 1.75, median 0.75"),
    ("initial-weights", DRAWN, initial([*SPREAD[:4], 2.5]), "kernel: from -1.75 to 2.5, median 0.75"),
    ("initial-weights", DRAWN, initial([*SPREAD[:4], 1.25]), "kernel: from -1.75 to 1.25, median 0.75"),
    ("initial-weights", DRAWN, initial([-1.25, *SPREAD[1:]]), "kernel: from -1.25 to 1.75, median 0.75"),
    ("initial-weights", DRAWN, initial([-1.75, 0, 0.25, 0, 1.75]), "kernel: from -1.75 to 1.75, median 0.25"),
    ("initial-weights", DRAWN, initial([-1.75, 1.5, 1.5, 0, 1.75]), "kernel: from -1.75 to 1.75, median 1.5"),
    ("initial-weights", DRAWN, initial([*SPREAD[:4], np.nan]), None),
    ("initial-weights", DRAWN, initial(SPREAD[:3]), "kernel: shape [3]"),
    ("initial-weights", DRAWN, {"initial": {}}, "kernel: none"),
    (
        "initial-weights",
        DRAWN,
        {"initial": {"kernel": Foreign("int4", (5,))}},
        "kernel: int4, which can't be read",
    ),
    ("losses", {"low": [1.0], "high": [1.5]}, {"losses": np.array([1.75])}, "1.75"),
    ("losses", {"low": [1.0], "high": [1.5]}, {"losses": np.array([0.5])}, "0.5"),
    ("losses", {"low": [1.0], "high": [1.5]}, {"losses": np.array([1.25, 0.0])}, "0, 1.25"),
    ("losses", {"low": [1.0], "high": [1.5]}, {"losses": np.zeros(0)}, "none"),
    ("losses", {"low": [1.0], "high": [1.5]}, {"collected_losses": np.array([1.0, 1.0])}, "1, 1"),
    ("losses", {"low": [1.0], "high": [1.5]}, {"losses": Foreign("int4", (1,))}, "int4, which can't be read"),
    ("after-step", STEPPED, {"stepped": {**WEIGHTS, "bias": WEIGHTS["bias"] * 2}}, None),
    ("after-step", STEPPED, {"stepped": {"bias": WEIGHTS["bias"]}}, "kernel: none; bias: equal"),
    ("config", {"config": CONFIG}, configs(filters=4), "filters=4"),
    ("config", {"config": CONFIG}, configs(strides=[2, 3]), "strides=[2, 3]"),
    ("config", {"config": CONFIG}, configs(activation="relu"), "activation='relu'"),
    ("config", {"config": CONFIG}, configs(bias_constraint="NonNeg"), "bias_constraint='NonNeg'"),
    ("config", {"config": CONFIG}, configs(kernel_regularizer=None), "kernel_regularizer=None"),
    ("config", {"config": {"use_bias": True}}, configs(use_bias="True"), "use_bias='True'"),
    ("config", {"config": {"bias_constraint": norm("MaxNorm")}}, configs(bias_constraint=norm("Norm")), None),
    (
        "config",
        {"config": CONFIG},
        configs(kernel_regularizer={"class_name": "L2", "config": {"l2": 0.25}}),
        "kernel_regularizer={'class_name': 'L2', 'config': {'l2': 0.25}}",
    ),
    (
        "config",
        {"config": CONFIG},
        configs(kernel_regularizer=of_both(0.25, 0.5)),
        "kernel_regularizer={'class_name': 'L1L2', 'config': {'l1': 0.25, 'l2': 0.5}}",
    ),
    (
        "config",
        {"config": CONFIG},
        configs(kernel_regularizer=of_both(0.5, 0.0)),
        "kernel_regularizer={'class_name': 'L1L2', 'config': {'l1': 0.5, 'l2': 0.0}}",
    ),
    ("config", {"config": CONFIG}, configs({"filters": 4}), "filters=4 of the layer made again"),
    ("config", {"config": CONFIG}, {"config": {"config": {}, "again": {}}}, "no filters"),
    (
        "config",
        {"config": CONFIG, "values": encode(REMADE)},
        remade([[1.0, 3.0]]),
        "of the layer made again, [1, 3] instead of [1, 2]",
    ),
    ("declared-shape", [None, 4, 3], {"declared": [None, 4, 2]}, "[unknown, 4, 2]"),
    ("declared-shape", [None, 4, 3], {"declared": [1, 4, 3]}, "[1, 4, 3]"),
    ("signature", PARAMETERS, signature(STRIDES, FILTERS, KEYWORDS), "strides=[1, 1], filters, **kwargs"),
    ("signature", PARAMETERS, signature(FILTERS, STRIDES), "filters, strides=[1, 1]"),
    ("signature", PARAMETERS, signature(FILTERS, {**STRIDES, "default": 2}, KEYWORDS), None),
    ("signature", PARAMETERS, signature({**FILTERS, "default": 8}, STRIDES, KEYWORDS), None),
    ("signature", PARAMETERS, signature(FILTERS, {**STRIDES, "kind": "KEYWORD_ONLY"}, KEYWORDS), None),
    ("signature", PARAMETERS, signature(FILTERS, STRIDES, {**STRIDES, "name": "more"}, KEYWORDS), None),
    ("signature", DEFAULTS, signature(FILTERS, {**STRIDES, "default": 2}), None),
    ("signature", DEFAULTS, signature(STRIDES), None),
    ("signature", DEFAULTS, signature({**FILTERS, "default": 1}, STRIDES), None),
    ("attributes", {"name": "up"}, {"name": "down"}, "name: down"),
    ("attributes", {"scope_name": "up"}, {"scope_name": "up_1"}, "scope_name: up_1"),
    ("attributes", {"bases": ["Conv2D", "Layer"]}, {"bases": ["Layer"]}, "bases: ['Layer']"),
]


@pytest.mark.parametrize(("kind", "demanded", "observed"), HOLDS)
def test_what_is_demanded_holds(kind: str, demanded: Any, observed: dict[str, Any]) -> None:
    assert look(kind, demanded, observed)[0]


@pytest.mark.parametrize(("kind", "demanded", "observed", "said"), DOES_NOT)
def test_anything_else_does_not_and_it_is_said_what_was_seen(
    kind: str, demanded: Any, observed: dict[str, Any], said: str | None
) -> None:
    held, seen = look(kind, demanded, observed)
    assert not held
    assert said in (None, seen)


def test_each_kind_of_check_is_held_and_broken_above() -> None:
    looked = set(OBSERVED_BY) - {"convolution-op"}
    assert {kind for kind, *_ in HOLDS} == {kind for kind, *_ in DOES_NOT} == looked


def test_of_open_losses_the_reading_is_named() -> None:
    demanded = {"readings": {"halved": {"low": [1.0], "high": [1.0]}, "whole": {"low": [2.0], "high": [2.0]}}}
    assert look("losses", demanded, {"losses": np.array([2.0])}) == (True, "whole")
    assert look("losses", demanded, {"losses": np.array([3.0])}) == (False, "none of the readings known: 3")
    assert describe("losses", demanded) == "open: halved, or whole"


@pytest.mark.parametrize(
    ("kind", "observed", "said"),
    [
        ("convolution-op", {"convolution_op": np.array([[1.0, 3.0]])}, "convolution_op: [1, 2] from 1 to 3"),
        ("initial-weights", initial([1, 2]), "initial: kernel [2] from 1 to 2"),
        ("initial-weights", {"initial": {"kernel": Foreign("int4", (2,))}}, "initial: kernel int4[2]"),
        ("attributes", {"output": REMADE, "name": "up"}, "name: up"),
    ],
)
def test_where_nothing_is_demanded_it_is_said_what_was_seen(kind: str, observed: Any, said: str) -> None:
    assert look(kind, None, observed) == (True, said)
    assert describe(kind, None) == "open"


@pytest.mark.parametrize(
    ("kind", "demanded", "said"),
    [
        ("weights-shape", [[2], [3]], "[[2], [3]]"),
        ("initial-weights", DRAWN, "kernel: from -2 to 2, evenly"),
        ("initial-weights", {"bias": {"shape": [2], "low": 1.0, "high": 1.0}}, "bias: all 1"),
        ("losses", {"low": [1.0], "high": [2.0]}, "1.5"),
        ("losses", {"low": [], "high": []}, "none"),
        ("after-step", STEPPED, "kernel and bias after the step"),
        ("config", {"config": {"filters": 3}}, "filters: 3"),
        ("declared-shape", [None, 4], "[unknown, 4]"),
        ("signature", PARAMETERS, "filters, strides=[1, 1], **kwargs"),
        ("signature", DEFAULTS, "filters, strides=[1, 1], padding='SAME'"),
        ("attributes", {"name": "up"}, "name: up"),
    ],
)
def test_what_is_demanded_is_said_in_a_line(kind: str, demanded: Any, said: str) -> None:
    assert describe(kind, demanded) == said
