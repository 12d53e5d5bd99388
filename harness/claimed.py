"""What is demanded of an implementation that claims its arithmetic?  Checks, with their numbers anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from adjoint.call import GRADIENTS, Call
from adjoint.demand import Demand, demand
from adjoint.golden import Check
from adjoint.observations import OBSERVED_BY
from adjoint.promises import promised
from adjoint.reference.bound import Claim

NUMBERS = ("values", "repeatable", *GRADIENTS, "losses", "after-step", "config")


def under(checks: Sequence[Check], call: Call, claim: Claim) -> tuple[Check, ...]:
    """Return checks as they are for an implementation with such a claim: numbers are demanded anew.

    Also those that follow from numbers: losses, the weights after a step, what a layer made again returns.
    """

    @cache
    def anew(opposite: bool, rule: str) -> Demand:
        return demand(call.opposite() if opposite else call, claim, rule)

    def changed(check: Check) -> Check:
        if check.kind not in NUMBERS or not check.demanded:
            return check
        if check.kind in OBSERVED_BY:
            whole, held = promised(call, check.kind, anew(False, ""), claim), check.demanded
            narrowed = {key: held[key] if key == "config" else whole[key] for key in held}
            return replace(check, demanded=narrowed)
        if check.kind in GRADIENTS:
            return replace(check, demanded=anew(False, "").gradients[check.kind])
        values = anew(check.kind == "repeatable", check.clause.partition(".")[2]).values
        return replace(check, demanded={"readings": values} if "readings" in check.demanded else values[""])

    return tuple(map(changed, checks))
