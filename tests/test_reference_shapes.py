"""Does every output convolve back to its input's shape, and is its shape the one that the layer declares?

How long a convolution's output is, is found here by laying its windows out one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis, features, round_trip
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.exact import Tensor
from adjoint.reference.translation import Translation, shape_within
from tests.reference_calls import FUNCTIONS, MODULES, RANKS, cut, each_layer, knows, legal, ones


def windows(size: int, kernel: int, stride: int, dilation: int, zeros: int = 0) -> int:
    """Return how many windows fit, side by side at their steps, with zeros at either end."""
    ends = [start + (kernel - 1) * dilation for start in range(0, size + 2 * zeros, stride)]
    return sum(end < size + 2 * zeros for end in ends)


def windows_of_same(size: int, stride: int) -> int:
    """Return how many windows start inside the axis: as many zeros are put as they need."""
    return len(range(0, size, stride))


def test_the_sizes_that_convolve_back_are_all_of_them_and_no_others() -> None:
    for length, stride in product(range(1, 7), range(1, 6)):
        found = {size for size in range(1, 60) if windows_of_same(size, stride) == length}
        assert set(round_trip.same(length, stride)) == found
        for kernel, dilation, crop in product(range(1, 5), range(1, 4), range(4)):
            trip = round_trip.without_padding(length, kernel, stride, dilation, crop)
            found = {size for size in range(1, 60) if windows(size, kernel, stride, dilation, crop) == length}
            assert {size for size in trip if size > 0} == found, (length, kernel, stride, dilation, crop)
            assert len(trip) == stride


def layer_lines(api: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield every small axis of a layer: its size, its kernel, and the arguments."""
    for size, kernel, step, spread, padding in product(
        (1, 2, 3), (1, 2, 3, 4), (1, 2, 3), (1, 2, 3), ("valid", "same")
    ):
        if step > 1 < spread:
            continue
        for extra in (None, *range(step)):
            given = {"strides": step, "dilation_rate": spread, "output_padding": extra}
            usual = {"strides": 1, "dilation_rate": 1, "output_padding": None}
            arguments = {name: value for name, value in given.items() if value != usual[name]}
            if knows(api, arguments):
                yield size, kernel, {**arguments, "padding": padding}


@each_layer
def test_each_axis_of_a_layers_output_is_within_what_convolves_back_and_as_declared(api: str) -> None:
    rank, count = RANKS[api], 0
    for size, kernel, arguments in layer_lines(api):
        stride, dilation = arguments.get("strides", 1), arguments.get("dilation_rate", 1)
        x, w = ones(1, *[1] * (rank - 1), size, 1), ones(*[1] * (rank - 1), kernel, 1, 1)
        spread = {
            name: value
            if name == "padding"
            else cut(rank, *[0 if name == "output_padding" else 1] * (rank - 1), value)
            for name, value in arguments.items()
        }
        own = {"filters": 1, "kernel_size": w.shape[:-2] if rank > 1 else kernel, "use_bias": False}
        try:
            call = apis.translate(api, {"input": x, "kernel": w}, {**own, **spread})
        except Unspecified:
            assert arguments["padding"] == "same"
            assert (arguments["output_padding"], ((kernel - 1) * dilation + 1) % 2) == (0, 0)
            continue
        (made,) = {geometry.output for geometry in call.geometries.values()}
        within = shape_within(call)
        assert within[0] == within[-1] == [1, 1]
        assert within[1:-2] == [[1, 1]] * (rank - 1)
        if arguments["padding"] == "same":
            every = [length for length in range(1, 40) if windows_of_same(length, stride) == size]
        else:
            every = [length for length in range(1, 40) if windows(length, kernel, stride, dilation) == size]
        assert list(range(within[-2][0], within[-2][1] + 1)) == every
        assert made[-1] in every
        layer = apis.LAYERS[api](api, {**own, **spread})
        assert features.declared_shape(layer, x.shape) == (1, *made, 1)
        count += 1
    assert count == (
        288 if knows(api, {"output_padding": 0}) else 120 if knows(api, {"dilation_rate": 1}) else 72
    )


@pytest.mark.parametrize("api", [*FUNCTIONS, *MODULES])
def test_each_axis_of_torchs_output_is_within_what_convolves_back_where_output_padding_is_below_the_stride(
    api: str,
) -> None:
    rank, count = {**FUNCTIONS, **MODULES}[api], 0
    sizes = product((1, 2, 3), (1, 2, 4), (1, 2, 3), (1, 2), (0, 1, 2))
    for size, kernel, stride, dilation, crop in sizes:
        for extra in range(max(stride, dilation)):
            x, w = ones(1, 1, *[1] * (rank - 1), size), ones(1, 1, *[1] * (rank - 1), kernel)
            given = {
                "stride": (1, stride),
                "dilation": (1, dilation),
                "padding": (0, crop),
                "output_padding": (0, extra),
            }
            spread = {name: cut(rank, *[usual] * (rank - 1), value) for name, (usual, value) in given.items()}
            own = (
                {"in_channels": 1, "out_channels": 1, "kernel_size": w.shape[2:], "bias": False}
                if api in MODULES
                else {}
            )
            length = (size - 1) * stride - 2 * crop + dilation * (kernel - 1) + extra + 1
            if length < 1:
                continue
            call = apis.translate(api, {"input": x, "weight": w}, {**own, **spread})
            within = shape_within(call)
            assert call.geometries[""].output == (*[1] * (rank - 1), length)
            assert within[:-1] == [[1, 1]] * (rank + 1)
            every = [n for n in range(1, 40) if windows(n, kernel, stride, dilation, crop) == size]
            assert [n for n in range(within[-1][0], within[-1][1] + 1) if n > 0] == every
            assert (length in every) == (extra < stride)
            count += 1
    assert count > 200


