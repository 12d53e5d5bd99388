"""What is a layer of Keras or of TensorFlow, once constructed?  The rules that their pages share.

The modules of the APIs (`keras_layers`, `tf_keras_layers`, `tf_layers`) say what is each page's own.  A
layer's weights are a kernel (*kernel_size, filters, input channels) and, with `use_bias`, a bias (filters,).
Clauses are named by their last part, as `.refuses-padding`: each page has it under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from adjoint.reference import round_trip
from adjoint.reference.answer import refuse_unless, specified_only_if
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.numbers import Numbers, items, whole
from adjoint.reference.objects import Function
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import ACTIVATIONS, Translation, channels_first, channels_last, kernel_last

BASE_KEYWORDS = ("name", "dtype", "trainable")


@dataclass(frozen=True)
class Page:
    """What one layer's page says, where they differ.

    Attributes
    ----------
    document : str
        Its id.
    rank : int
        How many spatial axes the layer has.
    split : callable
        From how much to crop, and half the kernel's extent where an output padding is given (else None),
        one of each for every axis, to what is cropped at the start of each, by reading: .same-odd.
    names_causal : bool
        Whether it refuses 'causal' by name.
    one_item : tuple of str
        Arguments of which a list of one item serves every axis: .one-item.
    any_case : bool
        Whether data formats are understood in upper case: .data-format-case.
    none_initializes : tuple of str
        The weights for which None, as initializer, means the default: .initializer-none.
    divides_activity : bool
        Whether the loss of an activity regularizer is divided by the batch: .activity-regularizer-batch.
        Elsewhere that is left open.
    config_leaves : tuple of str
        The arguments of which it is open whether the config has them.
    """

    document: str
    rank: int
    split: Callable[[Numbers, Numbers | None], Mapping[str, Numbers]]
    names_causal: bool = False
    one_item: tuple[str, ...] = ()
    any_case: bool = False
    none_initializes: tuple[str, ...] = ()
    divides_activity: bool = False
    config_leaves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """A constructed layer: its arguments, each in one form.

    Attributes
    ----------
    page : Page
    arguments : mapping
        All of them, by the page's names, as they were given.
    filters : int
    kernel_size, strides, dilation_rate : tuple of int
        A number for each spatial axis.
    padding : str
        ``valid`` or ``same``.
    output_padding : tuple of int or None
    last : bool
        Whether the channels come last.
    doubt : str
        What an open clause leaves open of its output, in words; empty if nothing.
    """

    page: Page
    arguments: Mapping[str, Any]
    filters: int
    kernel_size: Numbers
    strides: Numbers
    dilation_rate: Numbers
    padding: str
    output_padding: Numbers | None
    last: bool
    doubt: str = ""

    @property
    def use_bias(self) -> bool:
        """Whether it has a bias."""
        return bool(self.arguments["use_bias"])

    @property
    def activation(self) -> str:
        """The name of its activation, or of the function that is one."""
        given = self.arguments["activation"]
        return given.name if isinstance(given, Function) else given or "linear"

    @property
    def dtype(self) -> str:
        """The dtype of its weights and its output, where it has one of its own; else empty."""
        return str(self.arguments.get("dtype") or "")

    @property
    def dilates(self) -> bool:
        """Whether it spreads the elements of its kernel."""
        return max(self.dilation_rate) > 1

    def lengths(self, lengths: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return the output's size along each spatial axis; None stays None."""
        padded = self.output_padding or (None,) * len(lengths)
        axes = zip(lengths, self.kernel_size, self.strides, self.dilation_rate, padded, strict=True)
        return tuple(n and output_length(n, k, s, d, self.padding, p) for n, k, s, d, p in axes)


def read(page: Page, arguments: Mapping[str, Any], image_data_format: str = "channels_last") -> Layer:
    """Return the layer that these arguments, defaults among them, construct.

    `image_data_format` is what keras.json says: .data-format-default.

    Raises
    ------
    Refused
        If a clause refuses an argument.
    Unspecified
        If no clause speaks of it.
    """
    document, fractions = page.document, f"{page.document}.refuses-fractions"

    def sizes(argument: str, name: str, least: int = 1, below: str = "") -> Numbers:
        """Read an int, or a tuple or list of them: .forms."""
        value = arguments[argument]
        given, said = items(value, page.rank), f"{argument} is {value!r}"
        given = given * page.rank if argument in page.one_item and len(given) == 1 else given
        refuse_unless(len(given) == page.rank, f"{document}.refuses-{name}-length", said)
        return tuple(whole(i, least, f"{document}.refuses-{name}{below}", fractions, said) for i in given)

    said = f"filters is {arguments['filters']!r}"
    filters = whole(arguments["filters"], 1, f"{document}.refuses-filters", fractions, said)
    kernel_size, strides = sizes("kernel_size", "kernel-size"), sizes("strides", "strides")
    dilation_rate = sizes("dilation_rate", "dilation") if "dilation_rate" in arguments else (1,) * page.rank
    output_padding = None
    if arguments.get("output_padding") is not None:  # .output-padding-none, .output-padding-zero
        output_padding = sizes("output_padding", "output-padding", least=0, below="-negative")
        refuse_unless(
            all(extra < stride for extra, stride in zip(output_padding, strides, strict=True)),
            f"{document}.refuses-output-padding",
            f"output_padding is {output_padding}, strides are {strides}",
        )
    padding, said = arguments["padding"], f"padding is {arguments['padding']!r}"
    specified_only_if(isinstance(padding, str), said)
    padding = padding.lower()  # .padding-case
    refuse_unless(padding != "causal" or not page.names_causal, f"{document}.refuses-causal", said)
    refuse_unless(padding in ("valid", "same"), f"{document}.refuses-padding", said)
    given, said = arguments["data_format"], f"data_format is {arguments['data_format']!r}"
    data_format = image_data_format if given is None else given  # .data-format-default
    specified_only_if(isinstance(data_format, str), said)
    known = data_format.lower() in ("channels_last", "channels_first")
    refuse_unless(known, f"{document}.refuses-data-format", said)
    specified_only_if(page.any_case or data_format.islower(), said)  # .data-format-case
    activation = arguments["activation"]
    named = activation in (None, *ACTIVATIONS)
    specified_only_if(named or isinstance(activation, Function), f"activation is {activation!r}")
    last = data_format.lower() == "channels_last"  # .data-format
    return Layer(page, arguments, filters, kernel_size, strides, dilation_rate, padding, output_padding, last)


