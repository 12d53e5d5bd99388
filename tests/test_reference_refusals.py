"""Does each rule of each page refuse, alone and by its own clause, what it must?

A legal call of each API is changed so that it breaks one rule.  Every clause that demands a refusal must be
reached so, and the reference may name no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

from adjoint.reference import apis, torch_modules
from adjoint.reference.answer import Refused
from adjoint.reference.signatures import signatures
from adjoint.spec import load
from tests.reference_calls import DOCUMENTS, FUNCTIONS, MODULES, RANKS, cut, legal, on_axis, ones

Row = tuple[str, dict[str, Any]]
REFUSING = {c.id for c in load().clauses.values() if "raised" in c.observes and c.level != "open"}
UNKNOWN: list[Row] = [
    ("unknown-argument", {"stirdes": 2}),
    ("unknown-argument", {"kwargs": {"strides": 2}}),
    ("unknown-argument", {"input_size": None}),
]


def of_tf_nn() -> Iterator[Row]:
    yield from UNKNOWN
    yield "padding", {"padding": "valid"}
    yield "padding", {"padding": "FULL"}
    yield "padding", {"padding": [[0, 0], [1, 1], [1, 1], [0, 0]]}
    yield "rank", {"input": ones(1, 4, 2)}
    yield "rank", {"input": ones(1, 4, 3, 1, 2)}
    yield "rank", {"filters": ones(3, 5, 2)}
    for axes in (2, 6):
        shapes = {"input": ones(*[1] * axes), "filters": ones(*[1] * axes)}
        yield "n", {**shapes, "output_shape": [1] * axes}
    for data_format in ("NWC", "NDHWC", "nhwc", "channels_last", ""):
        yield "data-format", {"data_format": data_format}
    for dtype in ("int32", "bool", "int64"):
        shapes = {"input": ones(1, 4, 3, 2, dtype=dtype), "filters": ones(3, 2, 5, 2, dtype=dtype)}
        yield "dtype", shapes
    for dtype in ("float64", "float16", "int32"):
        yield "mixed-dtype", {"filters": ones(3, 2, 5, 2, dtype=dtype)}
    for shape in (
        [[1, 6, 4, 5]],
        5,
        np.array(5),
        [[1], [6], [4], [5]],
        [1, [6, 4], 5],
        ones(1, 4, dtype="int32"),
    ):
        yield "output-shape-rank", {"output_shape": shape}
    for shape in ([1, 6, 4], [1, 6, 4, 5, 1], ()):
        yield "output-shape-length", {"output_shape": shape}
    for shape in ([1, 6, 4], [1, 6, 4, 5, 1], (), [6]):
        yield "output-shape-length", {"output_shape": shape}
    for shape in ([2, 6, 4, 5], [1, 7, 4, 5], [1, 5, 4, 5], [1, 6, 3, 5], [1, 6, 4, 2]):
        yield "output-shape", {"output_shape": shape}
    yield "channels", {"filters": ones(3, 2, 5, 3)}
    yield "channels", {"filters": ones(2, 2, 3, 5)}
    for name, below in (("strides", "strides"), ("dilations", "dilation")):
        for value in ([], [1, 1, 1], [1, 1, 1, 1, 1]):
            yield f"{name}-length", {name: value}
        for value in (0, -1, [0], [1, 0], [-1, 1], [1, 1, 0, 1]):
            yield below, {name: value}
        for value in (1.5, [1, 2.5], [1, 0.5, 1, 1]):
            yield "fractions", {name: value}


def of_layer(rank: int) -> Iterator[Row]:
    """Strides are 2, kernels 3, 2 and 2."""
    yield from UNKNOWN
    for filters in (0, -6):
        yield "filters", {"filters": filters}
    for axis in range(rank):
        at = partial(on_axis, rank, axis)
        for low in (0, -1):
            yield "kernel-size", {"kernel_size": at(low, 2)}
            yield "strides", {"strides": at(low, 2)}
            yield "dilation", {"strides": 1, "dilation_rate": at(low, 1)}
        for name, usual in (("kernel_size", 2), ("strides", 2), ("dilation_rate", 1), ("output_padding", 0)):
            yield "fractions", {name: at(0.5, usual)}
            yield "fractions", {name: at(np.float32(1.5), usual)}
        yield "output-padding-negative", {"output_padding": at(-1, 0)}
        yield "output-padding", {"output_padding": at(2, 0)}
        yield "output-padding", {"output_padding": at(2, 2), "strides": at(2, 3)}
        yield "strides-dilation", {"strides": at(2, 1), "dilation_rate": at(3, 1)}
    yield "fractions", {"filters": 6.5}
    yield "fractions", {"filters": Fraction(13, 2)}
    yield "output-padding", {"output_padding": 2}
    yield "output-padding", {"output_padding": 3, "padding": "SAME"}
    yield "strides-dilation", {"dilation_rate": 2}
    lengths = {(), (2,) * (rank + 1), (2,) * (rank + 2), (2,) * abs(rank - 2)} - {(2,)}
    for value in lengths:
        yield "kernel-size-length", {"kernel_size": value}
        yield "strides-length", {"strides": list(value)}
        yield "dilation-length", {"strides": 1, "dilation_rate": value}
        yield "output-padding-length", {"output_padding": [0] * len(value)}
    for padding in ("full", "", "valid ", "causal"):
        yield "padding", {"padding": padding}
    yield "causal", {"padding": "causal"}
    yield "causal", {"padding": "Causal"}
    for data_format in ("NHWC", "channels_middle", "", "channels last"):
        yield "data-format", {"data_format": data_format}
    for axes in (rank + 1, rank + 3):
        yield "rank", {"input": ones(*[2] * axes)}
    size = (4, 3, 5)[:rank]
    yield "channels", {"input": ones(2, *size, 3)}
    yield "channels", {"input": ones(2, *size, 1)}
    yield "channels", {"data_format": "channels_first", "input": ones(2, 3, *size)}


def of_one_layer(api: str) -> Iterator[Row]:
    """Yield what only some pages refuse: one item for several axes; a stride and a dilation on two axes."""
    rank, document = RANKS[api], DOCUMENTS[api]
    one_item_serves = {
        "keras-conv2d": ("kernel_size", "strides", "dilation_rate"),
        "keras-conv3d": ("kernel_size", "strides"),
    }.get(document, ())
    names = {"kernel_size": "kernel-size", "strides": "strides", "dilation_rate": "dilation"}
    for argument, name in {**names, "output_padding": "output-padding"}.items():
        if rank > 1 and argument not in one_item_serves:
            more = {"strides": 1} if argument == "dilation_rate" else {}
            yield f"{name}-length", {**more, argument: [0 if argument == "output_padding" else 2]}
    for axis in range(rank if rank > 1 else 0):
        apart = {
            "strides": on_axis(rank, axis, 2, 1),
            "dilation_rate": on_axis(rank, (axis + 1) % rank, 2, 1),
        }
        if document != "keras-conv2d":  # where it is open
            yield f"strides-dilation{'-any' if document.startswith('keras') else ''}", apart


def of_torch(rank: int) -> Iterator[Row]:
    """There are two groups, strides are 2, kernels 4, 2 and 3."""
    size = (3, 5, 2)[:rank]
    yield from UNKNOWN
    for axis in range(rank):
        at = partial(on_axis, rank, axis)
        for name, usual in (("stride", 2), ("dilation", 1), ("padding", 0), ("output_padding", 0)):
            rule = name.replace("_", "-")
            yield rule, {name: at(-1, usual)}
            yield "fractions", {name: at(0.5, usual)}
            yield "fractions", {name: at(np.float64(1.5), usual)}
        yield "stride", {"stride": at(0, 2)}
        yield "dilation", {"dilation": at(0, 1)}
        yield "output-padding", {"output_padding": at(2, 0)}
        yield "output-padding", {"output_padding": at(3, 0), "dilation": at(3, 5)}
        yield "output-padding", {"output_padding": at(3, 0), "stride": at(3, 5)}
        yield "negative-size", {"padding": at((9, 6, 5)[axis], 0)}  # of 8, 10 and 5 elements
    for value in ((), (2,) * (rank + 1), (2,) * (rank + 2)):
        for name in ("stride", "dilation"):
            yield "length", {name: value}
        for name in ("padding", "output_padding"):
            yield "length", {name: [0] * len(value)}
    for padding in ("same", "valid", ""):
        yield "padding-name", {"padding": padding}
    for groups in (0, -2):
        yield "groups-below-one", {"groups": groups}
    yield "fractions", {"groups": 1.5}
    for axes in (rank, rank + 3):
        yield "rank", {"input": ones(*[4] * axes)}
    yield "channels", {"input": ones(1, 6, *size)}
    yield "channels", {"input": ones(1, 3, *size)}
    yield "channels", {"input": ones(5, *size)}  # without a batch
    yield "mixed-dtype", {"input": ones(1, 4, *size, dtype="float64")}
    yield "mixed-dtype", {"input": ones(1, 4, *size, dtype="float16"), "bias": ones(6)}


def of_torch_function(rank: int) -> Iterator[Row]:
    size, kernel = (3, 5, 2)[:rank], (4, 2, 3)[:rank]
    yield "groups", {"groups": 3}
    yield "groups", {"groups": 8}
    yield "channels", {"weight": ones(6, 3, *kernel)}
    for filters in (3, 7):  # 3 are those of a group
        yield "bias", {"bias": ones(filters)}
    yield "bias", {"bias": ones(1, 6)}
    yield "mixed-dtype", {"weight": ones(4, 3, *kernel, dtype="float64")}
    yield "mixed-dtype", {"weight": ones(4, 3, *kernel, dtype="float64"), "bias": None}
    yield "weight-rank", {"weight": ones(4, 3, *kernel, 1)}
    yield "weight-rank", {"weight": ones(4, 3, *kernel[1:])}
    for axis in range(rank):
        yield "kernel-size", {"weight": ones(4, 3, *(0 if j == axis else k for j, k in enumerate(kernel)))}
    yield "rank", {"input": ones(1, 4, *size, 1)}


def of_torch_module(rank: int) -> Iterator[Row]:
    kernel = (4, 2, 3)[:rank]
    for axis in range(rank):
        at = partial(on_axis, rank, axis)
        for low in (0, -4):
            yield "kernel-size", {"kernel_size": at(low, 2)}
        yield "fractions", {"kernel_size": at(2.5, 2)}
    for value in ((), (2,) * (rank + 1)):
        yield "length", {"kernel_size": value}
    yield "groups", {"groups": 3}
    yield "groups-out", {"groups": 4}
    yield "in-channels", {"in_channels": -4}
    for filters in (0, -6):
        yield "filters", {"out_channels": filters}
    yield "fractions", {"in_channels": 4.5}
    yield "fractions", {"out_channels": 6.5}
    for mode in ("reflect", "replicate", "circular", "zero", None):
        yield "padding-mode", {"padding_mode": mode}
    least = (8, 10, 5)[:rank]
    for axis in range(rank):
        for more in (-1, 2, 9):
            size = [length + more * (j == axis) for j, length in enumerate(least)]
            yield "output-size", {"output_size": size}
            yield "output-size", {"output_size": (1, 6, *size)}
        wide = [1 + (length - 1) // 2 * 2 + (k - 1) * 3 for length, k in zip((5, 9, 3), kernel, strict=False)]
        wide[axis] += 3
        yield "output-size", {"output_size": wide, "dilation": 3}
    for size in ([], [*least, 1], [1, 6, *least, 1]):
        if len(size) not in (rank, rank + 2):
            yield "output-size-length", {"output_size": size}


def rows(api: str) -> list[Row]:
    """Return the changes of an API's legal call whose rules its page has, and whose arguments."""
    if api == "operation":
        return []
    if api == "tf.nn.conv_transpose":
        found = [*of_tf_nn()]
    elif api in RANKS:
        found = [*of_layer(RANKS[api]), *of_one_layer(api)]
    elif api in FUNCTIONS:
        found = [*of_torch(FUNCTIONS[api]), *of_torch_function(FUNCTIONS[api])]
    else:
        found = [*of_torch(MODULES[api]), *of_torch_module(MODULES[api])]
    known = {*signatures()[api].parameters, *legal(api).tensors, "output_size"}
    return [
        (rule, change)
        for rule, change in found
        if clause_of(api, rule, change) in REFUSING and (rule == "unknown-argument" or change.keys() <= known)
    ]


