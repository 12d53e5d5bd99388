"""What must torch.nn.ConvTranspose1d, ConvTranspose2d and ConvTranspose3d do?

From their pages of PyTorch 2.13.  A module is constructed, its weight (in_channels, out_channels / groups,
*kernel_size) and bias (out_channels,) are set, and it is called; what it computes is what the function does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import prod
from numbers import Integral
from typing import Any

from adjoint.reference import torch_functional
from adjoint.reference.answer import refuse_unless, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.features import Initial
from adjoint.reference.numbers import whole
from adjoint.reference.operation import Geometry
from adjoint.reference.signatures import bound, unlisted
from adjoint.reference.torch_functional import each_axis
from adjoint.reference.translation import Translation

PAGE = "torch-modules"
RANKS = {"torch.nn.ConvTranspose1d": 1, "torch.nn.ConvTranspose2d": 2, "torch.nn.ConvTranspose3d": 3}


@dataclass(frozen=True)
class Module:
    """A constructed module.

    Attributes
    ----------
    rank : int
    arguments : mapping
        All of the constructor's, by the page's names.
    kernel_size : tuple of int
        A number for each spatial axis.
    """

    rank: int
    arguments: Mapping[str, Any]
    kernel_size: tuple[int, ...]

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """The shape of its weight."""
        held = self.arguments
        return (held["in_channels"], held["out_channels"] // held["groups"], *self.kernel_size)


def construct(api: str, arguments: Mapping[str, Any]) -> Module:
    """Return the module that a call constructs.

    Parameters
    ----------
    api : str
        A key of `RANKS`.
    arguments : mapping
        Keyword arguments of the constructor.

    Raises
    ------
    Refused
        If a clause refuses an argument.
    Unspecified
        If no clause speaks of it.
    """
    rank, held = RANKS[api], bound(api, arguments)
    refuse_unless(
        not unlisted(api, arguments), f"{PAGE}.refuses-unknown-argument", f"{unlisted(api, arguments)} given"
    )
    kernel_size = each_axis(PAGE, "kernel-size", held["kernel_size"], rank, least=1)  # .forms
    rules = {
        "in_channels": (0, "in-channels"),
        "out_channels": (1, "filters"),
        "groups": (1, "groups-below-one"),
    }
    channels, filters, groups = (
        whole(
            held[name],
            least,
            f"{PAGE}.refuses-{rule}",
            f"{PAGE}.refuses-fractions",
            f"{name} is {held[name]!r}",
        )
        for name, (least, rule) in rules.items()
    )
    specified_only_if(channels > 0, "in_channels is 0")  # .no-channels
    said = f"groups is {groups}, in_channels {channels}, out_channels {filters}"
    refuse_unless(channels % groups == 0, f"{PAGE}.refuses-groups", said)
    refuse_unless(filters % groups == 0, f"{PAGE}.refuses-groups-out", said)
    mode = held["padding_mode"]
    refuse_unless(mode == "zeros", f"{PAGE}.refuses-padding-mode", f"padding_mode is {mode!r}")
    return Module(rank, held, kernel_size)


def initial_weights(module: Module) -> dict[str, Initial]:
    """Return what the weights of a module hold before training: .weights, .initial-weight, .initial-bias.

    Weight and bias are drawn between -sqrt(k) and sqrt(k), with k = groups / (out_channels * window).
    """
    held = module.arguments
    k = Fraction(held["groups"], held["out_channels"] * prod(module.kernel_size))
    shapes = {"weight": module.weight_shape, **({"bias": (held["out_channels"],)} if held["bias"] else {})}
    return {name: Initial(shape, None, limit_squared=k) for name, shape in shapes.items()}


def translate(
    module: Module,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    output_size: Any = None,
) -> Translation:
    """Return the operation that a call of the module is, given its weights.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If the weights are not those of the module, or no clause speaks of the call.
    """
    held = module.arguments
    dtype = str(held["dtype"] or "float32").removeprefix("torch.")  # .dtype-argument
    given = [(tensor.shape, tensor.dtype) for tensor in (weight, bias) if tensor]
    own = [(module.weight_shape, dtype), ((held["out_channels"],), dtype)]
    specified_only_if(given == own[: 1 + bool(held["bias"])], f"the weights are {given}, not {own}")
    names = ("stride", "padding", "output_padding", "groups", "dilation")
    arguments = {name: held[name] for name in names}
    called = partial(torch_functional.translate, PAGE, module.rank, input, weight, bias)
    if output_size is None:  # .output-size-none
        return called(**arguments)
    padded = any(each_axis(PAGE, "output-padding", held["output_padding"], module.rank, least=0))
    specified_only_if(not padded, "output_padding and output_size are given")
    axes = [each_axis(PAGE, name, held[name], module.rank, least=1) for name in ("stride", "dilation")]
    most = [max(steps) - 1 for steps in zip(*axes, strict=True)]
    (largest,) = called(**{**arguments, "output_padding": most}).geometries.values()
    extras = _beyond(output_size, module, input.shape, largest)
    return called(**{**arguments, "output_padding": extras})  # .output-size-values


def _beyond(output_size: Any, module: Module, input: tuple[int, ...], largest: Geometry) -> list[int]:
    """Return the output_padding that leads to an output_size.

    `largest` is what the module does to an input of that shape with the largest output_padding there is:
    below the larger of stride and dilation.
    """
    said, rank = f"output_size is {output_size!r}, the largest {largest.output}", module.rank
    specified_only_if(isinstance(output_size, list | tuple), said)  # .output-size-forms
    specified_only_if(all(isinstance(size, Integral) for size in output_size), said)
    lengths = (rank, len(input))
    refuse_unless(len(output_size) in lengths, f"{PAGE}.refuses-output-size-length", said)
    bounds = [max(steps) for steps in zip(largest.stride, largest.dilation, strict=True)]
    axes = zip(output_size[-rank:], largest.output, bounds, strict=True)
    extras = [size - (longest - bound + 1) for size, longest, bound in axes]
    fits = all(0 <= e < bound for e, bound in zip(extras, bounds, strict=True))
    refuse_unless(fits, f"{PAGE}.refuses-output-size", said)
    below = all(e < s for e, s in zip(extras, largest.stride, strict=True))
    specified_only_if(below, said)  # .output-size-range, .output-size-beyond-stride
    batch_and_filters = (*input[: -rank - 1], module.arguments["out_channels"])
    specified_only_if(
        tuple(output_size[:-rank]) in ((), batch_and_filters), said
    )  # .output-size-batch-channels
    return extras
