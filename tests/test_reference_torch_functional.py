"""Does the reference read torch's conv_transpose1d, 2d and 3d as their pages do?  Examples worked by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis
from adjoint.reference.answer import Answer, Refused
from adjoint.reference.torch_functional import translate
from adjoint.reference.translation import gradients, output
from tests.reference_calls import ones, tensor


def conv_transpose_nd(rank: int, *tensors: Any, **arguments: Any) -> Answer:
    return output(translate("torch-functional", rank, *tensors, **arguments))


FUNCTIONS = {rank: partial(conv_transpose_nd, rank) for rank in (1, 2, 3)}
conv_transpose1d, conv_transpose2d, conv_transpose3d = FUNCTIONS.values()


def line(values: list[int], taps: list[int], bias: int | None = None, **arguments: Any) -> Any:
    """Return what one sample of one channel becomes on one spatial axis."""
    held = None if bias is None else tensor([bias])
    answer = conv_transpose1d(tensor([[values]]), tensor([[taps]]), held, **arguments)
    assert not answer.readings
    assert answer.values.shape[:2] == (1, 1)
    return answer.values.to_array().ravel().tolist()


@pytest.mark.parametrize(
    ("arguments", "demanded"),
    [
        ({}, [1, 12, 123, 230, 300]),
        ({"stride": 2}, [1, 2, 13, 20, 130, 200, 300]),
        ({"stride": 4}, [1, 2, 3, 0, 10, 20, 30, 0, 100, 200, 300]),
        ({"padding": 1}, [12, 123, 230]),
        ({"padding": 2}, [123]),
        ({"stride": 2, "padding": 1}, [2, 13, 20, 130, 200]),
        ({"stride": 2, "padding": 1, "output_padding": 1}, [2, 13, 20, 130, 200, 300]),  # uncovers a stamp
        ({"stride": 2, "output_padding": 1}, [1, 2, 13, 20, 130, 200, 300, 0]),  # uncovers nothing
        ({"dilation": 2}, [1, 10, 102, 20, 203, 30, 300]),
        ({"dilation": 3, "stride": 2}, [1, 0, 10, 2, 100, 20, 3, 200, 30, 0, 300]),
        ({"dilation": 3, "output_padding": 2, "padding": 3}, [2, 20, 200, 3, 30]),  # above the stride
    ],
)
def test_stride_padding_output_padding_and_dilation(arguments: dict[str, int], demanded: list[int]) -> None:
    assert line([1, 10, 100], [1, 2, 3], **arguments) == demanded


def test_padding_beyond_the_kernels_reach_takes_elements_of_the_input_away() -> None:
    assert line([1, 10, 100], [7], padding=1) == [70]


def test_output_padding_uncovers_the_bias_alone() -> None:
    assert line([1, 10], [1, 2], bias=5, stride=3, output_padding=2) == [6, 7, 5, 15, 25, 5, 5]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "output_padding", "length"),
    [(5, 3, 3, 1, 2, 1, 16), (4, 1, 1, 0, 1, 0, 4), (1, 4, 2, 1, 1, 1, 3), (7, 2, 4, 2, 5, 4, 30)],
)
def test_the_outputs_size_follows_the_pages_formula(
    size: int, kernel: int, stride: int, padding: int, dilation: int, output_padding: int, length: int
) -> None:
    """(size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1."""
    answer = conv_transpose1d(
        ones(1, 1, size), ones(1, 1, kernel), None, stride, padding, output_padding, 1, dilation
    )
    assert answer.values.shape == answer.magnitude.shape == (1, 1, length)


def test_the_weight_has_channels_before_filters() -> None:
    weight = tensor([[[1], [4]], [[2], [5]], [[3], [6]]])
    answer = conv_transpose1d(tensor([[[1], [10], [100]]]), weight)
    assert answer.values.to_array().tolist() == [[[321], [654]]]


def test_each_group_turns_its_share_of_the_channels_into_its_share_of_the_filters() -> None:
    x = tensor([[[1], [10], [100], [1000]]])  # groups: 1 and 10, 100 and 1000
    weight = tensor([[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]], [[1], [2], [3]]])
    bias = tensor([100000, 200000, 300000, 400000, 500000, 600000])
    answer = conv_transpose1d(x, weight, bias, groups=2)
    demanded = [100041, 200052, 300063, 401700, 502800, 603900]
    assert answer.values.to_array().ravel().tolist() == demanded
    alone = conv_transpose1d(x, weight, groups=4).values  # a channel each: three filters of every one
    assert alone.to_array().ravel().tolist() == [1, 2, 3, 40, 50, 60, 700, 800, 900, 1000, 2000, 3000]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_single_number_serves_every_axis_and_a_tuple_each_its_own(rank: int) -> None:
    x, weight = ones(1, 1, *(4, 5, 6)[:rank]), ones(1, 1, *(3, 2, 4)[:rank])
    single = FUNCTIONS[rank](x, weight, stride=3, padding=1, output_padding=2, dilation=2)
    assert single.values.shape == (1, 1, *(14, 15, 22)[:rank])
    each = FUNCTIONS[rank](
        x,
        weight,
        stride=(1, 2, 3)[:rank],
        padding=[1, 0, 2][:rank],
        output_padding=(0, 1, 2)[:rank],
        dilation=(2, 3, 1)[:rank],
    )
    assert each.values.shape == (1, 1, *(6, 13, 17)[:rank])


def test_numpys_integers_are_integers() -> None:
    """Calls may carry them: `{"$int": "2", "as": "numpy.int64"}`."""
    assert line([1, 10], [1], stride=np.int64(2), padding=(np.int32(0),), dilation=np.int64(1)) == [1, 0, 10]


def test_axes_keep_their_order() -> None:
    x, weight = tensor([[[[1, 10, 100], [2, 20, 200]]]]), tensor([[[[1, 3]]]])
    answer = conv_transpose2d(x, weight, stride=(2, 1))
    assert answer.values.to_array()[0, 0].tolist() == [[1, 13, 130, 300], [0, 0, 0, 0], [2, 26, 260, 600]]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_without_a_batch_axis_the_output_has_none(rank: int) -> None:
    x, weight = np.arange(2 * 3**rank), np.arange(2 * 5 * 2**rank)
    weight = weight.reshape(2, 5, *[2] * rank)
    batched = FUNCTIONS[rank](tensor(x.reshape(1, 2, *[3] * rank)), tensor(weight))
    answer = FUNCTIONS[rank](tensor(x.reshape(2, *[3] * rank)), tensor(weight))
    assert answer.values.shape == answer.magnitude.shape == (5, *[4] * rank)
    assert answer.values.integers == batched.values.integers
    assert answer.magnitude.integers == batched.magnitude.integers


def test_an_empty_batch_gives_an_empty_output() -> None:
    answer = conv_transpose2d(ones(0, 3, 4, 5), ones(3, 2, 2, 3), stride=2)
    assert (answer.values.shape, answer.values.integers) == ((0, 2, 8, 11), ())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_output_has_the_dtype_of_the_input(dtype: str) -> None:
    answer = conv_transpose1d(ones(1, 1, 2, dtype=dtype), ones(1, 1, 2, dtype=dtype), ones(1, dtype=dtype))
    assert answer.values.dtype == dtype


def test_magnitude_sums_the_absolute_values_of_terms_and_bias() -> None:
    answer = conv_transpose1d(tensor([[[1, -10]]]), tensor([[[3, 4]]]), tensor([-5]))
    assert answer.values.to_array().ravel().tolist() == [-2, -31, -45]
    assert answer.magnitude.to_array().ravel().tolist() == [8, 39, 45]


EXAMPLES = [
    (1, (20, 16, 50), (16, 33, 5), {}, (20, 33, 54)),
    (2, (1, 4, 5, 5), (4, 8, 3, 3), {"padding": 1}, (1, 8, 5, 5)),
    (3, (20, 16, 50, 10, 20), (16, 33, 3, 3, 3), {}, (20, 33, 52, 12, 22)),
]


@pytest.mark.parametrize(("rank", "x", "weight", "arguments", "made"), EXAMPLES)
def test_the_pages_examples_have_the_pages_shapes(
    rank: int, x: Any, weight: Any, arguments: Any, made: Any
) -> None:
    """One sample and one channel of theirs: they change no other size."""
    answer = FUNCTIONS[rank](ones(1, 1, *x[2:]), ones(1, 2, *weight[2:]), **arguments)
    assert answer.values.shape == (1, 2, *made[2:])
    assert (made[0], made[1]) == (x[0], weight[1])


def test_without_a_bias_or_with_none_nothing_is_added() -> None:
    assert line([1, 10], [1, 2]) == line([1, 10], [1, 2], bias=0) == [1, 12, 20]
    assert FUNCTIONS[1](ones(1, 1, 2), ones(1, 1, 1)).terms.integers == (1, 1)
    assert FUNCTIONS[1](ones(1, 1, 2), ones(1, 1, 1), tensor([0])).terms.integers == (2, 2)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_each_function_has_the_spatial_axes_that_it_is_named_for(rank: int) -> None:
    shape = (1, 1, *[2] * rank)
    given = {"input": ones(*shape), "weight": ones(*shape)}
    answer = apis.answer(f"torch.nn.functional.conv_transpose{rank}d", given, {})
    assert answer.values.shape == (1, 1, *[3] * rank)


def test_no_size_goes_below_zero_not_even_by_one() -> None:
    with pytest.raises(Refused) as refused:
        line([1], [7], padding=1)
    assert refused.value.clause == "torch-functional.refuses-negative-size"


def test_the_gradient_of_the_weight_has_its_axes_in_their_order() -> None:
    call = translate("torch-functional", 2, ones(1, 2, 3, 4), ones(2, 3, 1, 2))
    assert gradients(call, ones(1, 3, 3, 5))["kernel"].values.shape == (2, 3, 1, 2)
