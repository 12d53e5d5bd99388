"""Do the layers of Keras and TensorFlow compute what their pages say?  Small examples, worked by hand.

Each example is one axis, and is put to every axis of every layer that knows its arguments.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from adjoint.reference.objects import Function
from tests.reference_calls import RANKS, each_axis, each_layer, knows, line, of_layer

AT_THE_END = "crops the extra element at the end"
AT_THE_START = "crops the extra element at the start"
HALF_THE_KERNEL = "crops half the kernel at the start, whatever the output padding"


class Example(NamedTuple):
    """What 1, 10, 100 become by a kernel of 1, 2, 3 and so on; and what else Keras leaves possible."""

    kernel: int
    arguments: dict[str, Any]
    demanded: list[int]
    choice: dict[str, list[int]] = {}  # noqa: RUF012 - never written to


def readings(api: str, axis: int, example: Example) -> dict[str, list[int]]:
    values, taps = [1, 10, 100], list(range(1, example.kernel + 1))
    return line(api, axis, values, taps, **example.arguments)


VALID = [
    Example(3, {}, [1, 12, 123, 230, 300]),
    Example(3, {"strides": 2}, [1, 2, 13, 20, 130, 200, 300]),
    Example(2, {"strides": 2}, [1, 2, 10, 20, 100, 200]),
    Example(1, {"strides": 3}, [1, 0, 0, 10, 0, 0, 100, 0, 0]),  # two more than the kernel reaches
    Example(2, {"strides": 3}, [1, 2, 0, 10, 20, 0, 100, 200, 0]),
    Example(2, {"dilation_rate": 2}, [1, 10, 102, 20, 200]),
    Example(2, {"dilation_rate": 3}, [1, 10, 100, 2, 20, 200]),
    Example(3, {"dilation_rate": 2}, [1, 10, 102, 20, 203, 30, 300]),
    Example(3, {"strides": 2, "output_padding": None}, [1, 2, 13, 20, 130, 200, 300]),
    Example(3, {"strides": 2, "output_padding": 0}, [1, 2, 13, 20, 130, 200, 300]),
    Example(3, {"strides": 2, "output_padding": 1}, [1, 2, 13, 20, 130, 200, 300, 0]),
    Example(1, {"strides": 3, "output_padding": None}, [1, 0, 0, 10, 0, 0, 100, 0, 0]),
    Example(1, {"strides": 3, "output_padding": 0}, [1, 0, 0, 10, 0, 0, 100]),  # 0 is not None
    Example(1, {"strides": 3, "output_padding": 1}, [1, 0, 0, 10, 0, 0, 100, 0]),
    Example(2, {"strides": 3, "output_padding": 0}, [1, 2, 0, 10, 20, 0, 100, 200]),
    Example(2, {"strides": 4, "output_padding": 3}, [1, 2, 0, 0, 10, 20, 0, 0, 100, 200, 0, 0, 0]),
    Example(2, {"dilation_rate": 2, "output_padding": 0}, [1, 10, 102, 20, 200]),
]
SAME = [
    Example(3, {}, [12, 123, 230]),  # of 1 12 123 230 300: one at either end
    Example(4, {"strides": 2}, [2, 13, 24, 130, 240, 300]),  # of 1 2 13 24 130 240 300 400: one at either end
    Example(2, {"strides": 2}, [1, 2, 10, 20, 100, 200]),
    Example(1, {"strides": 2}, [1, 0, 10, 0, 100, 0]),
    Example(5, {"strides": 3}, [2, 3, 14, 25, 30, 140, 250, 300, 400]),  # of eleven: one at either end
    Example(2, {"dilation_rate": 2}, [10, 102, 20]),  # of 1 10 102 20 200
    Example(3, {"strides": 2, "output_padding": 0}, [2, 13, 20, 130, 200]),  # of seven: one at either end
    Example(1, {"strides": 3, "output_padding": 2}, [1, 0, 0, 10, 0, 0, 100, 0, 0]),
    Example(1, {"strides": 3, "output_padding": 0}, [1, 0, 0, 10, 0, 0, 100]),
    Example(3, {"dilation_rate": 2, "output_padding": 0}, [102, 20, 203]),  # of 1 10 102 20 203 30 300
]
ODD = [
    Example(2, {}, [1, 12, 120], {AT_THE_START: [12, 120, 200]}),  # of 1 12 120 200
    Example(4, {}, [12, 123, 234], {AT_THE_START: [123, 234, 340]}),  # of 1 12 123 234 340 400
    Example(3, {"strides": 2}, [1, 2, 13, 20, 130, 200], {AT_THE_START: [2, 13, 20, 130, 200, 300]}),
    Example(2, {"dilation_rate": 3}, [10, 100, 2], {AT_THE_START: [100, 2, 20]}),  # of 1 10 100 2 20 200
    Example(
        3,
        {"strides": 2, "output_padding": 1},
        [1, 2, 13, 20, 130, 200],
        {AT_THE_START: [2, 13, 20, 130, 200, 300]},
    ),
    Example(
        4,  # 1 2 13 24 130 240 300 400, of which three too many
        {"strides": 2, "output_padding": 1},
        [2, 13, 24, 130, 240],
        {AT_THE_START: [13, 24, 130, 240, 300]},
    ),
]
PADDED_AT_THE_START = [
    Example(
        5,  # 1 2 3 14 25 30 140 250 300 400 500: an even number, two, but half of the kernel is two
        {"strides": 3, "output_padding": 2},
        [2, 3, 14, 25, 30, 140, 250, 300, 400],
        {HALF_THE_KERNEL: [3, 14, 25, 30, 140, 250, 300, 400, 500]},
    ),
    Example(
        5,  # 1 2 3 4 15 20 30 40 150 200 300 400 500: one too many
        {"strides": 4, "output_padding": 3},
        [1, 2, 3, 4, 15, 20, 30, 40, 150, 200, 300, 400],
        {
            AT_THE_START: [2, 3, 4, 15, 20, 30, 40, 150, 200, 300, 400, 500],
            HALF_THE_KERNEL: [3, 4, 15, 20, 30, 40, 150, 200, 300, 400, 500, 0],
        },
    ),
    Example(
        2,  # 1 2 0 10 20 0 100 200: none too many
        {"strides": 3, "output_padding": 2},
        [1, 2, 0, 10, 20, 0, 100, 200],
        {HALF_THE_KERNEL: [2, 0, 10, 20, 0, 100, 200, 0]},
    ),
    Example(
        3,  # 1 2 3 10 20 30 100 200 300: none too many
        {"strides": 3, "output_padding": 2},
        [1, 2, 3, 10, 20, 30, 100, 200, 300],
        {HALF_THE_KERNEL: [2, 3, 10, 20, 30, 100, 200, 300, 0]},
    ),
]


@each_axis
def test_valid_crops_nothing_and_adds_what_stride_and_output_padding_ask_for(api: str, axis: int) -> None:
    examples = [example for example in VALID if knows(api, example.arguments)]
    assert len(examples) >= 5
    for example in examples:
        assert list(readings(api, axis, example).values()) == [example.demanded]


@each_axis
def test_same_crops_an_even_number_evenly(api: str, axis: int) -> None:
    examples = [example for example in SAME if knows(api, example.arguments)]
    assert len(examples) >= 5
    for example in examples:
        same = example._replace(arguments={**example.arguments, "padding": "same"})
        assert list(readings(api, axis, same).values()) == [example.demanded]


@each_axis
def test_same_crops_an_odd_one_at_the_end_or_leaves_open_where(api: str, axis: int) -> None:
    examples = [example for example in [*ODD, *PADDED_AT_THE_START] if knows(api, example.arguments)]
    assert len(examples) >= 3
    for example in examples:
        same = example._replace(arguments={**example.arguments, "padding": "same"})
        found = readings(api, axis, same)
        if api.startswith("keras"):
            assert list(found.items()) == [(AT_THE_END, example.demanded), *example.choice.items()]
        else:
            assert list(found.values()) == [example.demanded]


def test_one_odd_axis_leaves_the_even_axis_alone() -> None:
    x = [[[[1], [10]], [[100], [1000]]]]
    kernel = np.zeros((3, 2, 1, 1))
    kernel[0] = [[[1]], [[2]]]
    answer = of_layer("keras.layers.Conv2DTranspose", x, kernel, padding="same")
    # rows: 3 taps, one cropped at either side, so that each input row lands one higher; columns: 1 12 20
    found = [values.to_array()[0, :, :, 0].tolist() for values in answer.readings.values()]
    assert found == [[[100, 1200], [0, 0]], [[1200, 2000], [0, 0]]]


@each_axis
def test_where_the_kernel_does_not_reach_there_is_the_bias_alone(api: str, axis: int) -> None:
    (found,) = line(api, axis, [1, 10], [7], bias=5, strides=3).values()
    assert found == [12, 5, 5, 75, 5, 5]


@each_layer
def test_the_bias_counts_as_a_term_and_in_the_sum_of_absolute_values(api: str) -> None:
    rank = RANKS[api]
    x, kernel = np.full((1, *[1] * rank, 2), -3), np.full((*[1] * rank, 1, 2), 2)
    answer = of_layer(api, x, kernel, [-5])
    sums = (answer.values.integers, answer.magnitude.integers, answer.terms.integers)
    assert sums == ((-17,), (17,), (3,))


@each_axis
@pytest.mark.parametrize("padding", ["same", "SAME", "Same", "sAmE"])
def test_same_is_read_in_any_case(api: str, axis: int, padding: str) -> None:
    assert list(line(api, axis, [1, 10, 100], [1, 2, 3], padding=padding).values()) == [[12, 123, 230]]


@each_axis
@pytest.mark.parametrize("padding", ["valid", "VALID", "Valid"])
def test_valid_is_read_in_any_case(api: str, axis: int, padding: str) -> None:
    assert list(line(api, axis, [1, 10], [1, 2], padding=padding).values()) == [[1, 12, 20]]


@each_layer
def test_the_kernel_has_filters_before_channels(api: str) -> None:
    ends = [1] * RANKS[api]
    x = np.reshape([1, 10, 100], (1, *ends, 3))
    kernel = np.reshape([[1, 2, 3], [4, 5, 6]], (*ends, 2, 3))
    assert (
        of_layer(api, x, kernel).values.to_array().tolist() == np.reshape([321, 654], (1, *ends, 2)).tolist()
    )


@each_layer
def test_the_activation_comes_after_the_bias(api: str) -> None:
    double = Function("double")
    rows = (("relu", [5, 1, 0]), ("linear", [5, 1, -5]), (None, [5, 1, -5]), (double, [10, 2, -10]))
    for activation, demanded in rows:
        (found,) = line(api, 0, [1, -1, -4], [2], bias=3, activation=activation).values()
        assert found == demanded


def test_the_activation_is_applied_to_every_reading() -> None:
    found = line("keras.layers.Conv2DTranspose", 1, [1, -10], [1, 2], padding="same", activation="relu")
    assert list(found.values()) == [[1, 0], [0, 0]]
