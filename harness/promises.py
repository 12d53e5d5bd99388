"""What do the clauses demand of what a layer or module shows beside its output?  For each kind of check.

`adjoint.looking` says what each demand means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from adjoint import tensors
from adjoint.call import Call, plain
from adjoint.demand import Demand, values_of
from adjoint.reference import apis, features, torch_modules, translation
from adjoint.reference.answer import specified_only_if
from adjoint.reference.bound import Claim
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.features import Initial, Loss
from adjoint.reference.layers import Layer
from adjoint.reference.objects import Named
from adjoint.reference.signatures import signatures

MANY = 2048
"""Of so many drawn numbers and more, all miss a fiftieth of their range with probability below 1e-17."""


def promised(call: Call, kind: str, output: Demand, claim: Claim | None = None) -> Any:
    """Return what is demanded where a layer is looked at, of all its weights, losses or arguments.

    Parameters
    ----------
    call : Call
    kind : str
        Of check: a key of `adjoint.observations.OBSERVED_BY`, but ``attributes``, which no rule gives.
    output : Demand
        What is demanded of the call's output.
    claim : Claim, optional
        What the implementation claims of its arithmetic; without it, sums are held in the output's dtype.

    Raises
    ------
    Unspecified
        If no clause speaks of it.
    """
    used = claim or Claim(call.dtype)
    match kind:
        case "weights-shape":
            return [list(weight.shape) for weight in _initial(call).values()]
        case "initial-weights":
            return {name: _range(weight, call.dtype) for name, weight in _initial(call).items()}
        case "losses":
            return _losses(call, output)
        case "after-step":
            return _stepped(call, used)
        case "config":
            values = {"values": _closed(output)} if "remade" in call.observe else {}
            return {"config": _config(_layer(call)), **values}
        case "declared-shape":
            shape = call.input_shape or call.tensors["input"]["shape"]
            return list(features.declared_shape(_layer(call), shape))
        case "signature":
            return _parameters(call)
    assert kind == "convolution-op", f"{kind} is no kind of check that looks at a layer"
    return None


def open_in_config(call: Call) -> set[str]:
    """Return the arguments of which it is open whether the layer's config has them."""
    return set(_layer(call).page.config_leaves)


def _closed(output: Demand) -> Mapping[str, Any]:
    """Return what is demanded of the output's values, where nothing is open."""
    specified_only_if("" in output.values, "what the output is, is open")
    values: Mapping[str, Any] = output.values[""]
    return values


def _layer(call: Call) -> Layer:
    return apis.LAYERS[call.api](call.api, call.values)


def _initial(call: Call) -> Mapping[str, Initial]:
    if call.api in torch_modules.RANKS:
        return torch_modules.initial_weights(torch_modules.construct(call.api, call.values))
    return features.initial_weights(_layer(call), call.tensors["kernel"]["shape"][-1])


def _range(weight: Initial, dtype: str) -> dict[str, Any]:
    """Return the range of a weight before training; of many numbers, also that they fill it evenly.

    A limit may be rounded, once where it is worked out and once where a number is scaled by it.  The median
    of `MANY` absolute values misses half the limit by less than a tenth of it but with probability below
    1e-15 (Hoeffding's inequality).
    """
    shape = list(weight.shape)
    if weight.value is not None:
        return {"shape": shape, "low": float(weight.value), "high": float(weight.value)}
    limit = sqrt(weight.limit_squared)
    high = limit * (1 + 4 * 2.0 ** -FORMATS[dtype].precision)
    found: dict[str, Any] = {"shape": shape, "low": -high, "high": high}
    if np.prod(shape) >= MANY:
        found |= {"reaches": 0.98 * limit, "median": [0.4 * limit, 0.6 * limit]}
    return found


def _losses(call: Call, output: Demand) -> dict[str, Any]:
    """Return the least and the greatest of each loss that is accepted, sorted; by reading, if it is open.

    A penalty grows with each absolute value.  It is a sum of `terms` numbers, squared, scaled and divided by
    the batch, and its factor rounded: each costs a rounding more.
    """
    exact = {name: Tensor.from_array(array) for name, array in call.arrays().items()}
    ends = _absolute(_closed(output))
    least, most = (
        features.losses(_layer(call), exact["kernel"], exact.get("bias"), Tensor.from_array(end))
        for end in ends
    )
    unit = 2.0 ** -FORMATS[call.dtype].precision

    def between(reading: str) -> dict[str, list[float]]:
        def ends(losses: Sequence[Loss], sign: int) -> list[float]:
            return sorted(
                float(loss.readings.get(reading, loss.value)) * (1 + sign * (loss.terms + 6) * unit)
                for loss in losses
            )

        return {"low": ends(least, -1), "high": ends(most, 1)}

    readings = {name for loss in least for name in loss.readings}
    return {"readings": {name: between(name) for name in sorted(readings)}} if readings else between("")


def _absolute(values: Mapping[str, Any]) -> tuple[tensors.Array, tensors.Array]:
    """Return the least and the greatest absolute value that each element may have."""
    low, high = (tensors.decode(values.get(end, values)) for end in ("low", "high"))
    crosses = (low < 0) & (high > 0)
    least, most = (pick(abs(low), abs(high)) for pick in (np.minimum, np.maximum))
    return np.where(crosses, low.dtype.type(0), least), most


def _stepped(call: Call, claim: Claim) -> dict[str, Any]:
    exact = {name: Tensor.from_array(array) for name, array in call.arrays().items()}
    translated = apis.translate(call.api, exact, call.values)
    assert call.gradient is not None, f"{call} observes a step, and has no tensor named gradient"
    slopes = translation.gradients(translated, Tensor.from_array(call.gradient))
    weights: dict[str, Tensor] = {name: exact[name] for name in ("kernel", "bias") if name in exact}
    answers = features.after_step(_layer(call), weights, slopes)
    return {name: values_of(answer, claim) for name, answer in answers.items()}


def _config(layer: Layer) -> dict[str, Any]:
    """Return the arguments as a config has them, but the dtype, for which a policy may stand."""
    told = {**features.config(layer), "activation": layer.activation}
    told.pop("dtype", None)
    return {
        name: {"class_name": value.name, "config": dict(value.settings)}
        if isinstance(value, Named)
        else plain(value)
        for name, value in told.items()
    }


def _parameters(call: Call) -> Any:
    """Return the parameters of a constructor or a function, or where it is seen of convolution_op."""
    if "convolution_op_signature" in call.observe:
        names = ("inputs", "kernel")  # .convolution-op-parameters
        return [{"name": name, "kind": "POSITIONAL_OR_KEYWORD"} for name in names]
    return [
        {"name": p.name, "kind": p.kind.name}
        | ({} if p.default is p.empty else {"default": plain(p.default)})
        for p in signatures()[call.api].parameters.values()
    ]
