"""What is demanded of a setting's call?  From a setting to a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adjoint.cases.settings import Setting, call_of, clauses, exercised
from adjoint.demand import demand, operation_of
from adjoint.golden import Case, Check
from adjoint.reference.answer import Unspecified
from adjoint.reference.bound import Claim
from adjoint.spec import load


def case_of(setting: Setting, claim: Callable[[str], Claim] = Claim, why: str = "drawn") -> Case:
    """Return the case of a legal setting.

    Parameters
    ----------
    setting : Setting
    claim : callable
        From a dtype to what the implementation claims of its arithmetic in it.
    why : str
        Why the case exists.
    """
    call = call_of(setting)
    held = clauses(setting, operation_of(call))
    try:
        wanted = demand(call, claim(setting.dtype), held["values"].partition(".")[2])
    except Unspecified:  # as the setting is legal, only its gradients can be: relu has none at zero
        return case_of(replace(setting, gradients=False), claim, why)
    is_open = load().clauses[held["values"]].level == "open"
    values = {"readings": wanted.values} if is_open else wanted.values[""]
    held |= dict.fromkeys(wanted.gradients, f"{load().document_of(held['values']).id}.gradients")
    demanded = {"dtype": wanted.dtype, "shape": wanted.shape, "values": values, **wanted.gradients}
    checks = tuple(Check(kind, clause, demanded.get(kind)) for kind, clause in held.items())
    return Case(call, checks, f"{why}, with {setting.data} data", exercised(setting))
