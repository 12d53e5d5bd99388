"""What does a call come to?  The operation that an API's arguments name, and the way back to its layouts.

Each module of an API turns a call into a `Translation`; the output and its three gradients are computed
from that, here, for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from adjoint.reference.answer import Answer, specified_only_if
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry, bias_gradient, conv, conv_transpose, kernel_gradient

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
        ``linear`` or ``relu``.
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

    def under(geometry: Geometry) -> Answer:
        def operation(x: Tensor, w: Tensor, bias: Tensor | None = None) -> Tensor:
            return conv_transpose(x, w, geometry, call.groups, bias)

        given = (call.input, call.kernel, *([call.bias] if call.bias else []))
        return _summed(operation, given, call.layout, call.dtype, ACTIVATIONS[call.activation])

    return _with_readings({name: under(geometry) for name, geometry in call.geometries.items()})


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
        to_input = partial(conv, geometry=geometry, groups=groups)
        to_kernel = partial(kernel_gradient, geometry=geometry, groups=groups)
        found = {
            "input": _summed(to_input, (y, call.kernel), call.layout, call.dtype),
            "kernel": _summed(to_kernel, (call.input, y), call.kernel_layout, call.dtype),
        }
        if call.bias:
            found["bias"] = _summed(bias_gradient, (y,), Layout((0,)), call.dtype)
        return found

    each = {name: under(geometry) for name, geometry in call.geometries.items()}
    return {
        of: _with_readings({name: answers[of] for name, answers in each.items()})
        for of in next(iter(each.values()))
    }


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"linear": lambda y: y, "relu": lambda y: max(y, 0)}


def _summed(
    operation: Callable[..., Tensor],
    given: tuple[Tensor, ...],
    layout: Layout,
    dtype: str,
    activation: Callable[[int], int] = ACTIVATIONS["linear"],
) -> Answer:
    """Return a sum of products, with S and n: the same sum of absolute values, and of ones."""
    values = operation(*given)
    activated = Tensor(dtype, values.shape, tuple(map(activation, values.integers)), values.exponent)
    return Answer(
        layout.leave(activated),
        layout.leave(operation(*(tensor.absolute() for tensor in given))),
        layout.leave(operation(*(tensor.ones() for tensor in given))),
    )


def _passed(call: Translation, geometry: Geometry, g: Tensor) -> Tensor:
    """Return the gradient behind the activation."""
    if call.activation == "linear":
        return g
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
    return Answer(first.values, first.magnitude, first.terms, readings)
