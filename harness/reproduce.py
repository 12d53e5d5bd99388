"""How does a person reproduce a verdict without this suite?  A script that needs only the framework."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from adjoint import tensors
from adjoint.call import GRADIENTS
from adjoint.catalogue import Implementation
from adjoint.golden import REPEATED, Case, Check
from adjoint.spec import load
from adjoint.spec.clauses import KINDS

LITERAL = 96
"""The most elements of a tensor that a script writes out; of a larger one it says how to make it."""


def script(case: Case, check: Check, implementation: Implementation) -> str:
    """Return a script that shows a check of a case.

    Its exit code is 0 where the check holds or its clause is open, and 1 where it does not hold.  For a
    worker of unknown kind, it is a shell command that feeds the worker the call, to be read by eye.
    """
    clause = load().clauses[check.clause]
    if not implementation.script:
        return f"# {clause.id} ({clause.level}): {clause.text}\n{_feed(case, check, implementation)}"
    of = check.kind.removeprefix("gradient-") if check.kind in GRADIENTS else ""
    used = {
        name: _as_taken(spec, implementation.script)
        for name, spec in case.call.tensors.items()
        if of or name != "gradient"
    }
    inputs = {name: _expression(spec) for name, spec in used.items()}
    wanted = _demanded(case, check)
    text = _TEMPLATES.get_template(f"{implementation.script}.py.j2").render(
        api=case.call.api,
        arguments=_arguments(case.call.values, implementation.script),
        constructor=_arguments(
            {k: v for k, v in case.call.values.items() if k != "output_size"}, implementation.script
        ),
        called=_arguments(
            {k: v for k, v in case.call.values.items() if k == "output_size"}, implementation.script
        ),
        made_by=_made_by(case.call.api),
        built_for=_built_for(case),
        **_repeated(case, check),
        layouts=[spec["layout"] for spec in used.values() if "layout" in spec],
        inputs=inputs,
        given=[name for name in inputs if name != "gradient"],
        weights=", ".join(name for name in ("kernel", "bias") if name in inputs),
        of=of,
        operand=next((name for name in ("weight", "filters") if name in inputs and of == "kernel"), of),
        bfloat16=[name for name, spec in used.items() if spec["dtype"] == "bfloat16"],
        made=any(_is_made(spec) for spec in used.values()),
        packed=any("base64." in text for text in (wanted, *inputs.values())),
        case=case,
        check=check,
        clause=clause,
        document=load().documents[clause.document],
        wanted=wanted,
        signed=check.kind == "values"
        and any("signed" in reading for reading in (check.demanded or {}).get("readings", {}).values()),
        wanted_dtype=check.demanded.get("low", check.demanded)["dtype"] if of else "",
        implementation=implementation,
        target=implementation.targets.get(case.call.api, ""),
    )
    return text.strip() + "\n"


def _arguments(values: Mapping[str, Any], script: str) -> str:
    return ", ".join(f"{name}={_argument(name, value, script)}" for name, value in values.items())


def _argument(name: str, value: Any, script: str) -> str:
    """Return Python for an argument; PyTorch knows a dtype as its own object, not by name."""
    return f"torch.{value}" if (name, script) == ("dtype", "torch") and value else repr(value)


def _made_by(api: str) -> str:
    """Return what an API is: a ``layer``, a ``module`` of PyTorch, or a ``function``."""
    if ".layers." in api:
        return "layer"
    return "module" if api.startswith("torch.nn.Conv") else "function"


def _built_for(case: Case) -> tuple[int, ...]:
    """Return the shape that a layer is built for: the input's, with as many channels as the kernel takes."""
    shape = list(case.call.tensors["input"]["shape"])
    if "kernel" in case.call.tensors:
        first = str(case.call.values.get("data_format")).lower() == "channels_first"
        shape[1 if first else -1] = case.call.tensors["kernel"]["shape"][-1]
    return tuple(shape)


def _repeated(case: Case, check: Check) -> dict[str, Any]:
    """Return what a script passes that makes the call again: in turn, with an opposite input, and doubled."""
    call = case.call
    passed = list(call.tensors) if _made_by(call.api) == "function" else ["input"]
    batched = len(call.tensors["input"]["shape"]) == max(len(spec["shape"]) for spec in call.tensors.values())
    whole = "joined([input, -input])" if batched and "output_shape" not in call.arguments else "input"
    locked = ("broadcast", "read-only")
    return {
        "is_repeated": check.kind in REPEATED,
        "passed": passed,
        "opposite": ["-input", *passed[1:]],
        "doubled": [whole, *(f"-{name}" for name in passed[1:])],
        "written": [name for name in passed if call.tensors[name].get("layout") not in locked],
    }


