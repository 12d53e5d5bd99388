"""What do the tests of the reference's API modules share?  Small tensors, and a legal call of each API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

from adjoint.reference import apis, torch_functional, torch_modules
from adjoint.reference.answer import Answer
from adjoint.reference.exact import Tensor
from adjoint.reference.signatures import signatures
from adjoint.spec import load

RANKS = {
    **{
        f"{of}.Conv{rank}DTranspose": rank for of in ("keras.layers", "tf.keras.layers") for rank in (1, 2, 3)
    },
    "tf.layers.Conv2DTranspose": 2,
}
DOCUMENTS = {api: document.id for document in load().documents.values() for api in document.apis}
each_layer = pytest.mark.parametrize("api", RANKS)
each_axis = pytest.mark.parametrize(
    ("api", "axis"), [(api, axis) for api in RANKS for axis in range(RANKS[api])]
)
FUNCTIONS = torch_functional.RANKS
MODULES = torch_modules.RANKS


class Legal(NamedTuple):
    """A call that no rule refuses: its tensors and its arguments, by name."""

    api: str
    tensors: Mapping[str, Tensor]
    arguments: Mapping[str, Any]

    def changed(self, **changes: Any) -> Legal:
        """Return the call with some tensors or arguments replaced or added; a tensor of None is left out."""
        tensors = {name: changes.pop(name, held) for name, held in self.tensors.items()}
        given = {name: held for name, held in tensors.items() if held is not None}
        return Legal(self.api, given, {**self.arguments, **changes})

    def answer(self) -> Answer:
        """Return what the reference answers."""
        return apis.answer(self.api, self.tensors, self.arguments)


def tensor(values: Any, dtype: str = "float32") -> Tensor:
    return Tensor.from_array(np.array(values, dtype))


def ones(*shape: int, dtype: str = "float32") -> Tensor:
    return tensor(np.ones(shape), dtype)


def on_axis(rank: int, axis: int, value: Any, usual: Any) -> Any:
    """Return an argument that has `value` on one spatial axis and what is usual on the others."""
    if rank == 1:
        return value
    return tuple(value if j == axis else usual for j in range(rank))


def knows(api: str, arguments: Mapping[str, Any]) -> bool:
    """Return whether an API's page lists these arguments."""
    return arguments.keys() <= signatures()[api].parameters.keys()


def cut(rank: int, *sizes: int) -> Any:
    """Return an argument with a number for each axis; one for one axis."""
    return sizes[0] if rank == 1 else sizes[:rank]


def legal(api: str) -> Legal:
    """Return a call of an API that has as much as it can have, all sizes different."""
    if api == "tf.nn.conv_transpose":
        tensors = {"input": ones(1, 4, 3, 2), "filters": ones(3, 2, 5, 2)}
        return Legal(api, tensors, {"output_shape": [1, 6, 4, 5], "strides": 1, "padding": "VALID"})
    if api == "operation":
        tensors = {"input": ones(1, 4, 3, 5), "kernel": ones(4, 3, 4, 2)}
        sizes = {"stride": [2, 2], "dilation": [1, 1], "crop": [[0, 1], [1, 0]], "output_padding": [0, 1]}
        return Legal(api, tensors, {**sizes, "groups": 2})
    if api in RANKS:
        rank = RANKS[api]
        size, kernel = (4, 3, 5)[:rank], (3, 2, 2)[:rank]
        tensors = {"input": ones(2, *size, 2), "kernel": ones(*kernel, 6, 2), "bias": ones(6)}
        return Legal(api, tensors, {"filters": 6, "kernel_size": cut(rank, 3, 2, 2), "strides": 2})
    rank = {**FUNCTIONS, **MODULES}[api]
    size, kernel = (3, 5, 2)[:rank], (4, 2, 3)[:rank]
    tensors = {"input": ones(1, 4, *size), "weight": ones(4, 3, *kernel), "bias": ones(6)}
    own = {"in_channels": 4, "out_channels": 6, "kernel_size": cut(rank, 4, 2, 3)} if api in MODULES else {}
    return Legal(api, tensors, {**own, "groups": 2, "stride": 2})


def along(rank: int, axis: int, numbers: list[int]) -> np.ndarray[Any, Any]:
    """Return numbers laid along one spatial axis of an array that has no other size on the rest."""
    return np.array(numbers).reshape(*(1 if j != axis else -1 for j in range(rank)))


def of_layer(
    api: str, x: Any, kernel: Any, bias: Any = None, of: str = "float32", **arguments: Any
) -> Answer:
    """Return the answer of a layer whose filters, kernel_size and use_bias follow from its weights."""
    tensors = {"input": tensor(x, of), "kernel": tensor(kernel, of)}
    if bias is not None:
        tensors["bias"] = tensor(bias, of)
    shape = tensors["kernel"].shape
    size = shape[0] if RANKS[api] == 1 else shape[:-2]
    own = {"filters": shape[-2], "kernel_size": size, "use_bias": bias is not None}
    return apis.answer(api, tensors, {**own, **arguments})


def line(api: str, axis: int, values: list[int], taps: list[int], **arguments: Any) -> dict[str, list[int]]:
    """Return what one sample of one channel becomes on one axis of a layer, under each reading.

    `strides`, `dilation_rate` and `output_padding` are of that axis; on the others they do nothing.
    """
    rank, usual = RANKS[api], {"strides": 1, "dilation_rate": 1, "output_padding": 0}
    spread = {
        name: on_axis(rank, axis, value, usual[name]) if name in usual and value is not None else value
        for name, value in arguments.items()
    }
    bias = None if "bias" not in spread else [spread.pop("bias")]
    x = along(rank, axis, values)[np.newaxis, ..., np.newaxis]
    answer = of_layer(api, x, along(rank, axis, taps)[..., np.newaxis, np.newaxis], bias, **spread)
    shape = [1] * rank
    shape[axis] = len(answer.values.integers)
    assert answer.values.shape == (1, *shape, 1)
    readings = answer.readings or {"": answer.values}
    assert answer.values == next(iter(readings.values()))
    return {name: numbers.to_array().ravel().astype(int).tolist() for name, numbers in readings.items()}
