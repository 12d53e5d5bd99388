"""How does a person reproduce a verdict without this suite?  A script that needs only the framework."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from adjoint import reproduce_js, reproduce_layers, tensors
from adjoint.call import GRADIENTS, Call
from adjoint.catalogue import Implementation
from adjoint.golden import REPEATED, Case, Check
from adjoint.literals import LITERAL, accepted, expression, is_made
from adjoint.observations import OBSERVED_BY
from adjoint.reference.objects import Function, Named
from adjoint.spec import load
from adjoint.spec.clauses import KINDS
from adjoint.worker import GREETING


def script(case: Case, check: Check, implementation: Implementation) -> str:
    """Return a script that shows a check of a case.

    Its exit code is 0 where the check holds or its clause is open, and 1 where it does not hold.  For what
    the template in JavaScript does not know, and what a worker of unknown kind shows of more than one call,
    or beside the output, it is a shell command that feeds the worker the call, to be read by eye.
    """
    clause = load().clauses[check.clause]
    if implementation.script == "tfjs" and reproduce_js.is_known(case, check):
        document, given = load().documents[clause.document], reproduce_js.given(case, check, implementation)
        text = _TEMPLATES.get_template("tfjs.js.j2").render(
            case=case, check=check, clause=clause, document=document, **given
        )
        return text.strip() + "\n"
    alone = not case.call.is_repeated and check.kind not in (*REPEATED, *OBSERVED_BY)
    if implementation.script == "tfjs" or not (implementation.script or alone):
        return f"# {clause.id} ({clause.level}): {clause.text}\n{_feed(case, check, implementation)}"
    is_kept = check.kind == "inputs-kept" and case.call.gradient is not None
    of = check.kind.removeprefix("gradient-") if check.kind in GRADIENTS else "input" if is_kept else ""
    used = {name: _as_taken(case.call.tensors[name], implementation.script) for name in _passed(case, check)}
    inputs = {name: expression(spec) for name, spec in used.items()}
    wanted, look = _demanded(case, check), reproduce_layers.looked(case, check)
    template = f"{implementation.script or 'worker'}.py.j2"
    text = _TEMPLATES.get_template(template).render(
        api=case.call.api,
        arguments=_arguments(case.call, implementation),
        constructor=_arguments(case.call, implementation, but=("output_size",)),
        called=_arguments(case.call, implementation, only=("output_size",)),
        made_by=_made_by(case.call.api),
        built_for=_built_for(case),
        **_repeated(case, check),
        taken_within=_taken_within(case, check, implementation),
        **look,
        is_kept=is_kept,
        is_looked=check.kind in OBSERVED_BY,
        layouts=[spec["layout"] for spec in used.values() if "layout" in spec],
        inputs=inputs,
        given=[name for name in inputs if name != "gradient"],
        weights=", ".join(name for name in ("kernel", "bias") if name in inputs),
        of=of,
        operand=next((name for name in ("weight", "filters") if name in inputs and of == "kernel"), of),
        bfloat16=[name for name, spec in used.items() if spec["dtype"] == "bfloat16"],
        made=any(is_made(spec) for spec in used.values()),
        packed=any("base64." in text for text in (wanted, look["values"], *inputs.values())),
        case=case,
        check=check,
        clause=clause,
        document=load().documents[clause.document],
        wanted=wanted,
        signed=check.kind == "values"
        and any("signed" in reading for reading in (check.demanded or {}).get("readings", {}).values()),
        wanted_dtype=check.demanded.get("low", check.demanded)["dtype"] if check.kind in GRADIENTS else "",
        implementation=implementation,
        greeting=json.dumps(GREETING),
        shown=_readable({name: case.call.tensors[name] for name in used}),
        command=shlex.split(_shell(implementation)),
        put=repr(json.dumps(case.call.to_json())),
        target=implementation.targets.get(case.call.api, ""),
    )
    return text.strip() + "\n"


def needs_gradients(case: Case, check: Check) -> bool:
    """Tell whether a script of a check takes gradients, and so needs an implementation that shows them."""
    return "gradient" in _passed(case, check)


def _passed(case: Case, check: Check) -> tuple[str, ...]:
    """Return the names of the tensors that a script needs."""
    if check.kind in OBSERVED_BY:
        return reproduce_layers.tensors_for(case, check)
    sloped = check.kind in (*GRADIENTS, "inputs-kept")
    return tuple(name for name in case.call.tensors if sloped or name != "gradient")


def _arguments(
    call: Call, implementation: Implementation, but: Sequence[str] = (), only: Sequence[str] = ()
) -> str:
    """Return Python for a call's arguments, those given by position first."""
    names = [name for name in call.values if name not in but and (not only or name in only)]
    first = [name for name in call.positional if name in names]
    texts = {name: _argument(name, call.values[name], implementation) for name in names}
    named = [f"{name}={text}" for name, text in texts.items() if name not in first]
    return ", ".join([*map(texts.__getitem__, first), *named])


