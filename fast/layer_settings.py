"""What may the arguments of a layer of Keras' kind be?  One form of them, over any number of axes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from adjoint.fast.arguments import Array, float_dtype, integer, integers, one_of, per_axis
from adjoint.fast.constraints import Constraint, constraint_of
from adjoint.fast.initializers import Initializer, initializer_of
from adjoint.fast.regularizers import Regularizer, regularizer_of

Activation: TypeAlias = str | Callable[[Array], Array] | None

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda y: y,
    "relu": lambda y: np.maximum(y, y.dtype.type(0)),
}
BEFORE: dict[Callable[[Array], Array], Callable[[Array, Array], Array]] = {
    ACTIVATIONS["linear"]: lambda gradient, _: gradient,
    ACTIVATIONS["relu"]: lambda gradient, y: np.where(y > 0, gradient, gradient.dtype.type(0)),
}
"""From an activation to what makes, of the gradient by its result `y` and of `y`, that by its argument."""


@dataclass(frozen=True)
class Told:
    """What the arguments say of a weight: how it starts, what it costs, and what it may be after a step."""

    initializer: Initializer
    regularizer: Regularizer | None
    constraint: Constraint | None


@dataclass(frozen=True)
class Settings:
    """A layer's arguments, checked; a tuple has one item for each spatial axis.

    `channel` is the axis of the channels, in what the layer takes and gives; `padding` is
    "valid" or "same".
    """

    filters: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    output_padding: tuple[int, ...] | None
    dilation_rate: tuple[int, ...]
    channel: int
    activation: Callable[[Array], Array]
    use_bias: bool
    kernel: Told
    bias: Told
    activity_regularizer: Regularizer | None
    dtype: np.dtype[Any]

    @property
    def axes(self) -> int:
        """The number of spatial axes."""
        return len(self.kernel_size)


def checked(arguments: Mapping[str, Any], axes: int, one_item: tuple[str, ...] = ()) -> Settings:
    """Return the arguments of a layer in one form, or refuse them.

    Parameters
    ----------
    arguments
        By their names in Keras. `output_padding`, `dilation_rate` and `input_shape`,
        which not every layer has, may be missing; what has another name is left alone.
    axes
        The number of spatial axes.
    one_item
        The arguments in which a tuple or list of one item serves every axis; others must
        have one for each.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If a value is not allowed, a stride and a dilation rate both exceed 1, or output
        padding reaches the stride of its axis.
    NotImplementedError
        If Keras may allow the activation or dtype, but the layers here do not have it.
    """

    def numbers(name: str, value: object, minimum: int = 1) -> tuple[int, ...]:
        return per_axis(name, value, axes, minimum, (1, axes) if name in one_item else (axes,))

    strides = numbers("strides", arguments["strides"])
    dilation_rate = numbers("dilation_rate", arguments.get("dilation_rate", 1))
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ValueError(
            f"strides={strides} and dilation_rate={dilation_rate}: only one of them may exceed 1."
        )
    output_padding = arguments.get("output_padding")
    if output_padding is not None:
        output_padding = numbers("output_padding", output_padding, 0)
        _check_output_padding(output_padding, strides)
    layout = arguments["data_format"]
    layout = "channels_last" if layout is None else layout
    one_of("data_format", layout, ("channels_last", "channels_first"))
    _check_input_shape(arguments.get("input_shape"), axes)
    _check_name(arguments["name"])
    return Settings(
        filters=integer("filters", arguments["filters"], 1),
        kernel_size=numbers("kernel_size", arguments["kernel_size"]),
        strides=strides,
        padding=_padding(arguments["padding"]),
        output_padding=output_padding,
        dilation_rate=dilation_rate,
        channel=axes + 1 if layout == "channels_last" else 1,
        activation=_activation(arguments["activation"]),
        use_bias=bool(arguments["use_bias"]),
        kernel=_told("kernel", arguments, "glorot_uniform"),
        bias=_told("bias", arguments, "zeros"),
        activity_regularizer=regularizer_of("activity_regularizer", arguments["activity_regularizer"]),
        dtype=float_dtype(arguments["dtype"]),
    )


def _check_input_shape(value: object, axes: int) -> None:
    """Refuse what is neither None nor a length, or None, for each axis of a sample."""
    if value is None:
        return
    if not isinstance(value, (list, tuple)) or len(value) != axes + 1:
        raise ValueError(f"input_shape={value!r}: give {axes + 1} lengths, without the batch.")
    integers("input_shape", [0 if item is None else item for item in value], (axes + 1,), 0)


def _padding(value: object) -> str:
    name = value.lower() if isinstance(value, str) else value
    return one_of("padding", name, ("valid", "same"))


def _check_output_padding(extras: tuple[int, ...], strides: tuple[int, ...]) -> None:
    if any(extra >= stride for extra, stride in zip(extras, strides, strict=True)):
        raise ValueError(f"output_padding={extras}: give less than the strides, {strides}, on each axis.")


def _activation(value: object) -> Callable[[Array], Array]:
    if value is None:
        return ACTIVATIONS["linear"]
    if isinstance(value, str):
        if value not in ACTIVATIONS:
            raise NotImplementedError(
                f"activation={value!r} is not implemented: give None, 'linear', 'relu' or a callable."
            )
        return ACTIVATIONS[value]
    if not callable(value):
        raise ValueError(f"activation={value!r}: give None, 'linear', 'relu' or a callable.")
    return value


def _told(weight: str, arguments: Mapping[str, Any], initializer: str) -> Told:
    """Return what the arguments say of a weight; `initializer` names the one that None stands for."""
    names = [f"{weight}_{kind}" for kind in ("initializer", "regularizer", "constraint")]
    return Told(
        initializer_of(names[0], arguments[names[0]], initializer),
        regularizer_of(names[1], arguments[names[1]]),
        constraint_of(names[2], arguments[names[2]]),
    )


def _check_name(value: object) -> None:
    if not (value is None or isinstance(value, str)):
        raise ValueError(f"name={value!r}: give None or a string.")
