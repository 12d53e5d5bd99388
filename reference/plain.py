"""What must the plain operation return?  From this project's own page of it.

Layouts: input (batch, channels, *spatial), kernel (channels, filters / groups, *taps).
"""

from __future__ import annotations

from collections.abc import Sequence

from adjoint.reference.answer import specified_only_if
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Layout, Translation

API = "operation"


def translate(
    input: Tensor,
    kernel: Tensor,
    stride: Sequence[int],
    dilation: Sequence[int],
    crop: Sequence[Sequence[int]],
    output_padding: Sequence[int],
    groups: int,
) -> Translation:
    """Return the operation that a call is: itself.

    Raises
    ------
    Unspecified
        If it breaks the page's rules: such a call is never made.
    """
    rank = len(input.shape) - 2
    numbers = (stride, dilation, crop, output_padding)
    specified_only_if(rank in (1, 2, 3), f"the input has shape {input.shape}")
    specified_only_if({rank + 2, len(kernel.shape)} == {rank + 2}, f"the kernel has shape {kernel.shape}")
    specified_only_if(all(len(n) == rank for n in numbers), f"there are {rank} axes, and {numbers}")
    specified_only_if(min(*stride, *dilation, groups) >= 1, f"a step or groups is below one: {numbers}")
    specified_only_if(min(*output_padding, *sum(map(tuple, crop), ())) >= 0, f"below zero: {numbers}")
    specified_only_if(input.shape[1] == kernel.shape[0], "the kernel is for other channels")
    specified_only_if(input.shape[1] % groups == 0, f"{input.shape} makes no {groups} groups")
    specified_only_if(input.dtype == kernel.dtype and input.dtype in FORMATS, f"the dtype is {input.dtype}")
    axes = zip(input.shape[2:], kernel.shape[2:], *numbers, strict=True)
    output = tuple((n - 1) * s + (k - 1) * d + 1 - b - e + more for n, k, s, d, (b, e), more in axes)
    specified_only_if(min(*input.shape, *kernel.shape, *output) >= 1, "something is empty")
    geometry = Geometry(
        input=input.shape[2:],
        kernel=kernel.shape[2:],
        output=output,  # .output-size, .output-padding
        stride=tuple(stride),  # .stride
        dilation=tuple(dilation),  # .dilation
        crop=tuple(first for first, _ in crop),  # .crop
    )
    return Translation(  # .values
        input=input,
        kernel=kernel,
        bias=None,
        geometries={"": geometry},
        layout=Layout(tuple(range(rank + 2))),
        kernel_layout=Layout(tuple(range(rank + 2))),
        dtype=input.dtype,  # .dtype
        round_trip=tuple(
            range(o - e, o - e + s) for o, e, s in zip(output, output_padding, stride, strict=True)
        ),
        groups=groups,  # .groups
    )
