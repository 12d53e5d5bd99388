"""Which function of the reference answers for which API?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adjoint.reference import keras_conv2d, tf_nn, torch_functional
from adjoint.reference.answer import Answer
from adjoint.reference.exact import Tensor

APIS: dict[str, Callable[..., Answer]] = {
    "keras.layers.Conv2DTranspose": keras_conv2d.conv2d_transpose,
    "tf.nn.conv_transpose": tf_nn.conv_transpose_nd,
    "torch.nn.functional.conv_transpose1d": torch_functional.conv_transpose1d,
    "torch.nn.functional.conv_transpose2d": torch_functional.conv_transpose2d,
    "torch.nn.functional.conv_transpose3d": torch_functional.conv_transpose3d,
}


def answer(api: str, tensors: Mapping[str, Tensor], arguments: Mapping[str, Any]) -> Answer:
    """Return what is demanded of a call.

    Parameters
    ----------
    api : str
        Full name, a key of `APIS`.
    tensors, arguments : mapping
        By the API's own names; a layer's tensors are `input` and its weights.

    Raises
    ------
    Refused
        If a clause refuses the call.
    Unspecified
        If no clause speaks of it.
    """
    return APIS[api](**tensors, **arguments)
