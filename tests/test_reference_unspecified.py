"""Does the reference keep silent where no clause speaks, or only an open one?  No value, and no refusal."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Parameter
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.signatures import signatures
from tests.reference_calls import FUNCTIONS, MODULES, RANKS, cut, legal, on_axis, ones

Change = dict[str, Any]
NO_WHOLE_NUMBERS = (None, "2", True, 2.0, np.float64(2), nan, inf, -inf, 2j, {2})
TF_NN, TF_LAYERS = "tf.nn.conv_transpose", "tf.layers.Conv2DTranspose"


def of_tf_nn() -> Iterator[Change]:
    for name in ("strides", "dilations"):
        for value in NO_WHOLE_NUMBERS:
            yield {name: [value, 1]}
            if value is not None:  # None as dilations is their default
                yield {name: value}
        yield {name: np.array([1, 1])}
        for batch_and_channels in ([2, 1, 1, 1], [1, 1, 1, 2], [0, 1, 1, 0], [0, 1, 1, 1], [1, 1, 1, 0]):
            yield {name: batch_and_channels}
        yield {name: [1, 2, 1, 1], "data_format": "NCHW"}
        yield {name: [2, 1, 1, 1], "data_format": "NCHW"}
    for shape in (
        "1645",
        [1, 6.0, 4, 5],
        [1, 6, None, 5],
        [True, 6, 4, 5],
        ones(4),
        np.array([1.0, 6, 4, 5]),
    ):
        yield {"output_shape": shape}
    yield {"filters": ones(3, 2, 2, 5)}  # the order of axes that the page names
    yield {"input": ones(1, 0, 3, 2), "output_shape": [1, 0, 4, 5], "padding": "SAME"}
    yield {"input": ones(1, 4, 3, 0), "filters": ones(3, 2, 5, 0)}
    yield {"filters": ones(3, 2, 2, 5)}  # the order of axes that the page names
    yield {"filters": ones(3, 2, 0, 2), "output_shape": [1, 6, 4, 0]}
    yield {"filters": ones(3, 0, 5, 2), "padding": "SAME", "output_shape": [1, 4, 3, 5]}


def of_layer(api: str) -> Iterator[Change]:
    rank = RANKS[api]
    size, kernel = (4, 3, 5)[:rank], (3, 2, 2)[:rank]
    for value in NO_WHOLE_NUMBERS:
        for name in ("filters", "kernel_size", "strides", "dilation_rate", "output_padding"):
            if (name, value) != ("output_padding", None):  # its default
                yield {name: value}
        yield {"strides": [2] * (rank - 1) + [value]}
    yield {"strides": np.array([2] * rank)}
    for padding in (None, 3, ["same"], b"same"):
        yield {"padding": padding}
    for data_format in (3, False, b"channels_last", ["channels_last"]):
        yield {"data_format": data_format}
    for activation in ("tanh", "ReLU", "double", "", 3, max):
        yield {"activation": activation}
    yield {"filters": 5}
    yield {"filters": 5, "bias": ones(5)}
    yield {"filters": 2, "bias": ones(2), "input": ones(2, *size, 6)}  # channels before filters
    yield {"kernel_size": cut(rank, 2, 3, 2)}
    yield {"kernel": ones(*kernel[:-1], kernel[-1] + 1, 6, 2)}
    yield {"kernel": ones(*kernel, 1, 6, 2)}
    yield {"kernel": ones(*kernel, 6, 2, dtype="float64")}
    yield {"use_bias": False}
    yield {"bias": None}
    for bias in (ones(5), ones(7), ones(1, 6), ones(6, dtype="float64")):
        yield {"bias": bias}
    yield {"input": ones(2, *size[:-1], 0, 2)}
    yield {"input": ones(2, *size, 0), "kernel": ones(*kernel, 6, 0)}


def of_layer_with_dtype(api: str) -> Iterator[Change]:
    """Of the pages whose layers have a dtype of their own: weights of another, and one that is none."""
    rank = RANKS[api]
    kernel, bias = ones(*(3, 2, 2)[:rank], 6, 2, dtype="float64"), ones(6, dtype="float64")
    yield {"dtype": "float64"}
    yield {"kernel": kernel, "bias": bias}
    yield {
        "kernel": kernel,
        "bias": bias,
        "dtype": None,
        "input": ones(2, *(4, 3, 5)[:rank], 2, dtype="float64"),
    }
    yield {"dtype": "mixed_float16"}
    whole = ones(*(3, 2, 2)[:rank], 6, 2, dtype="int32")
    yield {"dtype": "int32", "kernel": whole, "bias": ones(6, dtype="int32")}


def of_pages(api: str) -> Iterator[Change]:
    """Arguments that only some pages leave open."""
    if api != TF_LAYERS:
        yield from of_layer_with_dtype(api)
        for data_format in ("CHANNELS_LAST", "Channels_First"):
            yield {"data_format": data_format}
    else:
        yield {"data_format": None}
        more = (
            "dilation_rate",
            "output_padding",
            "input_shape",
            "batch_input_shape",
            "batch_size",
            "weights",
        )
        for name in (*more, "dtype", "dynamic", "autocast", "_reuse", "_scope"):
            yield {name: None}
    if api.startswith("keras"):
        for name in ("autocast", "input_dim", "input_shape"):
            yield {name: None}
    if api == "keras.layers.Conv2DTranspose":
        yield {"output_padding": None}
        yield {"output_padding": 1}
        yield {"strides": (2, 1), "dilation_rate": (1, 2)}
        yield {"strides": (1, 3), "dilation_rate": (2, 1)}
        yield {"strides": (2, 1), "dilation_rate": (1, 2)}
        yield {"strides": (1, 3), "dilation_rate": (2, 1)}
    if api.startswith("tf.keras"):
        for name in ("autocast", "batch_size", "stirdes", "kwargs"):
            yield {name: None}


def of_torch(rank: int) -> Iterator[Change]:
    size = (3, 5, 2)[:rank]
    for value in NO_WHOLE_NUMBERS:
        for name in ("stride", "padding", "output_padding", "dilation", "groups"):
            if (name, value) != ("padding", "2"):  # a name
                yield {name: value}
        yield {"stride": [2] * (rank - 1) + [value]}
    if rank > 1:
        yield {"stride": (2,)}
        yield {"dilation": [1]}
        yield {"padding": (0,)}
        yield {"output_padding": [0]}
    yield {"bias": ones(6, dtype="float64")}
    yield {"padding": on_axis(rank, 0, 4, 0)}  # 8 - 2 * 4: a size of 0
    for empty in ([1, 4, *size[:-1], 0], [4, *size[:-1], 0]):
        yield {"input": ones(*empty)}


def of_torch_function(rank: int) -> Iterator[Change]:
    size, kernel = (3, 5, 2)[:rank], (4, 2, 3)[:rank]
    yield {"input": ones(1, 0, *size), "weight": ones(0, 3, *kernel)}
    yield {"weight": ones(4, 0, *kernel), "bias": None}
    for dtype in ("int32", "bool"):
        shapes = {"input": (1, 4, *size), "weight": (4, 3, *kernel), "bias": (6,)}
        yield {name: ones(*shape, dtype=dtype) for name, shape in shapes.items()}


def of_torch_module(rank: int) -> Iterator[Change]:
    size, kernel = (3, 5, 2)[:rank], (4, 2, 3)[:rank]
    for value in NO_WHOLE_NUMBERS:
        for name in ("in_channels", "out_channels", "kernel_size"):
            yield {name: value}
    if rank > 1:
        yield {"kernel_size": (2,)}
    yield {"in_channels": 0}
    yield {"weight": ones(6, 4, *kernel)}
    yield {"weight": ones(4, 6, *kernel)}
    yield {"weight": ones(4, 3, *kernel[:-1], kernel[-1] + 1)}
    yield {"groups": 1}
    yield {"bias": None}
    for bias in (ones(3), ones(7), ones(1, 6)):
        yield {"bias": bias}
    yield {"weight": ones(4, 3, *kernel, dtype="float64"), "bias": ones(6, dtype="float64"), "dtype": None}
    yield {"input": ones(1, 4, *size, dtype="float64"), "dtype": "float64"}
    least = [8, 10, 5][:rank]
    for output_size in (8, "8", np.array(least), {8}, [8.0, *least[1:]], [None, *least[1:]]):
        yield {"output_size": output_size}
    yield {"output_size": least, "output_padding": 1}
    yield {"output_size": least, "output_padding": on_axis(rank, rank - 1, 1, 0)}
    for batch, filters in ((2, 6), (1, 4), (1, 3)):
        yield {"output_size": [batch, filters, *least]}
    yield {"output_size": [5, *least], "input": ones(4, *size)}
    dilated = [(n - 1) * 2 + (k - 1) * 3 + 1 for n, k in zip(size, kernel, strict=True)]
    for axis in range(rank):  # two more: as much as the stride, below the dilation
        yield {"output_size": [n + 2 * (j == axis) for j, n in enumerate(dilated)], "dilation": 3}


def of_plain() -> Iterator[Change]:
    """Yield changes after which a call of the plain operation breaks its page's rules."""
    yield from ({name: [1, 0]} for name in ("stride", "dilation"))
    yield from ({name: [1]} for name in ("stride", "dilation", "output_padding"))
    yield from ({"crop": crop} for crop in ([[0, -1], [0, 0]], [[-1, 0], [0, 0]], [[0, 0]], [[9, 9], [0, 0]]))
    yield from ({"output_padding": [0, -1]}, {"groups": 0}, {"groups": 3})
    yield from ({"input": ones(*shape)} for shape in ((4, 3), (1, 3, 3, 5), (0, 4, 3, 5), (1, 4, 0, 5)))
    yield from ({"kernel": ones(*shape)} for shape in ((4, 3, 4), (4, 0, 4, 2), (4, 3, 0, 2), (2, 3, 4, 2)))
    yield {"input": ones(1, 4, 3, 5, dtype="float64")}
    yield {"input": ones(1, 4, 3, 5, dtype="int32"), "kernel": ones(4, 3, 4, 2, dtype="int32")}


