"""Is a call pure data: one id for one content, the same after JSON, its tags read as Python?"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adjoint.call import Call, untag
from adjoint.errors import MessageError
from adjoint.reference.objects import Function, Named

API = "tf.nn.conv_transpose"
INPUT = {"dtype": "int32", "shape": [1, 2], "data": "AQAAAAIAAAA="}
FILTERS = {"dtype": "int32", "shape": [1, 1], "data": "AwAAAA=="}


def call(**changes: Any) -> Call:
    parts = {
        "api": API,
        "arguments": {"strides": {"$tuple": [2, 1]}, "padding": "SAME"},
        "tensors": {"input": INPUT, "filters": FILTERS},
        "observe": ("output",),
    }
    return Call(**{**parts, **changes})


def test_an_id_is_the_same_on_every_machine_and_in_every_version():
    assert call().id == "e99474f8601b"


def test_an_id_does_not_depend_on_the_order_of_keys():
    turned = call(
        arguments={"padding": "SAME", "strides": {"$tuple": [2, 1]}},
        tensors={"filters": FILTERS, "input": dict(reversed(INPUT.items()))},
    )
    assert turned.id == call().id


@pytest.mark.parametrize(
    "changes",
    [
        {"api": "torch.nn.functional.conv_transpose2d"},
        {"arguments": {"strides": [2, 1], "padding": "SAME"}},
        {"arguments": {"strides": {"$tuple": [1, 2]}, "padding": "SAME"}},
        {"tensors": {"input": INPUT, "filters": {**FILTERS, "data": "BAAAAA=="}}},
        {"tensors": {"input": {**INPUT, "shape": [2, 1]}, "filters": FILTERS}},
        {"observe": ("output", "config")},
    ],
    ids=["api", "list for tuple", "order of a list", "data", "shape", "observe"],
)
def test_an_id_depends_on(changes):
    assert call(**changes).id != call().id


def test_a_call_survives_json():
    back = Call.from_json(json.loads(json.dumps(call().to_json())))
    assert back == call()
    assert back.id == call().id
    asking = call(observe=("declared",), input_shape=(None, 4, 2))
    assert Call.from_json(json.loads(json.dumps(asking.to_json()))) == asking
    assert asking.id != call(observe=("declared",)).id


@pytest.mark.parametrize(
    ("tagged", "value"),
    [
        ({"$tuple": [1, {"$tuple": [2]}]}, (1, (2,))),
        ([1, {"$tuple": []}], [1, ()]),
        ({"$int": "1099511627776"}, 1 << 40),
        ({"$int": "1099511627776", "as": "numpy.int64"}, np.int64(1 << 40)),
        ({"$int": "3", "as": "numpy.uint8"}, np.uint8(3)),
        ({"$float": "-inf"}, -math.inf),
        ("SAME", "SAME"),
        (None, None),
        (True, True),
        ({"$object": ["L2", {"l2": 0.5}]}, Named("L2", {"l2": 0.5})),
        ({"$callable": "double"}, Function("double")),
    ],
    ids=str,
)
def test_a_tag_stands_for(tagged, value):
    assert untag(tagged) == value
    assert type(untag(tagged)) is type(value)


def test_a_tag_stands_for_nan():
    assert math.isnan(untag({"$float": "nan"}))


@pytest.mark.parametrize(
    "value", [{"$complex": "1j"}, {}, {"int": "3"}, [{"$Tuple": []}], {"$callable": "exec"}], ids=str
)
def test_an_unknown_tag_is_refused(value):
    with pytest.raises(MessageError, match=r"known are \$tuple, \$int, \$float, \$object and"):
        untag(value)


def test_values_are_the_arguments_as_python():
    assert call().values == {"strides": (2, 1), "padding": "SAME"}


def test_arrays_are_the_tensors_as_numpy():
    arrays = call().arrays()
    assert arrays["input"].tolist() == [[1, 2]]
    assert arrays["filters"].tolist() == [[3]]


def test_a_number_of_numpys_is_one_of_pythons_to_a_predicate():
    """One of NumPy's makes an array of a list that it is compared with."""
    arguments = {
        "strides": {"$int": "2", "as": "numpy.int32"},
        "size": {"$tuple": [{"$int": "3", "as": "numpy.int64"}]},
    }
    known = call(arguments=arguments).parameters()
    assert (known["strides"], known["size"]) == (2, [3])
    assert (type(known["strides"]), type(known["size"][0])) == (int, int)
    assert known["strides"] != [0, 0]


