"""What is demanded of a setting's call?  From a setting to a case."""

from __future__ import annotations

from collections.abc import Callable

from adjoint.cases.settings import Setting, call_of, clauses, exercised
from adjoint.demand import demand, operation_of
from adjoint.golden import Case, Check
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
    wanted = demand(call, claim(setting.dtype), held["values"].partition(".")[2])
    is_open = load().clauses[held["values"]].level == "open"
    values = {"readings": wanted.values} if is_open else wanted.values[""]
    demanded = {"dtype": wanted.dtype, "shape": wanted.shape, "values": values}
    checks = tuple(Check(kind, clause, demanded.get(kind)) for kind, clause in held.items())
    return Case(call, checks, f"{why}, with {setting.data} data", exercised(setting))
