"""What is a legal call, before an API puts it into words?  A setting, and the call that it becomes.

Covering arrays and Hypothesis' strategies choose settings; what they choose is put in each API's own words
here, once for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from adjoint.call import GRADIENTS, Call
from adjoint.cases import data
from adjoint.cases.edge_data import MAKERS
from adjoint.cases.family import clauses_of
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.apis import translate
from adjoint.reference.exact import Tensor
from adjoint.reference.plain import API as PLAIN
from adjoint.reference.round_trip import extent, same, without_padding
from adjoint.reference.tf_nn import API as TF_NN
from adjoint.reference.tf_nn import DATA_FORMATS
from adjoint.reference.translation import Translation
from adjoint.spec import load
from adjoint.tensors import encode

RULES = {"special": "not-finite", **{rule: rule for rule in MAKERS}}
"""Of data that a clause of their own speaks of: the last part of its id."""


class Axis(NamedTuple):
    """One spatial axis: sizes in elements, and what is done along it.

    `crop` is PyTorch's padding, or what the plain operation crops at the beginning, and with `tail` more at
    the end; `extra` the output padding or, of an `output_shape`, by how much it passes
    the least one that convolves back to the input's.
    """

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    crop: int = 0
    extra: int = 0
    tail: int = 0


@dataclass(frozen=True)
class Setting:
    """A call in the words of no API.

    Attributes
    ----------
    api : str
        Full name.
    axes : tuple of Axis
        One for each spatial axis.
    batch, channels, filters : int
        Samples, channels of the input, channels of the output.
    groups : int
        Of PyTorch and the plain operation.
    same : bool
        Whether the padding is named "same"; not of PyTorch.
    pads_output : bool
        Whether an output padding is given; of Keras and tf.keras alone.
    first : bool
        Whether the channels come before the spatial axes; PyTorch's always do.
    batched : bool
        Whether the input has an axis for the batch; only PyTorch's may lack it.
    bias : bool
    activation : str
        ``linear`` or, of a layer, ``relu``.
    form : str
        How sizes are written: ``number`` (where all axes have the same), ``tuple`` or ``list``.
    dtype : str
    data : str
        ``exact``, ``rounded``, ``cancelling``, ``special`` or a key of `RULES`: see `adjoint.cases.data`.
    seed : int
        Which of such data.
    gradients : bool
        Whether the gradients are observed too; not of special data.
    """

    api: str
    axes: tuple[Axis, ...]
    batch: int = 1
    channels: int = 1
    filters: int = 1
    groups: int = 1
    same: bool = False
    pads_output: bool = False
    first: bool = False
    batched: bool = True
    bias: bool = False
    activation: str = "linear"
    form: str = "tuple"
    dtype: str = "float32"
    data: str = "exact"
    seed: int = 0
    gradients: bool = False


def call_of(setting: Setting) -> Call:
    """Return the call that a setting is, in its API's words and with its tensors."""
    shapes, orders = _shapes(setting), _orders(setting)
    made = data.tensors(setting.data, shapes, orders, _terms(setting), setting.dtype, setting.seed)
    if not setting.batched:
        made["input"]["shape"] = made["input"]["shape"][1:]
    own = {_own_name(setting, name): spec for name, spec in made.items()}
    call = Call(setting.api, _arguments(setting), own)
    return _with_gradients(setting, call) if setting.gradients else call


def _with_gradients(setting: Setting, call: Call) -> Call:
    """Return the call with a gradient by its output, observing what comes of it."""
    translated = legal(setting)
    assert translated is not None, f"{setting} is not legal"
    geometry = next(iter(translated.geometries.values()))
    shape, batch = (setting.batch, setting.filters, *geometry.output), setting.batch
    counts = (
        setting.filters * prod(geometry.kernel),
        batch * prod(geometry.input),
        batch * prod(geometry.output),
    )
    largest = max(np.abs(array.astype(np.float64)).max(initial=1) for array in call.arrays().values())
    made = data.gradient(setting.data, shape, max(counts), largest, setting.dtype, setting.seed)
    ordered = made.transpose(_orders(setting).get("input", range(made.ndim)))
    tensors = {**call.tensors, "gradient": encode(ordered if setting.batched else ordered[0])}
    return replace(call, tensors=tensors, observe=("output", *GRADIENTS[: 2 + setting.bias]))


