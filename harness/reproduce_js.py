"""How does a script in JavaScript show a check of TensorFlow.js?  What its template is given."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adjoint import tensors
from adjoint.catalogue import Implementation
from adjoint.golden import Case, Check
from adjoint.literals import LITERAL, is_made
from adjoint.reference.objects import Function, Named

KINDS = (
    "returned", "raised", "values", "shape", "shape-within", "dtype", "declared-shape", "initial-weights",
    "after-step", "gradient-input", "gradient-kernel", "gradient-bias",
)  # fmt: skip
"""The kinds of check that the template knows."""
FUNCTION = "tf.nn.conv_transpose"
TAKEN = {"output_shape", "strides", "padding"}
"""The arguments that the functions of TensorFlow.js have a place for."""
MODULES = {"initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints"}
SPELLED = {"L1L2": "l1l2", "LecunNormal": "leCunNormal", "LecunUniform": "leCunUniform"}


def is_known(case: Case, check: Check) -> bool:
    """Tell whether the template can show a check of a case."""
    call = case.call
    values = call.values.values()
    if check.kind not in KINDS or call.is_repeated or any(isinstance(value, Function) for value in values):
        return False
    if call.api != FUNCTION:
        return True
    return call.values.keys() <= TAKEN and _rank(case) in (4, 5)


def given(case: Case, check: Check, implementation: Implementation) -> dict[str, Any]:
    """Return what the template needs to know beside the clause, the case and the check."""
    call, of = case.call, check.kind.removeprefix("gradient-")
    is_sloped = of != check.kind
    used = [name for name in call.tensors if name != "gradient" or is_sloped or check.kind == "after-step"]
    if check.kind in ("initial-weights", "declared-shape"):
        used = []
    whole = {name: value for name, value in call.values.items() if value is not None}
    return {
        "package": _package(implementation),
        "is_function": call.api == FUNCTION,
        "name": f"conv{_rank(case) - 2}dTranspose",
        "arguments": _positional(case) if call.api == FUNCTION else _settings(whole),
        "built_for": json.dumps(_built_for(case)),
        "asked": json.dumps(list(call.input_shape or call.tensors["input"]["shape"])),
        "weights": [name for name in ("kernel", "bias") if name in used],
        "inputs": {name: _tensor(call.tensors[name]) for name in used},
        "made": any(is_made(call.tensors[name]) for name in used),
        "of": ["input", "kernel", "bias"].index(of) if is_sloped else None,
        "demanded": _demanded(check),
        "is_compared": is_sloped or check.kind in ("values", "after-step"),
    }


def _package(implementation: Implementation) -> str:
    """Return what npm is to install: the very version that the implementation is of, where that is known."""
    folder = Path(implementation.env.get("ADJOINT_TFJS", ""), "node_modules", "@tensorflow", "tfjs")
    try:
        told = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "@tensorflow/tfjs"
    return f"@tensorflow/tfjs@{told['version']}"


def _tensor(spec: Mapping[str, Any]) -> str:
    """Return JavaScript for an input tensor; its layout in memory is left out."""
    if is_made(spec):
        recipe = spec["make"]
        drawn = f"integers({spec['shape']}, {recipe['low']}, {recipe['high']}, {recipe['seed']}n)"
    else:
        drawn = _numbers(tensors.decode({key: value for key, value in spec.items() if key != "layout"}))
    return f'tf.tensor({drawn}, {json.dumps(list(spec["shape"]))}, "{spec["dtype"]}")'


def _numbers(array: tensors.Array) -> str:
    """Return JavaScript for the elements of an array: number by number, or many by their bytes."""
    if array.size > 4 * LITERAL:
        data = tensors.encode(array.astype("float64"))["data"]
        return f'[...new Float64Array(new Uint8Array(Buffer.from("{data}", "base64")).buffer)]'
    return f"[{', '.join(_number(float(number)) for number in array.ravel())}]"


def _number(number: float) -> str:
    if math.isnan(number) or math.isinf(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0 or not number.is_integer() or abs(number) >= 1 << 53:
        return "0" if number == 0 and math.copysign(1, number) > 0 else repr(number).removesuffix(".0")
    return repr(int(number))


def _written(value: Any, argument: str = "") -> str:
    """Return JavaScript for the value of an argument: what it names is spelled in JavaScript's way."""
    if isinstance(value, Named):
        kind = SPELLED.get(value.name, value.name[:1].lower() + value.name[1:])
        settings = _object(value.settings) if value.settings else ""
        return f"tf.{MODULES[argument.rpartition('_')[2]]}.{kind}({settings})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_written(item, argument) for item in value)}]"
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, np.integer):
        return str(value)
    return json.dumps(_camel(value) if isinstance(value, str) and argument != "name" else value)


