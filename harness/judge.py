"""Does what was seen meet what is demanded?  (check, outcome) → verdict.

So far for exact data alone: tensors of integers that every order of summation sums to the same number, so
values are compared for equality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint import tensors
from adjoint.golden import Case, Check
from adjoint.outcome import Broke, Crashed, Outcome, Raised, Returned, TimedOut, Unsupported
from adjoint.spec import load

Output = tensors.Array | tensors.Foreign


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one check.

    Attributes
    ----------
    check : Check
    verdict : str
        One of `adjoint.record.VERDICTS`.
    demanded, seen : str
        Both sides in a line each.
    stderr : str
        The worker's last words, where it died.
    unsupported : str
        Id of the claim that an `unsupported` leans on.
    """

    check: Check
    verdict: str
    demanded: str = ""
    seen: str = ""
    stderr: str = ""
    unsupported: str = ""


def judge(case: Case, outcome: Outcome, python_errors: bool) -> list[Verdict]:
    """Return a verdict for each check of a case, in order.

    Parameters
    ----------
    case : Case
    outcome : Outcome
    python_errors : bool
        Whether the implementation claims the types of Python's errors.
    """
    verdicts: list[Verdict] = []
    for check in case.checks:
        before = verdicts[-1] if verdicts else None
        refused = isinstance(outcome, Raised) and check.kind not in ("raised", "raised-type")
        if before and (refused or before.verdict not in ("conforms", "observed")):
            verdicts.append(Verdict(check, "not-reached"))
        elif check.kind == "raised-type" and not python_errors:
            verdicts.append(
                Verdict(check, "unsupported", seen="claims no Python errors", unsupported="claims")
            )
        else:
            verdict = _judge(check, outcome)
            is_open = load().clauses[check.clause].level == "open"
            if is_open and verdict.verdict in ("conforms", "deviates"):
                verdict = Verdict(check, "observed", verdict.demanded, verdict.seen)
            verdicts.append(verdict)
    return verdicts


def _judge(check: Check, outcome: Outcome) -> Verdict:
    nothing = check.demanded is None and check.kind in _CHECKS and check.kind != "returned"  # it is open
    demanded = "open" if nothing else _DEMANDS[check.kind](check.demanded)
    match outcome:
        case Crashed(cause, stderr):
            return Verdict(check, "crashed", demanded, cause, stderr)
        case TimedOut(seconds, stderr):
            return Verdict(check, "timed-out", demanded, f"no answer in {seconds:g} s", stderr)
        case Broke(problem, stderr):
            return Verdict(check, "broken", demanded, problem, stderr)
        case Unsupported(id, reason):
            return Verdict(check, "unsupported", demanded, reason, unsupported=id)
        case Raised():
            held = check.kind == "raised" or (check.kind == "raised-type" and check.demanded in outcome.types)
            return Verdict(check, "conforms" if held else "deviates", demanded, f"raised {outcome}")
        case Returned(observed):
            if check.kind in ("raised", "raised-type"):
                return Verdict(check, "deviates", demanded, f"returned {_describe(observed['output'])}")
            if nothing:
                return Verdict(check, "conforms", demanded, _describe(observed["output"]))
            held, seen = _CHECKS[check.kind](check.demanded, observed["output"])
            return Verdict(check, "conforms" if held else "deviates", demanded, seen)


def _returned(_: object, output: Output) -> tuple[bool, str]:
    return True, f"returned {_describe(output)}"


def _dtype(demanded: str, output: Output) -> tuple[bool, str]:
    return _name(output) == demanded, _name(output)


def _shape(demanded: list[int], output: Output) -> tuple[bool, str]:
    return list(output.shape) == demanded, str(list(output.shape))


def _shape_within(demanded: list[list[int]], output: Output) -> tuple[bool, str]:
    shape = list(output.shape)
    fits = len(shape) == len(demanded) and all(
        low <= size <= high for size, (low, high) in zip(shape, demanded, strict=True)
    )
    return fits, str(shape)


def _values(demanded: Mapping[str, Any], output: Output) -> tuple[bool, str]:
    if isinstance(output, tensors.Foreign):
        return False, f"{_name(output)}, which can't be read"
    if "readings" in demanded:
        for name, reading in demanded["readings"].items():
            if np.array_equal(tensors.decode(reading), output):
                return True, name
        return False, "none of the readings known"
    expected = tensors.decode(demanded)
    if expected.shape != output.shape:
        return False, f"shape {list(output.shape)}"
    wrong = np.argwhere(~(expected == output))  # NaN equals nothing, and so is wrong
    if not len(wrong):
        return True, "equal"
    first = tuple(int(index) for index in wrong[0])
    return False, (
        f"{len(wrong)} of {expected.size} elements differ; "
        f"the first, at {list(first)}, is {output[first]:.17g} instead of {expected[first]:.17g}"
    )


_CHECKS: dict[str, Callable[[Any, Output], tuple[bool, str]]] = {
    "returned": _returned,
    "dtype": _dtype,
    "shape": _shape,
    "shape-within": _shape_within,
    "values": _values,
}


def _demand_values(demanded: Mapping[str, Any]) -> str:
    if "readings" in demanded:
        return "open: " + ", or ".join(demanded["readings"])
    return f"{_describe(tensors.decode(demanded))}, exactly"


_DEMANDS: dict[str, Callable[[Any], str]] = {
    "returned": lambda _: "the call returns",
    "raised": lambda _: "the call is refused",
    "raised-type": lambda name: f"the error is a {name}",
    "dtype": str,
    "shape": str,
    "shape-within": lambda axes: ", ".join(
        str(low) if low == high else f"{low} to {high}" for low, high in axes
    ),
    "values": _demand_values,
}


def _describe(array: Output) -> str:
    return f"{_name(array)}{list(array.shape)}"


def _name(array: Output) -> str:
    return array.name if isinstance(array, tensors.Foreign) else array.dtype.name
