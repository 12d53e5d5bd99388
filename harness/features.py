"""What is special about a legal call?  Its features: for each axis of the space of calls, a level.

An axis reads alike for every API; one that an API does not have is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.call import Call
from adjoint.reference import plain, tf_nn
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Translation

SIZED = ("kernel_size", "stride", "strides", "dilation", "dilations", "dilation_rate", "output_padding")


def features_of(call: Call, translated: Translation) -> dict[str, str]:
    """Return the level of a legal call on each axis that its API has.

    Parameters
    ----------
    call : Call
    translated : Translation
        What the reference makes of it.

    Returns
    -------
    dict of str to str
        Axis to level.  ``kernel`` is compared with the stride where that is largest, ``size`` is of the
        first spatial axis, and ``form`` is how sizes are written for each axis, a number unless given.
    """
    geometry = next(iter(translated.geometries.values()))
    channels, filters = translated.kernel.shape[0], translated.kernel.shape[1] * translated.groups
    found = {
        "rank": str(len(geometry.input)),
        "kernel": _kernel(geometry),
        "strides": _steps(geometry.stride, "one"),
        "dilation": _steps(geometry.dilation, "none"),
        **_padding(call, geometry),
        **_output(call, translated, geometry),
        "channels": _count(channels),
        "filters": _count(filters),
        "batch": _batch(translated),
        "size": _size(geometry),
        "dtype": call.dtype,
        "data": _data(call),
    }
    if call.api == plain.API:
        return {**found, "groups": _groups(translated.groups, channels)}
    found |= {"bias": "given" if translated.bias else "none", "form": _form(call)}
    if call.api.startswith("torch"):
        return {**found, "groups": _groups(translated.groups, channels)}
    found["data_format"] = "first" if translated.layout.axes[1] == 1 else "last"
    return found if call.api == tf_nn.API else {**found, "activation": translated.activation}


def _kernel(geometry: Geometry) -> str:
    stride = max(geometry.stride)
    kernel = geometry.kernel[geometry.stride.index(stride)]
    if kernel <= stride:
        return "less" if kernel < stride else "equal"
    return "more" if kernel % stride else "multiple"


def _steps(steps: tuple[int, ...], none: str) -> str:
    if len(set(steps)) > 1:
        return "mixed"
    return none if steps[0] == 1 else "equal"


def _padding(call: Call, geometry: Geometry) -> dict[str, str]:
    if call.api == plain.API:
        crops = call.values["crop"]
        uneven = any(first != last for first, last in crops)
        return {"padding": "uneven" if uneven else "cropped" if np.any(crops) else "none"}
    if call.api.startswith("torch"):
        return {"padding": "cropped" if any(geometry.crop) else "none"}
    return {"padding": call.values.get("padding", "SAME" if call.api == tf_nn.API else "valid").lower()}


def _output(call: Call, translated: Translation, geometry: Geometry) -> dict[str, str]:
    """Return how the output's size is chosen among those that convolve back to the input's."""
    if call.api.startswith("tf.layers"):
        return {}
    if call.api == plain.API:
        return {"output_padding": "some" if any(call.values["output_padding"]) else "zero"}
    if call.api != tf_nn.API and not call.api.startswith("torch"):
        given = call.values.get("output_padding")
        return {"output_padding": "not given" if given is None else "some" if np.any(given) else "zero"}
    least = geometry.output == tuple(sizes[0] for sizes in translated.round_trip)
    if call.api == tf_nn.API:
        return {"output_shape": "least" if least else "more"}
    return {"output_padding": "zero" if least else "some"}


def _groups(groups: int, channels: int) -> str:
    if groups == 1:
        return "one"
    return "depthwise" if groups == channels else "several"


def _count(channels: int) -> str:
    if channels < 5:
        return "one" if channels == 1 else "few"
    return "prime" if all(channels % divisor for divisor in range(2, channels)) else "other"


def _batch(translated: Translation) -> str:
    batch = translated.input.shape[0]
    return "none" if not translated.layout.batched else str(batch) if batch < 2 else "more"


def _size(geometry: Geometry) -> str:
    size, kernel = geometry.input[0], geometry.kernel[0]
    if size <= kernel:
        return "one" if size == 1 else "within the kernel"
    return "one" if size == 1 else "odd" if size % 2 else "even"


def _form(call: Call) -> str:
    names = (*SIZED, "padding") if call.api.startswith("torch") else SIZED
    given: list[Any] = [call.values[name] for name in names if name in call.values]
    return next((type(value).__name__ for value in given if isinstance(value, list | tuple)), "number")


def _data(call: Call) -> str:
    arrays = [array.astype(np.float64) for array in call.arrays().values()]
    if not all(np.isfinite(array).all() for array in arrays):
        return "special"
    return "exact" if all(np.array_equal(array, np.rint(array)) for array in arrays) else "rounded"
