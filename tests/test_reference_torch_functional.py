"""Does the reference read torch's conv_transpose1d, 2d and 3d as their pages do?  Examples worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.exact import Tensor
from adjoint.reference.torch_functional import conv_transpose1d, conv_transpose2d, conv_transpose3d
from adjoint.spec import load

FUNCTIONS = {1: conv_transpose1d, 2: conv_transpose2d, 3: conv_transpose3d}


def tensor(values: Any, dtype: str = "float32") -> Tensor:
    return Tensor.from_array(np.array(values, dtype))


def ones(*shape: int, dtype: str = "float32") -> Tensor:
    return tensor(np.ones(shape), dtype)


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


def test_of_a_size_of_zero_by_the_formula_nothing_is_demanded() -> None:
    with pytest.raises(Unspecified):
        conv_transpose1d(ones(2, 1, 1), ones(1, 3, 2), padding=1)


def test_magnitude_sums_the_absolute_values_of_terms_and_bias() -> None:
    answer = conv_transpose1d(tensor([[[1, -10]]]), tensor([[[3, 4]]]), tensor([-5]))
    assert answer.values.to_array().ravel().tolist() == [-2, -31, -45]
    assert answer.magnitude.to_array().ravel().tolist() == [8, 39, 45]


LEGAL = {"input": ones(1, 4, 3, 5), "weight": ones(4, 3, 4, 2), "groups": 2, "stride": 2}
ILLEGAL: list[tuple[str, dict[str, Any]]] = [
    ("groups", {"groups": 3}),
    ("groups", {"groups": 0}),
    ("groups", {"groups": -2}),
    ("channels", {"weight": ones(6, 3, 4, 2)}),
    ("bias", {"bias": ones(3)}),  # a group's filters
    ("bias", {"bias": ones(7)}),
    ("bias", {"bias": ones(1, 6)}),
    ("output-padding", {"output_padding": 2}),
    ("output-padding", {"output_padding": (0, 3), "dilation": (4, 3)}),
    ("output-padding", {"output_padding": (-1, 0)}),
    ("padding", {"padding": (0, -1)}),
    ("stride", {"stride": 0}),
    ("stride", {"stride": (1, -1)}),
    ("dilation", {"dilation": (0, 1)}),
    ("mixed-dtype", {"weight": ones(4, 3, 4, 2, dtype="float64")}),
    ("negative-size", {"padding": (5, 0)}),
]
UNSPECIFIED: list[dict[str, Any]] = [
    {"bias": ones(6, dtype="float64")},
    {"stride": (2,)},
    {"stride": (2, 2, 2)},
    {"padding": ()},
    {"output_padding": (0, 0, 0)},
    {"dilation": [1]},
    {"input": ones(4, 3)},
    {"input": ones(1, 4, 3, 5, 1)},
    {"weight": ones(4, 3, 4)},
    {"weight": ones(4, 3, 4, 2, 1)},
]


def test_the_call_that_each_illegal_one_changes_is_legal() -> None:
    assert conv_transpose2d(**LEGAL).values.shape == (1, 6, 8, 10)
    assert conv_transpose2d(**LEGAL, padding=(3, 0)).values.shape == (1, 6, 2, 10)
    assert conv_transpose2d(**LEGAL, output_padding=(3, 2), dilation=(4, 3)).values.shape == (1, 6, 20, 14)


@pytest.mark.parametrize(("rule", "change"), ILLEGAL)
def test_each_rule_alone_refuses(rule: str, change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        conv_transpose2d(**{**LEGAL, **change})
    assert refused.value.clause == f"torch-functional.refuses-{rule}"
    assert refused.value.clause in str(refused.value)


@pytest.mark.parametrize("change", UNSPECIFIED)
def test_nothing_is_demanded_where_no_clause_speaks(change: dict[str, Any]) -> None:
    with pytest.raises(Unspecified):
        conv_transpose2d(**{**LEGAL, **change})


def test_every_refusing_clause_is_reached() -> None:
    clauses = {clause for clause in load().clauses if clause.startswith("torch-functional.refuses-")}
    assert clauses == {f"torch-functional.refuses-{rule}" for rule, _ in ILLEGAL}
