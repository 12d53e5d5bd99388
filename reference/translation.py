"""What does a call come to?  The operation that an API's arguments name, and the way back to its layouts.

Each module of an API turns a call into a `Translation`; the output and its three gradients are computed
from that, here, for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeVar

from adjoint.reference.answer import Answer, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.objects import FUNCTIONS
from adjoint.reference.operation import Geometry, bias_gradient, conv, conv_transpose, kernel_gradient
from adjoint.reference.transform import ONE_TAP, factor, norms

_T = TypeVar("_T")


@dataclass(frozen=True)
class Layout:
    """How an API orders the axes of a tensor: the operation's axis j is the API's axis ``axes[j]``.

    Attributes
    ----------
    axes : tuple of int
    batched : bool
        Whether the API's tensor has an axis for the batch; without one, the operation's batch is of one.
    """

    axes: tuple[int, ...]
    batched: bool = True

    @property
    def _back(self) -> tuple[int, ...]:
        """The inverse permutation: the API's axis j is the operation's."""
        return tuple(self.axes.index(j) for j in range(len(self.axes)))

    @property
    def filters(self) -> int:
        """The axis of the API's output that the filters lie along."""
        return self.axes[1] - (not self.batched)

    def enter(self, tensor: Tensor) -> Tensor:
        """Return an API's tensor in the operation's order."""
        return (tensor if self.batched else tensor.reshaped((1, *tensor.shape))).transposed(self.axes)

    def leave_shape(self, shape: Sequence[_T]) -> list[_T]:
        """Return what belongs to the axes of an operation's tensor in the API's order."""
        ordered = [shape[j] for j in self._back]
        return ordered if self.batched else ordered[1:]

    def leave(self, tensor: Tensor) -> Tensor:
        """Return an operation's tensor in the API's order."""
        back = tensor.transposed(self._back)
        return back if self.batched else back.reshaped(back.shape[1:])


def channels_last(rank: int) -> Layout:
    """Return the layout (batch, *spatial, channels), with `rank` spatial axes."""
    return Layout((0, rank + 1, *range(1, rank + 1)))


def channels_first(rank: int) -> Layout:
    """Return the layout (batch, channels, *spatial), which is the operation's own."""
    return Layout(tuple(range(rank + 2)))


def kernel_last(rank: int) -> Layout:
    """Return the layout (*kernel, filters, channels) of a kernel."""
    return Layout((rank + 1, rank, *range(rank)))


@dataclass(frozen=True)
class Translation:
    """A call in the operation's terms.

    Attributes
    ----------
    input, kernel : Tensor
        In the operation's order: (batch, channels, *spatial), (channels, filters / groups, *kernel).
    bias : Tensor or None
        Shape (filters,).
    geometries : mapping of str to Geometry
        One, named "" where the document leaves no choice; else one for each, by the name of the choice.
    layout, kernel_layout : Layout
        The API's order of the input and the output, and of the kernel.
    doubt : str
        What an open clause leaves open of the output, its shape included, in words; empty if nothing.
    groups : int
    activation : str
        ``linear`` or ``relu``, or the name of a function of ours.
    dtype : str
        Of the output and the gradients.
    round_trip : tuple of range
        Of each spatial axis, the output sizes that the same convolution maps back to the input's.
    """

    input: Tensor
    kernel: Tensor
    bias: Tensor | None
    geometries: Mapping[str, Geometry]
    layout: Layout
    kernel_layout: Layout
    dtype: str
    round_trip: tuple[range, ...]
    doubt: str = ""
    groups: int = 1
    activation: str = "linear"


def output(call: Translation) -> Answer:
    """Return what the call must return: activation(conv_transpose(input, kernel) + bias)."""
    activation = applied(call.activation)

    def under(geometry: Geometry) -> Answer:
        before = with_bias(convolution(call, geometry), call)
        integers = tuple(map(activation, before.values.integers))
        return replace(before, values=replace(before.values, integers=integers))

    return _with_readings({name: under(geometry) for name, geometry in call.geometries.items()})


def convolution(call: Translation, geometry: Geometry) -> Answer:
    """Return the transposed convolution alone, without bias and activation, under one of the readings."""
    given = call.input, call.kernel
    return _summed(conv_transpose, given, geometry, call.groups, geometry.kernel, call.layout, call.dtype)


def with_bias(answer: Answer, call: Translation) -> Answer:
    """Return an output's answer with the call's bias, if it has one, as one more term of each sum."""
    if call.bias is None:
        return answer
    axis = call.layout.filters
    return replace(
        answer,
        values=answer.values.plus_along(axis, call.bias),
        magnitude=answer.magnitude.plus_along(axis, call.bias.absolute()),
        terms=answer.terms.plus_along(axis, call.bias.ones()),
    )


