"""Is a setting written in its API's words, with large numbers, and held by the clauses of what it has?"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pytest

from adjoint.call import GRADIENTS, Call
from adjoint.cases.settings import RULES, Axis, Setting, call_of, clauses, exercised, legal
from adjoint.reference.apis import translate
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.tf_nn import API as TF_NN
from adjoint.reference.translation import Translation, gradients, output

FUNCTION, MODULE = "torch.nn.functional.conv_transpose2d", "torch.nn.ConvTranspose2d"
KERAS_1D, KERAS_2D = "keras.layers.Conv1DTranspose", "keras.layers.Conv2DTranspose"
TF_KERAS_1D, TF_KERAS_2D = "tf.keras.layers.Conv1DTranspose", "tf.keras.layers.Conv2DTranspose"
TF_LAYERS = "tf.layers.Conv2DTranspose"
PLAIN = (Axis(3, 2), Axis(2, 3))
MIXED = (Axis(3, 2, 2, 1, 0, 1), Axis(2, 3, 1, 2, 1))
PADDED = (Axis(3, 2, 2, 1), Axis(2, 3, 3, 1, 0, 1))


@pytest.mark.parametrize("form", ["number", "tuple", "list"])
@pytest.mark.parametrize(
    "axes", [(Axis(2, 2, stride=2, dilation=2),) * 2, (Axis(2, 2), Axis(2, 2, stride=2, dilation=2))]
)
def test_tf_nn_is_given_numbers_or_lists_and_no_tuples(axes: tuple[Axis, ...], form: str) -> None:
    given = call_of(Setting(TF_NN, axes, form=form)).values
    strides = [axis.stride for axis in axes]
    alone = form == "number" and len(set(strides)) == 1
    assert given["strides"] == given["dilations"] == (strides[0] if alone else strides)


WRITTEN = [
    (
        Setting(TF_NN, PLAIN),
        "tf.nn.conv_transpose(input: float32[1, 3, 2, 1], filters: float32[2, 3, 1, 1], "
        "output_shape=[1, 4, 4, 1], strides=[1, 1], padding='VALID')",
    ),
    (
        Setting(TF_NN, MIXED, 2, 3, 4, first=True),
        "tf.nn.conv_transpose(input: float32[2, 3, 3, 2], filters: float32[2, 3, 4, 3], "
        "output_shape=[2, 4, 7, 6], strides=[2, 1], padding='VALID', dilations=[1, 2], data_format='NCHW')",
    ),
    (
        Setting(TF_NN, PADDED, 2, 3, 4, same=True),
        "tf.nn.conv_transpose(input: float32[2, 3, 2, 3], filters: float32[2, 3, 4, 3], "
        "output_shape=[2, 5, 5, 4], strides=[2, 3], padding='SAME')",
    ),
    (
        Setting(KERAS_2D, PLAIN, 2, 3, 4, bias=True),
        "keras.layers.Conv2DTranspose(input: float32[2, 3, 2, 3], kernel: float32[2, 3, 4, 3], "
        "bias: float32[4], filters=4, kernel_size=(2, 3))",
    ),
    (
        Setting(
            TF_KERAS_2D, PADDED, 2, 3, 4, same=True, pads_output=True, activation="relu", dtype="float16"
        ),
        "tf.keras.layers.Conv2DTranspose(input: float16[2, 3, 2, 3], kernel: float16[2, 3, 4, 3], filters=4, "
        "kernel_size=(2, 3), strides=(2, 3), padding='same', output_padding=(0, 1), activation='relu', "
        "use_bias=False, dtype='float16')",
    ),
    (
        Setting(KERAS_2D, (Axis(3, 2, dilation=2),) * 2, first=True, form="number"),
        "keras.layers.Conv2DTranspose(input: float32[1, 1, 3, 3], kernel: float32[2, 2, 1, 1], filters=1, "
        "kernel_size=2, dilation_rate=2, data_format='channels_first', use_bias=False)",
    ),
    (
        Setting(TF_LAYERS, PADDED, form="list", dtype="float64"),
        "tf.layers.Conv2DTranspose(input: float64[1, 3, 2, 1], kernel: float64[2, 3, 1, 1], filters=1, "
        "kernel_size=[2, 3], strides=[2, 3], use_bias=False)",
    ),
    (
        Setting(FUNCTION, PLAIN),
        "torch.nn.functional.conv_transpose2d(input: float32[1, 1, 3, 2], weight: float32[1, 1, 2, 3])",
    ),
    (
        Setting("torch.nn.functional.conv_transpose1d", (Axis(3, 2, 2),)),
        "torch.nn.functional.conv_transpose1d(input: float32[1, 1, 3], weight: float32[1, 1, 2], stride=2)",
    ),
    (
        Setting(MODULE, MIXED, 1, 4, 6, 2, batched=False, dtype="float64"),
        "torch.nn.ConvTranspose2d(input: float64[4, 3, 2], weight: float64[4, 3, 2, 3], in_channels=4, "
        "out_channels=6, kernel_size=(2, 3), stride=(2, 1), padding=(0, 1), output_padding=(1, 0), "
        "dilation=(1, 2), groups=2, bias=False, dtype='float64')",
    ),
]


@pytest.mark.parametrize(("setting", "words"), WRITTEN)
def test_what_is_usual_is_left_out_and_the_rest_is_written_as_the_api_takes_it(
    setting: Setting, words: str
) -> None:
    assert str(call_of(setting)) == words


EXERCISED: list[tuple[Setting, str]] = [
    (Setting(TF_NN, PLAIN), ""),
    (Setting(TF_NN, PLAIN, first=True, batch=2), "data-format batch"),
    (Setting(TF_NN, (Axis(3, 2, 2, 2, 0, 1),)), "strides dilations padding-valid-shape"),
    (Setting(TF_NN, (Axis(3, 2, 2, 1, 0, 1),), same=True), "strides padding-same-shape padding-same-crop"),
    (Setting(KERAS_2D, PLAIN, bias=True, batch=2), "bias"),
    (Setting(KERAS_2D, PLAIN, first=True, activation="relu"), "activation data-format"),
    (Setting(KERAS_2D, (Axis(3, 2, 2), Axis(3, 4, 2)), same=True), "strides"),  # same-odd is open there
    (Setting(TF_KERAS_2D, (Axis(3, 2, 2), Axis(3, 4, 2)), same=True), "strides same-odd"),
    (Setting(TF_KERAS_2D, (Axis(3, 3), Axis(3, 5)), same=True), "same-even"),
    (Setting(TF_KERAS_2D, (Axis(3, 3), Axis(3, 4)), same=True), "same-odd"),
    (Setting(TF_KERAS_2D, (Axis(3, 3), Axis(3, 2, dilation=2)), same=True), "dilation same-even"),
    (Setting(TF_KERAS_2D, PADDED, pads_output=True), "strides output-padding"),
    (Setting(FUNCTION, PLAIN), ""),
    (Setting(FUNCTION, MIXED), "stride dilation padding output-padding"),
    (Setting(FUNCTION, (Axis(3, 2, 1, 2, 0, 1),) * 2), "dilation output-padding"),
    (Setting(FUNCTION, (Axis(3, 2, 2), Axis(2, 3))), "stride"),
    (Setting(FUNCTION, (Axis(3, 2, crop=1),) * 2), "padding"),
    (Setting(MODULE, PLAIN, channels=4, filters=4, groups=2, batched=False), "groups unbatched"),
    (Setting(MODULE, PLAIN, 0, bias=True), "bias batch"),
]  # fmt: skip
DOCUMENTS = {
    TF_NN: "tf-nn",
    KERAS_2D: "keras-conv2d",
    TF_KERAS_2D: "tf-keras-conv2d",
    FUNCTION: "torch-functional",
    MODULE: "torch-modules",
}


@pytest.mark.parametrize(("setting", "rules"), EXERCISED)
def test_a_call_exercises_the_clauses_of_what_is_unusual_of_it_but_those_that_are_open(
    setting: Setting, rules: str
) -> None:
    document = DOCUMENTS[setting.api]
    assert exercised(setting) == tuple(f"{document}.{rule}" for rule in rules.split())


def speaks_for(setting: Setting) -> dict[str, str]:
    translated = legal(setting)
    assert translated is not None
    return clauses(setting, translated)


def test_values_speak_for_the_one_thing_that_is_unusual_and_else_for_values() -> None:
    kinds = {"returned": "values", "dtype": "dtype", "shape": "output-size", "values": "values"}
    usual = {kind: f"torch-functional.{rule}" for kind, rule in kinds.items()}
    strided = Setting(FUNCTION, (Axis(3, 2, 2), Axis(2, 3)))
    assert speaks_for(Setting(FUNCTION, PLAIN)) == usual
    assert speaks_for(strided) == {**usual, "values": "torch-functional.stride"}
    assert speaks_for(replace(strided, bias=True)) == usual


def test_of_tf_nn_the_shape_is_that_which_was_asked_for() -> None:
    kinds = {"returned": "values", "dtype": "dtype", "shape": "output-shape", "values": "values"}
    assert speaks_for(Setting(TF_NN, PLAIN)) == {kind: f"tf-nn.{rule}" for kind, rule in kinds.items()}


@pytest.mark.parametrize("data", RULES)
def test_values_of_data_that_have_a_clause_speak_for_it(data: str) -> None:
    setting = Setting(FUNCTION, (Axis(3, 2, 2), Axis(2, 3)), channels=2, data=data)
    assert speaks_for(setting)["values"] == f"torch-functional.{RULES[data]}"


def test_where_the_size_is_known_and_the_crop_is_not_values_speak_for_the_open_clause() -> None:
    odd = Setting(KERAS_2D, (Axis(3, 3), Axis(3, 4)), same=True)
    padded = Setting(KERAS_1D, (Axis(4, 3, 2, extra=1),), same=True, pads_output=True)
    for setting, clause in (
        (odd, "keras-conv2d.same-odd"),
        (replace(odd, data="special"), "keras-conv2d.same-odd"),
        (padded, "keras-conv1d.output-padding-same"),
    ):
        assert speaks_for(setting)["values"] == clause


@pytest.mark.parametrize(
    ("setting", "known"),
    [
        (Setting(FUNCTION, PLAIN, batch=0), True),
        (Setting(TF_LAYERS, PLAIN, batch=0), True),
        (Setting(KERAS_2D, PLAIN, batch=0), False),  # whether a batch may be empty is open there
        (Setting(KERAS_2D, PLAIN, batch=1), True),
        (Setting(KERAS_2D, PLAIN, activation="relu"), True),
        (Setting(KERAS_2D, PLAIN, data="special"), True),
        (Setting(KERAS_2D, PLAIN, activation="relu", data="special"), False),  # as what relu makes of NaN
        (Setting(FUNCTION, (Axis(3, 2, 2, extra=2),) * 2), False),  # refused: not below the stride
        (Setting(TF_KERAS_1D, (Axis(3, 2),), first=True), False),  # no clause speaks of it
        (Setting(KERAS_1D, (Axis(3, 3, 2),), same=True), False),  # its size is open
    ],
)
def test_a_setting_is_legal_unless_a_clause_refuses_it_or_none_answers(setting: Setting, known: bool) -> None:
    assert (legal(setting) is not None) is known


def answered(call: Call) -> tuple[Translation, dict[str, Tensor]]:
    tensors = {name: Tensor.from_array(array) for name, array in call.arrays().items()}
    return translate(call.api, tensors, call.values), tensors


WITH_SUMS = [
    Setting(FUNCTION, (Axis(5, 3, 2, 1, 1), Axis(4, 3, 1, 2)), 2, 4, 6, 2, bias=True),
    Setting(TF_NN, (Axis(5, 3, 2, 1), Axis(4, 3, 1, 2)), 2, 3, 4),
    Setting(KERAS_2D, (Axis(5, 3, 2), Axis(4, 3)), 2, 3, 4, bias=True),
]


@pytest.mark.parametrize("setting", WITH_SUMS)
def test_exact_numbers_are_the_largest_of_which_the_terms_of_one_output_surely_sum_exactly(
    setting: Setting,
) -> None:
    for dtype in ("float16", "float32"):
        translated, tensors = answered(call_of(replace(setting, dtype=dtype)))
        terms = max(output(translated).terms.integers) - setting.bias
        most = max(abs(number) for tensor in tensors.values() for number in tensor.integers)
        limit = 1 << FORMATS[dtype].precision
        assert terms * most**2 + most <= limit < 1.1 * (terms * (most + 1) ** 2 + most + 1)


WITH_GRADIENTS = [
    *WITH_SUMS,
    Setting(FUNCTION, (Axis(4, 2, 3), Axis(3, 3, 2)), 3, 1, 2),
    Setting(FUNCTION, (Axis(6, 1, crop=2), Axis(5, 1)), 3, 1, 1),
    Setting(FUNCTION, (Axis(2, 2), Axis(2, 3)), 1, 2, 7),
    Setting(
        FUNCTION, (Axis(1, 1), Axis(1, 1)), 1, 100, 20, dtype="bfloat16"
    ),  # of ones, but for the gradient
    Setting(KERAS_2D, (Axis(5, 3, 2), Axis(4, 3)), 2, 3, 4, first=True),
    Setting(MODULE, (Axis(5, 3, 2), Axis(4, 3)), 1, 3, 4, batched=False),
]


@pytest.mark.parametrize("setting", WITH_GRADIENTS)
def test_a_gradient_has_the_outputs_shape_and_is_as_large_as_leaves_every_sum_with_it_exact(
    setting: Setting,
) -> None:
    call = call_of(replace(setting, gradients=True))
    assert call.observe == ("output", *GRADIENTS[: 3 if setting.bias else 2])
    translated, tensors = answered(call)
    assert call.gradient is not None
    assert call.gradient.shape == output(translated).values.shape
    found = gradients(translated, Tensor.from_array(call.gradient))
    limit = 1 << FORMATS[setting.dtype].precision
    assert max(max(answer.magnitude.integers) for answer in found.values()) <= limit
    largest = max(abs(number) for tensor in tensors.values() for number in tensor.integers)
    bound = limit / (most_terms(setting, call.gradient.size) * largest)
    assert 0.9 * bound - 1 < np.abs(call.gradient.astype(np.float64)).max() <= bound


def most_terms(setting: Setting, outputs: int) -> int:
    """Return how many terms a sum with the gradient has at most, were nothing cropped."""
    sizes, kernels = ([axis[j] for axis in setting.axes] for j in range(2))
    return max(setting.filters * prod(kernels), setting.batch * prod(sizes), outputs // setting.filters)


def test_a_setting_that_is_not_legal_has_no_gradients() -> None:
    with pytest.raises(AssertionError, match="is not legal"):
        call_of(Setting(FUNCTION, (Axis(3, 2, 2, extra=2),) * 2, gradients=True))


def test_the_simplest_setting_has_one_of_each_and_the_seed_0() -> None:
    words: dict[str, Any] = {"batch": 1, "channels": 1, "filters": 1, "groups": 1, "seed": 0}
    assert Setting(FUNCTION, PLAIN) == Setting(FUNCTION, PLAIN, **words, first=False)