def _object(values: Mapping[str, Any]) -> str:
    texts = [f"{name}: {_written(value)}" for name, value in values.items()]
    return f"{{ {', '.join(texts)} }}"


def _settings(values: Mapping[str, Any]) -> str:
    return f"{{ {', '.join(f'{_camel(name)}: {_written(value, name)}' for name, value in values.items())} }}"


def _camel(name: str) -> str:
    """Return a name as JavaScript spells it: kernel_size is kernelSize."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _positional(case: Case) -> str:
    """Return JavaScript for the arguments of a function after input and filters."""
    values, rank = case.call.values, _rank(case)
    steps, padding = values.get("strides"), values.get("padding", "SAME")
    if isinstance(steps, (list, tuple)):
        steps = steps[1:-1] if len(steps) == rank else steps
        steps = steps[0] if len(steps) == 1 else steps
    padding = padding.swapcase() if isinstance(padding, str) else padding
    return ", ".join(map(_written, (values.get("output_shape"), steps, padding)))


def _rank(case: Case) -> int:
    """Return how many axes the kernel has: two more than there are spatial ones."""
    if case.call.api == FUNCTION:
        return len(case.call.tensors["filters"]["shape"])
    return 5 if case.call.api.endswith("Conv3DTranspose") else 4


def _built_for(case: Case) -> list[int]:
    """Return the shape that a layer is built for: the input's, with as many channels as the kernel takes."""
    shape = list(case.call.tensors["input"]["shape"])
    if "kernel" in case.call.tensors:
        first = case.call.values.get("data_format") == "channels_first"
        shape[1 if first else -1] = case.call.tensors["kernel"]["shape"][-1]
    return shape


def _demanded(check: Check) -> str:
    """Return JavaScript for what is demanded: of numbers, the readings that are accepted, by name."""
    demanded = check.demanded
    if check.kind in ("returned", "raised"):
        return json.dumps({"returned": "the call returns", "raised": "the call is refused"}[check.kind])
    if demanded is None:
        return '"nothing"'
    if check.kind == "after-step":
        return _rows({name: _ends(wanted) for name, wanted in demanded.items()})
    if check.kind == "values" or check.kind.startswith("gradient-"):
        readings = demanded.get("readings", {"the only reading": demanded})
        return _rows({name: _ends(wanted) for name, wanted in readings.items()})
    return json.dumps(demanded)


def _rows(texts: Mapping[str, str]) -> str:
    return "\n".join(["{", *(f"  {json.dumps(name)}: {text}," for name, text in texts.items()), "}"])


def _ends(values: Mapping[str, Any]) -> str:
    """Return JavaScript for the least and the greatest numbers accepted, both ends included."""
    low, high = (
        tensors.decode(values[end]) if end in values else tensors.decode(values) for end in ("low", "high")
    )
    text = f"shape: {json.dumps(list(low.shape))}, low: {_numbers(low)}"
    if not np.array_equal(low, high, equal_nan=low.dtype.kind == "f"):
        text += f", high: {_numbers(high)}"
    return f"{{ {text}{', signed: true' if 'signed' in values else ''} }}"
