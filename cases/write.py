"""How are the golden files written?  From hand-made cases, covering arrays and the reference, byte for byte.

Run as ``python -m adjoint.cases.write [FOLDER]``; without a folder, the golden files are only compared.

A file of `handmade/` has at its head the `api`, the `dtypes` that each case is made in, the
`dtype_argument` that a layer takes, and `clauses`: for each kind of check, the clause that it speaks for
unless the case's own clause observes that kind.  A `[[case]]` has its `clause`, `why`, the shapes of its
`tensors`, `arguments` in tagged form (and `{ "$none" = true }` for JSON's null, which TOML lacks),
`exercises`, and may have an `api` and `dtypes` of its own, tensors written out in `given`, `other_dtypes` by
tensor, `layouts` by tensor, `repeated` (the call is made again, and the checks of that follow), `kept` (where
gradients are observed: whether they leave the tensors as they were), `home` (files in the worker's home
folder), `positional` (what is given by position, in order), `kinds` (only these checks), `shape` (the clause
of its shape), `refused`, and the `type` of the error; `looked.py` has those of rows that look at more than
the output.  Files with `apis` at their head are of families: `family.py` explains them.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from math import isqrt, log2, prod
from pathlib import Path
from typing import Any

import numpy as np

from adjoint import tensors
from adjoint.call import GRADIENTS, Call, canonical
from adjoint.cases import argument_forms, arrays, data, edges, family, output_shapes, sums
from adjoint.cases.demanded import case_of
from adjoint.cases.looked import BY_OUTPUT, demanded_of, kinds_of, observing
from adjoint.cases.nones import with_nones
from adjoint.demand import demand, operation_of
from adjoint.errors import UsageError
from adjoint.golden import COVERAGE, MANIFEST, REPEATED, Case, Check, folder, manifest
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.exact import FORMATS
from adjoint.reference.translation import output_shape
from adjoint.spec import load

USUAL = ("returned", "dtype", "shape", "values")
DTYPELESS = ("torch.nn.functional", "tf.layers")
KERNELS = ("filters", "kernel", "weight")


def golden_files() -> dict[str, str]:
    """Return the text of each golden file, and of their manifest, by its name."""
    texts: dict[str, str] = {}
    for path in sorted((files(__package__) / "handmade").iterdir(), key=lambda entry: entry.name):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = family.rows(document) if "apis" in document else document["case"]
        rows = [*rows, *(output_shapes.rows() if path.name == "tf_nn.toml" else ())]
        cases = [case for row in rows for case in cases_of(row, document)]
        texts[path.name.replace(".toml", ".jsonl")] = "".join(case.to_line() for case in cases)
    bare = {"dtypes": ["float32"], "clauses": {}}
    cases = [case for row in argument_forms.rows() for case in cases_of(row, bare)]
    texts["argument_forms.jsonl"] = "".join(case.to_line() for case in cases)
    made = (case_of(setting, why="a row of a covering array") for setting in arrays.settings())
    texts["arrays.jsonl"] = "".join(case.to_line() for case in made)
    made = (case_of(setting, why="numbers at the edges of the format") for setting in edges.settings())
    texts["edges.jsonl"] = "".join(case.to_line() for case in made)
    made = (case_of(setting, why="a sum of many channels") for setting in sums.settings())
    texts["sums.jsonl"] = "".join(case.to_line() for case in made)
    covered = [vars(arrays.coverage(each, arrays.rows(each))) for each in arrays.families().values()]
    return {**texts, MANIFEST: manifest(texts), COVERAGE: json.dumps(covered, indent=1) + "\n"}


def cases_of(row: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Case]:
    """Yield a hand-made case, once for each of its dtypes."""
    for dtype in row.get("dtypes", document["dtypes"]):
        arguments = {name: with_nones(value) for name, value in row.get("arguments", {}).items()}
        api = row.get("api") or document["api"]
        if "dtype_argument" in document and dtype != "float32" and not api.startswith(DTYPELESS):
            arguments[document["dtype_argument"]] = dtype
        made, place = _tensors(row, dtype), tuple(row.get("positional", ()))
        call = Call(api, arguments, made, home=row.get("home"), positional=place)
        call = call.repeated() if row.get("repeated") else call
        if gradients := [kind for kind in load().clauses[row["clause"]].observes if kind in GRADIENTS]:
            call = with_gradients(call, gradients if "bias" in row["tensors"] else gradients[:2])
            call = call.keeping() if row.get("kept") else call
        if looked := kinds_of(row, load().clauses[row["clause"]].observes):
            call = with_gradients(call, ()) if "after-step" in looked else call
            call = observing(call, row, looked)
        checks = _refusal(row, call) if row.get("refused") else _checks(row, document["clauses"], call)
        yield Case(call, tuple(checks), row["why"], tuple(row.get("exercises", ())))


def _tensors(row: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """Return specifications of integers, as large as leaves every sum exact in the dtype."""
    shapes = row["tensors"]
    bits = 1 if dtype == "bool" else _bits(shapes, FORMATS[dtype].precision if dtype in FORMATS else 24)
    made = {}
    for name, shape in shapes.items():
        content = canonical([row["clause"], row["why"], name, shape])
        seed = int(hashlib.sha256(content.encode()).hexdigest()[:8], 16)
        low, high = (0, 1) if dtype == "bool" else (-(1 << bits) + 1, (1 << bits) - 1)
        made[name] = {
            "dtype": row.get("other_dtypes", {}).get(name, dtype),
            "shape": shape,
            "make": {"kind": "integers", "low": low, "high": high, "seed": seed},
        }
    given = {name: np.array(spec["data"], spec["dtype"]) for name, spec in row.get("given", {}).items()}
    made |= {name: tensors.encode(array) for name, array in given.items()}
    return made | {name: laid_out(made[name], layout) for name, layout in row.get("layouts", {}).items()}


def laid_out(specification: dict[str, Any], layout: str) -> dict[str, Any]:
    """Return a specification with a layout; what is broadcast is written out, alike along the first axis."""
    if layout == "broadcast":
        array = tensors.decode(specification)
        specification = tensors.encode(np.broadcast_to(array[:1], array.shape))
    return {**specification, "layout": layout}


def with_gradients(call: Call, kinds: Sequence[str]) -> Call:
    """Return the call with a gradient by its output, and data that leave every sum exact.

    Before relu no element is zero: a half is added to each number of the bias.
    """
    dtype, translated = call.dtype, operation_of(call)
    (geometry,) = translated.geometries.values()
    batch, shape = translated.input.shape[0], output_shape(translated)
    channels, share, *taps = translated.kernel.shape
    terms = max(max(channels // translated.groups, share) * prod(taps), batch * prod(geometry.input))
    limit = 1 << (FORMATS[dtype].precision - 1)
    most = min(isqrt(limit // terms), limit // (batch * prod(geometry.output)))
    if most < 1:
        raise UsageError(f"{call} has too many terms for exact gradients in {dtype}: {terms}.")
    shapes = {name: spec["shape"] for name, spec in call.tensors.items()} | {"gradient": shape}
    made = {}
    for name, of in shapes.items():
        content = canonical([call.api, call.to_json()["arguments"], name, of])
        seed = int(hashlib.sha256(content.encode()).hexdigest()[:8], 16)
        half = 0.5 if (name, translated.activation) == ("bias", "relu") else 0
        made[name] = tensors.encode((data.telling(name, tuple(of), most, seed) + half).astype(dtype))
    return replace(call, tensors=made, observe=("output", *kinds))


def _bits(shapes: Mapping[str, list[int]], precision: int) -> int:
    """Return b such that n products of two b-bit integers, and a b-bit bias, stay below 2**precision.

    n, the terms of one sum, is at most the input's channels times the taps: no more than the elements of the
    kernel.
    """
    kernel = next(shapes[name] for name in KERNELS if name in shapes)
    return int((precision - log2(prod(kernel) + 1)) / 2)


def _checks(row: Mapping[str, Any], defaults: Mapping[str, str], call: Call) -> list[Check]:
    clause = load().clauses[row["clause"]]
    clauses = {kind: row.get(kind, defaults.get(kind)) for kind in USUAL}
    clauses |= dict.fromkeys(clause.observes, clause.id)
    gradients = tuple(kind for kind in call.observe if kind in GRADIENTS)
    usual = gradients or (USUAL if set(clause.observes) & set(USUAL) else ("returned", *clause.observes))
    kinds = row.get("kinds", usual)
    if row.get("kept"):
        kinds = (*kinds, "inputs-kept")
        clauses |= {"inputs-kept": f"{clause.document}.inputs-kept"}
    if call.is_repeated:
        kinds = (*USUAL, *REPEATED)
        clauses |= {kind: f"{clause.document}.{kind}" for kind in REPEATED}
    closed = {kind for kind in kinds if load().clauses[clauses[kind]].level != "open"}
    try:
        wanted = demand(call)
    except (Refused, Unspecified) as unanswered:
        if closed:
            held = sorted({clauses[kind] for kind in closed})
            raise UsageError(f"the reference has no answer to {call} for {held}: {unanswered}.") from None
        return [Check(kind, clauses[kind]) for kind in kinds]
    if wanted.doubt and closed & {"shape", "shape-within", "values", *gradients, *BY_OUTPUT}:
        raise UsageError(f"{wanted.doubt}? That is open, and {call} may not be held to its shape.")
    values: Any = wanted.values.get("")
    if clause.level == "open":
        named = {name or "as the other clauses have it": value for name, value in wanted.values.items()}
        values = {"readings": named}
    elif values is None and "values" in kinds:
        raise UsageError(f"the document leaves open what {call} returns; no closed clause may demand it.")
    if any("low" in v for v in (*wanted.values.values(), *wanted.gradients.values())):
        raise UsageError(f"{call} is not exact: a sum of absolute values passes what the dtype holds.")
    demanded = {
        "dtype": wanted.dtype,
        "shape": wanted.shape,
        "shape-within": wanted.within,
        "values": values,
        **wanted.gradients,
        **{kind: demanded_of(call, row, kind, wanted) for kind in kinds_of(row, clause.observes)},
    }
    if call.is_repeated:
        demanded["repeatable"] = demand(call.opposite()).values[""]
    return [Check(kind, clauses[kind], demanded.get(kind)) for kind in kinds]


def _refusal(row: Mapping[str, Any], call: Call) -> list[Check]:
    try:
        operation_of(call)
    except Refused as refused:
        if refused.clause != row["clause"]:
            raise UsageError(f"{call} is refused by {refused.clause}, not by {row['clause']}.") from None
    else:
        raise UsageError(f"the reference does not refuse {call}.")
    checks = [Check("raised", row["clause"])]
    return [*checks, Check("raised-type", row["clause"], row["type"])] if "type" in row else checks


def main(arguments: list[str]) -> int:
    """Write the golden files into a folder, or compare those that are installed."""
    texts = golden_files()
    if arguments:
        try:
            for name, text in texts.items():
                Path(arguments[0], name).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            print(f"{arguments[0]} can't be written to: {error.strerror}.", file=sys.stderr)
            return 2
        count = sum(name.endswith(".jsonl") for name in texts)
        print(f"{count} golden files, their manifest and what they cover written to {arguments[0]}")
        return 0
    stale = [name for name, text in texts.items() if not _same(name, text)]
    print(f"differ from what the reference demands: {', '.join(stale)}" if stale else "all as written")
    return int(bool(stale))


def _same(name: str, text: str) -> bool:
    path = folder() / name
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
