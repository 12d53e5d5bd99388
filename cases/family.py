"""How does one row make a case for each API of a family: the layers of Keras, the modules of PyTorch?

A file of `handmade/` that is of a family has at its head the `apis` and the `dtypes`.  A `[[case]]` has a
`rule`, the last part of a clause's id: it makes a case for each API whose document has that clause, but
those named in `but`, or only those named in `only`, only one `api`, or only so many `axes`.  Sizes are given
for three spatial axes, and cut to as many as the API has: `size` and `kernel`; an argument
`{ "$axes" = [2, 3, 1] }` likewise, a tuple, and for one axis a number; `{ "$sizes" = [6, 7, 8] }` is a list,
for one axis too; `input_shape` is [batch, *sizes, channels]; with `first` the input has its channels first,
though no argument says so; with `positional` all is given by position.  In `layouts`, `kernel` stands for
PyTorch's `weight` as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adjoint.reference.signatures import signatures
from adjoint.spec import load

KEPT = (
    "why",
    "refused",
    "type",
    "kinds",
    "dtypes",
    "other_dtypes",
    "repeated",
    "kept",
    "of",
    "told",
    "attributes",
    "method",
    "collection",
    "home",
)


@dataclass(frozen=True)
class Sizes:
    """What a row says of the tensors, for as many spatial axes as an API has."""

    batch: int
    channels: int
    filters: int
    size: list[int]
    kernel: list[int]
    batched: bool

    @classmethod
    def of(cls, row: Mapping[str, Any], rank: int) -> Sizes:
        """Read a row, with defaults for what it does not say."""
        batch, channels, filters = row.get("batch", 1), row.get("channels", 2), row.get("filters", 3)
        size, kernel = row.get("size", [3, 4, 2])[:rank], row.get("kernel", [2, 3, 2])[:rank]
        return cls(batch, channels, filters, size, kernel, batched=not row.get("unbatched"))

    @property
    def window(self) -> Any:
        """The kernel's size as an argument."""
        return self.kernel[0] if len(self.kernel) == 1 else {"$tuple": self.kernel}


def rows(family: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield, for each row of a family's file and each API that it concerns, a row as `write` reads them."""
    documents = {api: document.id for document in load().documents.values() for api in document.apis}
    for row in family["case"]:
        made = 0
        for api in family["apis"]:
            document = documents[api]
            concerned = document in row.get("only", [document]) and document not in row.get("but", [])
            concerned = (
                concerned and row.get("api", api) == api and rank_of(api) in row.get("axes", (1, 2, 3))
            )
            if concerned and f"{document}.{row['rule']}" in load().clauses:
                yield row_of(row, api, document)
                made += 1
        if not made:
            raise ValueError(f"{row['rule']!r} is the rule of no API: {row['why']}")


def row_of(row: Mapping[str, Any], api: str, document: str) -> dict[str, Any]:
    """Return a row of a family as `write` reads them, for one API."""
    rank = rank_of(api)
    arguments = {name: _cut(value, rank) for name, value in row.get("arguments", {}).items()}
    sizes = Sizes.of(row, rank)
    placed = {**arguments, "data_format": "channels_first"} if row.get("first") else arguments
    tensors, own = (_torch if api.startswith("torch") else _layer)(sizes, placed)
    if row.get("bias"):
        tensors["bias"] = [sizes.filters]
    else:
        own["bias" if api.startswith("torch") else "use_bias"] = False
    if "functional" in api:  # the weight says it all
        own = {}
    kept = {key: row[key] for key in KEPT if key in row}
    if "input_shape" in row:  # the batch, the sizes and the channels
        batch, *lengths, channels = row["input_shape"]
        first = str(arguments.get("data_format", "")).lower() == "channels_first"
        kept["input_shape"] = (
            [batch, channels, *lengths[:rank]] if first else [batch, *lengths[:rank], channels]
        )
    if row.get("positional"):
        kept["positional"] = _prefix(api, {**own, **arguments}, tensors)
    if "layouts" in row:
        own_name = {"kernel": "weight"} if api.startswith("torch") else {}
        kept["layouts"] = {own_name.get(name, name): layout for name, layout in row["layouts"].items()}
    made = {
        **kept,
        "api": api,
        "clause": f"{document}.{row['rule']}",
        "tensors": row.get("tensors", tensors),
        "arguments": {**own, **arguments},
    }
    return made if row.get("refused") else {**made, **clauses_of(document, {**own, **arguments})}


def clauses_of(document: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the clause that each kind of check speaks for, unless the row's own observes it."""
    known = load().clauses
    if document == "operation" or document.startswith("torch"):
        rules = ["output-size-argument" if "output_size" in arguments else "output-size"]
    elif "output_padding" in arguments:
        rules = ["output-length-same"] * (arguments.get("padding") == "same") + ["output-length"]
    elif str(arguments.get("padding", "")).lower() == "same":
        strided = arguments.get("strides", 1) != 1
        unstrided = "same-depth" if document == "tf-keras-conv3d" else "same-stride-1"
        rules = ["same-shape"] if strided else [unstrided, "same-shape"]
    else:
        rules = ["dilated-shape"] * ("dilation_rate" in arguments) + ["valid-shape"]
    shape = next((rule for rule in rules if f"{document}.{rule}" in known), "")
    return {
        kind: f"{document}.{rule}"
        for kind, rule in {"returned": "values", "dtype": "dtype", "shape": shape, "values": "values"}.items()
    }


def _layer(sizes: Sizes, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the tensors and the arguments of a layer of Keras or TensorFlow."""
    first = str(arguments.get("data_format", "")).lower() == "channels_first"
    batch, channels, filters = sizes.batch, sizes.channels, sizes.filters
    tensors = {
        "input": [batch, channels, *sizes.size] if first else [batch, *sizes.size, channels],
        "kernel": [*sizes.kernel, filters, channels],
    }
    return tensors, {"filters": filters, "kernel_size": sizes.window}


def _torch(sizes: Sizes, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the tensors of PyTorch's functions and modules, and the arguments of the modules."""
    channels, filters = sizes.channels, sizes.filters
    share = filters // (arguments.get("groups", 1) or 1)
    tensors = {
        "input": [sizes.batch, channels, *sizes.size] if sizes.batched else [channels, *sizes.size],
        "weight": [channels, share, *sizes.kernel],
    }
    return tensors, {"in_channels": channels, "out_channels": filters, "kernel_size": sizes.window}


def _prefix(api: str, arguments: Mapping[str, Any], tensors: Mapping[str, Any]) -> list[str]:
    """Return all that is given, in the order of the page's signature, of which it must be the beginning."""
    given = set(arguments) | ({"input", "weight", "bias"} & set(tensors) if "functional" in api else set())
    first = list(signatures()[api].parameters)[: len(given)]
    if set(first) != given:
        raise ValueError(f"{api} takes {', '.join(first)} first, not {', '.join(sorted(given))}.")
    return first


def rank_of(api: str) -> int:
    """Return how many spatial axes an API has, by its name."""
    found = re.search(r"(\d)[dD]", api)
    assert found is not None, f"{api} names no number of axes"
    return int(found[1])


def _cut(value: Any, rank: int) -> Any:
    """Return `$axes` or `$sizes` with as many items as there are axes; anything else as it is."""
    if isinstance(value, Mapping) and "$sizes" in value:
        return value["$sizes"][:rank]
    if not isinstance(value, Mapping) or "$axes" not in value:
        return value
    items = value["$axes"][:rank]
    return items[0] if rank == 1 else {"$tuple": items}
