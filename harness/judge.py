"""Does what was seen meet what is demanded?  (check, outcome) → verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adjoint import comparing, looking, tensors
from adjoint.call import GRADIENTS
from adjoint.comparing import Comparison, compare
from adjoint.golden import REPEATED, Case, Check
from adjoint.observations import OBSERVED_BY
from adjoint.outcome import Broke, Crashed, Outcome, Raised, Returned, TimedOut, Unsupported
from adjoint.spec import load
from adjoint.spec.clauses import KINDS

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
    comparison : Comparison, optional
        Of values: what came of comparing them.
    """

    check: Check
    verdict: str
    demanded: str = ""
    seen: str = ""
    stderr: str = ""
    unsupported: str = ""
    comparison: Comparison | None = None


def judge(case: Case, outcome: Outcome, python_errors: bool) -> list[Verdict]:
    """Return a verdict for each check of a case, in order.

    Parameters
    ----------
    case : Case
    outcome : Outcome
    python_errors : bool
        Whether the implementation claims the types of Python's errors.
    """
    unreached = _unreached(case, outcome)
    verdicts = [Verdict(check, "not-reached") for check in case.checks[:unreached]]
    for check in case.checks[unreached:]:
        before = verdicts[-1] if len(verdicts) > unreached else None
        if before and not _is_reached(check, before, outcome):
            verdicts.append(Verdict(check, "not-reached"))
        elif check.kind == "raised-type" and not python_errors:
            verdicts.append(
                Verdict(check, "unsupported", seen="claims no Python errors", unsupported="claims")
            )
        else:
            verdict = _judge(case, check, outcome)
            is_open = load().clauses[check.clause].level == "open"
            if is_open and verdict.verdict in ("conforms", "deviates"):
                verdict = replace(verdict, verdict="observed")
            verdicts.append(verdict)
    return verdicts


def _unreached(case: Case, outcome: Outcome) -> int:
    """Return how many checks come before what is seen beside the output, if that could not be had; else 0."""
    kinds = [check.kind in (*GRADIENTS, *OBSERVED_BY) for check in case.checks]
    late = isinstance(outcome, Raised) and outcome.stage == "observe"
    return kinds.index(True) if late and True in kinds else 0


def _is_reached(check: Check, before: Verdict, outcome: Outcome) -> bool:
    """Tell whether a check has something to judge after the one before; a gradient, after another one."""
    refused = isinstance(outcome, Raised) and check.kind not in ("raised", "raised-type")
    beside = isinstance(outcome, Returned) and check.kind in GRADIENTS and before.check.kind in GRADIENTS
    further = ("conforms", "observed", "vacuous", *(("deviates",) if beside else ()))
    return not refused and before.verdict in further


def _judge(case: Case, check: Check, outcome: Outcome) -> Verdict:
    nothing = check.demanded is None and check.kind in ("dtype", "shape", "shape-within", "values")  # open
    demanded = "open" if nothing else _demands(check)
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
            if check.kind == "values":
                return _values(check, demanded, observed["output"])
            if check.kind in REPEATED:
                return Verdict(check, *_REPEATED[check.kind](case, check, observed))
            if check.kind in GRADIENTS:
                return _gradient(check, demanded, observed[check.kind])
            if check.kind in OBSERVED_BY:
                held, seen = looking.look(check.kind, check.demanded, observed)
            else:
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


def _values(check: Check, demanded: str, output: Output) -> Verdict:
    found = compare(check.demanded, output)
    verdict = "vacuous" if found.vacuous else "conforms" if found.held else "deviates"
    return Verdict(check, verdict, demanded, found.seen, comparison=found)


def _inputs_kept(case: Case, _: Check, observed: Mapping[str, Output]) -> tuple[str, str, str]:
    sent = {name: tensors.decode(spec) for name, spec in case.call.tensors.items()}
    changed = [name for name, array in sent.items() if not _same(array, observed[f"after-{name}"])]
    return _verdict(not changed, "the tensors as they were", f"another {' and another '.join(changed)}")


def _repeatable(case: Case, check: Check, observed: Mapping[str, Output]) -> tuple[str, str, str]:
    (values,) = (check for check in case.checks if check.kind == "values")
    between = _values(check, "the values of each call", observed["between"])
    found = _values(values, "the values of each call", observed["again"])
    if between.verdict == "deviates":
        return between.verdict, between.demanded, f"of the call between, {between.seen}"
    return found.verdict, found.demanded, f"of the call made again, {found.seen}"


def _output_kept(_: Case, __: Check, observed: Mapping[str, Output]) -> tuple[str, str, str]:
    kept = _same(observed["output"], observed["later"])
    return _verdict(kept, "the output as it was", "another output")


def _verdict(held: bool, demanded: str, otherwise: str) -> tuple[str, str, str]:
    return ("conforms", demanded, demanded) if held else ("deviates", demanded, otherwise)


def _same(one: Output, other: Output) -> bool:
    """Tell whether two arrays are the same, bit for bit."""
    if isinstance(one, tensors.Foreign) or isinstance(other, tensors.Foreign):
        return False
    return tensors.encode(one) == tensors.encode(other)


_REPEATED: dict[str, Callable[[Case, Check, Mapping[str, Output]], tuple[str, str, str]]] = {
    "inputs-kept": _inputs_kept,
    "repeatable": _repeatable,
    "output-kept": _output_kept,
}


def _gradient(check: Check, demanded: str, gradient: Output) -> Verdict:
    """Judge the dtype and the values of a gradient: no other check looks at it."""
    dtype = check.demanded.get("low", check.demanded)["dtype"]
    if _name(gradient) != dtype:
        return Verdict(check, "deviates", demanded, _describe(gradient))
    return _values(check, demanded, gradient)


_CHECKS: dict[str, Callable[[Any, Output], tuple[bool, str]]] = {
    "returned": _returned,
    "dtype": _dtype,
    "shape": _shape,
    "shape-within": _shape_within,
}


_DEMANDS: dict[str, Callable[[Any], str]] = {
    "returned": lambda _: "the call returns",
    "raised": lambda _: "the call is refused",
    "raised-type": lambda name: f"the error is a {name}",
    "dtype": str,
    "shape": str,
    "shape-within": lambda axes: ", ".join(
        str(low) if low == high else f"{low} to {high}" for low, high in axes
    ),
    **dict.fromkeys(("values", *GRADIENTS), comparing.describe),
}


def _demands(check: Check) -> str:
    if check.kind in OBSERVED_BY:
        return looking.describe(check.kind, check.demanded)
    return KINDS[check.kind] if check.kind in REPEATED else _DEMANDS[check.kind](check.demanded)


def _describe(array: Output) -> str:
    return f"{_name(array)}{list(array.shape)}"


def _name(array: Output) -> str:
    return array.name if isinstance(array, tensors.Foreign) else array.dtype.name