def legal(setting: Setting) -> Translation | None:
    """Return what a call of that setting comes to; None if a clause refuses it, or its output is open."""
    empty = load().clauses.get(f"{_document(setting)}.empty-batch")
    if setting.batch == 0 and empty and empty.level == "open":
        return None
    if setting.data == "special" and setting.activation != "linear":  # what relu makes of NaN, no clause says
        return None
    zeros = {}
    for name, shape in _shapes(setting).items():
        order = _orders(setting).get(name)
        ordered = tuple(shape[j] for j in order) if order else shape
        ordered = ordered[1:] if name == "input" and not setting.batched else ordered
        zeros[_own_name(setting, name)] = Tensor(setting.dtype, ordered, (0,) * prod(shape))
    try:
        translated = translate(setting.api, zeros, Call(setting.api, _arguments(setting), {}).values)
    except (Refused, Unspecified):
        return None
    return None if translated.doubt else translated


def clauses(setting: Setting, translated: Translation) -> dict[str, str]:
    """Return the clause that each kind of check speaks for.

    Values speak for the clause of whatever is unusual of the call, if that is one thing alone.
    """
    document = _document(setting)
    if setting.api == TF_NN:
        found = {"returned": "values", "dtype": "dtype", "shape": "output-shape", "values": "values"}
        found = {kind: f"{document}.{rule}" for kind, rule in found.items()}
    else:
        found = clauses_of(document, _arguments(setting))
    if len(translated.geometries) > 1:
        return {
            **found,
            "values": f"{document}.{'output-padding-same' if setting.pads_output else 'same-odd'}",
        }
    if rule := RULES.get(setting.data):
        return {**found, "values": f"{document}.{rule}"}
    involved = exercised(setting)
    return {**found, "values": involved[0]} if len(involved) == 1 else found


def exercised(setting: Setting) -> tuple[str, ...]:
    """Return the clauses of what is unusual of a call: each speaks of values, and is not open."""
    stride, dilation, crop, extra, tail = (max(axis[j] for axis in setting.axes) for j in range(2, 7))
    plain, tf_nn = setting.api == PLAIN, setting.api == TF_NN
    torch = plain or setting.api.startswith("torch")
    even = all(extent(axis.kernel, axis.dilation) % 2 for axis in setting.axes)
    rules = {
        "stride" if torch else "strides": stride > 1,
        "dilations" if tf_nn else "dilation": dilation > 1,
        "crop" if plain else "padding": torch and crop + tail > 0,
        "output-padding": setting.pads_output or (torch and extra > 0),
        "padding-same-shape" if setting.same else "padding-valid-shape": tf_nn and extra > 0,
        "padding-same-crop" if tf_nn else "same-even" if even else "same-odd": setting.same,
        "groups": setting.groups > 1,
        "bias": setting.bias,
        "activation": setting.activation != "linear",
        "data-format": setting.first,
        "unbatched": not setting.batched,
        "batch": setting.batch != 1,
    }
    known, document = load().clauses, _document(setting)
    named = (f"{document}.{rule}" for rule, unusual in rules.items() if unusual)
    return tuple(clause for clause in named if clause in known and known[clause].level != "open")


def _document(setting: Setting) -> str:
    return next(d.id for d in load().documents.values() if setting.api in d.apis)


def _arguments(setting: Setting) -> dict[str, Any]:
    return {PLAIN: _plain, TF_NN: _tf_nn}.get(setting.api, _torch if _is_torch(setting) else _layer)(setting)


def _is_torch(setting: Setting) -> bool:
    return setting.api.startswith("torch")


def _shapes(setting: Setting) -> dict[str, tuple[int, ...]]:
    """Return the tensors' shapes, in the operation's order of axes."""
    sizes, kernels = ([axis[j] for axis in setting.axes] for j in range(2))
    channels, share = setting.channels, setting.filters // setting.groups
    shapes = {"input": (setting.batch, channels, *sizes), "kernel": (channels, share, *kernels)}
    return {**shapes, "bias": (setting.filters,)} if setting.bias else shapes


def _orders(setting: Setting) -> dict[str, tuple[int, ...]]:
    """Return the API's order of a tensor's axes, where that is not the operation's."""
    if setting.api == PLAIN or _is_torch(setting):
        return {}
    spatial = range(2, len(setting.axes) + 2)
    kernel = {"kernel": (*spatial, 1, 0)}
    return kernel if setting.first else {**kernel, "input": (0, *spatial, 1)}


