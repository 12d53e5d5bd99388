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

from adjoint.examination import Examination
from adjoint.golden import Case
from adjoint.record import fails
from adjoint.reference.bound import Claim

PROFILES = {"smoke": 8, "quick": 100, "full": 1500}
"""How many calls each item draws."""

BUDGET = 400
"""How many calls an item may spend on making a failure smaller; one that ends the worker counts as 25."""

DATA = ("exact", "rounded", "special")
FINDINGS = ("deviates", "crashed", "timed-out", "broken")
FLOATS = ("float16", "bfloat16", "float32", "float64")

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
    """

    def __init__(self, api: str, data: str, examination: Examination) -> None:
        self.api, self.data = api, data
        self.dtypes = tuple(name for name in FLOATS if name in examination.claims.dtypes)
        self._examination = examination
        self._calls = 0
        self._spent = 0
        self._sums: dict[Key, Line] = {}
        self._smallest: dict[Key, tuple[Line, Case]] = {}
        self._known: dict[str, tuple[Key, ...]] = {}

    def run(
        self, strategy: SearchStrategy[Any], case_of: Callable[[Any, Callable[[str], Claim]], Case]
    ) -> list[Line]:
        """Draw and perform calls, record what came of them, and return the lines that fail the gate.

        Parameters
        ----------
        strategy : SearchStrategy
            Of whatever `case_of` makes a case from.
        case_of : callable
            From what was drawn, and from dtypes to claims, to a case.
        """
        if not self.dtypes:
            self._examination.note_drawn([])
            return []

        def put(drawn: Any) -> None:
            found = self._findings(case_of(drawn, self._examination.claim))
            if found:
                raise _kind(found[0])(found[0])

        plan = self._examination.plan
        digest = hashlib.sha256(f"{self.api} {self.data} {plan.seed}".encode()).hexdigest()
        configured = settings(
            max_examples=max(1, round(PROFILES[plan.profile] * plan.implementation.draws)),
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        with suppress(Deviates):
            try:
                seed(int(digest[:8], 16))(configured(given(strategy)(put)))()
            except BaseExceptionGroup as group:
                _, others = group.split(Deviates)
                if others:
                    raise others from None
        lines = self._lines()
        self._examination.note_drawn(lines)
        return [line for line in lines if fails(line)]

    def _findings(self, case: Case) -> tuple[Key, ...]:
        """Perform a case, unless it is known, and return what deviates."""
        if case.id in self._known:
            return self._known[case.id]
        if self._smallest and self._spent >= BUDGET:
            return ()
        lines = self._examination.put(case)
        self._calls += not self._smallest
        self._spent += bool(self._smallest) * (25 if lines[0]["verdict"] in FINDINGS[1:] else 1)
        found = []
        for line in lines:
            if line["verdict"] in FINDINGS and not line["declared"]:
                found.append(self._keep(line, case))
            elif line["verdict"] != "not-reached":
                self._sum_up(line)
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
        drawn = {"data": self.data, "calls": self._calls, "declared": 0, "units": []}
        return lines + [{**line, "drawn": drawn} for line in self._distinct()]

    def _distinct(self) -> list[Line]:
        """Return what deviates, but for calls that deviate without some of what is unusual of them."""
        unusual = [(kind, set(case.exercises)) for (_, kind, _), (_, case) in self._smallest.items()]
        return [
            line
            for (_, kind, _), (line, case) in sorted(self._smallest.items(), key=lambda item: item[0])
            if not any(kind == other and less < set(case.exercises) for other, less in unusual)
        ]


class Deviates(AssertionError):  # noqa: N818 - a finding, not an error of ours
    """A drawn call deviates; a class of its own for each way, so that Hypothesis tells them apart."""


_KINDS: dict[Key, type[Deviates]] = {}


def _kind(key: Key) -> type[Deviates]:
    """Return the class of the errors of one clause, kind and verdict."""
    return _KINDS.setdefault(key, type(" ".join(key), (Deviates,), {}))
