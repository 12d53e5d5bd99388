"""What must torch.nn.functional.conv_transpose1d, conv_transpose2d and conv_transpose3d return?

From the pages of those functions and of torch.nn.ConvTranspose1d, 2d and 3d, PyTorch 2.13.
Layouts: input (batch, channels, *spatial), weight (channels, filters / groups, *kernel), bias (filters,).
Clauses are named by their last part, as `.refuses-groups`: the page of the modules has them too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from adjoint.reference.answer import refuse_unless, specified_only_if
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.numbers import Numbers, Size, items, whole
from adjoint.reference.operation import Geometry
from adjoint.reference.round_trip import without_padding
from adjoint.reference.translation import Layout, Translation

RANKS = {
    "torch.nn.functional.conv_transpose1d": 1,
    "torch.nn.functional.conv_transpose2d": 2,
    "torch.nn.functional.conv_transpose3d": 3,
}


class Arguments(NamedTuple):
    """The arguments that are no tensors, each in one form: a number for each spatial axis."""

    stride: Numbers
    dilation: Numbers
    padding: Numbers
    output_padding: Numbers
    groups: int


def translate(
    page: str,
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Translation:
    """Return the operation that a call with `rank` spatial axes is.

    `page` is the document whose clauses refuse: that of the modules has these rules too.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it.
    """
    given = _read(page, rank, stride, padding, output_padding, groups, dilation)
    _check(page, rank, input, weight, bias, given.groups)
    batched = len(input.shape) == rank + 2  # .unbatched
    shape = input.shape if batched else (1, *input.shape)
    axes = list(zip(shape[2:], weight.shape[2:], *given[:4], strict=True))
    output = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, d, p, e in axes)  # .output-size
    refuse_unless(min(output) >= 0, f"{page}.refuses-negative-size", f"the output's size would be {output}")
    empty = 0 in (*shape[1:], *weight.shape, *output)  # .zero-size, .no-channels
    specified_only_if(not empty, f"an axis of {shape}, {weight.shape} or {output} is empty")
    geometry = Geometry(
        input=shape[2:],
        kernel=weight.shape[2:],
        output=output,  # what it has beyond the last stamp: .output-padding
        stride=given.stride,  # .stride
        dilation=given.dilation,  # .dilation
        crop=given.padding,  # .padding
    )
    return Translation(  # .values, .bias
        input=input.reshaped(shape),
        kernel=weight,
        bias=bias,
        geometries={"": geometry},
        layout=Layout(tuple(range(rank + 2)), batched),
        kernel_layout=Layout(tuple(range(rank + 2))),
        dtype=input.dtype,  # .dtype
        groups=given.groups,  # .groups
        round_trip=tuple(without_padding(n, k, s, d, crop=p) for n, k, s, d, p, _ in axes),
    )


def _read(
    page: str, rank: int, stride: Size, padding: Size, output_padding: Size, groups: int, dilation: Size
) -> Arguments:
    """Check the arguments that are no tensors."""
    refuse_unless(not isinstance(padding, str), f"{page}.refuses-padding-name", f"padding is {padding!r}")
    given = Arguments(
        each_axis(page, "stride", stride, rank, least=1),
        each_axis(page, "dilation", dilation, rank, least=1),
        each_axis(page, "padding", padding, rank, least=0),
        each_axis(page, "output-padding", output_padding, rank, least=0),
        whole(
            groups,
            1,
            f"{page}.refuses-groups-below-one",
            f"{page}.refuses-fractions",
            f"groups is {groups!r}",
        ),
    )
    axes = zip(given.output_padding, given.stride, given.dilation, strict=True)
    said = f"output_padding is {output_padding}, stride {stride}, dilation {dilation}"
    refuse_unless(all(e < max(s, d) for e, s, d in axes), f"{page}.refuses-output-padding", said)
    return given


def _check(page: str, rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    """Check the tensors."""
    said = f"the input has shape {input.shape}, the weight {weight.shape}, the bias {bias and bias.shape}"
    refuse_unless(len(weight.shape) == rank + 2, f"{page}.refuses-weight-rank", said)
    refuse_unless(len(input.shape) in (rank + 1, rank + 2), f"{page}.refuses-rank", said)
    refuse_unless(min(weight.shape[2:]) >= 1, f"{page}.refuses-kernel-size", said)
    channels, filters = input.shape[-rank - 1], weight.shape[1] * groups
    refuse_unless(channels == weight.shape[0], f"{page}.refuses-channels", said)
    refuse_unless(channels % groups == 0, f"{page}.refuses-groups", f"groups is {groups}; {said}")
    refuse_unless(bias is None or bias.shape == (filters,), f"{page}.refuses-bias", said)
    said = f"the input is {input.dtype}, the weight {weight.dtype}, the bias {bias and bias.dtype}"
    refuse_unless(weight.dtype == input.dtype, f"{page}.refuses-mixed-dtype", said)
    specified_only_if(bias is None or bias.dtype == weight.dtype, said)  # .bias-dtype
    specified_only_if(input.dtype in FORMATS, said)


def each_axis(page: str, name: str, value: Any, rank: int, least: int) -> Numbers:
    """Spread an int over the spatial axes, or take a tuple or list with one for each: .forms, .lists."""
    given, said = items(value, rank), f"{name} is {value!r}"
    refuse_unless(len(given) in (1, rank), f"{page}.refuses-length", said)
    specified_only_if(len(given) == rank, said)  # .one-item
    return tuple(
        whole(item, least, f"{page}.refuses-{name}", f"{page}.refuses-fractions", said) for item in given
    )
