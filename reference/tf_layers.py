"""What must tf.layers.Conv2DTranspose do?  From its page of TensorFlow 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adjoint.reference.answer import refuse_unless, specified_only_if
from adjoint.reference.layers import Layer, Page, read, split_at_the_end
from adjoint.reference.signatures import bound, unlisted

API = "tf.layers.Conv2DTranspose"
PAGE = Page(
    "tf-layers-conv2d", 2, split_at_the_end, names_causal=True, any_case=True, none_initializes=("kernel",)
)
# No clause says what these do.
UNSAID = {
    *("dilation_rate", "output_padding", "input_shape"),  # .dilation-keyword, .output-padding-keyword
    *("autocast", "batch_input_shape", "batch_size", "dtype", "dynamic", "weights", "_reuse", "_scope"),
}
OBJECTS = ("activation", "_initializer", "_regularizer", "_constraint")  # how the names of such arguments end


def construct(api: str, arguments: Mapping[str, Any]) -> Layer:
    """Return the layer that a call constructs; the page knows neither dilation nor output padding.

    Parameters
    ----------
    api : str
        `API`.
    arguments : mapping
        Keyword arguments of the constructor.

    Raises
    ------
    Refused
        If a clause refuses an argument.
    Unspecified
        If no clause speaks of it.
    """
    more = set(unlisted(api, arguments))
    specified_only_if(not more & UNSAID, f"{sorted(more)} given")
    refuse_unless(not more, f"{PAGE.document}.refuses-unknown-argument", f"{sorted(more)} given")
    held = bound(api, arguments)
    specified_only_if(held["data_format"] is not None, "data_format is None")  # .data-format-none
    objects = [value for name, value in arguments.items() if name.endswith(OBJECTS)]
    named = any(isinstance(value, str) for value in objects)  # .object-names
    return replace(read(PAGE, held), doubt="objects are taken by name" if named else "")