def _argument(name: str, value: Any, implementation: Implementation) -> str:
    """Return Python for an argument; PyTorch, and a library that is claimed, have dtypes of their own."""
    script = implementation.script
    if isinstance(value, Function):
        return reproduce_layers.FUNCTIONS[value.name]
    if isinstance(value, Named):
        modules = {"keras": "keras", "tensorflow": "tf.keras", "tensorflow1": "tf.keras"}.get(script, "")
        if script == "tensorflow1" and value.name in ("L1", "L2"):
            value = Named("L1L2", value.settings)  # there was no class of that name
        return reproduce_layers.argument(name, value, modules)
    library = "torch" if script == "torch" else implementation.arrays
    return f"{library}.{value}" if name == "dtype" and value and library else repr(value)


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
    passed = _given_again(call)
    batched = len(call.tensors["input"]["shape"]) == max(len(spec["shape"]) for spec in call.tensors.values())
    whole = "joined([input, -input])" if batched and "output_shape" not in call.arguments else "input"
    locked = ("broadcast", "read-only")
    return {
        "is_repeated": call.is_repeated and check.kind in REPEATED,
        "passed": passed,
        "opposite": ["-input", *passed[1:]],
        "doubled": [whole, *(f"-{name}" for name in passed[1:])],
        "written": [name for name in passed if call.tensors[name].get("layout") not in locked],
    }


def _taken_within(case: Case, check: Check, implementation: Implementation) -> list[str]:
    """Return the tensors that each call makes arrays of a library of: NumPy's are changed between calls."""
    changed = case.call.is_repeated and check.kind in ("repeatable", "output-kept")
    return _given_again(case.call) if changed and implementation.arrays else []


def _given_again(call: Call) -> list[str]:
    """Return the names of the tensors that are passed each time that a call is made."""
    return list(call.tensors) if _made_by(call.api) == "function" else ["input"]


def _as_taken(spec: Mapping[str, Any], script: str) -> dict[str, Any]:
    """Return a tensor as it can be handed over: PyTorch has no negative strides, and needs a copy."""
    copied = script == "torch" and spec.get("layout") == "reversed"
    return {key: value for key, value in spec.items() if not (copied and key == "layout")}


def _feed(case: Case, check: Check, implementation: Implementation) -> str:
    lines = [GREETING, {"do": "perform", "id": 0, "call": case.call.to_json()}, {"do": "stop"}]
    text = "\n".join(json.dumps(line) for line in lines)
    wanted = "" if check.demanded is None else f" {json.dumps(check.demanded)}"
    shown = _readable({name: case.call.tensors[name] for name in _passed(case, check)})
    if check.kind == "values" and check.demanded and "readings" not in check.demanded:
        ends = {f"demanded, {end}": check.demanded[end] for end in ("low", "high") if end in check.demanded}
        shown += _readable(ends or {"demanded": check.demanded})
    return f"{shown}# demanded: {check.kind}{wanted}\n{_shell(implementation)} <<'CALLS'\n{text}\nCALLS\n"


def _readable(specs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return comments that show the numbers of tensors, of those that are small."""
    small = {name: tensors.decode(spec) for name, spec in specs.items() if prod(spec["shape"]) <= LITERAL}
    return "".join(
        f"# {name}, {array.dtype} of shape {list(array.shape)}: {_as_numbers(array)}\n"
        for name, array in small.items()
    )


def _as_numbers(array: tensors.Array) -> Any:
    """Return nested lists of Python's own numbers."""
    return (array if array.dtype.kind in "biuf" else array.astype("float32")).tolist()


def _shell(implementation: Implementation) -> str:
    """Return the command of a worker for a shell: one that was given as a command is named so."""
    if not implementation.env:
        return implementation.name
    variables = [f"{name}={value}" for name, value in implementation.env.items()]
    return shlex.join(["env", *variables, *implementation.command])


def _demanded(case: Case, check: Check) -> str:
    """Return Python for what is demanded; of a repeated call, of the call between and the one made again."""
    if check.kind == "repeatable":
        (values,) = (other.demanded for other in case.checks if other.kind == "values")
        return f"[{accepted(check.demanded)}, {accepted(values)}]"
    if check.kind in REPEATED:
        return repr(KINDS[check.kind])
    if check.kind in ("returned", "raised"):
        return repr({"returned": "the call returns", "raised": "the call is refused"}[check.kind])
    if check.demanded is None:
        return repr("nothing")
    if check.kind in OBSERVED_BY:
        return reproduce_layers.demanded(check)
    if check.kind not in ("values", *GRADIENTS):
        return repr(check.demanded)
    if "readings" in check.demanded:
        rows = [f"    {name!r}: {accepted(t)}," for name, t in check.demanded["readings"].items()]
        return "\n".join(["{", *rows, "}"])
    return accepted(check.demanded)


_TEMPLATES = Environment(
    loader=PackageLoader("adjoint", "templates"),
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,
)
_TEMPLATES.filters["literal"] = repr
_TEMPLATES.filters["comment"] = lambda text: textwrap.fill(
    " ".join(str(text).split()), 96, initial_indent="# ", subsequent_indent="# "
)
_TEMPLATES.filters["in_javascript"] = lambda text: re.sub("^#", "//", text, flags=re.MULTILINE)