def clause_of(api: str, rule: str, change: dict[str, Any]) -> str:
    """Return the clause that must refuse: 'causal' by name where a page names it."""
    causal = f"{DOCUMENTS[api]}.refuses-causal"
    return (
        causal
        if change.get("padding") == "causal" and causal in REFUSING
        else f"{DOCUMENTS[api]}.refuses-{rule}"
    )


CASES = [(api, rule, change) for api in apis.APIS for rule, change in rows(api)]


@pytest.mark.parametrize("api", apis.APIS)
def test_the_call_that_each_row_changes_is_legal(api: str) -> None:
    shapes = {
        "tf.nn.conv_transpose": (1, 6, 4, 5),
        "operation": (1, 6, 7, 10),
        "tf.layers.Conv2DTranspose": (2, 9, 6, 6),
        **{f"{of}.Conv1DTranspose": (2, 9, 6) for of in ("keras.layers", "tf.keras.layers")},
        **{f"{of}.Conv2DTranspose": (2, 9, 6, 6) for of in ("keras.layers", "tf.keras.layers")},
        **{f"{of}.Conv3DTranspose": (2, 9, 6, 10, 6) for of in ("keras.layers", "tf.keras.layers")},
        **{api: (1, 6, *(8, 10, 5)[:rank]) for api, rank in (FUNCTIONS | MODULES).items()},
    }
    answer = legal(api).answer()
    assert answer.values.shape == shapes[api]
    assert not answer.readings


