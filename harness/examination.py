"""How is one implementation examined?  Cases go to its worker, verdicts into its record."""

from __future__ import annotations

import datetime
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adjoint import INTERPRETATION, __version__
from adjoint.catalogue import Implementation
from adjoint.claimed import under
from adjoint.claims import Claims
from adjoint.coverage import Coverage
from adjoint.deviations import Deviation, Ledger, is_within
from adjoint.errors import AdjointError
from adjoint.gate import HELD_LEVELS
from adjoint.golden import Case, coverage
from adjoint.homes import Homes
from adjoint.judge import Verdict, judge
from adjoint.outcome import Outcome, Unsupported
from adjoint.process import Limits
from adjoint.record import RecordWriter, fails
from adjoint.reference.bound import Claim
from adjoint.reproduce import script
from adjoint.spec import load
from adjoint.surveying import SURVEYED, Survey
from adjoint.worker import Worker


@dataclass(frozen=True)
class Gate:
    """What a run is held to.

    Attributes
    ----------
    levels : tuple of str
        The levels of clause that count.
    drift : bool
        Whether the documents of other versions count too.
    """

    levels: tuple[str, ...] = HELD_LEVELS
    drift: bool = False


@dataclass(frozen=True)
class Plan:
    """One run of one implementation.

    Attributes
    ----------
    implementation : Implementation
    record : Path
        Where its record goes.
    gate : Gate
    deviations : sequence of Deviation
    limits : Limits
    selection : str
        What the run was narrowed to, for the header; empty for all.
    profile : str
        How many calls are drawn, one of `adjoint.drawing.PROFILES`.
    seed : int
        Which calls are drawn.
    survey : Path, optional
        Where to write what deviates undeclared, which then counts as declared.
    """

    implementation: Implementation
    record: Path
    gate: Gate = field(default_factory=Gate)
    deviations: Sequence[Deviation] = ()
    limits: Limits = field(default_factory=Limits)
    selection: str = ""
    profile: str = "smoke"
    seed: int = 0
    survey: Path | None = None


