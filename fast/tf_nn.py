"""What does `tf.nn.conv_transpose` of TensorFlow 2.4 return, and what are the gradients?"""

from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.fast import operation
from adjoint.fast.arguments import Array, float_array, gradient_array, integers, one_of
from adjoint.fast.gradients import Gradients
from adjoint.fast.gradients import gradients as gradients_of

DATA_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def conv_transpose(
    input: Array,
    filters: Array,
    output_shape: object,
    strides: object,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: object = None,
    name: str | None = None,  # noqa: ARG001
) -> Array:
    """Transpose the convolution that `filters`, `strides`, `padding` … describe.

    Parameters
    ----------
    input
        Shape [batch, *spatial, in], or [batch, in, *spatial] if `data_format` starts
        with "NC"; 1 to 3 spatial axes; float16, bfloat16, float32 or
        float64.
    filters
        Shape [*kernel, out, in], dtype of `input`: the filters of the convolution that
        is transposed, whose input channels are the output channels here.
    output_shape
        The shape of the result: a list, tuple or 1-D array of N + 2 integers.
    strides, dilations
        An int, or 1, N or N + 2 of them; among N + 2, in the order of `data_format`,
        those for batch and channels must be 1.
    padding
        "VALID" or "SAME".
    data_format
        "NWC" or "NCW", "NHWC" or "NCHW", "NDHWC" or "NCDHW"; None is the first.
    name
        Ignored.

    Returns
    -------
    Array
        Shape `output_shape`, dtype of `input`.

    Raises
    ------
    TypeError
        If a dtype is not allowed or differs, or a number is not an integer.
    ValueError
        If a value or shape is not allowed, or the convolution does not make the shape
        of `input` from `output_shape`.
    """
    x, w, channel, given = _given(input, filters, output_shape, strides, padding, data_format, dilations)
    y = operation.conv_transpose(x, w, **given)
    return np.ascontiguousarray(np.moveaxis(y, 1, channel))


def gradients(
    gradient: Array,
    input: Array,
    filters: Array,
    output_shape: object,
    strides: object,
    padding: str = "SAME",
    data_format: str | None = None,
    dilations: object = None,
) -> Gradients:
    """Return the gradients by input and filters.

    Parameters
    ----------
    gradient
        Shape `output_shape`, dtype of `input`: the gradient by the result of `conv_transpose`.
    input, filters, output_shape, strides, padding, data_format, dilations
        As `conv_transpose` takes them.

    Returns
    -------
    Gradients
        Of the sum of the result's elements, each times that of `gradient`.

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose` does, or if `gradient` has another shape or dtype than its result.
    """
    x, w, channel, given = _given(input, filters, output_shape, strides, padding, data_format, dilations)
    whole = [x.shape[0], w.shape[1], *given.pop("output")]
    whole.insert(channel, whole.pop(1))
    y = gradient_array(gradient, tuple(whole), x.dtype)
    found = gradients_of(np.moveaxis(y, channel, 1), x, w, **given)
    return replace(
        found,
        input=np.ascontiguousarray(np.moveaxis(found.input, 1, channel)),
        kernel=np.ascontiguousarray(np.moveaxis(found.kernel, (0, 1), (-1, -2))),
    )


def _given(
    input: Array,
    filters: Array,
    output_shape: object,
    strides: object,
    padding: str,
    data_format: str | None,
    dilations: object,
) -> tuple[Array, Array, int, dict[str, Any]]:
    """Return what the operation is given, and the axis of the channels; or refuse the arguments."""
    x = float_array("input", input, (3, 4, 5))
    n = x.ndim - 2
    w = float_array("filters", filters, (n + 2,), like=("input", x))
    one_of("padding", padding, ("VALID", "SAME"))
    formats = DATA_FORMATS[n]
    layout = formats[0] if data_format is None else data_format
    channel = one_of("data_format", layout, formats).index("C")
    stride = _spatial("strides", strides, n, channel)
    dilation = _spatial("dilations", 1 if dilations is None else dilations, n, channel)
    shape = integers("output_shape", output_shape, (n + 2,), 0)
    _check_channels(x, w, shape, channel)
    x = np.moveaxis(x, channel, 1)
    output = shape[1:-1] if channel == n + 1 else shape[2:]
    axes = zip(x.shape[2:], w.shape[:-2], stride, dilation, output, strict=True)
    crop = tuple(_crop(padding, *axis) for axis in axes)
    given = {"stride": stride, "dilation": dilation, "crop": crop, "output": output}
    return x, np.moveaxis(w, (-1, -2), (0, 1)), channel, given


def _spatial(name: str, value: object, n: int, channel: int) -> tuple[int, ...]:
    """Return the N items of `strides` or `dilations` that belong to spatial axes."""
    items = integers(name, value, (1, n, n + 2), 1)
    if len(items) == 1:
        return items * n
    if len(items) == n:
        return items
    if items[0] != 1 or items[channel] != 1:
        raise ValueError(
            f"{name}={value!r}: give 1 for the batch (item 0) and the channels (item {channel})."
        )
    return tuple(item for axis, item in enumerate(items) if axis not in (0, channel))


def _check_channels(x: Array, w: Array, shape: tuple[int, ...], channel: int) -> None:
    """Refuse filters without taps, and a batch or channels that don't agree."""
    if 0 in w.shape[:-2]:
        raise ValueError(f"filters has shape {w.shape}: give a kernel of size 1 or more.")
    if w.shape[-1] != x.shape[channel]:
        raise ValueError(
            f"filters has shape {w.shape}: its last axis must be the "
            f"{x.shape[channel]} channels of input, whose shape is {x.shape}."
        )
    if shape[0] != x.shape[0]:
        raise ValueError(f"output_shape={shape}: item 0 must be {x.shape[0]}, the batch of input.")
    if shape[channel] != w.shape[-2]:
        raise ValueError(
            f"output_shape={shape}: item {channel} must be {w.shape[-2]}, the last axis "
            f"but one of filters, whose shape is {w.shape}."
        )


def _crop(padding: str, length: int, kernel: int, stride: int, dilation: int, output: int) -> int:
    """Return what is cut off at the start of one axis, of a legal output length."""
    span = (kernel - 1) * dilation
    lost = span if padding == "VALID" else 0
    if -((lost - output) // stride) != length:
        low, high = (length - 1) * stride + 1 + lost, length * stride + lost
        raise ValueError(
            f"output_shape has {output} where input has {length}: with kernel {kernel}, "
            f"stride {stride}, dilation {dilation} and padding {padding!r}, give "
            f"{max(low, 0)} to {high}."
        )
    if padding == "VALID":
        return 0
    return max((length - 1) * stride + span + 1 - output, 0) // 2