def _as_taken(spec: Mapping[str, Any], script: str) -> dict[str, Any]:
    """Return a tensor as it can be handed over: PyTorch has no negative strides, and needs a copy."""
    copied = script == "torch" and spec.get("layout") == "reversed"
    return {key: value for key, value in spec.items() if not (copied and key == "layout")}


def _feed(case: Case, check: Check, implementation: Implementation) -> str:
    start = {"do": "start", "protocol": 1}
    lines = [start, {"do": "perform", "id": 0, "call": case.call.to_json()}, {"do": "stop"}]
    text = "\n".join(json.dumps(line) for line in lines)
    wanted = "" if check.demanded is None else f" {json.dumps(check.demanded)}"
    return f"# demanded: {check.kind}{wanted}\n{implementation.name} <<'CALLS'\n{text}\nCALLS\n"


def _is_made(spec: dict[str, Any]) -> bool:
    return "make" in spec and prod(spec["shape"]) > LITERAL


_LAID_OUT = {
    "transposed": "np.asfortranarray({})",
    "strided": "strided({})",
    "offset": "offset({})",
    "reversed": "np.flip(np.flip({}).copy())",
    "broadcast": "np.broadcast_to({}[:1], {})",
    "read-only": "read_only({})",
}


def _expression(spec: dict[str, Any]) -> str:
    """Return Python for an input tensor."""
    shape = tuple(spec["shape"])
    if "layout" in spec:
        contiguous = _expression({key: value for key, value in spec.items() if key != "layout"})
        return _LAID_OUT[spec["layout"]].format(contiguous, shape)
    if _is_made(spec):
        recipe = spec["make"]
        numbers = f"{recipe['low']}, {recipe['high']}, {recipe['seed']}"
        return f'integers({shape}, {numbers}).astype("{_written(spec["dtype"])}")'
    return _literal(tensors.decode(spec))


def _literal(array: tensors.Array) -> str:
    """Return Python for an array: number by number, or a large one by its bytes."""
    dtype = _written(array.dtype.name)
    if array.size > 4 * LITERAL:
        data, little = tensors.encode(array.astype(dtype))["data"], np.dtype(dtype).newbyteorder("<").str
        return f'np.frombuffer(base64.b64decode(\n    "{data}"\n), "{little}").reshape({array.shape})'
    flat = ", ".join(map(_number, array.ravel()))
    text = f'np.array([{flat}], dtype="{dtype}")'
    return text if array.ndim == 1 else f"{text}.reshape({array.shape})"


def _number(value: Any) -> str:
    """Return Python for a number: a whole one without a point, but for a negative zero and what is large."""
    number = float(value)
    if math.isnan(number):
        return "np.nan"
    if math.isinf(number):
        return "np.inf" if number > 0 else "-np.inf"
    whole = (
        abs(number) < 1 << 53 and number.is_integer() and not (number == 0 and math.copysign(1, number) < 0)
    )
    return repr(int(number) if whole else number)


def _written(dtype: str) -> str:
    """Return the dtype to write numbers in: NumPy alone has no bfloat16, but float32 holds each of them."""
    return "float32" if dtype == "bfloat16" else dtype


def _demanded(case: Case, check: Check) -> str:
    """Return Python for what is demanded; of a repeated call, of the call between and the one made again."""
    if check.kind == "repeatable":
        (values,) = (other.demanded for other in case.checks if other.kind == "values")
        return f"[{_wanted(check.demanded)}, {_wanted(values)}]"
    if check.kind in REPEATED:
        return repr(KINDS[check.kind])
    if check.kind in ("returned", "raised"):
        return repr({"returned": "the call returns", "raised": "the call is refused"}[check.kind])
    if check.demanded is None:
        return repr("nothing")
    if check.kind not in ("values", *GRADIENTS):
        return repr(check.demanded)
    if "readings" in check.demanded:
        rows = [f"    {name!r}: {_wanted(t)}," for name, t in check.demanded["readings"].items()]
        return "\n".join(["{", *rows, "}"])
    return _wanted(check.demanded)


def _wanted(values: Mapping[str, Any]) -> str:
    """Return Python for the least and the greatest numbers accepted; one array where they are one."""
    ends = [values[end] for end in ("low", "high")] if "low" in values else [values]
    texts = dict.fromkeys(_literal(tensors.decode(end)) for end in ends)
    return ", ".join(texts).join("()") if len(texts) > 1 else next(iter(texts))


_TEMPLATES = Environment(
    loader=PackageLoader("adjoint", "templates"),
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,
)
_TEMPLATES.filters["comment"] = lambda text: textwrap.fill(
    " ".join(str(text).split()), 96, initial_indent="# ", subsequent_indent="# "
)
