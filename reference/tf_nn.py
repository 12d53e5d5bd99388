"""What must tf.nn.conv_transpose return?

From its page of TensorFlow 2.4; for the padding algorithm, from the pages that one leads to
(the Returns section of tf.nn.convolution and the notes on padding of tf.nn, same version).
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from adjoint.reference import round_trip
from adjoint.reference.answer import refuse_unless, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.numbers import Numbers, Size, items, whole
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Translation, channels_first, channels_last, kernel_last

API = "tf.nn.conv_transpose"

DTYPES = ("float16", "bfloat16", "float32", "float64")
DATA_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


class Axis(NamedTuple):
    """One spatial axis: sizes of input, kernel and output, stride and dilation, all in elements."""

    input: int
    kernel: int
    output: int
    stride: int
    dilation: int


def translate(
    input: Tensor,
    filters: Tensor,
    output_shape: Any,
    strides: Size,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: Size | None = None,
    name: str | None = None,
) -> Translation:
    """Return the operation that a call is.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it.
    """
    del name  # names the node of a graph, and changes nothing that can be seen here
    rank = _rank(input, filters)
    refuse_unless(padding in ("VALID", "SAME"), "tf-nn.refuses-padding", f"padding is {padding!r}")
    form = DATA_FORMATS[rank][0] if data_format is None else data_format  # tf-nn.data-format-none
    known = form in DATA_FORMATS[rank]
    refuse_unless(known, "tf-nn.refuses-data-format", f"data_format is {data_format!r}")
    last = not form.startswith("NC")
    layout = channels_last(rank) if last else channels_first(rank)  # tf-nn.data-format
    sizes = _output_shape(output_shape, rank)
    stride = _each_axis("strides", strides, rank, last)
    dilation = _each_axis("dilations", 1 if dilations is None else dilations, rank, last)

    x, w = layout.enter(input), kernel_last(rank).enter(filters)  # tf-nn.filters-layout
    said = f"input has shape {input.shape}, filters {filters.shape}, output_shape is {sizes}"
    refuse_unless(x.shape[1] in w.shape[:2], "tf-nn.refuses-channels", said)
    specified_only_if(x.shape[1] == w.shape[0], said)  # tf-nn.filters-in-out
    specified_only_if(0 not in (*x.shape[1:], *w.shape), said)
    batch, channels, *output = (sizes[axis] for axis in layout.axes)
    axes = [Axis(*sizes) for sizes in zip(x.shape[2:], w.shape[2:], output, stride, dilation, strict=True)]
    back = tuple(_sizes(axis, padding) for axis in axes)
    fits = all(axis.output in sizes for axis, sizes in zip(axes, back, strict=True))
    fits = fits and (batch, channels) == (x.shape[0], w.shape[1])
    refuse_unless(fits, "tf-nn.refuses-output-shape", said)

    geometry = Geometry(
        input=x.shape[2:],
        kernel=w.shape[2:],
        output=tuple(output),  # tf-nn.output-shape
        stride=stride,  # tf-nn.strides
        dilation=dilation,  # tf-nn.dilations
        crop=tuple(_crop(axis, padding) for axis in axes),
    )
    return Translation(  # tf-nn.values, tf-nn.dtype, tf-nn.shape-round-trip
        x, w, None, {"": geometry}, layout, kernel_last(rank), dtype=input.dtype, round_trip=back
    )


def _rank(input: Tensor, filters: Tensor) -> int:
    """Check the tensors' axes and dtypes, and return how many of the axes are spatial."""
    rank = len(filters.shape) - 2
    said = f"input is {input.dtype}{input.shape}, filters are {filters.dtype}{filters.shape}"
    refuse_unless(len(input.shape) == len(filters.shape), "tf-nn.refuses-rank", said)
    refuse_unless(rank in DATA_FORMATS, "tf-nn.refuses-n", said)  # tf-nn.rank
    refuse_unless(input.dtype in DTYPES, "tf-nn.refuses-dtype", said)
    refuse_unless(filters.dtype == input.dtype, "tf-nn.refuses-mixed-dtype", said)
    return rank


def _output_shape(value: Any, rank: int) -> list[int]:
    """Read a list or tuple of ints, or a 1-D tensor of them: tf-nn.output-shape-forms, -tensor."""
    said = f"output_shape is {value}"
    if isinstance(value, Tensor):
        specified_only_if(value.dtype in ("int32", "int64"), said)
        value = np.array(value.integers).reshape(value.shape)
    is_list = isinstance(value, Sequence) or np.ndim(value) == 1
    refuse_unless(is_list and not any(map(np.ndim, value)), "tf-nn.refuses-output-shape-rank", said)
    specified_only_if(all(isinstance(n, Integral) and not isinstance(n, bool) for n in value), said)
    refuse_unless(len(value) == rank + 2, "tf-nn.refuses-output-shape-length", said)
    return [int(n) for n in value]


def _sizes(axis: Axis, padding: str) -> range:
    """Return the output sizes that the convolution maps back to the input's."""
    if padding == "VALID":  # tf-nn.padding-valid-shape
        return round_trip.without_padding(axis.input, axis.kernel, axis.stride, axis.dilation)
    return round_trip.same(axis.input, axis.stride)  # tf-nn.padding-same-shape


def _crop(axis: Axis, padding: str) -> int:
    """Return how much is cropped at the start."""
    if padding == "VALID":
        return 0
    length, kernel, output, stride, dilation = axis
    return round_trip.excess(length, kernel, stride, dilation, output) // 2  # tf-nn.padding-same-crop


def _each_axis(name: str, value: Size, rank: int, last: bool) -> Numbers:
    """Spread an int, or 1, N or N+2, over the axes: tf-nn.strides-forms, tf-nn.dilations-forms."""
    given, said = items(value, 1), f"{name} is {value!r}"
    lengths = (1, rank, rank + 2)
    refuse_unless(len(given) in lengths, f"tf-nn.refuses-{name}-length", said)
    below = {"strides": "tf-nn.refuses-strides", "dilations": "tf-nn.refuses-dilation"}[name]
    if len(given) == rank + 2:
        batch, channels = given[0], given[-1 if last else 1]
        specified_only_if(batch == channels == 1, f"{said}, not 1 on the batch and the channels")
        given = given[1:-1] if last else given[2:]
    numbers = tuple(whole(item, 1, below, "tf-nn.refuses-fractions", said) for item in given)
    return numbers * rank if len(numbers) == 1 else numbers