def translate(layer: Layer, input: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Translation:
    """Return the operation that a call of the layer is, given its weights.

    Raises
    ------
    Refused
        If a clause refuses the input.
    Unspecified
        If the weights are not those of the layer, or no clause speaks of the call.
    """
    _check(layer, input, kernel, bias)
    rank, same = layer.page.rank, layer.padding == "same"
    layout = channels_last(rank) if layer.last else channels_first(rank)
    x, w = layout.enter(input), kernel_last(rank).enter(kernel)  # .kernel-layout
    specified_only_if(0 not in x.shape[1:], f"an axis of the input {input.shape} is empty")
    output = tuple(n or 0 for n in layer.lengths(x.shape[2:]))
    axes = list(zip(x.shape[2:], layer.kernel_size, layer.strides, layer.dilation_rate, output, strict=True))
    back = tuple(
        round_trip.same(n, s) if same else round_trip.without_padding(n, k, s, d) for n, k, s, d, _ in axes
    )
    fits = all(o in sizes for o, sizes in zip(output, back, strict=True))
    specified_only_if(
        fits, f"no convolution maps {output} back to {x.shape[2:]}"
    )  # .output-padding-zero-same
    crops: Mapping[str, Numbers] = {"": (0,) * rank}  # .valid-shape, .valid-tail, .output-padding
    if same:
        totals = tuple(round_trip.excess(*axis) for axis in axes)
        halves = tuple(round_trip.extent(k, d) // 2 for _, k, _, d, _ in axes)
        crops = layer.page.split(totals, halves if layer.output_padding else None)
    place = partial(Geometry, x.shape[2:], w.shape[2:], output, layer.strides, layer.dilation_rate)
    return Translation(  # .values, .bias, .activation
        input=x,
        kernel=w,
        bias=bias,
        geometries={reading or layer.doubt: place(crop) for reading, crop in crops.items()},
        layout=layout,
        kernel_layout=kernel_last(rank),
        dtype=layer.dtype or input.dtype,  # .dtype
        round_trip=back,  # .shape-round-trip
        doubt=layer.doubt,
        activation=layer.activation,
    )


def _check(layer: Layer, input: Tensor, kernel: Tensor, bias: Tensor | None) -> None:
    """Check the input, and that the weights are the layer's."""
    page, said = layer.page, f"the input has shape {input.shape}, the kernel {kernel.shape}"
    refuse_unless(len(input.shape) == page.rank + 2, f"{page.document}.refuses-rank", said)
    dtype = layer.dtype or input.dtype
    given = [(weight.shape, weight.dtype) for weight in (kernel, bias) if weight]
    own = [((*layer.kernel_size, layer.filters, kernel.shape[-1]), dtype), ((layer.filters,), dtype)]
    specified_only_if(given == own[: 1 + layer.use_bias], f"the weights are {given}, not {own}")
    specified_only_if(dtype in FORMATS, f"the layer's dtype is {dtype}")
    channels = input.shape[-1 if layer.last else 1]
    refuse_unless(channels == kernel.shape[-1], f"{page.document}.refuses-channels", said)


def output_length(
    length: int, kernel: int, stride: int, dilation: int, padding: str, output_padding: int | None
) -> int:
    """Return the output's size along one axis.

    Without output padding, each input element makes room for a stride, and 'valid' adds what the kernel
    reaches beyond the last.
    """
    span = round_trip.extent(kernel, dilation)
    if output_padding is None:
        return length * stride + (max(span - stride, 0) if padding == "valid" else 0)  # .valid-, .same-shape
    pad = span // 2 if padding == "same" else 0
    return (length - 1) * stride + span - 2 * pad + output_padding  # .output-length


def split_at_the_end(totals: Numbers, halves: Numbers | None) -> dict[str, Numbers]:
    """Crop half at the start of each axis, and of an odd number the extra one at the end."""
    del halves  # an output padding shortens both sides: .output-padding-same
    return {"": tuple(total // 2 for total in totals)}


def split_either_way(totals: Numbers, halves: Numbers | None) -> dict[str, Numbers]:
    """Leave open where an odd one is cropped, and what an output padding does to the start.

    Names of readings say where; those that come to the same are one.
    """
    readings = {
        "crops the extra element at the end": tuple(total // 2 for total in totals),
        "crops the extra element at the start": tuple((total + 1) // 2 for total in totals),
    }
    if halves:
        readings["crops half the kernel at the start, whatever the output padding"] = halves
    distinct = {crop: name for name, crop in reversed(readings.items())}
    if len(distinct) == 1:
        return {"": readings["crops the extra element at the end"]}
    return {name: crop for crop, name in reversed(distinct.items())}
