"""What must keras.layers.Conv1DTranspose, Conv2DTranspose and Conv3DTranspose do?

From their pages: Conv2DTranspose's of Keras 3, the two siblings' of Keras 3.15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from adjoint.reference.answer import refuse_unless, specified_only_if
from adjoint.reference.layers import BASE_KEYWORDS, Layer, Page, read, split_either_way
from adjoint.reference.signatures import bound, unlisted

_page = partial(Page, split=split_either_way, none_initializes=("kernel", "bias"))
PAGES = {
    "keras.layers.Conv1DTranspose": _page("keras-conv1d", 1, names_causal=True, divides_activity=True),
    "keras.layers.Conv2DTranspose": _page(
        "keras-conv2d", 2, one_item=("kernel_size", "strides", "dilation_rate")
    ),
    "keras.layers.Conv3DTranspose": _page(
        "keras-conv3d", 3, one_item=("kernel_size", "strides"), divides_activity=True
    ),
}
# No clause says what these do: .output-padding-keyword; the others are the base class' own.
UNSAID = {"output_padding", "autocast", "input_dim", "input_shape"}


def construct(api: str, arguments: Mapping[str, Any], image_data_format: str = "channels_last") -> Layer:
    """Return the layer that a call constructs.

    Parameters
    ----------
    api : str
        A key of `PAGES`.
    arguments : mapping
        Keyword arguments of the constructor.
    image_data_format : str
        What keras.json says.

    Raises
    ------
    Refused
        If a clause refuses an argument.
    Unspecified
        If no clause speaks of it.
    """
    page = PAGES[api]
    more = set(unlisted(api, arguments)) - set(BASE_KEYWORDS)
    specified_only_if(not more & UNSAID, f"{sorted(more)} given")
    refuse_unless(not more, f"{page.document}.refuses-unknown-argument", f"{sorted(more)} given")
    held = {**bound(api, arguments), "dtype": arguments.get("dtype") or "float32"}
    layer = read(page, held, image_data_format)
    said = f"strides are {layer.strides}, dilation_rate is {layer.dilation_rate}"
    pairs = list(zip(layer.strides, layer.dilation_rate, strict=True))
    together = all(stride == 1 or dilation == 1 for stride, dilation in pairs)
    refuse_unless(together, f"{page.document}.refuses-strides-dilation", said)
    never_both = max(layer.strides) == 1 or not layer.dilates
    specified_only_if(never_both or page.rank == 3, said)  # .refuses-strides-dilation-any: open in 2-D
    refuse_unless(never_both, f"{page.document}.refuses-strides-dilation-any", said)
    return replace(layer, doubt=_doubt(layer))


def _doubt(layer: Layer) -> str:
    """Return what the pages contradict themselves about."""
    given = [layer.arguments[name] for name in layer.page.one_item]
    if any(isinstance(value, list | tuple) and len(value) == 1 for value in given):
        return "one item serves every axis"  # .one-item
    if layer.page.rank == 1 and layer.dilates:  # .dilation
        return "the dilation is taken"
    if layer.page.rank == 1 and layer.padding == "same" and max(layer.strides) > 1:  # .same-shape
        return "size * stride elements" if layer.output_padding is None else ""
    return ""
