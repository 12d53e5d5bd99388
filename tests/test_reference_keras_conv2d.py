"""Does the reference read keras.layers.Conv2DTranspose as its page does?  Small examples, worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.reference.answer import Answer, Refused, Unspecified
from adjoint.reference.exact import Tensor
from adjoint.reference.keras_conv2d import conv2d_transpose
from adjoint.spec import load


def tensor(values: Any, dtype: str = "float32") -> Tensor:
    return Tensor.from_array(np.array(values, dtype))


def ones(*shape: int) -> Tensor:
    return tensor(np.ones(shape))


def layer(x: Tensor, kernel: Tensor, bias: Tensor | None = None, **arguments: Any) -> Answer:
    """Return the answer of a layer whose filters, kernel_size and use_bias follow from its weights."""
    own = {"filters": kernel.shape[2], "kernel_size": kernel.shape[:2], "use_bias": bias is not None}
    return conv2d_transpose(x, kernel, bias, **{**own, **arguments})


def row(values: list[int], taps: list[int], bias: int | None = None, **arguments: Any) -> Answer:
    """Return what one sample of one row and one channel becomes."""
    x, kernel = np.array(values).reshape(1, 1, -1, 1), np.array(taps).reshape(1, -1, 1, 1)
    return layer(tensor(x), tensor(kernel), None if bias is None else tensor([bias]), **arguments)


def numbers(values: Tensor) -> Any:
    assert values.shape[:2] == (1, 1)
    return values.to_array().ravel().tolist()


@pytest.mark.parametrize(
    ("taps", "stride", "demanded"),
    [
        ([1, 2, 3], 1, [1, 12, 123, 230, 300]),
        ([1, 2, 3], 2, [1, 2, 13, 20, 130, 200, 300]),
        ([1, 2], 2, [1, 2, 10, 20, 100, 200]),
        ([1], 3, [1, 0, 0, 10, 0, 0, 100, 0, 0]),  # two more than the kernel reaches
    ],
)
def test_valid_gives_each_element_a_stride_and_the_kernels_overhang(
    taps: list[int], stride: int, demanded: list[int]
) -> None:
    answer = row([1, 10, 100], taps, strides=(1, stride))
    assert numbers(answer.values) == demanded
    assert not answer.readings


def test_where_the_kernel_does_not_reach_there_is_the_bias_alone() -> None:
    answer = row([1, 10], [7], bias=5, strides=(1, 3))
    assert numbers(answer.values) == [12, 5, 5, 75, 5, 5]
    assert numbers(answer.magnitude) == [12, 5, 5, 75, 5, 5]


@pytest.mark.parametrize(
    ("taps", "stride", "demanded"),
    [
        ([1, 2, 3], 1, [12, 123, 230]),  # of 1 12 123 230 300: one at either side
        ([1, 2, 3, 4], 2, [2, 13, 24, 130, 240, 300]),  # of 1 2 13 24 130 240 300 400: one at either side
        ([1, 2], 2, [1, 2, 10, 20, 100, 200]),
        ([1], 2, [1, 0, 10, 0, 100, 0]),
    ],
)
def test_same_crops_an_even_number_evenly(taps: list[int], stride: int, demanded: list[int]) -> None:
    answer = row([1, 10, 100], taps, padding="same", strides=(1, stride))
    assert numbers(answer.values) == demanded
    assert not answer.readings


@pytest.mark.parametrize(
    ("taps", "stride", "less_at_the_end", "less_at_the_start"),
    [
        ([1, 2], 1, [1, 12, 120], [12, 120, 200]),  # of 1 12 120 200
        ([1, 2, 3, 4], 1, [12, 123, 234], [123, 234, 340]),  # of 1 12 123 234 340 400
        ([1, 2, 3], 2, [1, 2, 13, 20, 130, 200], [2, 13, 20, 130, 200, 300]),
    ],
)
def test_same_leaves_open_from_which_side_an_odd_one_goes(
    taps: list[int], stride: int, less_at_the_end: list[int], less_at_the_start: list[int]
) -> None:
    answer = row([1, 10, 100], taps, padding="same", strides=(1, stride))
    assert {name: numbers(values) for name, values in answer.readings.items()} == {
        "crops the extra element at the end": less_at_the_end,
        "crops the extra element at the start": less_at_the_start,
    }
    assert numbers(answer.values) == less_at_the_end


def test_one_odd_axis_leaves_the_even_axis_alone() -> None:
    x, kernel = (
        tensor([[[[1], [10]], [[100], [1000]]]]),
        tensor([[[[1]], [[2]]], [[[0]], [[0]]], [[[0]], [[0]]]]),
    )
    answer = layer(x, kernel, padding="same")
    # rows: 3 taps, one cropped at either side, so that each input row lands one higher; columns: 1 12 20
    readings = [values.to_array()[0, :, :, 0].tolist() for values in answer.readings.values()]
    assert readings == [[[100, 1200], [0, 0]], [[1200, 2000], [0, 0]]]


def test_dilation_spreads_the_taps_and_what_same_crops() -> None:
    assert numbers(row([1, 10], [1, 2], dilation_rate=(1, 3)).values) == [1, 10, 0, 2, 20]
    answer = row([1, 10, 100], [1, 2], dilation_rate=(1, 2), padding="same")
    assert numbers(answer.values) == [10, 102, 20]  # of 1 10 102 20 200
    assert not answer.readings


@pytest.mark.parametrize("form", [2, (2,), [2], (2, 2), [2, 2]])
@pytest.mark.parametrize("name", ["strides", "dilation_rate"])
def test_one_integer_serves_both_axes(name: str, form: Any) -> None:
    kernel = ones(2, 2, 1, 1) if name == "dilation_rate" else ones(1, 1, 1, 1)
    answer = layer(ones(1, 2, 3, 1), kernel, **{name: form})
    assert answer.values.shape == ((1, 4, 5, 1) if name == "dilation_rate" else (1, 4, 6, 1))


@pytest.mark.parametrize("form", [2, (2,), [2], (2, 2), [2, 2]])
def test_one_integer_is_the_size_of_both_axes(form: Any) -> None:
    assert layer(ones(1, 2, 3, 1), ones(2, 2, 1, 1), kernel_size=form).values.shape == (1, 3, 4, 1)


def test_numpys_integers_are_integers() -> None:
    """Calls may carry them: `{"$int": "2", "as": "numpy.int64"}`."""
    assert numbers(row([1, 10], [1], strides=np.int64(1), dilation_rate=(np.int32(1),)).values) == [1, 10]


def test_strides_and_dilation_differ_from_axis_to_axis() -> None:
    x, kernel = ones(1, 4, 5, 1), ones(2, 2, 1, 1)
    assert layer(x, kernel, strides=(2, 3)).values.shape == (1, 8, 15, 1)
    assert layer(x, kernel, dilation_rate=(2, 3)).values.shape == (1, 6, 8, 1)


@pytest.mark.parametrize("padding", ["same", "SAME", "Same", "sAmE"])
def test_same_is_read_in_any_case(padding: str) -> None:
    assert numbers(row([1, 10, 100], [1, 2, 3], padding=padding).values) == [12, 123, 230]


@pytest.mark.parametrize("padding", ["valid", "VALID", "Valid"])
def test_valid_is_read_in_any_case(padding: str) -> None:
    assert numbers(row([1, 10], [1, 2], padding=padding).values) == [1, 12, 20]


def test_the_kernel_has_filters_before_channels() -> None:
    x, kernel = tensor([[[[1, 10, 100]]]]), tensor([[[[1, 2, 3], [4, 5, 6]]]])
    answer = layer(x, kernel)
    assert answer.values.to_array().tolist() == [[[[321, 654]]]]


@pytest.mark.parametrize("data_format", [None, "channels_last", "channels_first"])
def test_data_format_places_the_channels_of_input_and_output(data_format: str | None) -> None:
    x = np.array([[[[1, 10, 100]], [[2, 20, 200]]]])  # two rows, one column, three channels
    demanded = np.array([[[[328, 662]], [[649, 1316]]]])
    if data_format == "channels_first":
        x, demanded = np.moveaxis(x, -1, 1), np.moveaxis(demanded, -1, 1)
    kernel = tensor([[[[1, 2, 3], [4, 5, 6]]]])
    answer = layer(tensor(x), kernel, tensor([7, 8]), data_format=data_format)
    assert answer.values.to_array().tolist() == demanded.tolist()
    assert answer.magnitude.to_array().tolist() == demanded.tolist()


def test_the_activation_comes_after_the_bias() -> None:
    assert numbers(row([1, -1, -4], [2], bias=3, activation="relu").values) == [5, 1, 0]
    assert numbers(row([1, -1, -4], [2], bias=3, activation="linear").values) == [5, 1, -5]
    assert numbers(row([1, -1, -4], [2], bias=3).values) == [5, 1, -5]


def test_the_activation_is_applied_to_every_reading() -> None:
    answer = row([1, -10], [1, 2], padding="same", activation="relu")
    assert [numbers(values) for values in answer.readings.values()] == [[1, 0], [0, 0]]


def test_the_output_has_the_layers_dtype() -> None:
    assert row([1], [1]).values.dtype == "float32"
    assert row([1], [1], dtype="float64").values.dtype == "float64"
    odd = row([1], [1, 2], dtype="float64", padding="same")
    assert {values.dtype for values in odd.readings.values()} == {"float64"}


def test_the_pages_example_has_the_pages_shape() -> None:
    x, kernel = ones(4, 10, 8, 1), ones(2, 2, 32, 1)  # one channel of the 128: they change no shape
    answer = layer(x, kernel, ones(32), filters=32, kernel_size=2, strides=2, activation="relu")
    assert answer.values.shape == (4, 20, 16, 32)


def test_an_empty_batch_gives_an_empty_output() -> None:
    answer = layer(ones(0, 2, 3, 1), ones(2, 2, 4, 1))
    assert (answer.values.shape, answer.values.integers) == ((0, 3, 4, 4), ())


LEGAL = {
    "input": ones(1, 4, 5, 2),
    "kernel": ones(3, 2, 6, 2),
    "bias": ones(6),
    "filters": 6,
    "kernel_size": (3, 2),
}
ILLEGAL: list[tuple[str, dict[str, Any]]] = [
    ("strides-dilation", {"strides": 2, "dilation_rate": 2}),
    ("strides-dilation", {"strides": (1, 2), "dilation_rate": (3, 1)}),
    ("strides-dilation", {"strides": [2], "dilation_rate": (1, 2)}),
    ("padding", {"padding": "causal"}),
    ("padding", {"padding": ""}),
    ("data-format", {"data_format": "NHWC"}),
    ("data-format", {"data_format": "CHANNELS_LAST"}),
    ("rank", {"input": ones(4, 5, 2)}),
    ("rank", {"input": ones(1, 4, 5, 3, 2)}),
]
UNSPECIFIED: list[dict[str, Any]] = [
    {"strides": 0},
    {"strides": (1, -1)},
    {"strides": (1, 2, 1)},
    {"strides": ()},
    {"dilation_rate": [0]},
    {"dilation_rate": [1, 1, 1]},
    {"kernel_size": (2, 3)},
    {"kernel_size": 3},
    {"filters": 5},
    {"filters": 5, "use_bias": False, "bias": None},
    {"filters": -1},
    {"input": ones(1, 4, 5, 3)},
    {"data_format": "channels_first"},  # four channels
    {"use_bias": False},
    {"bias": None},
    {"bias": ones(5)},
    {"bias": ones(7)},
]


def test_the_call_that_each_illegal_one_changes_is_legal() -> None:
    assert conv2d_transpose(**LEGAL).values.shape == (1, 6, 6, 6)


@pytest.mark.parametrize(("rule", "change"), ILLEGAL)
def test_each_rule_alone_refuses(rule: str, change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        conv2d_transpose(**{**LEGAL, **change})
    assert refused.value.clause == f"keras-conv2d.refuses-{rule}"
    assert refused.value.clause in str(refused.value)


@pytest.mark.parametrize("change", UNSPECIFIED)
def test_nothing_is_demanded_where_no_clause_speaks(change: dict[str, Any]) -> None:
    with pytest.raises(Unspecified):
        conv2d_transpose(**{**LEGAL, **change})


def test_every_refusing_clause_is_reached() -> None:
    clauses = {clause for clause in load().clauses if clause.startswith("keras-conv2d.refuses-")}
    assert clauses == {f"keras-conv2d.refuses-{rule}" for rule, _ in ILLEGAL}