@pytest.mark.parametrize(("api", "rule", "change"), CASES)
def test_each_rule_alone_refuses_by_its_clause(api: str, rule: str, change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        legal(api).changed(**change).answer()
    assert refused.value.clause == clause_of(api, rule, change)
    assert refused.value.clause in str(refused.value)


@pytest.mark.parametrize("document", load().documents)
def test_every_refusing_clause_is_reached(document: str) -> None:
    assert len(REFUSING) > 150
    assert len(REFUSING) > 150
    demanded = {clause for clause in REFUSING if load().clauses[clause].document == document}
    reached = {clause_of(api, rule, change) for api, rule, change in CASES if DOCUMENTS[api] == document}
    assert reached == demanded


@pytest.mark.parametrize("api", [*RANKS, *MODULES])
def test_what_no_input_can_change_is_refused_when_the_layer_is_constructed(api: str) -> None:
    """The rest needs an input: its axes and channels; PyTorch's modules look at their geometry only then."""
    construct = apis.LAYERS.get(api, torch_modules.construct)
    by_call = {"rank", "channels"}
    at_construction = {"kernel-size", "filters", "in-channels", "groups", "groups-out", "groups-below-one"}
    at_construction |= {"padding-mode", "unknown-argument"}
    construct(api, legal(api).arguments)
    seen = set()
    for rule, change in rows(api):
        if rule in by_call if api in RANKS else rule not in at_construction:
            continue
        call = legal(api).changed(**change)
        with pytest.raises(Refused) as refused:
            construct(api, call.arguments)
        assert refused.value.clause == clause_of(api, rule, change)
        seen.add(rule)
    assert len(seen) >= 8


def test_an_output_padding_of_the_larger_of_stride_and_dilation_less_one_is_no_refusal() -> None:
    for api, rank in (FUNCTIONS | MODULES).items():
        last = (3, 5, 2)[rank - 1] * 2 - 2 + ((4, 2, 3)[rank - 1] - 1) * 3 + 1 + 2
        change = {"output_padding": on_axis(rank, rank - 1, 2, 0), "dilation": on_axis(rank, rank - 1, 3, 1)}
        answer = legal(api).changed(**change).answer()
        assert answer.values.shape[-1] == last
        assert legal(api).changed(padding=cut(rank, 3, 4, 2)).answer().values.shape[2:] == (2, 2, 1)[:rank]
