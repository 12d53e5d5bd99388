"""How does a layer of Keras' kind come from its settings and weights to a result, over any number of axes?

The functions here are methods of the layers: `build`, `set_weights`, `call`, `gradients`,
`compute_output_shape` and, of one, `convolution_op`.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from adjoint.fast import operation
from adjoint.fast.arguments import Array, float_array, gradient_array, integer
from adjoint.fast.gradients import Gradients
from adjoint.fast.gradients import gradients as gradients_of
from adjoint.fast.layer_settings import ACTIVATIONS, BEFORE, Settings, Told


class Layer(Protocol):
    """What a layer holds: its settings, once built its weights, and the loss that the last call left."""

    settings: Settings
    kernel: Array | None
    bias: Array | None
    activity_loss: Any


def build(layer: Layer, input_shape: Sequence[int | None]) -> None:
    """Make the weights, by their initializers.

    Parameters
    ----------
    layer
        The layer; as its method, itself.
    input_shape
        The lengths of the inputs' axes; all but the channels may be None.

    Raises
    ------
    ValueError
        If there is not one for each axis, or the channels are unknown or none, or an
        initializer returns an array of another shape than the weight's.
    """
    settings = layer.settings
    _check_rank(settings, input_shape)
    channels = input_shape[settings.channel]
    if channels is None:
        raise ValueError(
            f"input_shape={input_shape!r}: give the channels, item {settings.channel}, a number."
        )
    inner = integer(f"input_shape[{settings.channel}], the channels,", channels, 1)
    shape = (*settings.kernel_size, settings.filters, inner)
    layer.kernel = _initial("kernel", settings.kernel, shape, settings.dtype)
    layer.bias = None
    if settings.use_bias:
        layer.bias = _initial("bias", settings.bias, (settings.filters,), settings.dtype)


def set_weights(layer: Layer, weights: Sequence[Array]) -> None:
    """Replace the weights.

    Parameters
    ----------
    layer
        The layer; as its method, itself.
    weights
        The kernel, shape [*kernel_size, filters, in], and with `use_bias` the bias,
        shape [filters]; cast to the layer's dtype.

    Raises
    ------
    ValueError
        If the layer is not built, or number or shapes are not those of its weights.
    """
    held = [weight for weight in (layer.kernel, layer.bias) if weight is not None]
    if not held:
        raise ValueError("weights: build the layer before you set them.")
    given = [np.array(weight, layer.settings.dtype) for weight in weights]
    shapes = [weight.shape for weight in given]
    right = [weight.shape for weight in held]
    if shapes != right:
        raise ValueError(f"weights have shapes {shapes}: give {right}.")
    layer.kernel = given[0]
    layer.bias = given[1] if layer.settings.use_bias else None


def call(layer: Layer, inputs: Array) -> Array:
    """Return activation(conv_transpose(inputs, kernel) + bias).

    Parameters
    ----------
    layer
        The layer; as its method, itself.
    inputs
        Shape [batch, *spatial, in], or [batch, in, *spatial] for channels_first;
        floats, cast to the layer's dtype. The first ones build it.

    Returns
    -------
    Array
        Shape [batch, *new_spatial, filters], or [batch, filters, *new_spatial]. With
        extent = (kernel_size - 1) * dilation_rate + 1, a new length is, for padding
        "valid", length * strides + max(extent - strides, 0), and for "same" length *
        strides; with output padding it is (length - 1) * strides + extent +
        output_padding, less 2 * (extent // 2) for "same".

    Raises
    ------
    TypeError
        If the inputs are no array of floats.
    ValueError
        If they have another number of axes, other channels than the layer was built
        for, or so few elements that the result would have a negative length.
    """
    y = _output(layer, inputs)
    layer.activity_loss = _activity_loss(layer.settings, y)
    return y


def gradients(layer: Layer, inputs: Array, gradient: Array) -> Gradients:
    """Return the gradients by inputs, kernel and bias.

    Parameters
    ----------
    layer
        The layer; as its method, itself.
    inputs
        As the layer is called with.
    gradient
        Shape and dtype of the result of that call: the gradient by it.

    Returns
    -------
    Gradients
        Of the sum of the result's elements, each times that of `gradient`; that of relu at zero is zero.

    Raises
    ------
    TypeError, ValueError
        As the call does, or if `gradient` has another shape or dtype than its result.
    NotImplementedError
        If the activation is a callable.
    """
    settings = layer.settings
    before = BEFORE.get(settings.activation)
    if before is None:
        raise NotImplementedError(f"activation={settings.activation!r} has no gradient here: give a name.")
    output = call(layer, inputs)
    y = before(gradient_array(gradient, output.shape, output.dtype), output)
    x, w, given = _given(layer, inputs)
    del given["output"]
    found = gradients_of(np.moveaxis(y, settings.channel, 1), x, w, **given)
    return replace(
        found,
        input=np.ascontiguousarray(np.moveaxis(found.input, 1, settings.channel)),
        kernel=np.ascontiguousarray(np.moveaxis(found.kernel, (0, 1), (-1, -2))),
    )


def compute_output_shape(layer: Layer, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
    """Return the shape of what a call returns for inputs of a shape.

    Parameters
    ----------
    layer
        The layer; as its method, itself.
    input_shape
        The lengths of the inputs' axes; None where one is unknown, and the result's then
        is so too.

    Raises
    ------
    TypeError
        If a length is neither None nor an integer.
    ValueError
        If there is not one for each axis, or the result would have a negative length.
    """
    settings = layer.settings
    _check_rank(settings, input_shape)
    batch, *lengths = [
        None if length is None else integer(f"input_shape[{axis}]", length, 0)
        for axis, length in enumerate(input_shape)
        if axis != settings.channel
    ]
    found = [batch]
    for length, axis in zip(lengths, _axes(settings), strict=True):
        found.append(None if length is None else _axis(settings.padding, length, *axis)[1])
    found.insert(settings.channel, settings.filters)
    return tuple(found)


def convolution_op(layer: Layer, inputs: Array, kernel: Array) -> Array:
    """Return the transposed convolution of inputs with a kernel: no bias, no activation.

    Parameters
    ----------
    layer
        The layer; as its method, itself, and its own weights count for nothing.
    inputs
        As the layer is called with.
    kernel
        Shape [*kernel_size, out, in], floats; cast to the layer's dtype.

    Raises
    ------
    TypeError, ValueError
        As the call does, or if the kernel has another window than the layer's.
    """
    settings = layer.settings
    given = float_array("kernel", kernel, (settings.axes + 2,)).astype(settings.dtype, copy=False)
    if given.shape[:-2] != settings.kernel_size:
        raise ValueError(f"kernel has shape {given.shape}: give {settings.kernel_size}, then the channels.")
    bare = copy(layer)
    bare.settings = replace(settings, activation=ACTIVATIONS["linear"])
    bare.kernel, bare.bias = given, None
    return _output(bare, inputs)


def fitting(said: str, value: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return what an initializer or constraint returned as a weight; `said` is the argument that gave it.

    Raises
    ------
    ValueError
        If it has another shape.
    """
    array = np.array(value, dtype)
    if array.shape != shape:
        raise ValueError(f"{said} returned an array of shape {array.shape}: give one that returns {shape}.")
    return array


def _output(layer: Layer, inputs: Array) -> Array:
    """Return what a call returns."""
    x, w, given = _given(layer, inputs)
    y = operation.conv_transpose(x, w, bias=layer.bias, **given)
    settings = layer.settings
    return settings.activation(np.ascontiguousarray(np.moveaxis(y, 1, settings.channel)))


def _activity_loss(settings: Settings, output: Array) -> Any:
    """Return what the activity regularizer makes of an output, for each sample of the batch; or None."""
    if settings.activity_regularizer is None:
        return None
    with np.errstate(all="ignore"):  # an empty batch has none
        return settings.dtype.type(np.divide(settings.activity_regularizer(output), len(output)))


def _initial(name: str, told: Told, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    return fitting(f"{name}_initializer", told.initializer(shape, dtype=dtype), shape, dtype)


def _check_rank(settings: Settings, input_shape: Sequence[int | None]) -> None:
    if len(input_shape) != settings.axes + 2:
        raise ValueError(f"input_shape={input_shape!r}: give {settings.axes + 2} lengths.")


def _given(layer: Layer, inputs: Array) -> tuple[Array, Array, dict[str, Any]]:
    """Return what the operation is given for some inputs, which build the layer if need be."""
    settings = layer.settings
    x = float_array("inputs", inputs, (settings.axes + 2,)).astype(settings.dtype, copy=False)
    if layer.kernel is None:
        build(layer, x.shape)
    assert layer.kernel is not None
    if x.shape[settings.channel] != layer.kernel.shape[-1]:
        raise ValueError(
            f"inputs has shape {x.shape}: give {layer.kernel.shape[-1]} channels, "
            f"which the layer was built for, on axis {settings.channel}."
        )
    x = np.moveaxis(x, settings.channel, 1)
    crop, output = _crop_and_output(settings, x.shape[2:])
    given = {
        "stride": settings.strides,
        "dilation": settings.dilation_rate,
        "crop": crop,
        "output": output,
    }
    return x, np.moveaxis(layer.kernel, (-1, -2), (0, 1)), given


def _crop_and_output(settings: Settings, lengths: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return, for each spatial axis, what is cut off at the start, and the length of the result."""
    pairs = [
        _axis(settings.padding, length, *axis) for length, axis in zip(lengths, _axes(settings), strict=True)
    ]
    return tuple(crop for crop, _ in pairs), tuple(output for _, output in pairs)


def _axes(settings: Settings) -> Iterable[tuple[int, int, int, int | None]]:
    """Return kernel size, stride, dilation rate and output padding of each spatial axis."""
    extras = settings.output_padding or (None,) * settings.axes
    return zip(settings.kernel_size, settings.strides, settings.dilation_rate, extras, strict=True)


def _axis(
    padding: str, length: int, kernel: int, stride: int, dilation: int, extra: int | None
) -> tuple[int, int]:
    """Return, for one axis, what is cut off at the start, and the length of the result."""
    extent = (kernel - 1) * dilation + 1
    whole = (length - 1) * stride + extent  # up to the last element that a tap reaches
    if extra is None:
        output = length * stride + (max(extent - stride, 0) if padding == "valid" else 0)
    else:
        output = whole + extra - (2 * (extent // 2) if padding == "same" else 0)
    if output < 0:
        raise ValueError(
            f"output_padding={extra} makes a result of length {output} from inputs of length {length} "
            f"with kernel_size {kernel} and strides {stride}: give longer inputs."
        )
    return (max(whole - output, 0) // 2 if padding == "same" else 0), output