class Examination:
    """Puts cases to one implementation and records the verdicts.

    Lazily: a case is performed when its verdicts are first asked for, with all before it in flight.

    Parameters
    ----------
    plan : Plan
    worker : Worker, optional
        One that lives on after this; without it, one is made, and closed at the end.
    """

    def __init__(self, plan: Plan, worker: Worker | None = None) -> None:
        self._plan = plan
        self._worker = worker or Worker(plan.implementation.command, plan.implementation.env, plan.limits)
        self._lent = worker is not None
        self._homes = Homes(plan.implementation, plan.limits)
        self._lines: dict[str, list[dict[str, Any]]] = {}
        self._results: Iterator[tuple[Case, Outcome]] = iter(())
        self._writer: RecordWriter | None = None
        self._coverage = Coverage()
        self._survey = Survey(plan.survey) if plan.survey else None
        self._started = time.monotonic()

    @property
    def plan(self) -> Plan:
        """The run that this is."""
        return self._plan

    @property
    def claims(self) -> Claims:
        """What the implementation claims.

        Raises
        ------
        WorkerDidNotStart
        """
        return self._worker.claims

    def begin(self, cases: Sequence[Case], drawn: int = 0) -> None:
        """Open the record, for these cases and so many items that draw theirs.

        Raises
        ------
        UsageError
            If the record can't be written.
        """
        claims = self.claims
        self._writer = RecordWriter(self._plan.record, _header(self._plan, claims, cases, drawn))
        self._ledger = Ledger(self._plan.deviations, self._plan.implementation.name, claims.systems)
        self._results = self._perform(cases)

    def lines(self, case: Case) -> list[dict[str, Any]]:
        """Return the record's lines of a case; performs it, and those before it, if need be.

        Raises
        ------
        WorkerDidNotStart, GaveUp
        """
        while case.id not in self._lines:
            self._advance(*next(self._results))
        return self._lines[case.id]

    def put(self, case: Case) -> list[dict[str, Any]]:
        """Return what would be the record's lines of a case that was drawn.

        All golden cases are performed before.

        Raises
        ------
        WorkerDidNotStart
        """
        for current, outcome in self._results:
            self._advance(current, outcome)
        (outcome,) = self._worker.perform([case.call])
        return self._judged(case, outcome)

    def note_drawn(self, lines: Sequence[dict[str, Any]]) -> None:
        """Record the lines that sum up the calls of an item that drew them."""
        assert self._writer is not None
        self._writer.drawn(lines)

    def claim(self, dtype: str) -> Claim:
        """Return what the implementation claims of its arithmetic in a dtype."""
        claimed: dict[str, Any] = {"accumulator": dtype, **self.claims.arithmetic.get(dtype, {})}
        return Claim(**claimed)

    def finish(self, stopped: str = "") -> Path | None:
        """Write the footer, and return where the record is, if one was begun; stop a worker of our own.

        Parameters
        ----------
        stopped : str
            Why the run did not come to its end, if it did not.
        """
        self._homes.close()
        if not self._lent:
            self._worker.close(grace=0.0 if stopped else 5.0)
        if self._writer is None:
            return None
        today = datetime.datetime.now(datetime.UTC).date()
        declared = () if stopped else self._ledger.problems(not self._plan.selection, today)
        problems = (*self._worker.deaths, *declared)
        if self._survey:
            self._survey.write(self._plan.implementation.name, self.claims.systems)
        with self._writer as writer:
            writer.footer(
                "stopped" if stopped else "ran",
                time.monotonic() - self._started,
                stopped,
                problems,
                self._coverage.table(),
            )
        return self._plan.record

    def _perform(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Outcome]]:
        """Yield each case's outcome; what is claimed away is not asked."""
        lacks = {case.id: self.claims.lacks(case.call) or self._homes.lacks(case.call) for case in cases}
        shared = [case.call for case in cases if not lacks[case.id] and case.call.home is None]
        outcomes = self._worker.perform(shared)
        for case in cases:
            if lacks[case.id]:
                yield case, Unsupported("claims", f"claims no {lacks[case.id]}")
            else:
                yield case, next(outcomes) if case.call.home is None else self._homes.perform(case.call)

    def _advance(self, case: Case, outcome: Outcome) -> None:
        """Judge a golden case and record its lines."""
        assert self._writer is not None
        claimed = case.call.dtype in self.claims.arithmetic
        if claimed:
            claim = self.claim(case.call.dtype)
            case = replace(case, checks=under(case.checks, case.call, claim))
        self._lines[case.id] = self._judged(case, outcome)
        for line in self._lines[case.id]:
            self._writer.check(line)

    def _judged(self, case: Case, outcome: Outcome) -> list[dict[str, Any]]:
        """Return a line for each check, and count what was put and judged."""
        return [self._line(case, verdict) for verdict in judge(case, outcome, self.claims.python_errors)]

    def _line(self, case: Case, verdict: Verdict) -> dict[str, Any]:
        claims, gate = self.claims, self._plan.gate
        clause = load().clauses[verdict.check.clause]
        own = _is_own(clause.document, claims)
        parameters = _parameters(case, verdict)
        declared = self._ledger.note(clause.id, verdict.check.kind, parameters, verdict.verdict)
        line: dict[str, Any] = {
            "case": case.id,
            "why": case.why,
            "api": case.call.api,
            "call": str(case.call),
            "size": case.call.size,
            "kind": verdict.check.kind,
            "clause": clause.id,
            "level": clause.level,
            "own": own,
            "verdict": verdict.verdict,
            "gated": own or gate.drift,
            "held": (own or gate.drift) and clause.level in gate.levels,
            "claimed": verdict.unsupported == "claims" or verdict.unsupported in claims.unsupported,
            "declared": declared and {"reason": declared.reason, "link": declared.link},
        }
        if verdict.comparison:
            is_output = verdict.check.kind == "values"
            line["features"] = self._coverage.note(case.call) if is_output else {"dtype": case.call.dtype}
            line |= dict(verdict.comparison.measured or {})
            line |= {"picture": picture} if (picture := verdict.comparison.picture) else {}
        if verdict.verdict != "conforms":
            line |= {"demanded": verdict.demanded, "seen": verdict.seen}
        if verdict.stderr:
            line["stderr"] = verdict.stderr
        if self._survey and self._survey.note(line, parameters):
            line["declared"] = SURVEYED
        if fails(line) or verdict.verdict in ("deviates", "crashed", "timed-out", "observed"):
            line["script"] = script(case, verdict.check, self._plan.implementation)
        return line


def write_not_run(plan: Plan, error: AdjointError, status: str = "not-run") -> None:
    """Write the record of an implementation that could not be run."""
    with RecordWriter(plan.record, _header(plan, None, (), 0)) as writer:
        writer.footer(status, 0.0, str(error))


def _parameters(case: Case, verdict: Verdict) -> dict[str, Any]:
    """Return what a declaration may ask of a call, of the shape demanded, of the elements that differ."""
    shapes = [check.demanded for check in case.checks if check.kind == "shape" and check.demanded is not None]
    seen = {"becomes": verdict.comparison.becomes} if verdict.comparison else {}
    return case.call.parameters() | ({"output.shape": shapes[0]} if shapes else {}) | seen


def _header(plan: Plan, claims: Claims | None, cases: Sequence[Case], drawn: int) -> dict[str, Any]:
    return {
        "implementation": plan.implementation.name,
        "version": claims.version if claims else "",
        "systems": dict(claims.systems) if claims else {},
        "claims": {"apis": list(claims.apis), "dtypes": list(claims.dtypes)} if claims else {},
        "python": claims.python if claims else "",
        "platform": platform.platform(),
        "adjoint": __version__,
        "interpretation": INTERPRETATION,
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "planned": sum(len(case.checks) for case in cases),
        "drawn": drawn,
        "arrays": coverage(),
        "profile": plan.profile,
        "seed": plan.seed,
        "levels": list(plan.gate.levels),
        "drift": plan.gate.drift,
        "selection": plan.selection,
    }


def _is_own(document: str, claims: Claims) -> bool:
    """Tell whether a document speaks of the versions that an implementation is made of."""
    own = load().documents[document].own
    return all(
        is_within(claims.systems[name], wanted, unknown=True)
        for name, wanted in own.items()
        if name in claims.systems
    )