def changes(api: str) -> list[Change]:
    if api == "operation":
        return [*of_plain()]
    if api == TF_NN:
        return [*of_tf_nn()]
    if api in RANKS:
        known = {*signatures()[api].parameters, *legal(api).tensors}
        return [*(change for change in of_layer(api) if change.keys() <= known), *of_pages(api)]
    if api in FUNCTIONS:
        return [*of_torch(FUNCTIONS[api]), *of_torch_function(FUNCTIONS[api])]
    return [*of_torch(MODULES[api]), *of_torch_module(MODULES[api])]


@pytest.mark.parametrize(("api", "change"), [(api, change) for api in apis.APIS for change in changes(api)])
def test_nothing_is_demanded_where_no_clause_speaks(api: str, change: Change) -> None:
    with pytest.raises(Unspecified):
        legal(api).changed(**change).answer()


@pytest.mark.parametrize("api", apis.APIS)
def test_nothing_is_demanded_of_a_call_without_what_has_no_default(api: str) -> None:
    call = legal(api)
    defaults = {name: parameter.default for name, parameter in signatures()[api].parameters.items()}
    missing = [name for name in call.arguments if defaults[name] is Parameter.empty]
    assert missing or api in FUNCTIONS
    for name in missing:
        arguments = {other: value for other, value in call.arguments.items() if other != name}
        with pytest.raises(Unspecified, match=name):
            apis.translate(api, call.tensors, arguments)


@pytest.mark.parametrize(
    "api", [api for api in RANKS if "Conv2D" not in api] + ["tf.keras.layers.Conv2DTranspose"]
)
def test_same_an_even_kernel_and_an_output_padding_of_zero_have_no_size_that_convolves_back(api: str) -> None:
    rank = RANKS[api]
    for axis in range(rank):
        kernel = [2 if j == axis else 3 for j in range(rank)]
        tensors = {"input": ones(2, *(4, 3, 5)[:rank], 2), "kernel": ones(*kernel, 6, 2)}
        call = legal(api).changed(**tensors, kernel_size=cut(rank, *kernel), padding="same", strides=3)
        with pytest.raises(Unspecified, match="no convolution maps"):
            call.changed(output_padding=0).answer()
        assert call.changed(output_padding=on_axis(rank, axis, 1, 0)).answer()
        with pytest.raises(Refused):
            call.changed(output_padding=3).answer()
