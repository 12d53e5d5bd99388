"""What must tf.nn.conv_transpose return?

From its page of TensorFlow 2.4; for the padding algorithm, from the pages that one leads to
(the Returns section of tf.nn.convolution and the notes on padding of tf.nn, same version).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adjoint.reference.answer import Answer, refuse_unless, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, conv_transpose, magnitude

DTYPES = ("float16", "bfloat16", "float32", "float64")
DATA_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


class Axis(NamedTuple):
    """One spatial axis: sizes of input, kernel and output, stride and dilation, all in elements."""

    input: int
    kernel: int
    output: int
    stride: int
    dilation: int


def conv_transpose_nd(
    input: Tensor,
    filters: Tensor,
    output_shape: Sequence[int] | Sequence[Sequence[int]],
    strides: int | Sequence[int],
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: int | Sequence[int] | None = None,
    name: str | None = None,
) -> Answer:
    """Return what is demanded of a call.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it.
    """
    del name  # names the node of a graph, and changes nothing that can be seen here
    rank = len(filters.shape) - 2
    specified_only_if(rank in DATA_FORMATS, f"filters have shape {filters.shape}")
    refuse_unless(
        len(input.shape) == rank + 2,
        "tf-nn.refuses-rank",
        f"input has shape {input.shape}, filters {filters.shape}",
    )
    formats = DATA_FORMATS[rank]  # tf-nn.rank
    form = formats[0] if data_format is None else data_format

    refuse_unless(input.dtype in DTYPES, "tf-nn.refuses-dtype", f"input is {input.dtype}")
    refuse_unless(
        filters.dtype == input.dtype,
        "tf-nn.refuses-mixed-dtype",
        f"input is {input.dtype}, filters are {filters.dtype}",
    )
    refuse_unless(padding in ("VALID", "SAME"), "tf-nn.refuses-padding", f"padding is {padding!r}")
    refuse_unless(form in formats, "tf-nn.refuses-data-format", f"data_format is {data_format!r}")
    sizes = [int(size) for size in output_shape if isinstance(size, int | np.integer)]
    refuse_unless(
        len(sizes) == len(output_shape),
        "tf-nn.refuses-output-shape-rank",
        f"output_shape is {output_shape}, not a list of numbers",
    )
    refuse_unless(
        len(sizes) == rank + 2,
        "tf-nn.refuses-output-shape",
        f"output_shape {sizes} has not {rank + 2} items",
    )
    last = not form.startswith("NC")  # tf-nn.data-format
    stride = _each_axis(strides, rank, last, "tf-nn.refuses-strides-length")  # tf-nn.strides-forms
    dilation = _each_axis(  # tf-nn.dilations-forms
        1 if dilations is None else dilations, rank, last, "tf-nn.refuses-dilations-length"
    )

    first = (0, rank + 1, *range(1, rank + 1)) if last else tuple(range(rank + 2))
    x = input.transposed(first)
    w = filters.transposed((rank + 1, rank, *range(rank)))  # tf-nn.filters-layout
    asked = tuple(sizes[axis] for axis in first)
    refuse_unless(
        x.shape[1] == w.shape[0],
        "tf-nn.refuses-channels",
        f"input has {x.shape[1]} channels, filters take {w.shape[0]}",
    )
    axes = [Axis(*sizes) for sizes in zip(x.shape[2:], w.shape[2:], asked[2:], stride, dilation, strict=True)]
    refuse_unless(
        asked[:2] == (x.shape[0], w.shape[1]) and all(_maps_back(axis, padding) for axis in axes),
        "tf-nn.refuses-output-shape",
        f"no convolution maps {output_shape} to an input of {input.shape}",
    )

    geometry = Geometry(
        input=x.shape[2:],
        kernel=w.shape[2:],
        output=asked[2:],  # tf-nn.output-shape
        stride=stride,  # tf-nn.strides
        dilation=dilation,  # tf-nn.dilations
        crop=tuple(_crop(axis, padding) for axis in axes),
    )
    back = (0, *range(2, rank + 2), 1) if last else tuple(range(rank + 2))
    return Answer(  # tf-nn.values, tf-nn.dtype
        conv_transpose(x, w, geometry).transposed(back), magnitude(x, w, geometry).transposed(back)
    )


def _maps_back(axis: Axis, padding: str) -> bool:
    """Tell whether the convolution maps the output's size to the input's."""
    if padding == "VALID":
        reach = axis.output - (axis.kernel - 1) * axis.dilation
        return -(-reach // axis.stride) == axis.input  # tf-nn.padding-valid-shape
    return -(-axis.output // axis.stride) == axis.input  # tf-nn.padding-same-shape


def _crop(axis: Axis, padding: str) -> int:
    """Return how much is cropped at the start."""
    if padding == "VALID":
        return 0
    total = (axis.input - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 - axis.output
    return max(total, 0) // 2  # tf-nn.padding-same-crop


def _each_axis(value: int | Sequence[int], rank: int, last: bool, clause: str) -> tuple[int, ...]:
    """Spread an int, or 1, N or N+2 of them, over the N spatial axes."""
    items = (int(value),) if isinstance(value, int | np.integer) else tuple(map(int, value))
    refuse_unless(len(items) in (1, rank, rank + 2), clause, f"{value} has not 1, {rank} or {rank + 2} items")
    specified_only_if(min(items) >= 1, f"{value} holds a number below one")
    if len(items) == rank + 2:
        batch, channels = items[0], items[-1 if last else 1]
        specified_only_if(batch == channels == 1, f"{value} is not 1 on the batch and the channels")
        return items[1:-1] if last else items[2:]
    return items * rank if len(items) == 1 else items
