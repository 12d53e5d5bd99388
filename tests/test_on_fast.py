"""Does the fast implementation show what is asked of a layer, a module or a function, and no more?"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from adjoint.implementations import on_fast
from adjoint.implementations.serving import Arguments
from adjoint.reference.signatures import signatures

LAYERS = list(on_fast.LAYERS)
MODULES = list(on_fast.MODULES)
each_layer = pytest.mark.parametrize("api", LAYERS)


def axes(api: str) -> int:
    return next(int(digit) for digit in api[-12:] if digit.isdigit())


def looked(
    api: str, *wanted: str, shape: Any = None, of: str = "float32", **arguments: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return what is seen of a layer y = -2 * x + 3 with x = 1, -4 and a gradient 2, 1; and its stages."""
    ones = (1,) * axes(api)
    tensors = {
        "input": np.array([1, -4], of).reshape(2, *ones, 1),
        "kernel": np.full((*ones, 1, 1), -2, of),
        "bias": np.full(1, 3, of),
        "gradient": np.array([2, 1], of).reshape(2, *ones, 1),
    }
    stages: list[str] = []
    arguments = {"filters": 1, "kernel_size": 1, **arguments}
    return on_fast.look(api, Arguments(arguments), tensors, stages.append, wanted, shape), stages


@each_layer
def test_all_that_is_claimed_of_a_layer_is_seen_at_once(api: str) -> None:
    claimed = [name for name in on_fast.FEATURES if not name.startswith("convolution_op")]
    given = {
        "kernel_regularizer": "l1",
        "activity_regularizer": on_fast.make("x_regularizer", "L1", {"l1": 1}),
    }
    given |= {"bias_constraint": "non_neg", "kernel_initializer": "ones", "name": "up"}
    seen, stages = looked(api, "output", *claimed, shape=(None,) * axes(api) + (7, 1), **given)
    assert stages == ["build", "weights", "call", "observe"]
    assert seen["output"].ravel().tolist() == seen["remade"].ravel().tolist() == [1, 11]
    assert seen["shapes"] == [(1,) * (axes(api) + 2), (1,)]
    assert {name: weight.item() for name, weight in seen["initial"].items()} == {"kernel": 1, "bias": 0}
    assert [float(loss) for loss in seen["losses"]] == pytest.approx([0.02, 6])
    assert {name: weight.item() for name, weight in seen["stepped"].items()} == {"kernel": 0, "bias": 0}
    assert seen["config"]["config"] == seen["config"]["again"]
    assert seen["config"]["config"]["filters"] == 1
    assert seen["declared"] == (None,) * axes(api) + (7, 1)
    assert seen["name"] == "up"
    assert (seen["trainable"], seen["dtypes"], seen["devices"]) == (2, ["float32"] * 2, ["cpu"] * 2)


@each_layer
def test_what_is_not_wanted_is_not_done(api: str) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise AssertionError

    seen, stages = looked(api, "name", "config", "signature", kernel_initializer=fails)
    assert (set(seen), stages) == ({"name", "config", "signature"}, [])
    uncalled = ("shapes", "initial", "trainable", "dtypes", "devices")
    if not api.startswith("tf.layers"):
        seen, _ = looked(api, *uncalled, activation=fails)
        assert set(seen) == set(uncalled)
    seen, _ = looked(api, "output", bias_constraint=fails)
    assert set(seen) == {"output"}


@each_layer
def test_gradients_are_seen_beside_the_rest(api: str) -> None:
    seen, _ = looked(api, "gradient-kernel", "gradient-bias", "trainable", trainable=False)
    assert (seen["gradient-kernel"].item(), seen["gradient-bias"].item(), seen["trainable"]) == (-2, 3, 0)


@each_layer
def test_the_dtype_is_that_of_the_weights(api: str) -> None:
    given = {} if api.startswith("tf.layers") else {"dtype": "float64"}
    seen, _ = looked(api, "dtypes", "initial", "remade", of="float64", **given)
    assert seen["dtypes"] == ["float64", "float64"]
    assert seen["initial"]["kernel"].dtype == seen["remade"].dtype == np.float64


@each_layer
def test_a_layer_is_built_for_its_input_where_no_kernel_is_given(api: str) -> None:
    tensors = {"input": np.zeros((2, 5, *[3] * axes(api)), "float32")}
    arguments = {"filters": 4, "kernel_size": 2, "data_format": "channels_first", "use_bias": False}
    seen = on_fast.look(api, Arguments(arguments), tensors, lambda _: None, ("shapes", "initial"), None)
    assert seen["shapes"] == [(*[2] * axes(api), 4, 5)]
    assert list(seen["initial"]) == ["kernel"]