def output_shape(call: Translation) -> list[int]:
    """Return the output's shape; where the document leaves a choice, under the first reading."""
    geometry = next(iter(call.geometries.values()))
    batch, filters = call.input.shape[0], call.kernel.shape[1] * call.groups
    return call.layout.leave_shape([batch, filters, *geometry.output])


def shape_within(call: Translation) -> list[list[int]]:
    """Return the least and the greatest size of each axis of the output that convolves back to the input."""
    batch, filters = call.input.shape[0], call.kernel.shape[1] * call.groups
    spatial = [[sizes[0], sizes[-1]] for sizes in call.round_trip]
    return call.layout.leave_shape([[batch, batch], [filters, filters], *spatial])


def gradients(call: Translation, g: Tensor) -> dict[str, Answer]:
    """Return the gradients of the loss, the sum of output * g, by ``input``, ``kernel`` and ``bias``.

    Parameters
    ----------
    call : Translation
    g : Tensor
        In the shape and the order of the output.

    Raises
    ------
    Unspecified
        If the activation has no derivative at an element of the output.
    """

    def under(geometry: Geometry) -> dict[str, Answer]:
        y, groups = _passed(call, geometry, call.layout.enter(g)), call.groups
        to_input = conv, (y, call.kernel), geometry, groups, geometry.kernel, call.layout
        to_kernel = kernel_gradient, (call.input, y), geometry, groups, geometry.input, call.kernel_layout
        found = {"input": _summed(*to_input, call.dtype), "kernel": _summed(*to_kernel, call.dtype)}
        if call.bias:
            total = replace(bias_gradient(y), dtype=call.dtype)
            found["bias"] = Answer(total, bias_gradient(y.absolute()), bias_gradient(y.ones()))
        return found

    each = {name: under(geometry) for name, geometry in call.geometries.items()}
    return {
        of: _with_readings({name: answers[of] for name, answers in each.items()})
        for of in next(iter(each.values()))
    }


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"linear": lambda y: y, "relu": lambda y: max(y, 0)}


def applied(activation: str) -> Callable[[Any], Any]:
    """Return what an activation does to a number, by its name."""
    return {**FUNCTIONS, **ACTIVATIONS}[activation]


def _summed(
    operation: Callable[[Tensor, Tensor, Geometry, int], Tensor],
    given: tuple[Tensor, Tensor],
    geometry: Geometry,
    groups: int,
    summed: tuple[int, ...],
    layout: Layout,
    dtype: str,
) -> Answer:
    """Return a sum of products, with S and n: the same sum of absolute values, and of ones.

    `summed` has the sizes of the planes over whose elements it sums.
    """
    first, second = given
    values = replace(operation(first, second, geometry, groups), dtype=dtype)
    magnitude = operation(first.absolute(), second.absolute(), geometry, groups)
    a, b = norms(first), norms(second)
    met = operation(a, b, ONE_TAP, groups).integers
    pairs = max(operation(a.ones(), b.ones(), ONE_TAP, groups).integers, default=0)
    counts = operation(_plane_of_ones(first), _plane_of_ones(second), geometry, 1).integers
    terms = Tensor(first.dtype, values.shape, tuple(pairs * n for n in counts) * prod(values.shape[:2]))
    scale = factor(geometry, summed, pairs)
    spread = tuple(scale * norm for norm in met for _ in counts)
    return Answer(
        layout.leave(values),
        layout.leave(magnitude),
        layout.leave(terms),
        mixed=layout.leave(Tensor(dtype, values.shape, spread, a.exponent + b.exponent)),
    )


def _plane_of_ones(tensor: Tensor) -> Tensor:
    shape = (1, 1, *tensor.shape[2:])
    return Tensor(tensor.dtype, shape, (1,) * prod(shape))


def _passed(call: Translation, geometry: Geometry, g: Tensor) -> Tensor:
    """Return the gradient behind the activation."""
    if call.activation == "linear":
        return g
    specified_only_if(call.activation == "relu", f"the activation is {call.activation}")
    before = conv_transpose(call.input, call.kernel, geometry, call.groups, call.bias).integers
    specified_only_if(0 not in before, "relu has no derivative at zero, where an element of the output is")
    kept = (value if y > 0 else 0 for value, y in zip(g.integers, before, strict=True))
    return Tensor(g.dtype, g.shape, tuple(kept), g.exponent)


def _with_readings(answers: Mapping[str, Answer]) -> Answer:
    """Return the one answer, or the first with the values of each."""
    first = next(iter(answers.values()))
    if set(answers) == {""}:
        return first
    readings = {name: answer.values for name, answer in answers.items()}
    return replace(first, readings=readings)
