"""What does the plain operation return, and what are the gradients?"""

from collections.abc import Sequence

import numpy as np

from adjoint.fast import gradients as slopes
from adjoint.fast.arguments import Array
from adjoint.fast.gradients import Gradients
from adjoint.fast.operation import conv_transpose


def operation(
    input: Array,
    kernel: Array,
    stride: Sequence[int],
    dilation: Sequence[int],
    crop: Sequence[Sequence[int]],
    output_padding: Sequence[int],
    groups: int,
) -> Array:
    """Stamp the kernel, scaled by each element of `input`, into the output, and sum.

    Parameters
    ----------
    input
        Shape [batch, channels, *spatial]; float16, bfloat16, float32 or float64.
    kernel
        Shape [channels, filters / groups, *taps], dtype of `input`.
    stride, dilation, output_padding
        A number for each spatial axis.  Like `crop` and `groups` they are trusted.
    crop
        A pair for each spatial axis: what is cut off at either end.
    groups
        In how many groups the channels and filters are split.

    Returns
    -------
    Array
        Shape [batch, filters, *new sizes], dtype of `input`.
    """
    axes = zip(input.shape[2:], kernel.shape[2:], stride, dilation, crop, output_padding, strict=True)
    sizes = tuple((n - 1) * s + (k - 1) * d + 1 - sum(ends) + more for n, k, s, d, ends, more in axes)
    y = conv_transpose(
        input,
        kernel,
        stride=tuple(stride),
        dilation=tuple(dilation),
        crop=tuple(first for first, _ in crop),
        output=sizes,
        groups=groups,
    )
    return np.ascontiguousarray(y)


def gradients(
    gradient: Array,
    input: Array,
    kernel: Array,
    stride: Sequence[int],
    dilation: Sequence[int],
    crop: Sequence[Sequence[int]],
    output_padding: Sequence[int],  # noqa: ARG001 - the gradient's shape says it
    groups: int,
) -> Gradients:
    """Return the gradients of the sum of the output's elements, each times that of `gradient`.

    Parameters
    ----------
    gradient
        Shape and dtype of the output.
    input, kernel, stride, dilation, crop, output_padding, groups
        As `operation` takes them.
    """
    return slopes.gradients(
        gradient,
        input,
        kernel,
        stride=tuple(stride),
        dilation=tuple(dilation),
        crop=tuple(first for first, _ in crop),
        groups=groups,
    )
