"""What becomes of each argument in each form?  Lists, too many, negative, huge, fractional, of other types.

Which clause refuses a form is the reference's to say; what none speaks of is asked of an open one, and what
is allowed must give the right numbers.  What hand-made rows ask already, zero and -1 among others, is left
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adjoint.call import Call
from adjoint.cases import family
from adjoint.cases.nones import NONE, with_nones
from adjoint.demand import operation_of
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.signatures import signatures
from adjoint.spec import load

BELOW = (-(2**31), 1 - 2**40)
"""Of 32 bits the second leaves 1."""
HUGE = (2**31, 2**40)
"""Asked of few: where they end the process, it takes seconds to begin again."""
BASE = {"rule": "values", "size": [2, 3, 1], "kernel": [2, 2, 2], "filters": 3}
TF_NN = {
    "returned": "tf-nn.values",
    "dtype": "tf-nn.dtype",
    "shape": "tf-nn.output-shape",
    "values": "tf-nn.values",
}
MAKE = {"kind": "integers", "low": 0, "high": 0, "seed": 0}
Several = Callable[[list[Any]], Any]


def rows() -> Iterator[dict[str, Any]]:
    """Yield a row, as `write.py` reads them, for each form of each argument of each API."""
    for document in load().documents.values():
        for api in document.apis:
            if document.id == "operation" or (document.id.startswith("torch") and family.rank_of(api) != 2):
                continue  # it refuses nothing; one module for all of them
            made = _of_tf_nn() if document.id == "tf-nn" else _of_family(api, document.id)
            for argument, row in made:
                yield from _settled(argument, row, document.id)


def sizes(right: int, rank: int, several: Several) -> Iterator[tuple[str, Any]]:
    """Yield forms of an argument that is a size for each axis; `right` is one that it may have."""
    yield "a list", [right] * rank
    yield "a tuple", {"$tuple": [right] * rank}
    yield "no number at all", several([])
    yield "a number too many", several([right] * (rank + 1))
    if rank == 3:
        yield "a number too few", several([right] * 2)
    for wrong in (*BELOW, right + 0.5):
        yield f"{wrong}", wrong
        if rank > 1 and wrong != BELOW[0]:
            yield f"{wrong} on the last axis", several([right] * (rank - 1) + [wrong])
    yield from numbers(right)
    yield "None", NONE


def numbers(right: int) -> Iterator[tuple[str, Any]]:
    """Yield forms of a number in other types."""
    yield "an integer of NumPy's", {"$int": str(right), "as": "numpy.int32"}
    yield "a float", float(right)
    yield "a string", str(right)
    if right == 1:
        yield "a bool", True


def names(wrong: str) -> Iterator[tuple[str, Any]]:
    """Yield forms of an argument that is a name: one that is none, and what is no string."""
    yield "no such name", wrong
    yield "no name", ""
    yield "a number", 1
    yield "a bool", False
    yield "None", NONE


def _of_family(api: str, document: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield arguments and rows of a layer, a module or a function of PyTorch's."""
    rank, parameters = family.rank_of(api), signatures()[api].parameters
    stride, dilation = ("strides", "dilation_rate") if "strides" in parameters else ("stride", "dilation")
    twos, ones = (list(sizes(right, rank, lambda items: {"$tuple": items})) for right in (2, 1))
    asked = {
        "filters": _counts(3),
        "kernel_size": twos,
        stride: twos,
        "padding": list(names("valid ")) if stride == "strides" else ones,
        "output_padding": [form for form in ones if form[1] != NONE],
        "data_format": list(names("channels_middle")),
        dilation: ones,
        "groups": _counts(1),
    }
    for argument in [name for name in asked if name in parameters]:
        beside = {stride: 2} if argument == "output_padding" else {}
        for name, value in asked[argument]:
            row = {"why": f"{argument}: {name}", "arguments": {**beside, argument: value}}
            if argument == "groups":  # of which no weight has so many
                row["arguments"] = {}
            made = family.row_of({**BASE, **row}, api, document)
            yield argument, {**made, "arguments": {**made["arguments"], argument: value}}
    if f"{document}.huge-numbers" not in load().clauses:
        return
    unpadded = {stride} if "output_padding" in parameters else set()  # else a stride makes an output as long
    for argument in sorted((unpadded | {dilation}) & parameters.keys()):
        beside = {"output_padding": 0} if argument == "strides" else {}
        small = {"size": [1, 1, 1], "kernel": [1, 1, 1] if argument == dilation else [2, 2, 2]}
        for huge in HUGE:
            row = {"why": f"{argument}: {huge}", "arguments": {**beside, argument: huge}}
            yield argument, family.row_of({**BASE, **small, **row}, api, document)


