"""How are calls drawn for an implementation?  By Hypothesis; what deviates is made as small as it gets.

The same calls each time: the seed comes from the API, the kind of data and the run's own seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.strategies import SearchStrategy

from adjoint.call import GRADIENTS
from adjoint.errors import UsageError, WorkerDidNotStart
from adjoint.examination import Examination
from adjoint.golden import Case
from adjoint.nearest import instead
from adjoint.record import fails
from adjoint.reference.bound import Claim
from adjoint.reference.plain import API as PLAIN
from adjoint.worker import GaveUp

PROFILES = {"smoke": 8, "quick": 100, "full": 1500}
"""How many calls each item draws."""


def profiled(profile: str, said: str) -> str:
    """Return the name of a profile, if it is one; `said` is what it was given as.

    Raises
    ------
    UsageError
    """
    names = ("none", *PROFILES)
    if profile not in names:
        raise UsageError(f"{said}{instead(profile, names, 'it must be one of ' + ', '.join(names))}.")
    return profile


BUDGET = 400
"""How many calls a round may spend on making a failure smaller."""

FATAL = 25
"""As how many a call that ends the worker counts; of an item, all of them together are within the budget."""

ROUNDS = 5
"""How often an item looks on after something deviated: for what deviates otherwise."""

DATA = ("exact", "rounded", "special")
FINDINGS = ("deviates", "crashed", "timed-out", "broken")
FLOATS = ("float32", "float64", "float16", "bfloat16")
"""The dtypes that are drawn, the simplest first: a failure ends in that if it can."""

Line = dict[str, Any]
Key = tuple[str, str, str]


class Drawn:
    """The calls drawn of one API with one kind of data.

    Attributes
    ----------
    api : str
    data : str
        One of `DATA`.
    dtypes : tuple of str
        Those of the four floating-point ones that the implementation claims.
    gradients : bool
        Whether they are looked at: those that can be observed, of an implementation that is not slow.
    """

    def __init__(self, api: str, data: str, examination: Examination) -> None:
        self.api, self.data = api, data
        self.dtypes = tuple(name for name in FLOATS if name in examination.claims.dtypes)
        slow = examination.plan.implementation.draws < 1
        wanted = GRADIENTS[:2] if api == PLAIN else GRADIENTS  # it has no bias
        self.gradients = not slow and set(wanted) <= set(examination.claims.observes)
        self._examination = examination
        self._calls = 0
        self._spent = 0
        self._fatal = 0
        self._dead: WorkerDidNotStart | GaveUp | None = None
        self._sums: dict[Key, Line] = {}
        self._smallest: dict[Key, tuple[Line, Case]] = {}
        self._known: dict[str, tuple[Key, ...]] = {}

    @property
    def calls(self) -> int:
        """How many calls were drawn, but for those that make a failure smaller."""
        return self._calls

    def run(
        self,
        strategy: SearchStrategy[Any],
        case_of: Callable[[Any, Callable[[str], Claim]], Case],
        rounds: int = ROUNDS,
    ) -> list[Line]:
        """Draw and perform calls, record what came of them, and return the lines that fail the gate.

        If an earlier run finished this item, nothing is drawn.

        Parameters
        ----------
        strategy : SearchStrategy
            Of whatever `case_of` makes a case from.
        case_of : callable
            From what was drawn, and from dtypes to claims, to a case.
        rounds : int
            How often to look on, at most; the first time included.
        """
        if (before := self._examination.drawn_before(self.data, self.api)) is not None:
            return [line for line in before if fails(line)]
        if self.dtypes:
            for attempt in range(rounds):
                settled = set(self._smallest)
                self._round(attempt, strategy, case_of)
                if self._dead or set(self._smallest) == settled:
                    break
        lines = self._lines()
        self._examination.note_drawn(lines, finished=not self._dead)
        if self._dead:
            raise self._dead
        return [line for line in lines if fails(line)]

    def _round(
        self,
        attempt: int,
        strategy: SearchStrategy[Any],
        case_of: Callable[[Any, Callable[[str], Claim]], Case],
    ) -> None:
        """Draw the calls that are left, up to one that deviates as none did in an earlier round."""
        plan, settled = self._examination.plan, set(self._smallest)
        left = max(1, round(PROFILES[plan.profile] * plan.implementation.draws)) - self._calls
        if left < 1:
            return
        self._spent = 0

        def put(drawn: Any) -> None:
            found = [
                key for key in self._findings(case_of(drawn, self._examination.claim)) if key not in settled
            ]
            if found:
                self._spent = max(self._spent, 1)  # from here on, calls are made smaller
                raise _kind(found[0])(found[0])

        digest = hashlib.sha256(f"{self.api} {self.data} {plan.seed} {attempt}".encode()).hexdigest()
        configured = settings(
            max_examples=left,
            database=None,
            deadline=None,
            derandomize=False,
            report_multiple_bugs=False,  # the others' turn comes in the rounds after
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        with suppress(Deviates):
            seed(int(digest[:8], 16))(configured(given(strategy)(put)))()

    def _findings(self, case: Case) -> tuple[Key, ...]:
        """Perform a case, unless it is known, and return what deviates."""
        if case.id in self._known:
            return self._known[case.id]
        if self._dead or max(self._spent, FATAL * self._fatal) >= BUDGET:
            return ()
        try:
            lines = self._examination.put(case)
        except (WorkerDidNotStart, GaveUp) as error:  # Hypothesis would put the call again
            self._dead = error
            return ()
        self._fatal += lines[0]["verdict"] in FINDINGS[1:]
        self._calls += not self._spent
        found = []
        for line in lines:
            if line["verdict"] in FINDINGS and not line["declared"]:
                found.append(self._keep(line, case))
            elif line["verdict"] != "not-reached" and not self._spent:
                self._sum_up(line)
        self._spent += bool(self._spent)
        self._known[case.id] = tuple(found)
        return self._known[case.id]

    def _keep(self, line: Line, case: Case) -> Key:
        """Keep the smallest call that deviates so."""
        key = (line["clause"], line["kind"], line["verdict"])
        held, _ = self._smallest.setdefault(key, (line, case))
        if (line["size"], line["call"]) < (held["size"], held["call"]):
            self._smallest[key] = line, case
        return key

    def _sum_up(self, line: Line) -> None:
        """Count a line with those that say the same: of an open clause what was seen, of sums the dtype."""
        is_open = line["verdict"] == "observed" and line["kind"] == "values"
        dtype = {"dtype": line["features"]["dtype"]} if "units" in line else {}
        key = (
            line["clause"],
            line["kind"],
            f"{line['verdict']} {line['declared']} {dtype} {is_open and line['seen']}",
        )
        if key not in self._sums:
            drawn = {"data": self.data, "calls": 0, "declared": 0, "units": []}
            self._sums[key] = {**line, "features": dtype, "drawn": drawn}
        held = self._sums[key]
        if (line["size"], line["call"]) < (held["size"], held["call"]):
            held |= {name: line[name] for name in line.keys() - {"units", "bound", "features"}}
        held["drawn"]["calls"] += 1
        held["drawn"]["declared"] += bool(line["declared"])
        if dtype:
            held["drawn"]["units"].append(line["units"])
            held |= {name: max(held[name], line[name]) for name in ("units", "bound")}

    def _lines(self) -> list[Line]:
        """Return a line for each thing that came of the calls."""
        lines = []
        for _, line in sorted(self._sums.items()):
            if line["verdict"] in ("conforms", "vacuous", "unsupported"):
                said = f"{line['drawn']['calls']} drawn calls of {self.data} data"
                line |= {"case": "drawn", "call": said, "size": 0}
            lines.append(line)
        drawn = {"data": self.data, "calls": self._calls, "declared": 0}
        for line in self._distinct():
            lines.append({**line, "drawn": {**drawn, "units": [line["units"]] if "units" in line else []}})
        return lines

    def _distinct(self) -> list[Line]:
        """Return what deviates, but for calls that deviate alike without some of what is unusual of them."""

        def alike(line: Line, case: Case) -> tuple[str, str, str, bool]:
            return line["kind"], line["verdict"], case.call.dtype, fails(line)

        found = [held for _, held in sorted(self._smallest.items(), key=lambda item: item[0])]
        return [
            line
            for line, case in found
            if not any(
                alike(line, case) == alike(other, less) and set(less.exercises) < set(case.exercises)
                for other, less in found
            )
        ]


class Deviates(AssertionError):  # noqa: N818 - a finding, not an error of ours
    """A drawn call deviates; a class of its own for each way, so that Hypothesis tells them apart."""


_KINDS: dict[Key, type[Deviates]] = {}


def _kind(key: Key) -> type[Deviates]:
    """Return the class of the errors of one clause, kind and verdict."""
    return _KINDS.setdefault(key, type(" ".join(key), (Deviates,), {}))
