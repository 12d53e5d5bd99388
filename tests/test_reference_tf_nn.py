"""Does the reference read tf.nn.conv_transpose as its page does?  Small examples, worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.reference.answer import Answer, Refused
from adjoint.reference.exact import Tensor
from adjoint.reference.tf_nn import translate
from adjoint.reference.translation import output
from tests.reference_calls import ones, tensor


def conv_transpose_nd(*tensors: Any, **arguments: Any) -> Answer:
    return output(translate(*tensors, **arguments))


def line(values: list[int], taps: list[int], length: int, **arguments: Any) -> Any:
    """Return what one sample of one channel becomes on one spatial axis."""
    x, w = tensor([[[value] for value in values]]), tensor([[[tap]] for tap in taps])
    answer = conv_transpose_nd(x, w, [1, length, 1], **arguments)
    assert not answer.readings
    return answer.values.to_array()[0, :, 0].tolist()


def result(answer: Answer) -> Any:
    return answer.values.to_array().tolist()


@pytest.mark.parametrize(
    ("length", "demanded"),
    [(7, [1, 2, 13, 20, 130, 200, 300]), (8, [1, 2, 13, 20, 130, 200, 300, 0])],
)
def test_valid_takes_every_length_that_convolves_back_and_leaves_zeros_at_the_end(
    length: int, demanded: list[int]
) -> None:
    assert line([1, 10, 100], [1, 2, 3], length, strides=2, padding="VALID") == demanded


@pytest.mark.parametrize("length", [0, 5, 6, 9])
def test_valid_refuses_every_other_length(length: int) -> None:
    with pytest.raises(Refused) as refused:
        line([1, 10, 100], [1, 2, 3], length, strides=2, padding="VALID")
    assert refused.value.clause == "tf-nn.refuses-output-shape"


@pytest.mark.parametrize(
    ("taps", "strides", "length", "demanded"),
    [
        ([1, 2, 3], 1, 3, [12, 123, 230]),  # of 1 12 123 230 300: one at either end
        ([1, 2, 3, 4], 1, 3, [12, 123, 234]),  # of 1 12 123 234 340 400: one before, two after
        ([1, 2], 1, 3, [1, 12, 120]),  # of 1 12 120 200: none before, one after
        ([1, 2, 3], 2, 6, [1, 2, 13, 20, 130, 200]),  # of 1 2 13 20 130 200 300: none before, one after
        ([1, 2, 3], 2, 5, [2, 13, 20, 130, 200]),  # one at either end
        ([1, 2], 3, 9, [1, 2, 0, 10, 20, 0, 100, 200, 0]),  # nothing to crop, a zero after
        ([1, 2], 3, 8, [1, 2, 0, 10, 20, 0, 100, 200]),
        ([1, 2], 3, 7, [1, 2, 0, 10, 20, 0, 100]),  # none before, one after
    ],
)
def test_same_crops_half_at_the_start_and_the_odd_one_at_the_end(
    taps: list[int], strides: int, length: int, demanded: list[int]
) -> None:
    assert line([1, 10, 100], taps, length, strides=strides, padding="SAME") == demanded


@pytest.mark.parametrize(("strides", "length"), [(1, 2), (1, 4), (2, 4), (2, 7), (3, 6), (3, 10)])
def test_same_refuses_lengths_that_do_not_convolve_back(strides: int, length: int) -> None:
    with pytest.raises(Refused) as refused:
        line([1, 10, 100], [1, 2, 3], length, strides=strides, padding="SAME")
    assert refused.value.clause == "tf-nn.refuses-output-shape"


def test_padding_is_same_when_none_is_given() -> None:
    assert line([1, 10, 100], [1, 2, 3], 3, strides=1) == [12, 123, 230]


def test_dilation_spreads_the_taps_and_what_same_crops() -> None:
    assert line([1, 10], [1, 2], 5, strides=1, padding="VALID", dilations=3) == [1, 10, 0, 2, 20]
    assert line([1, 10], [1, 2], 2, strides=1, padding="SAME", dilations=3) == [
        10,
        0,
    ]  # one before, two after
    assert line([1, 10], [1, 2], 6, strides=2, padding="VALID", dilations=3) == [1, 0, 10, 2, 0, 20]
    with pytest.raises(Refused):
        line([1, 10], [1, 2], 4, strides=1, padding="VALID", dilations=3)


def test_filters_have_output_channels_before_input_channels() -> None:
    x, filters = tensor([[[1, 10, 100]]]), tensor([[[1, 2, 3], [4, 5, 6]]])
    assert result(conv_transpose_nd(x, filters, [1, 1, 2], 1)) == [[[321, 654]]]


@pytest.mark.parametrize(
    ("rank", "last", "first"), [(1, "NWC", "NCW"), (2, "NHWC", "NCHW"), (3, "NDHWC", "NCDHW")]
)
def test_data_format_places_the_channels_of_input_output_and_output_shape(
    rank: int, last: str, first: str
) -> None:
    ends = [1] * (rank - 1)
    filters = tensor([[[1, 2, 3], [4, 5, 6]]]).to_array().reshape(1, *ends, 2, 3)
    x = np.array([[1, 10, 100], [2, 20, 200]]).reshape(1, 2, *ends, 3)  # two positions, three channels
    demanded = np.array([[321, 654], [642, 1308]]).reshape(1, 2, *ends, 2)
    for form in (None, last):
        answer = conv_transpose_nd(tensor(x), tensor(filters), demanded.shape, 1, data_format=form)
        assert result(answer) == demanded.tolist()
    x, demanded = np.moveaxis(x, -1, 1), np.moveaxis(demanded, -1, 1)
    answer = conv_transpose_nd(tensor(x), tensor(filters), demanded.shape, 1, data_format=first)
    assert result(answer) == demanded.tolist()
    assert answer.magnitude.shape == demanded.shape


def test_axes_keep_their_order() -> None:
    x, filters = tensor([[[[1], [10], [100]], [[2], [20], [200]]]]), tensor([[[[1]], [[3]]]])
    answer = conv_transpose_nd(x, filters, [1, 2, 4, 1], 1, "VALID")
    assert answer.values.to_array()[0, :, :, 0].tolist() == [[1, 13, 130, 300], [2, 26, 260, 600]]


@pytest.mark.parametrize("name", ["strides", "dilations"])
@pytest.mark.parametrize(
    ("form", "places", "data_format"),
    [
        (2, (2, 2), "NHWC"),
        ([2], (2, 2), "NHWC"),
        ([2, 3], (2, 3), "NHWC"),
        ((3, 2), (3, 2), "NCHW"),
        ([1, 2, 3, 1], (2, 3), "NHWC"),
        ([1, 1, 2, 3], (2, 3), "NCHW"),
    ],
)
def test_strides_and_dilations_take_1_n_or_n_plus_2_values(
    name: str, form: Any, places: tuple[int, int], data_format: str
) -> None:
    """Of a 2 by 2 input and a single tap, or the other way round, each number lands `places` apart."""
    four, single = [[1, 10], [100, 1000]], [[7]]
    image, taps = (four, single) if name == "strides" else (single, four)
    x = np.array(image, "float32")[np.newaxis, :, :, np.newaxis]
    filters = np.array(taps, "float32")[:, :, np.newaxis, np.newaxis]
    shape = [1, places[0] + 1, places[1] + 1, 1]
    if data_format == "NCHW":
        x, shape = np.moveaxis(x, -1, 1), [1, 1, *shape[1:3]]
    arguments = {"strides": 1, name: form}
    answer = conv_transpose_nd(
        tensor(x), tensor(filters), shape, padding="VALID", data_format=data_format, **arguments
    )
    demanded = np.zeros((places[0] + 1, places[1] + 1))
    demanded[:: places[0], :: places[1]] = [[7, 70], [700, 7000]]
    assert answer.values.to_array().squeeze().tolist() == demanded.tolist()


def test_numpys_integers_are_integers() -> None:
    """Calls may carry them: `{"$int": "2", "as": "numpy.int64"}`."""
    answer = conv_transpose_nd(
        ones(1, 2, 1), ones(1, 1, 1), np.array([1, 4, 1]), np.int64(2), dilations=[np.int32(1)]
    )
    assert result(answer) == [[[1], [0], [1], [0]]]


def test_three_items_are_n_plus_2_on_one_axis_and_n_on_three() -> None:
    assert line([1, 10], [1], 3, strides=[1, 2, 1], padding="VALID") == [1, 0, 10]
    x = tensor(np.array([1, 10]).reshape(1, 1, 1, 2, 1))
    answer = conv_transpose_nd(x, ones(1, 1, 1, 1, 1), [1, 1, 1, 4, 1], [1, 1, 3], "VALID")
    assert answer.values.to_array().ravel().tolist() == [1, 0, 0, 10]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_output_has_the_dtype_of_input(dtype: str) -> None:
    answer = conv_transpose_nd(ones(1, 2, 1, dtype=dtype), ones(1, 1, 1, dtype=dtype), [1, 2, 1], 1)
    assert answer.values.dtype == dtype


def test_an_empty_batch_gives_an_empty_output() -> None:
    answer = conv_transpose_nd(ones(0, 2, 3), ones(2, 4, 3), [0, 3, 4], 1, "VALID")
    assert (answer.values.shape, answer.values.integers) == ((0, 3, 4), ())


def test_magnitude_sums_absolute_values_in_the_order_of_the_output() -> None:
    x, filters = tensor([[[1, -10], [2, 20]]]), tensor([[[3, 4], [-5, 6]]])
    answer = conv_transpose_nd(x, filters, [1, 2, 2], 1)
    assert result(answer) == [[[-37, -65], [86, 110]]]
    assert answer.magnitude.to_array().tolist() == [[[43, 65], [86, 130]]]


def test_name_changes_nothing() -> None:
    assert line([1, 10], [1, 2], 2, strides=1, name="up") == line([1, 10], [1, 2], 2, strides=1)


@pytest.mark.parametrize(
    "shape",
    [[1, 4, 1], (1, 4, 1), np.array([1, 4, 1]), tensor([1, 4, 1], "int32"), tensor([1, 4, 1], "int64")],
)
def test_output_shape_is_a_list_a_tuple_or_a_tensor(shape: Any) -> None:
    assert result(conv_transpose_nd(ones(1, 2, 1), ones(1, 1, 1), shape, 2)) == [[[1], [0], [1], [0]]]


def test_dilations_and_data_format_of_none_are_those_that_are_not_given() -> None:
    given = {"strides": 1, "padding": "VALID", "dilations": None, "data_format": None}
    assert line([1, 10], [1, 2], 3, **given) == line([1, 10], [1, 2], 3, strides=1, padding="VALID")


def test_strides_and_dilations_above_one_go_together() -> None:
    # 1 and 10 two apart, 2 and 3 times that three and six on
    assert line([1, 10], [1, 2, 3], 9, strides=2, padding="VALID", dilations=3) == [
        1,
        0,
        10,
        2,
        0,
        20,
        3,
        0,
        30,
    ]
    # of nine elements four are asked for: two are cropped at the start, three at the end
    assert line([1, 10], [1, 2, 3], 4, strides=2, padding="SAME", dilations=3) == [10, 2, 0, 20]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_its_four_dtypes_are_taken(dtype: str) -> None:
    x, filters = Tensor(dtype, (1, 1, 1), (3,)), Tensor(dtype, (1, 1, 1), (5,))
    assert conv_transpose_nd(x, filters, [1, 1, 1], 1).values == Tensor(dtype, (1, 1, 1), (15,))
