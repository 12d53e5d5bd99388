"""Is known what a layer promises beside its output?  Initial weights, losses, steps, config."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis, features
from adjoint.reference.answer import Answer, Unspecified
from adjoint.reference.exact import Tensor
from adjoint.reference.features import Initial, Loss
from adjoint.reference.layers import Layer
from adjoint.reference.objects import Function, Named
from tests.reference_calls import RANKS, cut, each_layer, knows, ones, tensor

DIVIDED, WHOLE = "divided by the size of the batch", "not divided"
LEFT_OPEN = {"keras.layers.Conv2DTranspose", "tf.keras.layers.Conv2DTranspose", "tf.layers.Conv2DTranspose"}
TF_LAYERS = "tf.layers.Conv2DTranspose"


def constructed(api: str, **arguments: Any) -> Layer:
    return apis.LAYERS[api](api, {"filters": 3, "kernel_size": cut(RANKS[api], 2, 4, 5), **arguments})


def initial(api: str, channels: int = 7, **arguments: Any) -> dict[str, Initial]:
    return features.initial_weights(constructed(api, **arguments), channels)


@each_layer
def test_weights_are_a_kernel_and_with_use_bias_a_bias(api: str) -> None:
    kernel = (*(2, 4, 5)[: RANKS[api]], 3, 7)
    shapes = [(name, weight.shape) for name, weight in initial(api).items()]
    assert shapes == [("kernel", kernel), ("bias", (3,))]
    assert [weight.shape for weight in initial(api, use_bias=False).values()] == [kernel]


@each_layer
def test_a_kernel_is_drawn_by_glorot_uniform_and_a_bias_is_zero(api: str) -> None:
    window = {1: 2, 2: 8, 3: 40}[RANKS[api]]
    limit = Fraction(6, 3 * window + 7 * window)
    named: list[Any] = ["glorot_uniform", "GlorotUniform", Named("GlorotUniform")]
    for given in ({}, *({"kernel_initializer": form} for form in named)):
        kernel, bias = initial(api, **given).values()
        assert (kernel.value, kernel.limit_squared) == (None, limit)
        assert (bias.value, bias.limit_squared) == (0, 0)


@each_layer
def test_none_as_initializer_is_the_default_where_the_page_says_so(api: str) -> None:
    for name in ("kernel_initializer", "bias_initializer"):
        if api.startswith("keras") or (api, name) == (TF_LAYERS, "kernel_initializer"):
            assert initial(api, **{name: None}) == initial(api)
        else:
            with pytest.raises(Unspecified, match=f"{name} is None"):
                initial(api, **{name: None})


@each_layer
@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("zeros", 0),
        ("Ones", 1),
        (Named("Zeros"), 0),
        (Named("ones"), 1),
        (Named("Constant"), 0),
        (Named("constant", {"value": -2.5}), Fraction(-5, 2)),
        (Named("Constant", {"value": 3}), 3),
    ],
)
def test_an_initializer_fills_the_weight_that_it_is_given_for(api: str, form: Any, value: Fraction) -> None:
    kernel, bias = initial(api, kernel_initializer=form).values()
    assert (kernel.value, kernel.limit_squared, bias.value) == (value, value * value, 0)
    kernel, bias = initial(api, bias_initializer=form).values()
    assert (kernel.value, bias.value, bias.limit_squared) == (None, value, value * value)


@each_layer
@pytest.mark.parametrize("form", ["he_normal", "random_normal", Named("RandomUniform", {"seed": 3})])
def test_nothing_is_demanded_of_other_initializers_nor_of_a_bias_drawn_by_its_fans(
    api: str, form: Any
) -> None:
    for arguments in ({"kernel_initializer": form}, {"bias_initializer": form}):
        with pytest.raises(Unspecified):
            initial(api, **arguments)
    with pytest.raises(Unspecified, match="no fans"):
        initial(api, bias_initializer="glorot_uniform")


KERNEL, BIAS = Tensor("float32", (2, 2), (3, -5, 0, 7), -1), Tensor("float32", (2,), (-1, 4), 0)
OUTPUT = Tensor("float32", (4, 2), (1, -2, 3, -4, 5, -6, 7, -8), -2)
HALF, TENTH = {"l1": 0.5}, Fraction(0.1)
REGULARIZED: list[tuple[Any, dict[str, Fraction]]] = [
    # absolute values and squares of the kernel: 15/2, 83/4; of the bias: 5, 17; of the output: 36/4, 204/16
    (Named("L1", HALF), {"kernel": Fraction(15, 4), "bias": Fraction(5, 2), "output": Fraction(9, 2)}),
    (Named("l2", {"l2": 2}), {"kernel": Fraction(83, 2), "bias": Fraction(34), "output": Fraction(51, 2)}),
    (
        Named("L1L2", {"l1": 0.5, "l2": 2}),
        {"kernel": Fraction(181, 4), "bias": Fraction(73, 2), "output": Fraction(30)},
    ),
    (Named("l1_l2", HALF), {"kernel": Fraction(15, 4), "bias": Fraction(5, 2), "output": Fraction(9, 2)}),
    (Named("L1L2", {"l2": 2}), {"kernel": Fraction(83, 2), "bias": Fraction(34), "output": Fraction(51, 2)}),
    (
        "l1",
        {
            "kernel": Fraction(0.01) * Fraction(15, 2),
            "bias": Fraction(0.01) * 5,
            "output": Fraction(0.01) * 9,
        },
    ),
    (
        "L2",
        {
            "kernel": Fraction(0.01) * Fraction(83, 4),
            "bias": Fraction(0.01) * 17,
            "output": Fraction(0.01) * 51 / 4,
        },
    ),
    (Named("L1", {"l1": 0.1}), {"kernel": TENTH * 15 / 2, "bias": TENTH * 5, "output": TENTH * 9}),
]
ARGUMENTS = {"kernel": "kernel_regularizer", "bias": "bias_regularizer", "output": "activity_regularizer"}


def losses(api: str, bias: Tensor | None = BIAS, output: Tensor = OUTPUT, **arguments: Any) -> list[Loss]:
    return features.losses(constructed(api, **arguments), KERNEL, bias, output)


@each_layer
@pytest.mark.parametrize(("form", "demanded"), REGULARIZED)
def test_a_regularizer_of_a_weight_gives_one_loss(api: str, form: Any, demanded: dict[str, Fraction]) -> None:
    assert losses(api, kernel_regularizer=form) == [Loss("kernel", demanded["kernel"], 4)]
    assert losses(api, bias_regularizer=form) == [Loss("bias", demanded["bias"], 2)]
    assert losses(api, bias_regularizer=form, bias=None, use_bias=False) == []


@each_layer
@pytest.mark.parametrize(("form", "demanded"), REGULARIZED)
def test_a_regularizer_of_the_output_is_divided_by_the_batch_where_the_page_says_so(
    api: str, form: Any, demanded: dict[str, Fraction]
) -> None:
    whole = demanded["output"]
    readings = {DIVIDED: whole / 4, WHOLE: whole} if api in LEFT_OPEN else {}
    assert losses(api, activity_regularizer=form) == [Loss("output", whole / 4, 8, readings)]
    if readings:
        readings = {DIVIDED: whole / 2, WHOLE: whole}
    of_two = losses(api, activity_regularizer=form, output=OUTPUT.reshaped((2, 2, 2)))
    assert of_two == [Loss("output", whole / 2, 8, readings)]
    alone = OUTPUT.reshaped((1, 4, 2))
    assert losses(api, activity_regularizer=form, output=alone) == [Loss("output", whole, 8)]
    with pytest.raises(Unspecified, match="empty"):
        losses(api, activity_regularizer=form, output=ones(0, 2))
    empty = losses(api, kernel_regularizer=form, output=ones(0, 2))
    assert empty == [Loss("kernel", demanded["kernel"], 4)]


@each_layer
def test_losses_come_in_the_order_kernel_bias_output_and_only_those_that_were_asked_for(api: str) -> None:
    assert losses(api) == []
    found = losses(api, activity_regularizer="l1", bias_regularizer="l2", kernel_regularizer="l1")
    assert [loss.of for loss in found] == ["kernel", "bias", "output"]


@each_layer
@pytest.mark.parametrize(
    "form",
    ["orthogonal", "l1_l2", "L1L2", "l3", Named("L1", {"l": 0.5}), Named("L2", {"l1": 0.5}), Named("L1L2")],
)
def test_nothing_is_demanded_of_other_regularizers(api: str, form: Any) -> None:
    """By its name alone l1_l2 has other factors in Keras 2 than in its class."""
    for argument in ARGUMENTS.values():
        with pytest.raises(Unspecified):
            losses(api, **{argument: form})


W, B = Tensor("float32", (2, 2), (3, -5, 1, 7), -1), tensor([-1, 4])
GRADIENT = Answer(
    Tensor("float32", (2, 2), (1, 2, 3, 4)), Tensor("float32", (2, 2), (5, 6, 7, 8)), ones(2, 2)
)
OF_BIAS = Answer(tensor([2, -3]), tensor([2, 3]), tensor([9, 9]))


def stepped(api: str, gradient: Answer = GRADIENT, **arguments: Any) -> dict[str, Answer]:
    gradients = {"kernel": gradient, "bias": OF_BIAS}
    return features.after_step(constructed(api, **arguments), {"kernel": W, "bias": B}, gradients)


@each_layer
def test_a_step_takes_the_gradient_away(api: str) -> None:
    found = stepped(api)
    assert list(found) == ["kernel", "bias"]
    assert found["kernel"] == Answer(
        Tensor("float32", (2, 2), (1, -9, -5, -1), -1),
        Tensor("float32", (2, 2), (13, 17, 15, 23), -1),
        tensor([[2, 2], [2, 2]]),
    )
    assert found["bias"] == Answer(tensor([-3, 7]), tensor([3, 7]), tensor([10, 10]))


@each_layer
def test_a_constraint_is_put_to_the_weight_that_the_step_left(api: str) -> None:
    for form in ("non_neg", "NonNeg", Named("NonNeg")):
        found = stepped(api, kernel_constraint=form)
        assert found["kernel"].values == Tensor("float32", (2, 2), (1, 0, 0, 0), -1)
        assert found["kernel"].magnitude == stepped(api)["kernel"].magnitude
        assert found["bias"] == stepped(api)["bias"]
        assert stepped(api, bias_constraint=form)["bias"].values == tensor([0, 7])
        assert stepped(api, bias_constraint=form)["kernel"] == stepped(api)["kernel"]


@each_layer
def test_a_constraint_of_ones_own_doubles_the_weight_and_how_far_rounding_may_stray(api: str) -> None:
    assert stepped(api, bias_constraint=Function("double"))["bias"] == Answer(
        tensor([-6, 14]), tensor([6, 14]), tensor([10, 10])
    )
    kernel = stepped(api, kernel_constraint=Function("double"))["kernel"]
    assert kernel.values == Tensor("float32", (2, 2), (2, -18, -10, -2), -1)


@each_layer
def test_a_step_is_taken_under_each_reading_of_the_gradient(api: str) -> None:
    other = Tensor("float32", (2, 2), (0, -3, 1, 0))
    readings = {"one": GRADIENT.values, "other": other}
    gradient = Answer(GRADIENT.values, GRADIENT.magnitude, GRADIENT.terms, readings)
    kernel = stepped(api, gradient, kernel_constraint="non_neg")["kernel"]
    assert kernel.readings == {
        "one": Tensor("float32", (2, 2), (1, 0, 0, 0), -1),
        "other": Tensor("float32", (2, 2), (3, 1, 0, 7), -1),
    }
    assert kernel.values == kernel.readings["one"]


@each_layer
@pytest.mark.parametrize(
    "form", ["max_norm", Named("MaxNorm", {"max_value": 2}), "unit_norm", Named("double")]
)
def test_nothing_is_demanded_of_other_constraints(api: str, form: Any) -> None:
    for argument in ("kernel_constraint", "bias_constraint"):
        with pytest.raises(Unspecified, match=argument):
            stepped(api, **{argument: form})


CONFIGURED: list[dict[str, Any]] = [
    {},
    {"strides": 2, "padding": "SAME", "data_format": "channels_first"},
    {"strides": 3, "output_padding": 1, "padding": "Same"},
    {"dilation_rate": 2, "use_bias": False},
    {"output_padding": None, "activation": "relu", "kernel_initializer": Named("ones")},
    {
        "kernel_constraint": "non_neg",
        "bias_regularizer": Named("L2", {"l2": 3}),
        "data_format": "channels_last",
    },
]


@each_layer
@pytest.mark.parametrize("arguments", CONFIGURED)
def test_a_layer_made_from_a_config_has_the_same_arguments(api: str, arguments: dict[str, Any]) -> None:
    if not knows(api, arguments):
        return
    layer = constructed(api, name="up", **arguments)
    told = features.config(layer)
    rank = RANKS[api]
    assert told.keys() == layer.arguments.keys()
    assert told["name"] == "up"
    assert (told["filters"], told["kernel_size"]) == (3, (2, 4, 5)[:rank])
    assert type(features.config(constructed(api, filters=np.int64(3)))["filters"]) is int
    assert told["strides"] == (arguments.get("strides", 1),) * rank
    assert told["padding"] == arguments.get("padding", "valid").lower()
    assert told["data_format"] == arguments.get("data_format", "channels_last")
    padding = arguments.get("output_padding")
    sizes = {"dilation_rate": (arguments.get("dilation_rate", 1),) * rank}
    sizes["output_padding"] = None if padding is None else (padding,) * rank
    assert {name: told[name] for name in sizes if name in told} == {
        n: v for n, v in sizes.items() if knows(api, {n: 1})
    }
    rest = told.keys() - {"filters", "kernel_size", "strides", "padding", "data_format", *sizes}
    assert {name: told[name] for name in rest} == {name: layer.arguments[name] for name in rest}
    again = apis.LAYERS[api](
        api, {name: value for name, value in told.items() if value is not None or knows(api, {name: 1})}
    )
    assert features.config(again) == told
    assert normalised(again) == normalised(layer)


def normalised(layer: Layer) -> list[Any]:
    names = (
        "filters",
        "kernel_size",
        "strides",
        "dilation_rate",
        "padding",
        "output_padding",
        "last",
        "use_bias",
    )
    return [getattr(layer, name) for name in names]
