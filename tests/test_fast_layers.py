"""Do the layers of adjoint.fast transpose the convolution that their arguments name, and refuse the rest?

What they must return is said here a second time: `gathering` transposes the forward convolution, and what
that convolution pads at the start is TensorFlow's rule for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from adjoint.fast import keras_layers, tf_keras_layers, tf_layers
from tests.gathering import Convolution

LAYERS: dict[str, Any] = {
    f"{name}.Conv{rank}DTranspose": getattr(module, f"Conv{rank}DTranspose")
    for name, module, ranks in (
        ("keras.layers", keras_layers, (1, 2, 3)),
        ("tf.keras.layers", tf_keras_layers, (1, 2, 3)),
        ("tf.layers", tf_layers, (2,)),
    )
    for rank in ranks
}
each_layer = pytest.mark.parametrize("api", LAYERS)


def rank(api: str) -> int:
    return int(api[-11])


def has(api: str, argument: str) -> bool:
    return argument in inspect.signature(LAYERS[api]).parameters


def extent(kernel: int, dilation: int) -> int:
    return len(range(0, (kernel - 1) * dilation + 1))


def output_length(
    length: int, kernel: int, stride: int, dilation: int, padding: str, extra: int | None
) -> int:
    reach = extent(kernel, dilation)
    if extra is None:
        return length * stride if padding == "same" else length * stride + max(reach - stride, 0)
    return (length - 1) * stride + reach - 2 * (reach // 2 if padding == "same" else 0) + extra


def zeros_at_the_start(
    length: int, kernel: int, stride: int, dilation: int, padding: str, output: int
) -> int:
    """What the convolution of `output` elements to `length` pads: half, the odd zero at the end."""
    return max((length - 1) * stride + extent(kernel, dilation) - output, 0) // 2 if padding == "same" else 0


def demanded(x: Any, w: Any, bias: Any, stride: Any, dilation: Any, padding: str, extras: Any) -> Any:
    """Channels first: x (batch, in, *spatial), w (in, filters, *kernel)."""
    axes = list(zip(x.shape[2:], w.shape[2:], stride, dilation, strict=True))
    output = tuple(
        output_length(*axis, padding, extra)
        for axis, extra in zip(axes, extras or [None] * len(axes), strict=True)
    )
    start = tuple(zeros_at_the_start(*axis, padding, size) for axis, size in zip(axes, output, strict=True))
    convolution = Convolution(x.shape[2:], w.shape[2:], output, stride, dilation, start)
    whole = convolution.transposed(x.astype(np.int64), w.astype(np.int64))
    return whole + bias.astype(np.int64).reshape(-1, *[1] * len(axes))


def axes_of(api: str, random: Random) -> Iterator[tuple[Any, ...]]:
    """Yield (length, kernel, stride, dilation, extra) for each axis: all of them, or 150 drawn ones."""
    steps = [(s, 1) for s in (1, 2, 3, 4)] + [(1, d) for d in (2, 3) if has(api, "dilation_rate")]
    every = [(n, k, s, d) for n, k, (s, d) in product((1, 2, 3), (1, 2, 3, 4, 5), steps)]
    if rank(api) == 1:
        yield from (((*axis, extra),) for axis in every for extra in [None, *range(axis[2])])
        return
    for _ in range(150):
        with_extra = random.random() < 0.5 and has(api, "output_padding")
        dilated = random.random() < 0.3
        some = [
            axis
            for axis in every
            if axis[0] * axis[1] < 9 and (axis[3 if dilated else 2] > 1 or axis[2:] == (1, 1))
        ]
        some = [axis for axis in some if axis[2 if dilated else 3] == 1]
        drawn = [random.choice(some) for _ in range(rank(api))]
        yield tuple((*axis, random.randrange(axis[2]) if with_extra else None) for axis in drawn)


@each_layer
def test_layer_transposes_the_convolution_that_gathers(api: str) -> None:
    random, numbers = Random(api), np.random.default_rng(1)
    for axes, padding in product(axes_of(api, random), ("valid", "same")):
        size, kernel, stride, dilation, extras = zip(*axes, strict=True)
        if min(output_length(*axis[:4], padding, axis[4]) for axis in axes) < 1:
            continue
        batch, channels, filters = random.randint(1, 2), random.randint(1, 3), random.randint(1, 3)
        x = numbers.integers(-9, 10, (batch, channels, *size)).astype("float32")
        w = numbers.integers(-9, 10, (channels, filters, *kernel)).astype("float32")
        bias = numbers.integers(-9, 10, filters).astype("float32")
        arguments: dict[str, Any] = {"strides": stride, "padding": padding}
        arguments |= {"dilation_rate": dilation} if has(api, "dilation_rate") else {}
        arguments |= {"output_padding": extras} if extras[0] is not None else {}
        wanted = demanded(x, w, bias, stride, dilation, padding, extras if extras[0] is not None else None)
        for layout in ("channels_last", "channels_first"):
            layer = LAYERS[api](filters, kernel, data_format=layout, **arguments)
            first = layout == "channels_first"
            inputs = x if first else np.moveaxis(x, 1, -1)
            layer.build(inputs.shape)
            layer.set_weights([np.moveaxis(w, (0, 1), (-1, -2)), bias])
            seen = layer(inputs)
            assert seen.dtype == np.float32
            assert np.array_equal(seen if first else np.moveaxis(seen, -1, 1), wanted), (arguments, layout)


def one(kind: Any, kernel: list[int], **arguments: Any) -> list[int]:
    """Return what a 1-D layer makes of 1, 10, 100."""
    layer = kind(1, len(kernel), use_bias=False, **arguments)
    layer.build((1, 3, 1))
    layer.set_weights([np.array(kernel, "float32").reshape(-1, 1, 1)])
    return [int(value) for value in layer(np.array([[[1], [10], [100]]], "float32")).ravel()]


@pytest.mark.parametrize("kind", [keras_layers.Conv1DTranspose, tf_keras_layers.Conv1DTranspose])
@pytest.mark.parametrize(
    ("kernel", "arguments", "wanted"),
    [
        ([1, 2, 3], {"strides": 2, "padding": "same"}, [1, 2, 13, 20, 130, 200]),
        ([1, 2, 3, 4], {"strides": 2, "padding": "same"}, [2, 13, 24, 130, 240, 300]),
        ([1, 2, 3], {"strides": 2, "padding": "same", "output_padding": 1}, [1, 2, 13, 20, 130, 200]),
        ([1, 2, 3], {"strides": 2, "padding": "same", "output_padding": 0}, [2, 13, 20, 130, 200]),
        ([1, 2, 3, 4], {"strides": 2, "padding": "same", "output_padding": 1}, [2, 13, 24, 130, 240]),
        ([1, 2, 3], {"strides": 2, "output_padding": 1}, [1, 2, 13, 20, 130, 200, 300, 0]),
        ([1, 2, 3], {"strides": 4}, [1, 2, 3, 0, 10, 20, 30, 0, 100, 200, 300, 0]),
        ([1, 2, 3, 4], {"strides": 3, "padding": "same"}, [1, 2, 3, 14, 20, 30, 140, 200, 300]),
        ([1, 2, 3], {"dilation_rate": 2}, [1, 10, 102, 20, 203, 30, 300]),
        ([1, 2, 3, 4], {"dilation_rate": 2, "padding": "same"}, [20, 203, 30]),
    ],
)
def test_layer_gives_what_tensorflow_gave(
    kind: Any, kernel: list[int], arguments: dict[str, Any], wanted: list[int]
) -> None:
    """The numbers are those of tf_keras 2.21 on TensorFlow 2.21."""
    assert one(kind, kernel, **arguments) == wanted


def test_layer_of_tensorflow_1_gives_what_it_gave() -> None:
    """The numbers are those of tf_keras.legacy_tf_layers 2.21."""
    layer = tf_layers.Conv2DTranspose(1, (2, 3), strides=(1, 2), padding="same")
    layer.build((1, 2, 2, 1))
    layer.set_weights([np.arange(1, 7).reshape(2, 3, 1, 1), np.array([1000])])
    seen = layer(np.array([1, 10, 100, 0], "float32").reshape(1, 2, 2, 1))
    assert seen[0, :, :, 0].tolist() == [[1001, 1002, 1013, 1020], [1104, 1205, 1346, 1050]]


BODY = (
    "activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, "
    "activity_regularizer, kernel_constraint, bias_constraint"
)
PAGES = {
    "keras.layers.Conv1DTranspose": "padding, output_padding, data_format, dilation_rate",
    "keras.layers.Conv2DTranspose": "padding, data_format, dilation_rate",
    "keras.layers.Conv3DTranspose": "padding, data_format, output_padding, dilation_rate",
    "tf.keras.layers.Conv1DTranspose": "padding, output_padding, data_format, dilation_rate",
    "tf.keras.layers.Conv2DTranspose": "padding, output_padding, data_format, dilation_rate",
    "tf.keras.layers.Conv3DTranspose": "padding, output_padding, data_format, dilation_rate",
    "tf.layers.Conv2DTranspose": "padding, data_format",
}


@each_layer
def test_parameters_stand_in_the_order_of_the_page(api: str) -> None:
    parameters = inspect.signature(LAYERS[api]).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    last = ", trainable, name" if api.startswith("tf.layers") else ""
    assert ", ".join(names) == f"filters, kernel_size, strides, {PAGES[api]}, {BODY}{last}"


@each_layer
def test_an_int_a_tuple_and_a_list_say_the_same(api: str) -> None:
    n = rank(api)
    settings = [LAYERS[api](2, size, strides=size).settings for size in (3, (3,) * n, [3] * n, np.int64(3))]
    assert settings == settings[:1] * 4
    assert settings[0].kernel_size == settings[0].strides == (3,) * n


ONE_ITEM = {
    "keras.layers.Conv2DTranspose": {"kernel_size", "strides", "dilation_rate"},
    "keras.layers.Conv3DTranspose": {"kernel_size", "strides"},
}


@pytest.mark.parametrize("api", [api for api in LAYERS if rank(api) > 1])
@pytest.mark.parametrize("argument", ["kernel_size", "strides", "dilation_rate", "output_padding"])
def test_one_item_serves_every_axis_where_the_page_says_so(api: str, argument: str) -> None:
    if not has(api, argument):
        return
    arguments = {"filters": 2, "kernel_size": 3, argument: (0 if argument == "output_padding" else 2,)}
    if argument in ONE_ITEM.get(api, ()):
        assert getattr(LAYERS[api](**arguments).settings, argument) == (2,) * rank(api)
        return
    with pytest.raises(ValueError, match=rf"{argument}=.* has length 1: give length {rank(api)}"):
        LAYERS[api](**arguments)


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"filters": 0}, ValueError, "filters=0: give at least 1"),
    ({"filters": 2.0}, TypeError, "filters=2.0: give an integer"),
    ({"filters": True}, TypeError, "filters=True: give an integer"),
    ({"kernel_size": 0}, ValueError, "kernel_size=0: give at least 1"),
    ({"kernel_size": 2.5}, TypeError, "kernel_size=2.5: give an integer"),
    ({"kernel_size": (2,) * 4}, ValueError, "has length 4: give length"),
    ({"kernel_size": ()}, ValueError, "has length 0: give length"),
    ({"strides": -1}, ValueError, "strides=-1: give at least 1"),
    ({"strides": (1,) * 4}, ValueError, "has length 4: give length"),
    ({"strides": "2"}, TypeError, "strides='2': give an integer"),
    ({"dilation_rate": 0}, ValueError, "dilation_rate=0: give at least 1"),
    ({"strides": 2, "dilation_rate": 3}, ValueError, "only one of them may exceed 1"),
    ({"padding": "causal"}, ValueError, "padding='causal': give 'valid' or 'same'"),
    ({"padding": None}, ValueError, "padding=None: give 'valid' or 'same'"),
    ({"data_format": "NHWC"}, ValueError, "data_format='NHWC': give 'channels_last' or"),
    ({"output_padding": 1}, ValueError, "give less than the strides, (1"),
    ({"output_padding": -1}, ValueError, "output_padding=-1: give at least 0"),
    ({"output_padding": 0.0}, TypeError, "output_padding=0.0: give an integer"),
    ({"output_padding": (0,) * 4}, ValueError, "has length 4: give length"),
    ({"activation": 3}, ValueError, "activation=3: give None"),
    ({"activation": "gelu"}, NotImplementedError, "activation='gelu' is not implemented"),
    ({"kernel_initializer": "one"}, ValueError, "kernel_initializer='one': give None, a callable, or by"),
    (
        {"bias_initializer": 0},
        ValueError,
        "bias_initializer=0: give None, a callable, or by name 'Constant', ",
    ),
    ({"kernel_regularizer": "l3"}, ValueError, "kernel_regularizer='l3': give None, a callable, or by name"),
    ({"bias_regularizer": 0.01}, ValueError, "bias_regularizer=0.01: give None, a callable, or by name 'L1'"),
    ({"activity_regularizer": "l"}, ValueError, "activity_regularizer='l': give None, a callable, or by"),
    ({"kernel_constraint": "l1"}, ValueError, "kernel_constraint='l1': give None, a callable, or by name"),
    ({"bias_constraint": 0}, ValueError, "bias_constraint=0: give None, a callable, or by name 'NonNeg'."),
    ({"name": 3}, ValueError, "name=3: give None or a string"),
    ({"dtype": "int32"}, NotImplementedError, "dtype='int32' is not implemented"),
    ({"groups": 2}, TypeError, "groups"),
]


@each_layer
@pytest.mark.parametrize(("arguments", "error", "said"), REFUSED, ids=[str(row[0]) for row in REFUSED])
def test_layer_refuses_its_arguments(
    api: str, arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    foreign = [name for name in arguments if not has(api, name)]
    with pytest.raises(TypeError if foreign else error) as caught:
        LAYERS[api](**{"filters": 2, "kernel_size": 3, **arguments})
    assert (foreign[0] if foreign else said) in str(caught.value)


@each_layer
def test_layer_refuses_inputs_and_weights_that_do_not_fit(api: str) -> None:
    n = rank(api)
    layer = LAYERS[api](2, 3)
    with pytest.raises(ValueError, match="build the layer before"):
        layer.set_weights([])
    with pytest.raises(ValueError, match=f"give {n + 2} lengths"):
        layer.build((1, 4))
    with pytest.raises(ValueError, match=rf"the channels, item {n + 1}, a number"):
        layer.build((None,) * (n + 2))
    with pytest.raises(ValueError, match="the channels,=0: give at least 1"):
        layer.build((1,) * (n + 1) + (0,))
    layer.build((None,) * (n + 1) + (3,))
    with pytest.raises(ValueError, match=r"weights have shapes .*: give"):
        layer.set_weights([np.zeros((3,) * n + (2, 3))])
    with pytest.raises(ValueError, match=f"give 3 channels, which the layer was built for, on axis {n + 1}"):
        layer(np.zeros((1,) * (n + 1) + (4,), "float32"))
    for wrong in (n + 1, n + 3):
        with pytest.raises(ValueError, match=f"give an array with {n + 2} axes"):
            layer(np.zeros((3,) * wrong, "float32"))
    with pytest.raises(TypeError, match="has dtype int64"):
        layer(np.zeros((1,) * (n + 1) + (3,), "int64"))
    with pytest.raises(TypeError, match="is a list: give a NumPy array"):
        layer([[1.0]])


@each_layer
def test_first_inputs_build_the_layer(api: str) -> None:
    n = rank(api)
    layer = LAYERS[api](4, 2, kernel_initializer="zeros", dtype="float64")
    assert layer.kernel is None
    assert not layer(np.ones((1,) * (n + 1) + (3,), "float64")).any()
    assert layer.kernel.shape == (2,) * n + (4, 3)
    assert (layer.kernel.dtype, layer.bias.shape) == (np.float64, (4,))


@each_layer
def test_activation_follows_the_bias(api: str) -> None:
    n = rank(api)
    x = np.array([-3, 2], "float32").reshape(2, *[1] * (n + 1))
    for activation, wanted in ((None, [-2, 3]), ("relu", [0, 3]), (lambda y: y * 2, [-4, 6])):
        layer = LAYERS[api](1, 1, activation=activation)
        layer.build(x.shape)
        layer.set_weights([np.ones((1,) * (n + 2)), np.ones(1)])
        assert layer(x).ravel().tolist() == wanted


@pytest.mark.parametrize("kind", [keras_layers.Conv1DTranspose, tf_keras_layers.Conv1DTranspose])
def test_a_result_of_negative_length_is_refused(kind: Any) -> None:
    layer = kind(1, 1, strides=3, output_padding=1)
    with pytest.raises(ValueError, match="output_padding=1 makes a result of length -1"):
        layer(np.zeros((1, 0, 1), "float32"))


def test_input_shape_is_for_the_layers_whose_page_has_it() -> None:
    for n in (1, 2, 3):
        kind = getattr(tf_keras_layers, f"Conv{n}DTranspose")
        assert kind(2, 3, input_shape=(None,) * n + (3,)).input_shape[-1] == 3
        with pytest.raises(ValueError, match=rf"give {n + 1} lengths, without the batch"):
            kind(2, 3, input_shape=(1,) * (n + 2))
