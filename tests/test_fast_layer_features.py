"""Do the layers of adjoint.fast start, cost, step and describe themselves as their arguments say?

Most have a kernel of one element: such a layer is y = kernel * x + bias. What it must do is worked by hand.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from adjoint.fast import tf_keras_layers
from adjoint.fast.constraints import NonNeg
from adjoint.fast.initializers import Constant, GlorotUniform
from adjoint.fast.regularizers import L1, L1L2, L2
from tests.test_fast_layers import LAYERS, each_layer, has, rank


def column(api: str, *numbers: float) -> Any:
    """Return inputs of one channel and one position, as many samples as there are numbers."""
    return np.array(numbers, "float32").reshape(-1, *[1] * (rank(api) + 1))


def single(api: str, kernel: float, bias: float, **arguments: Any) -> Any:
    """Return a layer of one weight, and a bias."""
    layer = LAYERS[api](1, 1, **arguments)
    layer.build((None, *[1] * (rank(api) + 1)))
    layer.set_weights([np.full((1,) * (rank(api) + 2), kernel), np.full(1, bias)])
    return layer


@each_layer
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_weights_start_as_the_initializers_say(api: str, layout: str) -> None:
    n = rank(api)
    shape = (None, *[1] * n, 5) if layout == "channels_last" else (None, 5, *[1] * n)
    limit = np.sqrt(6 / (2**n * 3 + 2**n * 5))
    for form in (None, "glorot_uniform", "GlorotUniform", GlorotUniform(), GlorotUniform):
        layer = LAYERS[api](3, 2, data_format=layout, kernel_initializer=form, bias_initializer=None)
        layer.build(shape)
        kernel, bias = layer.weights
        assert (kernel.shape, kernel.dtype) == ((2,) * n + (3, 5), np.float32)
        assert limit / 2 < abs(kernel).max() <= limit
        assert len(np.unique(kernel)) > 20
        assert (bias.shape, bias.dtype, bias.any()) == ((3,), np.float32, False)
    layer = LAYERS[api](3, 2, data_format=layout, kernel_initializer=Constant(-2), bias_initializer="ones")
    layer.build(shape)
    assert (layer.kernel == -2).all()
    assert layer.bias.tolist() == [1, 1, 1]


@each_layer
def test_an_initializer_may_be_any_function_of_shape_and_dtype(api: str) -> None:
    def counted(shape: tuple[int, ...], dtype: Any) -> Any:
        return np.arange(np.prod(shape), dtype=dtype).reshape(shape)

    layer = LAYERS[api](2, 1, kernel_initializer=counted, bias_initializer=lambda *_, **__: [1])
    with pytest.raises(ValueError, match=r"bias_initializer returned .* shape \(1,\): .* returns \(2,\)"):
        layer.build((1,) * (rank(api) + 1) + (3,))
    assert layer.kernel.ravel().tolist() == [0, 1, 2, 3, 4, 5]


@each_layer
def test_losses_are_of_kernel_bias_and_output_in_this_order(api: str) -> None:
    layer = single(api, -3, 2, kernel_regularizer="l1", bias_regularizer=L2(0.5), activity_regularizer=L1(1))
    assert [float(loss) for loss in layer.losses] == pytest.approx([0.03, 2])
    layer(column(api, 1, 3))  # -1, -7
    assert [float(loss) for loss in layer.losses] == pytest.approx([0.03, 2, 4])
    layer(column(api, 1))
    layer.kernel = layer.kernel * 2
    assert [float(loss) for loss in layer.losses] == pytest.approx([0.06, 2, 1])
    assert {loss.dtype for loss in layer.losses} == {np.dtype("float32")}


@each_layer
def test_only_losses_that_are_asked_for_are_there(api: str) -> None:
    names = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
    for wanted in product((False, True), repeat=3):
        given = {name: L1L2(1, 1) for name, asked in zip(names, wanted, strict=True) if asked}
        layer = single(api, 1, 2, **given)
        assert layer(column(api, 1)).ravel().tolist() == [3]
        costs = [cost for cost, asked in zip((2, 6, 12), wanted, strict=True) if asked]
        assert layer.losses == costs


@each_layer
def test_the_loss_of_the_output_is_that_after_the_activation(api: str) -> None:
    layer = single(api, 1, 0, activation="relu", activity_regularizer=lambda y: y.sum())
    layer(column(api, -5, 3, 5, -1))
    assert layer.losses == [2]
    assert single(api, 1, 0, activity_regularizer="l2").losses == []


@each_layer
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_the_loss_of_the_output_is_shared_by_the_samples_alone(api: str, layout: str) -> None:
    """Of 2 samples, 3 filters and 4 * 4 * ... elements each, all of them ones."""
    n = rank(api)
    given: dict[str, Any] = {"kernel_initializer": "zeros", "bias_initializer": "ones"}
    layer = LAYERS[api](3, 1, strides=2, data_format=layout, activity_regularizer=L1(1), **given)
    layer(np.zeros((2, *[2] * n, 2), "float32"))
    assert layer.losses == [3 * 4**n]


@each_layer
def test_a_layer_without_bias_has_no_loss_of_it(api: str) -> None:
    layer = LAYERS[api](1, 1, use_bias=False, kernel_initializer="ones", bias_regularizer="l1")
    assert layer.losses == layer.weights == layer.trainable_weights == []
    layer(column(api, 1))
    assert layer.losses == []
    assert len(layer.weights) == len(layer.trainable_weights) == 1


@each_layer
def test_losses_have_the_dtype_of_the_layer(api: str) -> None:
    layer = LAYERS[api](1, 1, dtype="float64", kernel_regularizer=lambda _: 0.1, activity_regularizer="l1")
    layer(column(api, 1, 2, 3).astype("float64"))
    assert [loss.dtype for loss in layer.losses] == [np.float64, np.float64]
    assert layer.losses[0] == 0.1


@each_layer
def test_a_step_goes_down_the_gradients_and_then_meets_the_constraints(api: str) -> None:
    """Of sum(y * g) with x = 1, 2 and g = 3, -1: 1 by the kernel, 2 by the bias."""
    x, gradient = column(api, 1, 2), column(api, 3, -1)
    for given, wanted in (
        ({}, (-4, 5)),
        ({"kernel_constraint": "non_neg"}, (0, 5)),
        ({"bias_constraint": NonNeg()}, (-4, 5)),
        ({"kernel_constraint": lambda w: 2 * w, "bias_constraint": lambda w: -w}, (-8, -5)),
        ({"bias_constraint": lambda w: -2 * w, "kernel_regularizer": "l1"}, (-4, -10)),
    ):
        layer = single(api, -3, 7, **given)
        layer.step(x, gradient)
        assert (layer.kernel.item(), layer.bias.item()) == wanted
        assert layer.kernel.dtype == layer.bias.dtype == np.float32


@each_layer
def test_a_constraint_must_keep_the_shape(api: str) -> None:
    layer = single(api, 1, 1, kernel_constraint=lambda w: w.ravel())
    with pytest.raises(ValueError, match=r"kernel_constraint returned .* shape \(1,\): give one that"):
        layer.step(column(api, 1), column(api, 1))


@each_layer
def test_a_step_without_bias_changes_the_kernel_alone(api: str) -> None:
    layer = LAYERS[api](1, 1, use_bias=False, kernel_initializer="ones")
    layer.step(column(api, 4), column(api, 2))
    assert (layer.kernel.item(), layer.bias) == (-7, None)


@each_layer
def test_what_is_not_trainable_is_not_changed(api: str) -> None:
    layer = single(api, -3, 7, trainable=False, kernel_constraint="non_neg")
    assert (len(layer.weights), layer.trainable_weights) == (2, [])
    layer.step(column(api, 1), column(api, 1))
    assert (layer.kernel.item(), layer.bias.item()) == (-3, 7)
    layer.trainable = True
    assert [weight.item() for weight in layer.trainable_weights] == [-3, 7]
    layer.step(column(api, 1), column(api, 1))
    assert (layer.kernel.item(), layer.bias.item()) == (0, 6)


@each_layer
def test_a_layer_has_the_name_that_it_is_given_or_that_of_its_class(api: str) -> None:
    layer = LAYERS[api](1, 1, name="Up 2")
    assert layer.name == layer.get_config()["name"] == "Up 2"
    assert LAYERS[api](1, 1).name == f"conv{rank(api)}d_transpose"


def unusual(api: str) -> dict[str, Any]:
    """Return arguments of which none is a default."""
    n = rank(api)
    given = {
        "filters": 4,
        "kernel_size": (3, 2, 5)[:n],
        "strides": (3, 2, 4)[:n],
        "padding": "SAME",
        "data_format": "channels_first",
        "activation": "relu",
        "use_bias": False,
        "kernel_initializer": "ones",
        "bias_initializer": Constant(2),
        "kernel_regularizer": "l1",
        "bias_regularizer": L2(0.5),
        "activity_regularizer": L1L2(1, 2),
        "kernel_constraint": "non_neg",
        "bias_constraint": NonNeg(),
        "name": "up",
        "trainable": False,
        "dtype": "float64",
    }
    return given | ({"output_padding": (2, 1, 3)[:n]} if has(api, "output_padding") else {})


@each_layer
def test_the_config_has_each_argument_in_one_form(api: str) -> None:
    given = unusual(api)
    layer = LAYERS[api](**given)
    config = layer.get_config()
    objects = {
        "kernel_initializer": {"class_name": "Ones", "config": {}},
        "bias_initializer": {"class_name": "Constant", "config": {"value": 2}},
        "kernel_regularizer": {"class_name": "L1", "config": {"l1": 0.01}},
        "bias_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
        "activity_regularizer": {"class_name": "L1L2", "config": {"l1": 1, "l2": 2}},
        "kernel_constraint": {"class_name": "NonNeg", "config": {}},
        "bias_constraint": {"class_name": "NonNeg", "config": {}},
    }
    more = {"dilation_rate": (1,) * rank(api)} if has(api, "dilation_rate") else {}
    more |= {"input_shape": None} if has(api, "input_shape") else {}
    assert config == {**given, **more, **objects, "padding": "same"}
    again = LAYERS[api].from_config(config)
    assert type(again) is LAYERS[api]
    assert again.settings == layer.settings
    assert again.get_config() == config


@each_layer
def test_the_config_of_defaults_has_them_all(api: str) -> None:
    n = rank(api)
    config = LAYERS[api](np.int64(4), 2, kernel_initializer=None).get_config()
    assert {name: config[name] for name in ("filters", "kernel_size", "strides", "data_format")} == {
        "filters": 4,
        "kernel_size": (2,) * n,
        "strides": (1,) * n,
        "data_format": "channels_last",
    }
    assert type(config["filters"]) is int
    assert (config["activation"], config["use_bias"], config["dtype"]) == ("linear", True, None)
    assert config["bias_initializer"] == {"class_name": "Zeros", "config": {}}
    none = ("kernel_initializer", "kernel_regularizer", "activity_regularizer", "bias_constraint")
    assert [config[name] for name in none] == [None] * 4


@pytest.mark.parametrize("api", [api for api in LAYERS if has(api, "dilation_rate")])
def test_a_config_keeps_dilation(api: str) -> None:
    config = LAYERS[api](1, 1, dilation_rate=3).get_config()
    assert config["dilation_rate"] == (3,) * rank(api)
    assert LAYERS[api].from_config(config).settings.dilation_rate == (3,) * rank(api)


@each_layer
def test_functions_of_ones_own_stay_themselves_in_a_config(api: str) -> None:
    own = dict.fromkeys(("activation", "kernel_regularizer", "bias_constraint"), abs)
    config = LAYERS[api](1, 1, **own).get_config()
    assert {name: config[name] for name in own} == own
    assert LAYERS[api].from_config(config).settings.activation is abs


@each_layer
def test_the_declared_shape_is_that_of_the_output(api: str) -> None:
    n = rank(api)
    for layout, padding, extra in product(
        ("channels_last", "channels_first"), ("valid", "same"), (None, 0, 1)
    ):
        more = {} if extra is None else {"output_padding": extra}
        if more and not has(api, "output_padding"):
            continue
        given: dict[str, Any] = {"strides": (2, 3, 4)[:n], "padding": padding, "data_format": layout, **more}
        layer = LAYERS[api](6, (3, 4, 2)[:n], **given)
        first = layout == "channels_first"
        shape = (2, 3, 4, 1, 2)[: n + 2] if first else (*(2, 4, 1, 2)[: n + 1], 3)
        declared = layer.compute_output_shape(shape)
        assert declared == layer(np.zeros(shape, "float32")).shape
        channel = 1 if first else n + 1
        for unknown in range(n + 2):
            asked = [None if axis == unknown else length for axis, length in enumerate(shape)]
            wanted = [
                6 if axis == channel else None if axis == unknown else length
                for axis, length in enumerate(declared)
            ]
            assert layer.compute_output_shape(asked) == tuple(wanted)


@each_layer
def test_a_declared_shape_counts_dilation_and_refuses_what_is_no_shape(api: str) -> None:
    n = rank(api)
    layer = LAYERS[api](2, 3, **({"dilation_rate": 2} if has(api, "dilation_rate") else {}))
    longer = 8 if has(api, "dilation_rate") else 6
    assert layer.compute_output_shape((None, *[4] * n, 1)) == (None, *[longer] * n, 2)
    with pytest.raises(ValueError, match=f"give {n + 2} lengths"):
        layer.compute_output_shape((1, 2))
    with pytest.raises(TypeError, match=r"input_shape\[1\]=2.5: give an integer"):
        layer.compute_output_shape((1, 2.5, *[1] * n))
    with pytest.raises(ValueError, match=r"input_shape\[0\]=-1: give at least 0"):
        layer.compute_output_shape((-1, *[1] * (n + 1)))


def test_convolution_op_transposes_with_the_kernel_that_it_is_given() -> None:
    layer = tf_keras_layers.Conv3DTranspose(
        2, (1, 1, 3), strides=(1, 1, 2), padding="same", activation="relu", bias_initializer="ones"
    )
    inputs = np.array([1, 10, -100], "float32").reshape(1, 1, 1, 3, 1)
    kernel = np.array([1, 2, 3, 4, 5, 6], "float32").reshape(1, 1, 3, 2, 1)
    found = layer.convolution_op(inputs, kernel)
    assert found[0, 0, 0].T.tolist() == [[1, 3, 15, 30, -50, -300], [2, 4, 26, 40, -140, -400]]
    assert layer.kernel is None
    layer.build(inputs.shape)
    bias = np.ones(2)
    layer.set_weights([kernel, bias])
    assert np.array_equal(layer(inputs), np.maximum(found + bias, 0))
    assert np.array_equal(layer.convolution_op(kernel=kernel[..., :1, :], inputs=inputs), found[..., :1])
    with pytest.raises(ValueError, match=r"kernel has shape \(1, 3, 1, 2, 1\): give \(1, 1, 3\), then"):
        layer.convolution_op(inputs, kernel.swapaxes(1, 2))
    with pytest.raises(ValueError, match="give 2 channels"):
        layer.convolution_op(inputs, np.ones((1, 1, 3, 2, 2), "float32"))
