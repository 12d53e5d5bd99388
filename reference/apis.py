"""Which part of the reference answers for which API?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from adjoint.reference import (
    keras_layers,
    layers,
    plain,
    tf_keras_layers,
    tf_layers,
    tf_nn,
    torch_functional,
    torch_modules,
    translation,
)
from adjoint.reference.answer import Answer, refuse_unless
from adjoint.reference.exact import Tensor
from adjoint.reference.layers import Layer
from adjoint.reference.signatures import bound, signatures, unlisted
from adjoint.reference.translation import Translation

APIS = tuple(signatures())
LAYERS: dict[str, Callable[..., Layer]] = {
    **dict.fromkeys(keras_layers.PAGES, keras_layers.construct),
    **dict.fromkeys(tf_keras_layers.PAGES, tf_keras_layers.construct),
    tf_layers.API: tf_layers.construct,
}
FUNCTIONS: dict[str, tuple[str, Callable[..., Translation]]] = {
    tf_nn.API: ("tf-nn", tf_nn.translate),
    plain.API: ("operation", plain.translate),
    **{
        api: ("torch-functional", partial(torch_functional.translate, "torch-functional", rank))
        for api, rank in torch_functional.RANKS.items()
    },
}


def translate(
    api: str,
    tensors: Mapping[str, Tensor],
    arguments: Mapping[str, Any],
    image_data_format: str = "channels_last",
) -> Translation:
    """Return the operation that a call is.

    Parameters
    ----------
    api : str
        Full name, one of `APIS`.
    tensors, arguments : mapping
        By the API's own names; a layer's tensors are `input` and its weights, its arguments those of the
        constructor, and torch's `output_size`, which goes to the call.
    image_data_format : str
        What keras.json says.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it.
    """
    if api in LAYERS:
        own = (image_data_format,) * (api != tf_layers.API)  # .data-format-default
        return layers.translate(LAYERS[api](api, arguments, *own), **tensors)
    if api in torch_modules.RANKS:
        kept = {name: value for name, value in arguments.items() if name != "output_size"}
        module, size = torch_modules.construct(api, kept), arguments.get("output_size")
        return torch_modules.translate(module, **tensors, output_size=size)
    page, function = FUNCTIONS[api]
    more = unlisted(api, arguments)
    refuse_unless(not more, f"{page}.refuses-unknown-argument", f"{more} given")
    return function(**bound(api, {**tensors, **arguments}))


def answer(api: str, tensors: Mapping[str, Tensor], arguments: Mapping[str, Any]) -> Answer:
    """Return the output that is demanded of a call; parameters and errors as of `translate`."""
    return translation.output(translate(api, tensors, arguments))