def test_convolution_op_is_seen_where_there_is_one() -> None:
    api = "tf.keras.layers.Conv3DTranspose"
    seen, _ = looked(api, "convolution_op", "convolution_op_signature", activation="relu")
    assert seen["convolution_op"].ravel().tolist() == [-2, 8]
    assert list(inspect.signature(seen["convolution_op_signature"]).parameters) == ["inputs", "kernel"]


@pytest.mark.parametrize("api", MODULES)
def test_a_module_shows_its_weights(api: str) -> None:
    n = axes(api)
    tensors = {"input": np.ones((1, 4, *[2] * n), "float64")}
    arguments = {"in_channels": 4, "out_channels": 6, "kernel_size": 2, "groups": 2, "dtype": "float64"}
    wanted = ("shapes", "initial", "trainable", "dtypes", "devices")
    seen = on_fast.look(api, Arguments(arguments), tensors, lambda _: None, wanted, None)
    assert seen["shapes"] == [(4, 3, *[2] * n), (6,)]
    assert {name: weight.shape for name, weight in seen["initial"].items()} == {
        "weight": (4, 3, *[2] * n),
        "bias": (6,),
    }
    assert all(weight.any() for weight in seen["initial"].values())
    assert (seen["trainable"], seen["dtypes"], seen["devices"]) == (2, ["float64"] * 2, ["cpu"] * 2)


@pytest.mark.parametrize("api", signatures())
def test_signatures_are_those_of_the_pages(api: str) -> None:
    """What stands for **kwargs may be by keyword alone."""
    arguments: dict[str, Any] = {}
    if api in LAYERS:
        arguments = {"filters": 1, "kernel_size": 1}
    if api in MODULES:
        arguments = {"in_channels": 1, "out_channels": 1, "kernel_size": 1}
    seen = on_fast.look(api, Arguments(arguments), {}, lambda _: None, ("signature",), None)["signature"]
    parameters = [p for p in inspect.signature(seen).parameters.values() if p.name != "self"]
    listed = [(p.name, p.default) for p in parameters if p.kind is not p.KEYWORD_ONLY]
    wanted = [(p.name, p.default) for p in signatures()[api].parameters.values() if p.name != "kwargs"]
    assert listed == wanted


def test_a_function_returns_beside_its_signature() -> None:
    tensors = {"input": np.ones((1, 1, 2), "float32"), "weight": np.ones((1, 1, 1), "float32")}
    api = "torch.nn.functional.conv_transpose1d"
    seen = on_fast.look(api, Arguments(), tensors, lambda _: None, ("output", "signature"), None)
    assert seen["output"].tolist() == [[[1, 1]]]


@pytest.mark.parametrize(
    ("argument", "name", "settings"),
    [
        ("kernel_initializer", "Constant", {"value": 2}),
        ("bias_initializer", "Zeros", {}),
        ("activity_regularizer", "L1L2", {"l1": 0.5, "l2": 2.0}),
        ("bias_constraint", "NonNeg", {}),
    ],
)
def test_objects_are_made_for_their_arguments(argument: str, name: str, settings: dict[str, Any]) -> None:
    made = on_fast.make(argument, name, settings)
    assert (type(made).__name__, vars(made)) == (name, settings)


def test_what_is_seen_is_claimed() -> None:
    claimed = on_fast.start()["claims"]["observes"]
    assert {*on_fast.CONSTRUCTED, *on_fast.BUILT} < set(claimed)
    assert {"output", "gradient-input", "losses", "stepped", "remade", "convolution_op"} < set(claimed)


@pytest.mark.parametrize("table", [on_fast.FUNCTIONS, on_fast.LAYERS, on_fast.MODULES])
def test_what_is_given_by_position_is_passed_by_position(
    table: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reached(Exception):
        pass

    def spy(*first: Any, **rest: Any) -> Any:
        raise Reached(first, rest)

    api = next(iter(table))
    monkeypatch.setitem(table, api, spy)
    arguments = Arguments(a=1, b=2)
    arguments.positional = ("b",)
    with pytest.raises(Reached) as reached:
        on_fast.prepare(api, arguments, {}, lambda _: None)[0]({})
    assert reached.value.args == ((2,), {"a": 1})
