"""What does a layer promise beside its output?  Initial weights, losses, weights after a step, config, shape.

Of the layers of Keras and TensorFlow, constructed by their modules.  Exact throughout: fractions, or tensors
of integers over a power of two.  Clauses are named by their last part, as in `layers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

from adjoint.reference.answer import Answer, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.layers import Layer
from adjoint.reference.objects import FUNCTIONS, Function, Named

DEFAULT_INITIALIZERS = {"kernel": "glorot_uniform", "bias": "zeros"}


@dataclass(frozen=True)
class Initial:
    """What a weight holds before training.

    Attributes
    ----------
    shape : tuple of int
    value : Fraction or None
        What every element is; None if it is drawn.
    limit_squared : Fraction
        The square of no element is above it.
    """

    shape: tuple[int, ...]
    value: Fraction | None
    limit_squared: Fraction


@dataclass(frozen=True)
class Loss:
    """One loss that a layer reports.

    Attributes
    ----------
    of : str
        ``kernel``, ``bias`` or ``output``.
    value : Fraction
    terms : int
        How many elements it sums over.
    readings : mapping of str to Fraction
        Where the document leaves a choice: the value under each.
    """

    of: str
    value: Fraction
    terms: int
    readings: Mapping[str, Fraction] = field(default_factory=dict)


def initial_weights(layer: Layer, channels: int) -> dict[str, Initial]:
    """Return what the weights of a layer hold once it is built for so many input channels: .weights."""
    shapes = {"kernel": (*layer.kernel_size, layer.filters, channels)}
    if layer.use_bias:
        shapes["bias"] = (layer.filters,)
    return {name: _initial(layer, name, shape) for name, shape in shapes.items()}


def _initial(layer: Layer, name: str, shape: tuple[int, ...]) -> Initial:
    """Apply .kernel-initializer or .bias-initializer; None is the default: .initializer-none."""
    given = layer.arguments[f"{name}_initializer"]
    told = given is not None or name in layer.page.none_initializes
    specified_only_if(told, f"{name}_initializer is None")
    named = Named.of(DEFAULT_INITIALIZERS[name] if given is None else given)
    if named.name == "glorotuniform":  # .kernel-initializer-default
        specified_only_if(len(shape) >= 3, f"no fans are defined for a weight of shape {shape}")
        fans = (shape[-1] + shape[-2]) * prod(shape[:-2])
        return Initial(shape, None, Fraction(6, fans))
    constants = {"zeros": 0.0, "ones": 1.0, "constant": named.settings.get("value", 0.0)}
    specified_only_if(named.name in constants, f"{name}_initializer is {given!r}")
    value = Fraction(constants[named.name])
    return Initial(shape, value, value * value)


def losses(layer: Layer, kernel: Tensor, bias: Tensor | None, output: Tensor) -> list[Loss]:
    """Return what the layer reports as losses, once it was called.

    Parameters
    ----------
    layer : Layer
    kernel, bias : Tensor
        Its weights.
    output : Tensor
        What the call returned.
    """
    tensors = {"kernel": kernel, "bias": bias, "output": output}
    arguments = {"kernel": "kernel_regularizer", "bias": "bias_regularizer", "output": "activity_regularizer"}
    found = []
    for of, tensor in tensors.items():
        if tensor is None or layer.arguments[arguments[of]] is None:
            continue
        value = _penalty(Named.of(layer.arguments[arguments[of]]), tensor)
        samples, readings = output.shape[0] if of == "output" else 1, {}
        specified_only_if(samples > 0, "the batch is empty")
        if samples > 1 and not layer.page.divides_activity:  # .activity-regularizer-batch
            readings = {"divided by the size of the batch": value / samples, "not divided": value}
        # .kernel-regularizer, .bias-regularizer, .activity-regularizer
        found.append(Loss(of, value / samples, len(tensor.integers), readings))
    return found


FACTORS: dict[str, dict[str, float]] = {
    "l1": {"l1": 0.01},
    "l2": {"l2": 0.01},
    "l1l2": {"l1": 0.0, "l2": 0.0},
}


def _penalty(regularizer: Named, tensor: Tensor) -> Fraction:
    """Return l1 times the sum of absolute values, and l2 times the sum of squares."""
    defaults, settings = FACTORS.get(regularizer.name, {}), regularizer.settings
    specified_only_if(defaults.keys() >= settings.keys(), f"the regularizer is {regularizer}")
    # the name "l1_l2" alone means factors of 0.01 in Keras 2, and of 0 in the class of that name
    specified_only_if(bool(settings) or len(defaults) == 1, f"the regularizer is {regularizer}")
    l1, l2 = (Fraction({**defaults, **settings}.get(name, 0)) for name in ("l1", "l2"))
    unit = Fraction(2) ** tensor.exponent
    absolute = sum(abs(value) for value in tensor.integers)
    return l1 * absolute * unit + l2 * sum(value * value for value in tensor.integers) * unit**2


CONSTRAINTS: dict[str, Callable[[int], int]] = {"nonneg": lambda value: max(value, 0)}


def after_step(
    layer: Layer, weights: Mapping[str, Tensor], gradients: Mapping[str, Answer]
) -> dict[str, Answer]:
    """Return the weights after one step of plain SGD at rate 1, then their constraints.

    Parameters
    ----------
    layer : Layer
    weights : mapping of str to Tensor
        ``kernel`` and ``bias``.
    gradients : mapping of str to Answer
        Of the loss, by the same names.
    """
    return {name: _stepped(layer, name, weight, gradients[name]) for name, weight in weights.items()}


def _stepped(layer: Layer, name: str, weight: Tensor, gradient: Answer) -> Answer:
    """Apply .kernel-constraint or .bias-constraint to what the step leaves."""
    project = _projection(layer.arguments[f"{name}_constraint"], f"{name}_constraint")

    def projected(moved: Tensor) -> Tensor:
        return Tensor(weight.dtype, moved.shape, tuple(map(project, moved.integers)), moved.exponent)

    return Answer(
        projected(weight.minus(gradient.values)),
        projected(weight.absolute().plus(gradient.magnitude)),
        weight.ones().plus(gradient.terms),
        {reading: projected(weight.minus(values)) for reading, values in gradient.readings.items()},
    )


def _projection(given: Any, argument: str) -> Callable[[int], int]:
    """Return what a constraint makes of a number: an object, a name, a function of ours, or None."""
    if given is None:
        return lambda value: value
    if isinstance(given, Function):  # .constraint-contract
        return FUNCTIONS[given.name]
    name = Named.of(given).name
    specified_only_if(name in CONSTRAINTS, f"{argument} is {given!r}")
    return CONSTRAINTS[name]


def config(layer: Layer) -> dict[str, Any]:
    """Return what get_config tells of the arguments, each in one form: .config.

    Also of those of which it is open whether it does.
    """
    sizes = {name: getattr(layer, name) for name in ("filters", "kernel_size", "strides", "padding")}
    more = {name: getattr(layer, name) for name in ("dilation_rate", "output_padding")}
    return {
        **layer.arguments,
        **sizes,
        **{name: value for name, value in more.items() if name in layer.arguments},
        "data_format": "channels_last" if layer.last else "channels_first",
    }


def declared_shape(layer: Layer, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
    """Return what compute_output_shape tells of an input's shape, None where a size is unknown."""
    batch, *_ = input_shape
    lengths = layer.lengths(input_shape[1:-1] if layer.last else input_shape[2:])  # .declared-shape
    return (batch, *lengths, layer.filters) if layer.last else (batch, layer.filters, *lengths)
