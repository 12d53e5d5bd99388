"""Does a row that looks at a layer observe what its kinds of check need, and demand what it says?"""

from __future__ import annotations

from typing import Any

import pytest

from adjoint import tensors
from adjoint.call import Call
from adjoint.cases.looked import demanded_of, kinds_of, observing
from adjoint.demand import demand
from adjoint.reference.answer import Unspecified

KERAS, TF_LAYERS = "keras.layers.Conv1DTranspose", "tf.layers.Conv2DTranspose"


def call(api: str = KERAS, **arguments: Any) -> Call:
    rank = int(api[-11])
    sizes = {"input": [1, *[3] * rank, 2], "kernel": [*[2] * rank, 3, 2], "bias": [3]}
    make = {"kind": "integers", "low": -9, "high": 9, "seed": 1}
    made = {name: {"dtype": "float32", "shape": shape, "make": make} for name, shape in sizes.items()}
    return Call(api, {"filters": 3, "kernel_size": 2, **arguments}, made)


def demanded(kind: str, made: Call | None = None, **row: Any) -> Any:
    row = {"clause": "keras-conv1d.values", **row}
    seen = observing(made or call(), row, [kind])
    return demanded_of(seen, row, kind, demand(seen))


def test_a_row_looks_by_the_kinds_of_its_clause_unless_it_has_its_own() -> None:
    assert kinds_of({}, ["losses"]) == ["losses"]
    assert kinds_of({"kinds": ["returned", "attributes"]}, ["returned", "attributes"]) == ["attributes"]
    assert kinds_of({"kinds": ["returned", "values"]}, ["losses"]) == []


def test_a_clause_that_the_output_may_speak_for_is_not_looked_at_unasked() -> None:
    assert kinds_of({}, ["signature", "returned", "values"]) == []
    assert kinds_of({"kinds": ["returned", "signature"]}, ["signature", "returned"]) == ["signature"]


@pytest.mark.parametrize(
    ("kind", "row", "names"),
    [
        ("losses", {}, ("losses",)),
        ("losses", {"collection": True}, ("collected_losses",)),
        ("config", {}, ("config", "remade")),
        ("config", {"told": ["filters"]}, ("config",)),
        ("signature", {}, ("signature",)),
        ("signature", {"method": True}, ("convolution_op_signature",)),
        ("attributes", {"attributes": {"name": "up", "trainable": 2}}, ("name", "trainable")),
        ("attributes", {"attributes": ["name"]}, ("name",)),
    ],
)
def test_a_kind_of_check_observes(kind: str, row: dict[str, Any], names: tuple[str, ...]) -> None:
    seen = observing(call(), row, [kind])
    assert (seen.observe, seen.input_shape) == (("output", *names), None)


def test_a_shape_that_is_asked_about_has_unknown_sizes() -> None:
    assert observing(call(), {"input_shape": [-1, 4, 2]}, ["declared-shape"]).input_shape == (None, 4, 2)
    assert demanded("declared-shape", input_shape=[-1, -1, 2]) == [None, None, 3]


def test_only_the_weights_that_a_row_is_about_are_demanded() -> None:
    assert list(demanded("initial-weights")) == ["kernel", "bias"]
    assert list(demanded("initial-weights", of=["bias"])) == ["bias"]


def test_only_the_arguments_that_a_row_is_about_are_demanded() -> None:
    assert demanded("config", told=["filters", "padding"]) == {"config": {"filters": 3, "padding": "valid"}}
    assert {"kernel_size", "use_bias"} <= demanded("config")["config"].keys()
    assert tensors.decode(demanded("config")["values"]).shape == (1, 4, 3)


@pytest.mark.parametrize(
    ("api", "left"),
    [
        ("tf.keras.layers.Conv2DTranspose", "output_padding"),
        ("tf.keras.layers.Conv3DTranspose", "dilation_rate"),
    ],
)
def test_what_is_open_in_a_config_is_demanded_only_of_a_row_that_is_about_it(api: str, left: str) -> None:
    assert left not in demanded("config", call(api))["config"]
    assert "use_bias" in demanded("config", call(api))["config"]
    assert "name" not in demanded("config", call(TF_LAYERS), clause="tf-layers-conv2d.config")["config"]
    assert demanded("config", call(api), told=[left])["config"].keys() == {left}


def test_defaults_are_demanded_in_any_order() -> None:
    found = demanded("signature", clause="tf-keras-conv2d.defaults")
    assert found["required"] == ["filters", "kernel_size"]
    assert (found["defaults"]["padding"], found["defaults"]["activation"]) == ("valid", None)
    assert "kwargs" not in found["defaults"]
    assert [p["name"] for p in demanded("signature", clause="keras-conv1d.signature")][-1] == "kwargs"


def test_attributes_are_demanded_as_a_row_has_them_and_none_where_they_are_open() -> None:
    assert demanded("attributes", attributes={"name": "up"}) == {"name": "up"}
    assert demanded("attributes", attributes=["name"]) is None


def test_where_no_clause_speaks_an_open_one_demands_nothing_and_a_closed_one_can_not() -> None:
    none = call(TF_LAYERS, bias_initializer=None)
    assert demanded("initial-weights", none, clause="tf-layers-conv2d.initializer-none") is None
    with pytest.raises(Unspecified):
        demanded("initial-weights", none, clause="tf-layers-conv2d.bias-initializer")


def test_a_size_below_zero_is_unknown_and_an_empty_batch_is_not() -> None:
    row = {"clause": "keras-conv1d.declared-shape", "input_shape": [0, -1, 2]}
    assert observing(call(), row, ["declared-shape"]).input_shape == (0, None, 2)
