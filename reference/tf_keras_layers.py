"""What must tf.keras.layers.Conv1DTranspose, Conv2DTranspose and Conv3DTranspose do?

From their pages: Conv2DTranspose's of TensorFlow 2, the two others' of TensorFlow 2.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adjoint.reference.answer import refuse_unless, specified_only_if
from adjoint.reference.layers import BASE_KEYWORDS, Layer, Page, read, split_at_the_end
from adjoint.reference.signatures import bound, unlisted

PAGES = {
    "tf.keras.layers.Conv1DTranspose": Page(
        "tf-keras-conv1d", 1, split_at_the_end, names_causal=True, divides_activity=True
    ),
    "tf.keras.layers.Conv2DTranspose": Page(
        "tf-keras-conv2d", 2, split_at_the_end, config_leaves=("output_padding",)
    ),
    "tf.keras.layers.Conv3DTranspose": Page(
        "tf-keras-conv3d",
        3,
        split_at_the_end,
        names_causal=True,
        divides_activity=True,
        config_leaves=("dilation_rate",),
    ),
}
SIZES = ("kernel_size", "strides", "output_padding", "dilation_rate")


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
    more = set(unlisted(api, arguments)) - {*BASE_KEYWORDS, "input_shape"}  # .input-shape
    specified_only_if(not more, f"{sorted(more)} given")  # .refuses-unknown-argument is open
    held = {**bound(api, arguments), "dtype": arguments.get("dtype") or "float32"}
    layer = read(page, held, image_data_format)
    refuse_unless(
        max(layer.strides) == 1 or not layer.dilates,
        f"{page.document}.refuses-strides-dilation",
        f"strides are {layer.strides}, dilation_rate is {layer.dilation_rate}",
    )
    return replace(layer, doubt=_doubt(layer))


def _doubt(layer: Layer) -> str:
    """Return what the pages of 1-D and 3-D leave open, or contradict themselves or each other about."""
    rank, padded = layer.page.rank, layer.output_padding is not None
    if rank == 1 and not layer.last:  # .data-format-shapes
        return "the channels are second"
    if rank == 1 and layer.dilates:  # .dilation
        return "the dilation is taken"
    if rank == 1 and any(isinstance(layer.arguments[name], list | tuple) for name in SIZES):  # .one-item
        return "a list of one item is taken"
    if rank == 3 and layer.dilates and (padded or layer.padding == "valid"):
        return "the dilation counts in the output's size"  # .dilated-shape, .output-length-dilated
    if rank != 2 and layer.padding == "same" and max(layer.strides) > 1 and not padded:  # .same-shape
        return "size * stride elements"
    return ""
