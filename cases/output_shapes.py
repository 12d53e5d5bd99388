"""Which output shapes may tf.nn.conv_transpose be asked for, and which may it not?  One call for each.

A stride above one leaves several legal sizes on an axis: each is asked for, and beside them those that no
convolution maps back to the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adjoint.reference.round_trip import same, without_padding

INPUT, KERNEL, STRIDE = (2, 3, 2), (2, 1, 3), (3, 2, 2)
BATCH, CHANNELS, FILTERS = 2, 3, 4
HUGE = (2**31 - 1, 2**31, 2**40)


def rows() -> Iterator[dict[str, Any]]:
    """Yield a row, as `write.py` reads them, for each output shape."""
    for rank in (1, 2, 3):
        for padding in ("VALID", "SAME"):
            sizes = [_legal(axis, padding) for axis in range(rank)]
            usual = [BATCH, *(size[0] for size in sizes), FILTERS]
            yield _row(usual, padding, "the least sizes")
            for axis in range(rank):
                for size in sizes[axis][1:]:
                    said = f"size {size} of {sizes[axis][0]} to {sizes[axis][-1]} on axis {axis}"
                    yield _row(_with(usual, axis + 1, size), padding, said)
                for size in (sizes[axis][0] - 1, sizes[axis][-1] + 1, 0, -1, *HUGE):
                    said = f"size {size}, not {sizes[axis][0]} to {sizes[axis][-1]}, on axis {axis}"
                    yield _row(_with(usual, axis + 1, size), padding, said, "refuses-output-shape")
            for index, name in ((0, "samples"), (rank + 1, "filters")):
                for size in (usual[index] - 1, usual[index] + 1, 0, -1, HUGE[-1]):
                    said = f"{size} {name} out of {usual[index]}"
                    yield _row(_with(usual, index, size), padding, said, "refuses-output-shape")
            yield _row(usual[1], padding, "a number in place of a list", "refuses-output-shape-rank", rank)


def _legal(axis: int, padding: str) -> range:
    if padding == "SAME":
        return same(INPUT[axis], STRIDE[axis])
    return without_padding(INPUT[axis], KERNEL[axis], STRIDE[axis], 1)


def _with(shape: list[int], index: int, size: int) -> list[int]:
    return [*shape[:index], size, *shape[index + 1 :]]


def _row(output_shape: Any, padding: str, why: str, refused: str = "", rank: int = 0) -> dict[str, Any]:
    rank = rank or len(output_shape) - 2
    row = {
        "why": f"{padding}, {why}",
        "tensors": {
            "input": [BATCH, *INPUT[:rank], CHANNELS],
            "filters": [*KERNEL[:rank], FILTERS, CHANNELS],
        },
        "arguments": {"output_shape": output_shape, "strides": list(STRIDE[:rank]), "padding": padding},
        "dtypes": ["float32"],
    }
    if refused:
        return {**row, "clause": f"tf-nn.{refused}", "refused": True}
    return {**row, "clause": f"tf-nn.padding-{padding.lower()}-shape"}
