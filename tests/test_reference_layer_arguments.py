"""Do the layers take each argument in each form that its page allows, and know what it leaves open?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis, keras_layers, layers, tf_keras_layers
from adjoint.reference.answer import Answer
from adjoint.reference.layers import Layer
from tests.reference_calls import RANKS, cut, each_layer, knows, line, of_layer, ones, tensor

SIZES = ("kernel_size", "strides", "dilation_rate", "output_padding")
ONE_ITEM = {
    "keras.layers.Conv2DTranspose": ("kernel_size", "strides", "dilation_rate"),
    "keras.layers.Conv3DTranspose": ("kernel_size", "strides"),
}


def constructed(api: str, **arguments: Any) -> Layer:
    return apis.LAYERS[api](api, {"filters": 3, "kernel_size": 4, **arguments})


@each_layer
def test_what_is_not_given_has_the_pages_default(api: str) -> None:
    layer, ones_ = constructed(api), (1,) * RANKS[api]
    sizes = (layer.filters, layer.kernel_size, layer.strides, layer.dilation_rate, layer.output_padding)
    assert sizes == (3, (4,) * RANKS[api], ones_, ones_, None)
    assert (layer.padding, layer.last, layer.use_bias, layer.doubt) == ("valid", True, True, "")
    assert layer.page.rank == RANKS[api]


@each_layer
@pytest.mark.parametrize("name", SIZES)
def test_a_number_serves_every_axis_and_a_tuple_or_list_gives_each_its_own(api: str, name: str) -> None:
    rank = RANKS[api]
    if not knows(api, {name: 1}):
        return
    room = {"strides": 4} if name == "output_padding" else {}
    each = (3, 1, 2)[:rank]
    forms: list[tuple[Any, tuple[int, ...]]] = [(3, (3,) * rank), (each, each), (list(each), each)]
    forms += [(np.int64(3), (3,) * rank), ([np.int32(3)] * rank, (3,) * rank)]
    if name in ONE_ITEM.get(api, ()):
        forms += [([3], (3,) * rank), ((3,), (3,) * rank)]
    for form, demanded in forms:
        found = getattr(constructed(api, **room, **{name: form}), name)
        assert found == demanded
        assert {type(number) for number in found} == {int}


@each_layer
def test_numpys_integers_are_integers(api: str) -> None:
    """Calls may carry them: `{"$int": "2", "as": "numpy.int64"}`."""
    layer = constructed(api, filters=np.int32(5))
    assert (layer.filters, type(layer.filters)) == (5, int)


def channels(answer: Answer) -> Any:
    return answer.values.to_array().tolist()


@each_layer
@pytest.mark.parametrize("first", [False, True])
def test_data_format_places_the_channels_of_input_and_output(api: str, first: bool) -> None:
    rank = RANKS[api]
    ends = [1] * (rank - 1)
    x = np.reshape([[1, 10, 100], [2, 20, 200]], (1, 2, *ends, 3))  # two positions, three channels
    demanded = np.reshape([[328, 662], [649, 1316]], (1, 2, *ends, 2))
    if first:
        x, demanded = np.moveaxis(x, -1, 1), np.moveaxis(demanded, -1, 1)
    kernel = np.reshape([[1, 2, 3], [4, 5, 6]], (*[1] * rank, 2, 3))
    data_format = "channels_first" if first else "channels_last"
    answer = of_layer(api, x, kernel, [7, 8], data_format=data_format)
    assert channels(answer) == demanded.tolist()
    assert answer.magnitude.to_array().tolist() == demanded.tolist()
    if not first:
        assert channels(of_layer(api, x, kernel, [7, 8])) == demanded.tolist()


def test_tf_layers_understands_data_formats_in_any_case() -> None:
    for said, last in (("CHANNELS_LAST", True), ("Channels_First", False), ("channels_first", False)):
        assert constructed("tf.layers.Conv2DTranspose", data_format=said).last is last


@pytest.mark.parametrize("api", [*keras_layers.PAGES, *tf_keras_layers.PAGES])
def test_without_a_data_format_keras_json_says_where_the_channels_are(api: str) -> None:
    construct = keras_layers.construct if api in keras_layers.PAGES else tf_keras_layers.construct
    arguments = {"filters": 3, "kernel_size": 1, "use_bias": False}
    for given in ({}, {"data_format": None}):
        assert construct(api, {**arguments, **given}, "channels_last").last
        assert not construct(api, {**arguments, **given}, "channels_first").last
    assert construct(api, {**arguments, "data_format": "channels_last"}, "channels_first").last
    assert not construct(api, {**arguments, "data_format": "channels_first"}, "channels_last").last
    x, kernel = ones(1, 2, *(4, 5, 6)[: RANKS[api]]), ones(*[1] * RANKS[api], 3, 2)
    called = layers.translate(construct(api, arguments, "channels_first"), x, kernel)
    assert called.layout.leave_shape(["batch", "channels", *"dhw"[: RANKS[api]]])[1] == "channels"


@each_layer
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_output_has_the_layers_dtype_or_in_tf_layers_the_inputs(api: str, dtype: str) -> None:
    own = {} if api == "tf.layers.Conv2DTranspose" else {"dtype": dtype}
    rank = RANKS[api]
    x, kernel = np.ones((1, *[1] * rank, 1)), np.ones((*[2] * rank, 1, 1))
    assert of_layer(api, x, kernel, of=dtype, **own).values.dtype == dtype


@pytest.mark.parametrize("api", [*keras_layers.PAGES, *tf_keras_layers.PAGES])
@pytest.mark.parametrize("given", [{}, {"dtype": None}, {"dtype": "float32"}])
def test_a_layer_without_a_dtype_has_float32_whatever_its_inputs(api: str, given: dict[str, Any]) -> None:
    rank = RANKS[api]
    arguments = {"filters": 1, "kernel_size": 1, "use_bias": False, **given}
    tensors = {"input": ones(1, *[1] * rank, 1, dtype="float64"), "kernel": ones(*[1] * rank, 1, 1)}
    assert apis.answer(api, tensors, arguments).values.dtype == "float32"


@pytest.mark.parametrize("api", keras_layers.PAGES)
def test_every_reading_has_the_layers_dtype(api: str) -> None:
    rank = RANKS[api]
    arguments = {"filters": 1, "kernel_size": 2, "use_bias": False, "padding": "same", "dtype": "float64"}
    tensors = {"input": ones(1, *[1] * rank, 1), "kernel": ones(*[2] * rank, 1, 1, dtype="float64")}
    readings = apis.answer(api, tensors, arguments).readings
    assert len(readings) == 2
    assert {values.dtype for values in readings.values()} == {"float64"}


KERAS_1, KERAS_2, KERAS_3 = keras_layers.PAGES
TF_1, TF_2, TF_3 = tf_keras_layers.PAGES
TF_LAYERS = "tf.layers.Conv2DTranspose"
DILATED, STRETCHED = "the dilation is taken", "size * stride elements"
COUNTS, NAMED = "the dilation counts in the output's size", "objects are taken by name"
SECOND, LISTED = "the channels are second", "a list of one item is taken"
DOUBTS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {}),
    ({"strides": 2}, {}),
    ({"padding": "same"}, {}),
    ({"padding": "same", "strides": 2}, {KERAS_1: STRETCHED, TF_1: STRETCHED, TF_3: STRETCHED}),
    ({"padding": "same", "strides": 2, "output_padding": 1}, {}),
    ({"strides": 2, "output_padding": 0}, {}),
    ({"dilation_rate": 2}, {KERAS_1: DILATED, TF_1: DILATED, TF_3: COUNTS}),
    ({"dilation_rate": 2, "padding": "same"}, {KERAS_1: DILATED, TF_1: DILATED}),
    (
        {"dilation_rate": 2, "padding": "same", "output_padding": 0},
        {KERAS_1: DILATED, TF_1: DILATED, TF_3: COUNTS},
    ),
    ({"dilation_rate": 2, "output_padding": 0}, {KERAS_1: DILATED, TF_1: DILATED, TF_3: COUNTS}),
    ({"data_format": "channels_first"}, {TF_1: SECOND}),
    ({"data_format": "channels_last"}, {}),
    ({"activation": "relu"}, {TF_LAYERS: NAMED}),
    ({"activation": "linear"}, {TF_LAYERS: NAMED}),
    ({"activation": None}, {}),
    ({"kernel_initializer": "ones"}, {TF_LAYERS: NAMED}),
    ({"bias_initializer": "zeros"}, {TF_LAYERS: NAMED}),
    ({"kernel_regularizer": "l1"}, {TF_LAYERS: NAMED}),
    ({"bias_regularizer": "l1"}, {TF_LAYERS: NAMED}),
    ({"activity_regularizer": "l2"}, {TF_LAYERS: NAMED}),
    ({"kernel_constraint": "non_neg"}, {TF_LAYERS: NAMED}),
    ({"bias_constraint": "non_neg"}, {TF_LAYERS: NAMED}),
    ({"name": "up", "trainable": False}, {}),
]


@each_layer
def test_what_an_open_clause_leaves_open_is_said(api: str) -> None:
    for arguments, doubts in DOUBTS:
        if knows(
            api, {name: value for name, value in arguments.items() if name not in ("name", "trainable")}
        ):
            assert constructed(api, **arguments).doubt == doubts.get(api, ""), arguments


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("form", [(1,), [1]])
def test_a_list_of_one_item_is_a_doubt_in_tf_keras_conv1d_alone(name: str, form: Any) -> None:
    room = {"strides": 2} if name == "output_padding" else {}
    assert constructed(TF_1, **room, **{name: form}).doubt == LISTED
    assert constructed(KERAS_1, **room, **{name: form}).doubt == ""
    assert constructed(TF_2, **{**room, name: (1, 1)}).doubt == ""


@pytest.mark.parametrize("api", keras_layers.PAGES)
@pytest.mark.parametrize("name", SIZES)
def test_a_list_of_one_item_is_a_doubt_in_keras_where_it_serves_several_axes(api: str, name: str) -> None:
    if name in ONE_ITEM.get(api, ()):
        for form in ((1,), [1]):
            assert constructed(api, **{name: form}).doubt == "one item serves every axis"
    if knows(api, {name: 1}):
        room = {"strides": 2} if name == "output_padding" else {}
        assert constructed(api, **{**room, name: (1,) * RANKS[api]}).doubt == ""


@pytest.mark.parametrize("api", tf_keras_layers.PAGES)
def test_the_first_layer_of_a_model_may_be_told_its_input_shape(api: str) -> None:
    assert constructed(api, input_shape=(None, *[4] * (RANKS[api] - 1), 2)).doubt == ""


def test_the_doubt_is_the_reading_of_an_output_that_has_no_other_choice() -> None:
    assert line(TF_1, 0, [1, 10], [1, 2, 3], padding="same", strides=2) == {STRETCHED: [1, 2, 13, 20]}
    assert line(TF_1, 0, [1, 10], [1, 2, 3], padding="same") == {"": [12, 23]}
    assert line(TF_3, 1, [1, 10], [1, 2], dilation_rate=3) == {COUNTS: [1, 10, 0, 2, 20]}
    assert line(TF_3, 1, [1, 10], [1, 2], padding="same", strides=2) == {STRETCHED: [1, 2, 10, 20]}
    assert line(TF_LAYERS, 1, [1, -10], [1], activation="relu") == {NAMED: [1, 0]}
    assert line(KERAS_1, 0, [1, 10], [1, 2], padding="same", strides=2) == {STRETCHED: [1, 2, 10, 20]}
    assert list(line(KERAS_1, 0, [1, 10], [1, 2, 3], padding="same", strides=2)) == [
        "crops the extra element at the end",
        "crops the extra element at the start",
    ]


@each_layer
def test_weights_that_fit_are_taken_with_and_without_a_bias(api: str) -> None:
    rank = RANKS[api]
    x, kernel = np.ones((1, *[1] * rank, 2)), np.ones((*[1] * rank, 3, 2))
    assert of_layer(api, x, kernel, [1, 2, 3]).values.integers == (3, 4, 5)
    assert of_layer(api, x, kernel).values.integers == (2, 2, 2)
    tensors = {"input": tensor(x), "kernel": tensor(kernel), "bias": tensor([4, 5, 6])}
    answer = apis.answer(api, tensors, {"filters": 3, "kernel_size": cut(rank, 1, 1, 1)})
    assert answer.values.integers == (6, 7, 8)