def test_parameters_are_what_a_toml_file_can_ask_for():
    nested = call(arguments={"strides": {"$tuple": [{"$tuple": [2]}, 1]}, "padding": "SAME"})
    assert nested.parameters() == {
        "api": API,
        "dtype": "int32",
        "input.shape": [1, 2],
        "filters.shape": [1, 1],
        "strides": [[2], 1],
        "padding": "SAME",
        "given": ["strides", "padding"],
    }
    objects = {"a": {"$object": ["L2", {"l2": 0.5}]}, "b": {"$callable": "double"}}
    asked = call(arguments=objects).parameters()
    assert (asked["a"], asked["b"]) == ("L2", "double")


def test_the_dtype_of_a_call_is_that_of_its_input():
    mixed = call(tensors={"filters": {**FILTERS, "dtype": "float32"}, "input": INPUT})
    assert mixed.parameters()["dtype"] == "int32"


@pytest.mark.parametrize(("shape", "size"), [([2, 3], 7), ([], 2), ([0, 5], 1)], ids=str)
def test_the_size_of_a_call_is_that_of_its_tensors(shape, size):
    tensors = {"input": {"dtype": "int32", "shape": shape}, "filters": {"dtype": "int32", "shape": [1]}}
    assert call(tensors=tensors).size == size


def test_the_text_is_one_line_without_data():
    text = str(call(arguments={"strides": {"$tuple": [2, 1]}, "name": "two\nlines"}))
    assert text == (
        "tf.nn.conv_transpose(input: int32[1, 2], filters: int32[1, 1], strides=(2, 1), name='two\\nlines')"
    )


def test_a_call_that_is_made_again_is_another_and_shows_what_it_left():
    repeated = call().repeated()
    assert (call().is_repeated, repeated.is_repeated) == (False, True)
    assert repeated.observe == ("output", "between", "again", "later", "after-input", "after-filters")
    assert repeated.id != call().id
    kept = replace(call(), observe=("output", "gradient-input")).keeping()
    assert kept.observe == ("output", "gradient-input", "after-input", "after-filters")
    assert not kept.is_repeated
    arrays = repeated.opposite().arrays()
    assert (arrays["input"].tolist(), arrays["filters"].tolist()) == ([[-1, -2]], [[3]])


def test_arguments_given_by_position_stand_first_and_in_their_order():
    placed = call(positional=("padding", "strides"))
    assert str(placed) == ("tf.nn.conv_transpose(input: int32[1, 2], filters: int32[1, 1], 'SAME', (2, 1))")
    assert placed.id != call().id
    assert Call.from_json(json.loads(json.dumps(placed.to_json()))) == placed


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ('{"image_data_format": "channels_first"}', "channels_first"),
        ('{"epsilon": 1e-07}', "channels_last"),
        ('{"image_data_format": ', "channels_last"),
        ("[]", "channels_last"),
    ],
)
def test_a_home_may_have_a_keras_json_that_says_where_channels_are(text, means):
    at_home = call(home={"keras.json": text})
    assert at_home.image_data_format == means
    assert (at_home.id == call().id, call().image_data_format) == (False, "channels_last")
    assert Call.from_json(json.loads(json.dumps(at_home.to_json()))) == at_home
    assert str(at_home).endswith(f" with keras.json {text!r}")


def test_an_object_is_written_as_it_is_made():
    objects = {"a": {"$object": ["L2", {"l2": 0.5}]}, "b": {"$callable": "double"}}
    assert str(call(arguments=objects)).endswith("a=L2(l2=0.5), b=double)")
