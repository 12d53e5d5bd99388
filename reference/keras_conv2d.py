"""What must keras.layers.Conv2DTranspose return?

From its page of Keras 3.  The layer's weights are a kernel of shape (height, width, filters, input
channels) and, with `use_bias`, a bias of shape (filters,).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adjoint.reference.answer import Answer, refuse_unless, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, conv_transpose, magnitude

Size = int | Sequence[int]


def conv2d_transpose(
    input: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    *,
    filters: int,
    kernel_size: Size,
    strides: Size = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Size = (1, 1),
    activation: str | None = None,
    use_bias: bool = True,
    dtype: str = "float32",
) -> Answer:
    """Return what is demanded of a layer made with these arguments, given these weights, and called.

    Raises
    ------
    Refused
        If a clause refuses the construction or the call.
    Unspecified
        If no clause speaks of it.
    """
    stride, dilation, window = map(_both_axes, (strides, dilation_rate, kernel_size))
    refuse_unless(
        padding.lower() in ("valid", "same"),  # keras-conv2d.padding-case
        "keras-conv2d.refuses-padding",
        f"padding is {padding!r}",
    )
    refuse_unless(
        data_format in (None, "channels_last", "channels_first"),
        "keras-conv2d.refuses-data-format",
        f"data_format is {data_format!r}",
    )
    refuse_unless(
        max(stride) == 1 or max(dilation) == 1,
        "keras-conv2d.refuses-strides-dilation",
        f"strides are {strides}, dilation_rate is {dilation_rate}",
    )
    refuse_unless(len(input.shape) == 4, "keras-conv2d.refuses-rank", f"the input has shape {input.shape}")
    channels = input.shape[1 if data_format == "channels_first" else -1]
    specified_only_if(
        kernel.shape == (*window, filters, channels)
        and (bias.shape if bias else None) == ((filters,) if use_bias else None),
        f"weights of {kernel.shape} and {bias and bias.shape} for {filters} filters of size {kernel_size}",
    )

    same = padding.lower() == "same"
    last = data_format != "channels_first"  # keras-conv2d.data-format
    x = input.transposed((0, 3, 1, 2)) if last else input
    w = kernel.transposed((3, 2, 0, 1))  # keras-conv2d.kernel-layout
    extents = [(size - 1) * d + 1 for size, d in zip(w.shape[2:], dilation, strict=True)]
    output = tuple(
        size * s if same else size * s + max(extent - s, 0)  # keras-conv2d.same-shape, .valid-shape
        for size, s, extent in zip(x.shape[2:], stride, extents, strict=True)
    )
    totals = [max(extent - s, 0) if same else 0 for s, extent in zip(stride, extents, strict=True)]

    def answer(crop: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        geometry = Geometry(x.shape[2:], w.shape[2:], output, stride, dilation, crop)
        values = conv_transpose(x, w, geometry, bias=bias)  # keras-conv2d.values, .bias
        values = _activate(values, activation)  # keras-conv2d.activation
        sums = magnitude(x, w, geometry, bias=bias)
        back = (0, 2, 3, 1) if last else (0, 1, 2, 3)
        typed = Tensor(dtype, values.shape, values.integers, values.exponent)  # keras-conv2d.dtype
        return typed.transposed(back), sums.transposed(back)

    values, sums = answer(tuple(total // 2 for total in totals))  # keras-conv2d.same-even
    if all(total % 2 == 0 for total in totals):
        return Answer(values, sums)
    readings = {  # keras-conv2d.same-odd
        "crops the extra element at the end": values,
        "crops the extra element at the start": answer(tuple((total + 1) // 2 for total in totals))[0],
    }
    return Answer(values, sums, readings)


def _activate(tensor: Tensor, activation: str | None) -> Tensor:
    if activation in (None, "linear"):
        return tensor
    assert activation == "relu", f"the reference knows no activation {activation!r}"
    positive = tuple(max(value, 0) for value in tensor.integers)
    return Tensor(tensor.dtype, tensor.shape, positive, tensor.exponent)


def _both_axes(value: Size) -> tuple[int, int]:
    items = (int(value),) if isinstance(value, int | np.integer) else tuple(map(int, value))
    specified_only_if(
        len(items) in (1, 2) and min(items) >= 1, f"{value} is not one or two numbers above zero"
    )
    return (items[0], items[-1])  # one item serves both: keras-conv2d.one-item
