"""How does a module of PyTorch's kind come from its arguments and weights to a result, over any axes?

The functions `parameters`, `set_weights`, `call` and `gradients` are the methods of the modules.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, Protocol

import numpy as np

from adjoint.fast import torch_functional
from adjoint.fast.arguments import Array, float_array, float_dtype, integer, integers, one_of, per_axis
from adjoint.fast.gradients import Gradients
from adjoint.fast.initializers import uniform

FUNCTIONS: dict[int, Callable[..., Array]] = {
    1: torch_functional.conv_transpose1d,
    2: torch_functional.conv_transpose2d,
    3: torch_functional.conv_transpose3d,
}


@dataclass(frozen=True)
class Settings:
    """A module's arguments, checked; a tuple has one item for each spatial axis."""

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: int
    use_bias: bool
    dilation: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the weight and, if there is one, of the bias."""
        weight = (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        return [weight, (self.out_channels,)] if self.use_bias else [weight]


class Module(Protocol):
    """What a module holds: its settings and its weights, the bias None where there is none."""

    settings: Settings
    weight: Array
    bias: Any


def checked(arguments: Mapping[str, Any], axes: int) -> Settings:
    """Return the arguments of a module in one form, or refuse them.

    Parameters
    ----------
    arguments
        By their names in PyTorch; what has another name is left alone.
    axes
        The number of spatial axes.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If a value is not allowed, or `groups` divides the channels unevenly.
    NotImplementedError
        If PyTorch may have the device or dtype, but the modules here do not.
    """

    def items(name: str, minimum: int) -> tuple[int, ...]:
        return per_axis(name, arguments[name], axes, minimum)

    one_of("padding_mode", arguments["padding_mode"], ("zeros",))
    if arguments["device"] not in (None, "cpu"):
        raise NotImplementedError(f"device={arguments['device']!r} is not implemented: give None or 'cpu'.")
    groups = integer("groups", arguments["groups"], 1)
    channels = {name: integer(name, arguments[name], 1) for name in ("in_channels", "out_channels")}
    for name, number in channels.items():
        if number % groups:
            raise ValueError(f"groups={groups}: give a divisor of {name}, which is {number}.")
    return Settings(
        **channels,
        kernel_size=items("kernel_size", 1),
        stride=items("stride", 1),
        padding=items("padding", 0),
        output_padding=items("output_padding", 0),
        groups=groups,
        use_bias=bool(arguments["bias"]),
        dilation=items("dilation", 1),
        dtype=float_dtype(arguments["dtype"]),
    )


def drawn(settings: Settings) -> tuple[Array, Array | None]:
    """Return a weight and, if there is one, a bias: drawn evenly within sqrt(k) of zero.

    k is `groups` over the product of `out_channels` and the elements of the window.
    """
    limit = sqrt(settings.groups / (settings.out_channels * prod(settings.kernel_size)))
    weight, *bias = [uniform(shape, settings.dtype, limit) for shape in settings.shapes]
    return weight, bias[0] if bias else None


def parameters(module: Module) -> list[Array]:
    """Return the weight and, if there is one, the bias: what training changes."""
    return [weight for weight in (module.weight, module.bias) if weight is not None]


def set_weights(module: Module, weights: Sequence[Array]) -> None:
    """Replace weight and bias, which may also be set as attributes.

    Parameters
    ----------
    module
        The module; as its method, itself.
    weights
        The weight and, if the module has one, the bias; cast to the module's dtype.

    Raises
    ------
    ValueError
        If number or shapes are not those of the module's weights.
    """
    given = [np.array(weight, module.settings.dtype) for weight in weights]
    _check_shapes(module.settings, given)
    module.weight = given[0]
    module.bias = given[1] if module.settings.use_bias else None


def call(module: Module, input: Array, output_size: object = None) -> Array:
    """Return the transposed convolution of the input.

    Parameters
    ----------
    module
        The module; as its method, itself.
    input
        Shape [batch, in, *spatial], or [in, *spatial]; dtype of the weight.
    output_size
        The lengths of the result's spatial axes, in place of the output padding that the
        module was made with; those of batch and channels may stand before them, and
        count for nothing. None leaves that output padding.

    Returns
    -------
    Array
        Shape [batch, out, *new_spatial], or [out, *new_spatial], with new_length =
        (length - 1) * stride - 2 * padding + dilation * (kernel_size - 1) +
        output_padding + 1.

    Raises
    ------
    TypeError
        If an array or its dtype is not allowed, or a number is not an integer.
    ValueError
        If a value or shape is not allowed, an output size is below the length that no
        output padding gives, or `stride` or more above it.
    """
    x, given = _given(module, input, output_size)
    return FUNCTIONS[len(module.settings.kernel_size)](x, module.weight, module.bias, **given)


def gradients(module: Module, input: Array, gradient: Array, output_size: object = None) -> Gradients:
    """Return the gradients by input, weight and bias.

    Parameters
    ----------
    module
        The module; as its method, itself.
    input, output_size
        As the module is called with.
    gradient
        Shape and dtype of the result of that call: the gradient by it.

    Returns
    -------
    Gradients
        Of the sum of the result's elements, each times that of `gradient`.

    Raises
    ------
    TypeError, ValueError
        As the call does, or if `gradient` has another shape or dtype than its result.
    """
    x, given = _given(module, input, output_size)
    return torch_functional.gradients(gradient, x, module.weight, module.bias, **given)


def _given(module: Module, input: Array, output_size: object) -> tuple[Array, dict[str, Any]]:
    """Return the input, and the arguments that the function of as many axes is given."""
    settings, n = module.settings, len(module.settings.kernel_size)
    _check_shapes(settings, parameters(module))
    x = float_array("input", input, (n + 1, n + 2))
    if x.shape[-n - 1] != settings.in_channels:
        raise ValueError(
            f"input has shape {x.shape}: give {settings.in_channels} channels, "
            f"in_channels of the module, on axis {x.ndim - n - 1}."
        )
    extras = settings.output_padding
    if output_size is not None:
        items = integers("output_size", output_size, (n, x.ndim), 0)
        extras = _output_padding(settings, x.shape[-n:], items[-n:])
    return x, {
        "stride": settings.stride,
        "padding": settings.padding,
        "output_padding": extras,
        "groups": settings.groups,
        "dilation": settings.dilation,
    }


def _check_shapes(settings: Settings, weights: Sequence[Array]) -> None:
    """Refuse weights that are not those of the module."""
    shapes = [np.shape(weight) for weight in weights]
    if shapes != settings.shapes:
        raise ValueError(
            f"weight and bias have shapes {shapes}: give {settings.shapes}, "
            f"with{'' if settings.use_bias else 'out'} a bias."
        )


def _output_padding(settings: Settings, lengths: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Return the output padding that makes the result's lengths what is wanted."""
    axes = zip(
        lengths, settings.kernel_size, settings.stride, settings.padding, settings.dilation, strict=True
    )
    least = [(i - 1) * s - 2 * p + d * (k - 1) + 1 for i, k, s, p, d in axes]
    most = [low + s - 1 for low, s in zip(least, settings.stride, strict=True)]
    if not all(low <= size <= high for low, size, high in zip(least, wanted, most, strict=True)):
        raise ValueError(
            f"output_size={wanted}: give {least} to {most} on the spatial axes, "
            f"for input of lengths {lengths}."
        )
    return tuple(size - low for size, low in zip(wanted, least, strict=True))
