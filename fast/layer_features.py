"""What does a layer of Keras' kind hold, tell and do beside its output?

The functions here are methods of the layers: `weights`, `trainable_weights` and `losses` are read as
attributes; `step`, `get_config` and the class method `from_config` are called.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol

import numpy as np

from adjoint.fast import constraints, initializers, layers, regularizers
from adjoint.fast.arguments import Array
from adjoint.fast.layer_settings import ACTIVATIONS
from adjoint.fast.named import config_of


class Layer(layers.Layer, Protocol):
    """What a layer holds beside settings and weights."""

    dtype: Any
    trainable: bool


def weights(layer: Layer) -> list[Array]:
    """Return the kernel and, if there is one, the bias; none before the layer is built."""
    return [weight for weight in (layer.kernel, layer.bias) if weight is not None]


def trainable_weights(layer: Layer) -> list[Array]:
    """Return the weights that a step changes: all of them, or none if the layer is not trainable."""
    return weights(layer) if layer.trainable else []


def losses(layer: Layer) -> list[Any]:
    """Return what the regularizers of kernel, bias and output make of them, in this order.

    Those of the weights are as the weights are now; that of the output is of the last
    call. None is there for what has no regularizer, or does not exist yet.

    Returns
    -------
    list
        Numbers of the layer's dtype.
    """
    settings = layer.settings
    found = [
        settings.dtype.type(told.regularizer(weight))
        for told, weight in ((settings.kernel, layer.kernel), (settings.bias, layer.bias))
        if told.regularizer is not None and weight is not None
    ]
    return found if layer.activity_loss is None else [*found, layer.activity_loss]


def step(layer: Layer, inputs: Array, gradient: Array) -> None:
    """Change the weights by one plain step down the gradients, at rate 1; then apply the constraints.

    Parameters
    ----------
    layer
        The layer; as its method, itself.
    inputs, gradient
        As `gradients` has them.

    Raises
    ------
    TypeError, ValueError, NotImplementedError
        As `gradients` does.
    ValueError
        If a constraint returns an array of another shape than the weight's.
    """
    found = layers.gradients(layer, inputs, gradient)
    if not layer.trainable:
        return
    layer.kernel = _stepped(layer, "kernel", layer.kernel, found.kernel)
    layer.bias = _stepped(layer, "bias", layer.bias, found.bias)


def get_config(layer: Layer) -> dict[str, Any]:
    """Return the arguments, each in one form: from them `from_config` makes a layer that does the same."""
    settings = layer.settings
    names = [field.name for field in fields(layer) if field.init]  # type: ignore[arg-type]
    given = {name: getattr(layer, name) for name in names}
    sizes = ("filters", "kernel_size", "strides", "padding", "output_padding", "dilation_rate", "use_bias")
    objects = {
        "kernel_initializer": (settings.kernel.initializer, initializers.KINDS),
        "bias_initializer": (settings.bias.initializer, initializers.KINDS),
        "kernel_regularizer": (settings.kernel.regularizer, regularizers.KINDS),
        "bias_regularizer": (settings.bias.regularizer, regularizers.KINDS),
        "activity_regularizer": (settings.activity_regularizer, regularizers.KINDS),
        "kernel_constraint": (settings.kernel.constraint, constraints.KINDS),
        "bias_constraint": (settings.bias.constraint, constraints.KINDS),
    }
    activations = {function: name for name, function in ACTIVATIONS.items()}
    return {
        **given,
        **{name: getattr(settings, name) for name in sizes if name in given},
        **{
            name: config_of(value, kinds)
            for name, (value, kinds) in objects.items()
            if given[name] is not None
        },
        "data_format": "channels_first" if settings.channel == 1 else "channels_last",
        "activation": activations.get(settings.activation, settings.activation),
        "dtype": None if layer.dtype is None else settings.dtype.name,
    }


def from_config(kind: type[Any], config: Mapping[str, Any]) -> Any:
    """Return a layer of this class with the arguments that a config has."""
    return kind(**config)


def _stepped(layer: Layer, name: str, weight: Array | None, gradient: Array) -> Array | None:
    """Return a weight after a step, under its constraint."""
    if weight is None:
        return None
    constraint = getattr(layer.settings, name).constraint
    with np.errstate(all="ignore"):  # overflow and NaN are results, not warnings
        moved = weight - gradient
        if constraint is None:
            return moved
        return layers.fitting(f"{name}_constraint", constraint(moved), weight.shape, weight.dtype)
