"""What does the plain operation return, axis by axis?  Numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from adjoint.reference import apis
from adjoint.reference.answer import Unspecified
from adjoint.reference.translation import shape_within
from tests.reference_calls import ones, tensor

PLAIN = {"stride": [1], "dilation": [1], "crop": [[0, 0]], "output_padding": [0], "groups": 1}


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({}, [1, 12, 123, 230, 300]),
        ({"stride": [2]}, [1, 10, 102, 20, 203, 30, 300]),
        ({"dilation": [2]}, [1, 2, 13, 20, 130, 200, 300]),
        ({"crop": [[1, 0]]}, [12, 123, 230, 300]),
        ({"crop": [[0, 2]]}, [1, 12, 123]),
        ({"output_padding": [2]}, [1, 12, 123, 230, 300, 0, 0]),
        ({"output_padding": [2], "crop": [[1, 1]]}, [12, 123, 230, 300, 0]),
    ],
    ids=str,
)
def test_a_line_of_one_channel(changes, values):
    tensors = {"input": tensor([[[1, 2, 3]]]), "kernel": tensor([[[1, 10, 100]]])}
    answer = apis.answer("operation", tensors, {**PLAIN, **changes})
    assert answer.values.to_array().ravel().tolist() == values


def test_each_group_of_channels_makes_filters_of_its_own():
    tensors = {"input": tensor([[[1], [2], [3], [4]]]), "kernel": tensor([[[1], [10]]] * 4)}
    for groups, values in ((1, [10, 100]), (2, [3, 30, 7, 70]), (4, [1, 10, 2, 20, 3, 30, 4, 40])):
        answer = apis.answer("operation", tensors, {**PLAIN, "groups": groups})
        assert answer.values.to_array().ravel().tolist() == values
        assert answer.values.shape == (1, len(values), 1)


def test_axes_have_numbers_of_their_own():
    tensors = {"input": ones(1, 1, 2, 3), "kernel": ones(1, 1, 4, 2)}
    given = {"stride": [3, 5], "dilation": [2, 4], "crop": [[1, 2], [0, 3]], "output_padding": [4, 1]}
    translated = apis.translate("operation", tensors, {**given, "groups": 1})
    geometry = translated.geometries[""]
    assert geometry.output == (11, 13)
    assert (geometry.stride, geometry.dilation, geometry.crop) == ((3, 5), (2, 4), (1, 0))
    assert shape_within(translated) == [[1, 1], [1, 1], [7, 9], [12, 16]]


def test_the_dtype_is_that_of_the_input():
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        tensors = {"input": ones(1, 1, 2, dtype=dtype), "kernel": ones(1, 1, 2, dtype=dtype)}
        assert apis.translate("operation", tensors, PLAIN).dtype == dtype


def test_a_sum_of_any_channels_is_exact():
    tensors = {"input": tensor(np.full((1, 3, 1), 2)), "kernel": tensor(np.full((3, 1, 1), 5))}
    answer = apis.answer("operation", tensors, PLAIN)
    assert (answer.values.integers, answer.magnitude.integers, answer.terms.integers) == ((30,), (30,), (3,))


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
def test_there_are_one_two_or_three_spatial_axes(rank):
    tensors = {"input": ones(1, 1, *[2] * rank), "kernel": ones(1, 1, *[1] * rank)}
    arguments = {"stride": [1] * rank, "dilation": [1] * rank, "crop": [[0, 0]] * rank, "groups": 1}
    arguments["output_padding"] = [0] * rank
    if 1 <= rank <= 3:
        assert apis.answer("operation", tensors, arguments).values.shape == (1, 1, *[2] * rank)
    else:
        with pytest.raises(Unspecified):
            apis.answer("operation", tensors, arguments)
