"""What do PyTorch's `conv_transpose1d`, `2d` and `3d` return, and what are the gradients?"""

from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.fast import operation
from adjoint.fast.arguments import Array, float_array, gradient_array, integer, per_axis
from adjoint.fast.gradients import Gradients
from adjoint.fast.gradients import gradients as gradients_of


def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: object = 1,
    padding: object = 0,
    output_padding: object = 0,
    groups: int = 1,
    dilation: object = 1,
) -> Array:
    """Transposed convolution over one spatial axis.

    Parameters
    ----------
    input
        Shape [batch, in, length], or [in, length]; float16, bfloat16, float32 or
        float64.
    weight
        Shape [in, out / groups, kernel], dtype of `input`.
    bias
        Shape [out], dtype of `input`.
    stride, padding, output_padding, dilation
        An int, or a tuple or list of one or N of them, N = 1 being the number of
        spatial axes.
    groups
        A divisor of the number of input channels.

    Returns
    -------
    Array
        Shape [batch, out, new_length], or [out, new_length], with new_length =
        (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding
        + 1; dtype of `input`.

    Raises
    ------
    TypeError
        If an array or its dtype is not allowed, or a number is not an integer.
    ValueError
        If a value or shape is not allowed, or the output would be empty.
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: object = 1,
    padding: object = 0,
    output_padding: object = 0,
    groups: int = 1,
    dilation: object = 1,
) -> Array:
    """Transposed convolution over two spatial axes.

    Parameters, result and errors are those of `conv_transpose1d`, for input of shape
    [batch, in, height, width] or [in, height, width] and N = 2.
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: object = 1,
    padding: object = 0,
    output_padding: object = 0,
    groups: int = 1,
    dilation: object = 1,
) -> Array:
    """Transposed convolution over three spatial axes.

    Parameters, result and errors are those of `conv_transpose1d`, for input of shape
    [batch, in, depth, height, width] or [in, depth, height, width] and N = 3.
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def gradients(
    gradient: Array,
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: object = 1,
    padding: object = 0,
    output_padding: object = 0,
    groups: int = 1,
    dilation: object = 1,
) -> Gradients:
    """Return the gradients by input, weight and bias, for the function that `weight` has the axes of.

    Parameters
    ----------
    gradient
        Shape and dtype of that function's result: the gradient by it.
    input, weight, bias, stride, padding, output_padding, groups, dilation
        As that function takes them.

    Returns
    -------
    Gradients
        Of the sum of the result's elements, each times that of `gradient`.

    Raises
    ------
    TypeError, ValueError
        As that function does, or if `gradient` has another shape or dtype than its result.
    """
    w = float_array("weight", weight, (3, 4, 5))
    batched, given = _given(w.ndim - 2, input, w, bias, stride, padding, output_padding, groups, dilation)
    output = given.pop("output")
    shape = (batched.shape[0], given["groups"] * w.shape[1], *output)
    y = gradient_array(gradient, shape[batched.ndim - input.ndim :], input.dtype)
    found = gradients_of(y.reshape(shape), batched, w, **given)
    return replace(found, input=np.ascontiguousarray(found.input).reshape(input.shape))


def _conv_transpose(n: int, input: Array, weight: Array, bias: Array | None, *arguments: object) -> Array:
    """Return the result for `stride`, `padding` … in the order of the functions."""
    batched, given = _given(n, input, weight, bias, *arguments)
    y = operation.conv_transpose(batched, weight, bias=bias, **given)
    return np.ascontiguousarray(y if input.ndim == n + 2 else y[0])


def _given(
    n: int,
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: object,
    padding: object,
    output_padding: object,
    groups: object,
    dilation: object,
) -> tuple[Array, dict[str, Any]]:
    """Return the input with a batch, and what else the operation is given, or refuse the arguments."""
    x = float_array("input", input, (n + 1, n + 2))
    w = float_array("weight", weight, (n + 2,), like=("input", x))
    strides = per_axis("stride", stride, n, 1)
    paddings = per_axis("padding", padding, n, 0)
    extras = per_axis("output_padding", output_padding, n, 0)
    dilations = per_axis("dilation", dilation, n, 1)
    groups = integer("groups", groups, 1)
    batched = x if x.ndim == n + 2 else x[np.newaxis]
    _check_channels(batched, w, groups)
    _check_bias(bias, x, groups * w.shape[1])
    _check_output_padding(extras, strides, dilations)
    axes = zip(batched.shape[2:], w.shape[2:], strides, paddings, extras, dilations, strict=True)
    output = tuple(_output_length(*axis) for axis in axes)
    return batched, {
        "stride": strides,
        "dilation": dilations,
        "crop": paddings,
        "output": output,
        "groups": groups,
    }


def _check_channels(x: Array, w: Array, groups: int) -> None:
    """Refuse empty axes other than the batch, and channels that don't agree."""
    if 0 in x.shape[1:]:
        raise ValueError(f"input has shape {x.shape}: only the batch may be empty.")
    if 0 in w.shape:
        raise ValueError(f"weight has shape {w.shape}: give no axis of length 0.")
    if w.shape[0] != x.shape[1]:
        raise ValueError(
            f"weight has shape {w.shape}: its first axis must be the {x.shape[1]} channels of input."
        )
    if x.shape[1] % groups:
        raise ValueError(f"groups={groups}: give a divisor of the {x.shape[1]} channels of input.")


def _check_bias(bias: Array | None, x: Array, channels: int) -> None:
    """Refuse a bias that isn't one number of input's dtype an output channel."""
    if bias is None:
        return
    float_array("bias", bias, (1,), like=("input", x))
    if bias.shape != (channels,):
        raise ValueError(
            f"bias has shape {bias.shape}: give ({channels},), one number for each output channel."
        )


def _check_output_padding(
    extras: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]
) -> None:
    """Refuse output padding that reaches both stride and dilation of its axis."""
    limits = tuple(map(max, strides, dilations))
    if any(extra >= limit for extra, limit in zip(extras, limits, strict=True)):
        raise ValueError(
            f"output_padding={extras}: give less than {limits}, the greater of stride "
            "and dilation on each axis."
        )


def _output_length(length: int, kernel: int, stride: int, padding: int, extra: int, dilation: int) -> int:
    size = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1
    if size < 0:
        raise ValueError(
            f"padding={padding} leaves an output of length {size}, from input of length "
            f"{length} and kernel {kernel}: give less padding."
        )
    return size