def _counts(right: int) -> list[tuple[str, Any]]:
    wrong = [(str(number), number) for number in (-1, *BELOW, right + 0.5)]
    return [*wrong, *numbers(right), ("a list", [right]), ("None", NONE)]


def _of_tf_nn() -> Iterator[tuple[str, dict[str, Any]]]:
    for rank in (1, 2, 3):
        for argument, right in (("strides", 2), ("dilations", 1)):
            yield from (
                (argument, _tf_nn(f"{argument}: {name}", rank, 2, **{argument: value}))
                for name, value in (
                    *sizes(right, rank, list),
                    ("N+2 numbers", [1, *[right] * rank, 1]),
                    ("N+2 numbers, one negative", [1, *[right] * (rank - 1), -right, 1]),
                )
            )
        for argument, wrong in (("padding", "valid"), ("data_format", "NHCW")) if rank == 2 else ():
            for name, value in names(wrong):
                yield argument, _tf_nn(f"{argument}: {name}", rank, 2, **{argument: value})
        for huge in HUGE if rank == 2 else ():
            yield "strides", _tf_nn(f"strides: {huge}", rank, 1, strides=huge)
            yield "dilations", _tf_nn(f"dilations: {huge}", rank, 2, kernel=1, dilations=huge)


def _tf_nn(why: str, rank: int, size: int, kernel: int = 2, **changed: Any) -> dict[str, Any]:
    """Return a row of strides 2 and dilations 1 but for what is changed, with the sizes of these."""
    output = [(size - 1) * 2 + kernel] * rank
    return {
        "why": f"{why}, of {rank} axes",
        "api": "tf.nn.conv_transpose",
        "tensors": {"input": [1, *[size] * rank, 2], "filters": [*[kernel] * rank, 3, 2]},
        "arguments": {"output_shape": [1, *output, 3], "strides": 2, "padding": "VALID", **changed},
        **TF_NN,
    }


def _settled(argument: str, row: dict[str, Any], document: str) -> Iterator[dict[str, Any]]:
    """Yield the row with the clause that speaks of it, if one does."""
    value = row["arguments"][argument]
    tensors = {
        name: {"dtype": "float32", "shape": shape, "make": MAKE} for name, shape in row["tensors"].items()
    }
    try:
        made = operation_of(Call(row["api"], with_nones(row["arguments"]), tensors))
    except Refused as refused:
        yield {**row, "clause": refused.clause, "refused": True}
        return
    except Unspecified:
        rules, seen = ["argument-types"], False
    else:
        seen = not made.doubt
        if value in HUGE:
            rules = ["huge-numbers"]
        elif isinstance(value, Mapping) and "as" in value:
            rules = ["numpy-integers"]
        elif document == "tf-nn" and isinstance(value, Mapping):
            rules = ["tuples"]
        else:
            rules = [f"{argument.replace('_', '-')}-forms", "forms"] if seen else []
    clause = next((f"{document}.{rule}" for rule in rules if f"{document}.{rule}" in load().clauses), "")
    if clause:
        kinds = {} if seen and "values" in load().clauses[clause].observes else {"kinds": ["returned"]}
        yield {**row, **kinds, "clause": clause}