def _own_name(setting: Setting, name: str) -> str:
    kernel = "filters" if setting.api == TF_NN else "weight" if _is_torch(setting) else "kernel"
    return kernel if name == "kernel" else name


def _terms(setting: Setting) -> int:
    """Return the most terms that one element of the output can sum, its bias apart."""
    found = setting.channels // setting.groups
    for axis in setting.axes:
        found *= data.meetings(axis.size, axis.kernel, axis.stride, axis.dilation)
    return found


def _plain(setting: Setting) -> dict[str, Any]:
    """Return the arguments of the plain operation: all of them."""
    columns = dict(zip(Axis._fields, map(list, zip(*setting.axes, strict=True)), strict=True))
    return {
        "stride": columns["stride"],
        "dilation": columns["dilation"],
        "crop": [[axis.crop, axis.crop + axis.tail] for axis in setting.axes],
        "output_padding": columns["extra"],
        "groups": setting.groups,
    }


def _tf_nn(setting: Setting) -> dict[str, Any]:
    """Return the arguments of tf.nn.conv_transpose."""
    strides, dilations = [axis.stride for axis in setting.axes], [axis.dilation for axis in setting.axes]
    rank, batch, filters = len(strides), setting.batch, setting.filters
    spatial = [
        (same(a.size, a.stride) if setting.same else without_padding(*a[:4])).start + a.extra
        for a in setting.axes
    ]
    arguments: dict[str, Any] = {
        "output_shape": [batch, filters, *spatial] if setting.first else [batch, *spatial, filters],
        "strides": _spread(strides, _number_or_list(strides, setting.form)),
        "padding": "SAME" if setting.same else "VALID",
    }
    if max(dilations) > 1:
        arguments["dilations"] = _spread(dilations, _number_or_list(dilations, setting.form))
    if setting.first:
        arguments["data_format"] = DATA_FORMATS[rank][1]
    return arguments


def _number_or_list(values: Sequence[int], form: str) -> str:
    """Return a form that tf.nn.conv_transpose takes: whether it takes tuples is open."""
    return "number" if form == "number" and len(set(values)) == 1 else "list"


def _layer(setting: Setting) -> dict[str, Any]:
    """Return the arguments of a layer of Keras or TensorFlow; what is usual is left out."""
    form, axes = setting.form, setting.axes
    given: dict[str, Any] = {
        "filters": setting.filters,
        "kernel_size": _spread([a.kernel for a in axes], form),
    }
    strides, dilations = [a.stride for a in axes], [a.dilation for a in axes]
    given |= {"strides": _spread(strides, form)} if max(strides) > 1 else {}
    given |= {"dilation_rate": _spread(dilations, form)} if max(dilations) > 1 else {}
    given |= {"padding": "same"} if setting.same else {}
    given |= {"output_padding": _spread([a.extra for a in axes], form)} if setting.pads_output else {}
    given |= {"data_format": "channels_first"} if setting.first else {}
    given |= {"activation": setting.activation} if setting.activation != "linear" else {}
    given |= {} if setting.bias else {"use_bias": False}
    own_dtype = setting.dtype != "float32" and not setting.api.startswith("tf.layers")
    return given | ({"dtype": setting.dtype} if own_dtype else {})


def _torch(setting: Setting) -> dict[str, Any]:
    """Return the arguments of a function or a module of PyTorch; what is usual is left out."""
    names = {"stride": (2, 1), "padding": (4, 0), "output_padding": (5, 0), "dilation": (3, 1)}
    columns = {name: ([axis[j] for axis in setting.axes], usual) for name, (j, usual) in names.items()}
    given = {name: _spread(v, setting.form) for name, (v, usual) in columns.items() if set(v) != {usual}}
    given |= {"groups": setting.groups} if setting.groups > 1 else {}
    if "functional" in setting.api:
        return given
    kernel = _spread([axis.kernel for axis in setting.axes], setting.form)
    given = {"in_channels": setting.channels, "out_channels": setting.filters, "kernel_size": kernel, **given}
    given |= {} if setting.bias else {"bias": False}
    return given | ({"dtype": setting.dtype} if setting.dtype != "float32" else {})


def _spread(values: Sequence[int], form: str) -> Any:
    """Write a number for each axis; a number alone where there is one axis, or one for all."""
    if len(values) == 1 or (form == "number" and len(set(values)) == 1):
        return values[0]
    return list(values) if form == "list" else {"$tuple": list(values)}
