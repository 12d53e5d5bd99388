"""Is what a check of a layer's promises holds what the reference answers, and wide enough for rounding?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint import tensors
from adjoint.call import Call
from adjoint.claimed import under
from adjoint.demand import demand
from adjoint.golden import Check
from adjoint.looking import look
from adjoint.promises import promised
from adjoint.reference.answer import Unspecified
from adjoint.reference.bound import Claim

API = "keras.layers.Conv2DTranspose"
L1, L2 = {"$object": ["L1", {"l1": 0.5}]}, {"$object": ["L2", {"l2": 0.25}]}
TF32 = Claim("float32", input_rounding="tf32")


def of(*shape: int, start: int = 1) -> dict[str, Any]:
    size = int(np.prod(shape))
    numbers = np.arange(start, start + size) * (-1) ** np.arange(size)
    return tensors.encode(numbers.reshape(shape).astype(np.float32))


def call(*observe: str, api: str = API, batch: int = 1, **arguments: Any) -> Call:
    given = {"input": of(batch, 2, 1, 2), "kernel": of(1, 2, 3, 2, start=2), "bias": of(3)}
    own = {"filters": 3, "kernel_size": {"$tuple": [1, 2]}, **arguments}
    return Call(api, own, given, ("output", *observe))


def held(kind: str, made: Call, claim: Claim | None = None) -> Any:
    return promised(made, kind, demand(made, claim), claim)


def test_weights_have_their_shapes_in_order() -> None:
    assert held("weights-shape", call()) == [[1, 2, 3, 2], [3]]
    module = Call(
        "torch.nn.ConvTranspose1d",
        {"in_channels": 2, "out_channels": 4, "kernel_size": 3, "groups": 2},
        {"input": of(1, 2, 2), "weight": of(2, 2, 3), "bias": of(4)},
    )
    assert held("weights-shape", module) == [[2, 2, 3], [4]]
    limit = (2 / (4 * 3)) ** 0.5
    assert held("initial-weights", module)["bias"]["high"] == pytest.approx(limit, rel=1e-6)


def test_a_constant_is_demanded_as_it_is_and_a_drawn_weight_within_its_limit() -> None:
    kernel, bias = held("initial-weights", call()).values()
    limit = (6 / (2 * (3 + 2))) ** 0.5
    assert kernel == {"shape": [1, 2, 3, 2], "low": -kernel["high"], "high": kernel["high"]}
    assert kernel["high"] / limit - 1 == pytest.approx(4 * 2**-24, rel=1e-3), (
        "two roundings, of half a unit each"
    )
    assert bias == {"shape": [3], "low": 0.0, "high": 0.0}
    ones = call(bias_initializer={"$object": ["Constant", {"value": -2.5}]})
    assert held("initial-weights", ones)["bias"] == {"shape": [3], "low": -2.5, "high": -2.5}


def many(api: str = API) -> dict[str, Any]:
    wide = Call(
        api,
        {"filters": 40, "kernel_size": 2, "use_bias": False},
        {"input": of(1, 1, 1, 64), "kernel": of(2, 2, 40, 64)},
    )
    found: dict[str, Any] = held("initial-weights", wide)["kernel"]
    return found


def test_many_numbers_that_are_drawn_evenly_hold_whatever_the_seed() -> None:
    limit = (6 / (4 * 104)) ** 0.5
    for seed in range(50):
        drawn = np.random.default_rng(seed).uniform(-limit, limit, (2, 2, 40, 64)).astype(np.float32)
        assert look("initial-weights", {"kernel": many()}, {"initial": {"kernel": drawn}})[0]


@pytest.mark.parametrize("seed", range(5))
def test_of_many_numbers_another_limit_or_spread_is_noticed(seed: int) -> None:
    limit, draw, shape = (6 / (4 * 104)) ** 0.5, np.random.default_rng(seed), (2, 2, 40, 64)
    wrong = [
        draw.uniform(-1.03 * limit, 1.03 * limit, shape),
        draw.uniform(-0.97 * limit, 0.97 * limit, shape),
        draw.uniform(0, limit, shape),
        draw.normal(0, limit / 3**0.5, shape),
        np.clip(draw.normal(0, limit / 3, shape), -limit, limit),
        draw.choice([-1, 1], shape) * limit * draw.uniform(0, 1, shape) ** 0.5,
        np.zeros(shape),
    ]
    for weight in wrong:
        assert not look(
            "initial-weights", {"kernel": many()}, {"initial": {"kernel": weight.astype(np.float32)}}
        )[0]


def test_a_loss_is_demanded_within_rounding_and_no_further() -> None:
    kernel = np.abs(np.arange(2, 14)).sum() * 0.5
    found = held("losses", call(kernel_regularizer=L1))
    rounding = (12 + 6) * 2**-24 * kernel
    assert found["low"][0] == pytest.approx(kernel - rounding, rel=1e-8)
    assert found["high"][0] == pytest.approx(kernel + rounding, rel=1e-8)
    both = held("losses", call(kernel_regularizer=L2, bias_regularizer=L1))
    for low, wanted, high in zip(
        both["low"], (3, (np.arange(2, 14) ** 2).sum() / 4), both["high"], strict=True
    ):
        assert low < wanted < high < low * (1 + 2**-18)


def test_a_loss_of_the_output_is_that_of_the_numbers_demanded() -> None:
    made = call(activity_regularizer=L1)
    output = tensors.decode(demand(made).values[""]).astype(np.float64)
    (low,), (high,) = held("losses", made).values()
    assert low < np.abs(output).sum() * 0.5 < high
    rounded = held("losses", made, TF32)
    assert rounded["low"][0] < low
    assert rounded["high"][0] > high


def test_an_output_that_may_be_zero_adds_nothing_to_the_least_loss() -> None:
    numbers = {"input": [0.3, 0.3], "kernel": [1, -1, 1, 1, -1, -1], "bias": [0, 0, 0]}
    shapes = {"input": (1, 1, 1, 2), "kernel": (1, 1, 3, 2), "bias": (3,)}
    given = {
        name: tensors.encode(np.array(numbers[name], np.float32).reshape(shapes[name])) for name in shapes
    }
    made = Call(
        API, {"filters": 3, "kernel_size": 1, "activity_regularizer": L1}, given, ("output", "losses")
    )
    zero, more, less = zip(
        *(tensors.decode(demand(made, TF32).values[""][end]).ravel() for end in ("low", "high")), strict=True
    )
    assert zero[0] < 0 < zero[1]
    assert -1 < less[0] < less[1] < 0 < more[0] < more[1] < 1
    (low,), (high,) = held("losses", made, TF32).values()
    assert low == pytest.approx((0 + more[0] - less[1]) / 2, rel=1e-5)
    assert high == pytest.approx((zero[1] + more[1] - less[0]) / 2, rel=1e-5)


def test_a_loss_that_may_be_divided_by_the_batch_has_two_readings() -> None:
    readings = held("losses", call(batch=2, activity_regularizer=L1))["readings"]
    assert list(readings) == ["divided by the size of the batch", "not divided"]
    halved, whole = (reading["low"][0] for reading in readings.values())
    assert whole == pytest.approx(2 * halved)
    closed = call(batch=2, activity_regularizer=L1, api="keras.layers.Conv2DTranspose")
    assert "readings" not in held("losses", call(kernel_regularizer=L1, batch=2))
    assert "readings" in held("losses", closed)


def stepping(**arguments: Any) -> Call:
    made = call("stepped", **arguments)
    shape = demand(made).shape
    return Call(made.api, made.arguments, {**made.tensors, "gradient": of(*shape)}, made.observe)


def test_a_step_takes_the_gradient_away_and_a_constraint_is_put_to_the_rest() -> None:
    plain, positive = held("after-step", stepping()), held("after-step", stepping(bias_constraint="non_neg"))
    assert list(plain) == ["kernel", "bias"]
    assert plain["kernel"] == positive["kernel"]
    bias = tensors.decode(plain["bias"])
    gradient = tensors.decode(stepping().tensors["gradient"]).sum(axis=(0, 1, 2))
    assert (bias == tensors.decode(stepping().tensors["bias"]) - gradient).all()
    assert (tensors.decode(positive["bias"]) == np.maximum(bias, 0)).all()
    assert bias.min() < 0


def test_a_config_is_demanded_in_one_form_without_its_dtype() -> None:
    made = call(kernel_regularizer=L2, strides=2, dtype="float32", name="up")
    found = held("config", made)
    assert found.keys() == {"config"}
    told = found["config"]
    assert "dtype" not in told
    assert (told["name"], told["strides"], told["activation"]) == ("up", [2, 2], "linear")
    assert told["kernel_regularizer"] == {"class_name": "L2", "config": {"l2": 0.25}}
    assert held("config", call("config", "remade"))["values"] == demand(call()).values[""]


def test_a_config_whose_layer_returns_what_is_open_can_not_be_demanded() -> None:
    with pytest.raises(Unspecified, match="open"):
        held("config", call("config", "remade", padding="same", strides={"$tuple": [2, 1]}))


def test_a_declared_shape_is_that_of_the_shape_asked_about() -> None:
    assert held("declared-shape", call()) == [1, 2, 2, 3]
    made = call(strides=2)
    asked = Call(made.api, made.arguments, made.tensors, made.observe, (None, None, 4, 2))
    assert held("declared-shape", asked) == [None, None, 8, 3]


def test_a_signature_is_the_page_s_or_that_of_a_method() -> None:
    names = [parameter["name"] for parameter in held("signature", call("signature"))]
    assert names[:4] == ["filters", "kernel_size", "strides", "padding"]
    assert held("signature", call("signature"))[-1] == {"name": "kwargs", "kind": "VAR_KEYWORD"}
    assert held("signature", call("signature"))[2]["default"] == [1, 1]
    method = held("signature", call("convolution_op_signature"))
    assert [parameter["name"] for parameter in method] == ["inputs", "kernel"]


def test_nothing_is_demanded_of_convolution_op() -> None:
    assert held("convolution-op", call("convolution_op")) is None


def test_what_follows_from_numbers_is_demanded_anew_under_a_claim() -> None:
    made = stepping(activity_regularizer=L1)
    checks = [
        Check("losses", "keras-conv2d.activity-regularizer", held("losses", made)),
        Check("after-step", "keras-conv2d.kernel-constraint", {"bias": held("after-step", made)["bias"]}),
        Check("weights-shape", "keras-conv2d.weights", held("weights-shape", made)),
    ]
    losses, step, shapes = under(checks, made, TF32)
    assert losses.demanded == held("losses", made, TF32) != checks[0].demanded
    assert step.demanded.keys() == {"bias"}
    assert "low" in step.demanded["bias"]
    assert shapes == checks[2]
    remade = call("config", "remade")
    config = Check("config", "keras-conv2d.config", {**held("config", remade), "config": {"filters": 3}})
    (anew,) = under([config], remade, TF32)
    assert anew.demanded["config"] == {"filters": 3}
    assert "low" in anew.demanded["values"]
