"""What must torch.nn.functional.conv_transpose1d, 2d and 3d return?

From the pages of those functions and of torch.nn.ConvTranspose1d, 2d and 3d, PyTorch 2.13.
Layouts: input (batch, channels, *spatial), weight (channels, filters / groups, *kernel), bias (filters,).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from adjoint.reference.answer import Answer, refuse_unless, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, conv_transpose, magnitude

Size = int | Sequence[int]


def conv_transpose_nd(
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Answer:
    """Return what is demanded of a call with `rank` spatial axes.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it.
    """
    specified_only_if(
        len(input.shape) in (rank + 1, rank + 2) and len(weight.shape) == rank + 2,
        f"input has shape {input.shape}, weight {weight.shape}",
    )
    strides, paddings = _each_axis(stride, rank), _each_axis(padding, rank)  # torch-functional.forms
    extras, dilations = _each_axis(output_padding, rank), _each_axis(dilation, rank)
    unbatched = len(input.shape) == rank + 1  # torch-functional.unbatched
    shape = (1, *input.shape) if unbatched else input.shape
    filters = weight.shape[1] * groups

    refuse_unless(min(strides) >= 1, "torch-functional.refuses-stride", f"stride is {stride}")
    refuse_unless(min(dilations) >= 1, "torch-functional.refuses-dilation", f"dilation is {dilation}")
    refuse_unless(min(paddings) >= 0, "torch-functional.refuses-padding", f"padding is {padding}")
    refuse_unless(
        all(0 <= e < max(s, d) for e, s, d in zip(extras, strides, dilations, strict=True)),
        "torch-functional.refuses-output-padding",
        f"output_padding is {output_padding}, stride {stride}, dilation {dilation}",
    )
    refuse_unless(
        groups >= 1 and shape[1] % groups == 0,
        "torch-functional.refuses-groups",
        f"groups is {groups}, the channels {shape[1]}",
    )
    refuse_unless(
        shape[1] == weight.shape[0],
        "torch-functional.refuses-channels",
        f"the input has {shape[1]} channels, the weight {weight.shape[0]}",
    )
    refuse_unless(
        bias is None or bias.shape == (filters,),
        "torch-functional.refuses-bias",
        f"bias has shape {bias and bias.shape}, the output {filters} channels",
    )
    specified_only_if(
        bias is None or bias.dtype == weight.dtype, f"weight is {weight.dtype}, bias {bias and bias.dtype}"
    )
    refuse_unless(
        weight.dtype == input.dtype,
        "torch-functional.refuses-mixed-dtype",
        f"the input is {input.dtype}, the weight {weight.dtype}",
    )
    output = tuple(
        (size - 1) * s - 2 * p + d * (kernel - 1) + e + 1  # torch-functional.output-size
        for size, kernel, s, p, e, d in zip(
            shape[2:], weight.shape[2:], strides, paddings, extras, dilations, strict=True
        )
    )
    refuse_unless(
        min(output) >= 0, "torch-functional.refuses-negative-size", f"the output's size would be {output}"
    )

    specified_only_if(min(output) >= 1, f"the output's size would be {output}")
    geometry = Geometry(
        input=shape[2:],
        kernel=weight.shape[2:],
        output=output,  # what it has beyond the last stamp: torch-functional.output-padding
        stride=strides,  # torch-functional.stride
        dilation=dilations,  # torch-functional.dilation
        crop=paddings,  # torch-functional.padding
    )
    x = Tensor(input.dtype, shape, input.integers, input.exponent)
    values = conv_transpose(x, weight, geometry, groups, bias)  # .values, .groups, .bias
    sums = magnitude(x, weight, geometry, groups, bias)
    return Answer(_without_batch(values), _without_batch(sums)) if unbatched else Answer(values, sums)


conv_transpose1d = partial(conv_transpose_nd, 1)
conv_transpose2d = partial(conv_transpose_nd, 2)
conv_transpose3d = partial(conv_transpose_nd, 3)


def _each_axis(value: Size, rank: int) -> tuple[int, ...]:
    items = (int(value),) * rank if isinstance(value, int | np.integer) else tuple(map(int, value))
    specified_only_if(len(items) == rank, f"{value} has not {rank} items")
    return items


def _without_batch(tensor: Tensor) -> Tensor:
    return Tensor(tensor.dtype, tensor.shape[1:], tensor.integers, tensor.exponent)