def translated(api: str, tensors: dict[str, Tensor], arguments: dict[str, Any]) -> Translation | str:
    """Return the operation that a call is, or the clause that refuses it."""
    try:
        return apis.translate(api, tensors, arguments)
    except Refused as refused:
        return refused.clause


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_tf_nn_takes_the_output_shapes_that_convolve_back_and_no_others(padding: str) -> None:
    for size, kernel, stride, dilation in product((1, 2, 3), (1, 2, 4), (1, 2, 3), (1, 2)):
        tensors = {"input": ones(1, size, 1), "filters": ones(kernel, 1, 1)}
        held = {"strides": stride, "padding": padding, "dilations": dilation}
        calls = {
            length: translated("tf.nn.conv_transpose", tensors, {**held, "output_shape": [1, length, 1]})
            for length in range(20)
        }
        taken = {length: call for length, call in calls.items() if isinstance(call, Translation)}
        assert {call for call in calls.values() if isinstance(call, str)} == {"tf-nn.refuses-output-shape"}
        for length, call in taken.items():
            assert call.geometries[""].output == (length,)
            assert shape_within(call) == [[1, 1], [min(taken), max(taken)], [1, 1]]
        if padding == "SAME":
            assert list(taken) == [n for n in range(1, 20) if windows_of_same(n, stride) == size]
        else:
            assert list(taken) == [n for n in range(1, 20) if windows(n, kernel, stride, dilation) == size]


@pytest.mark.parametrize("api", apis.APIS)
def test_batch_and_filters_are_exact_and_in_their_places(api: str) -> None:
    call = apis.translate(api, legal(api).tensors, legal(api).arguments)
    made = legal(api).answer().values.shape
    within = shape_within(call)
    assert len(within) == len(made)
    assert all(least <= size <= most for size, (least, most) in zip(made, within, strict=True))
    last = api in RANKS or api == "tf.nn.conv_transpose"
    assert within[0] == [made[0]] * 2
    assert within[-1 if last else 1] == [made[-1 if last else 1]] * 2


@each_layer
@pytest.mark.parametrize("first", [False, True])
def test_a_declared_shape_is_the_outputs_and_what_is_unknown_stays_so(api: str, first: bool) -> None:
    rank = RANKS[api]
    held = {"data_format": "channels_first" if first else "channels_last", "padding": "same", "strides": 2}
    layer = apis.LAYERS[api](api, {"filters": 5, "kernel_size": 3, **held})

    def shape(batch: int | None, lengths: Any, channels: int) -> tuple[Any, ...]:
        return (batch, channels, *lengths) if first else (batch, *lengths, channels)

    size, made = (4, 3, 7)[:rank], (8, 6, 14)[:rank]
    for batch in (2, None):
        assert features.declared_shape(layer, shape(batch, size, 2)) == shape(batch, made, 5)
        for axis in range(rank):
            unknown = [None if j == axis else n for j, n in enumerate(size)]
            declared = [None if j == axis else n for j, n in enumerate(made)]
            assert features.declared_shape(layer, shape(batch, unknown, 2)) == shape(batch, declared, 5)
    assert features.declared_shape(layer, shape(None, [None] * rank, 2)) == shape(None, [None] * rank, 5)


@each_layer
def test_a_declared_shape_follows_every_argument_of_its_own_axis(api: str) -> None:
    rank = RANKS[api]
    kernel, strides, extras, rates = (2, 3, 4), (4, 3, 5), (1, 2, 0), (3, 1, 2)
    rows: list[dict[str, Any]] = [{"strides": strides}, {"strides": strides, "output_padding": extras}]
    rows += [{"dilation_rate": rates}, {"strides": strides, "padding": "same"}]
    for row in rows:
        if not knows(api, row):
            continue
        given = {
            name: cut(rank, *value) if isinstance(value, tuple) else value for name, value in row.items()
        }
        own = {"filters": 5, "kernel_size": cut(rank, *kernel), "use_bias": False}
        layer = apis.LAYERS[api](api, {**own, **given})
        x, w = ones(1, *(4, 3, 2)[:rank], 1), ones(*kernel[:rank], 5, 1)
        made = apis.answer(api, {"input": x, "kernel": w}, {**own, **given}).values.shape
        assert features.declared_shape(layer, x.shape) == made
        assert np.prod(made) > 1
