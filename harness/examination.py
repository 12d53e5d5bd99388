"""How is one implementation examined?  Cases go to its worker, verdicts into its record."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from adjoint.claimed import under
from adjoint.claims import Claims
from adjoint.coverage import Coverage
from adjoint.deviations import Ledger, is_within
from adjoint.golden import Case
from adjoint.heading import header
from adjoint.homes import Homes
from adjoint.inert import cut
from adjoint.judge import Verdict, judge
from adjoint.locking import locked
from adjoint.outcome import Outcome, Unsupported
from adjoint.plan import Plan
from adjoint.process import GRACE
from adjoint.record import FATAL, RecordWriter, fails
from adjoint.reference.bound import Claim
from adjoint.reproduce import script
from adjoint.resuming import Kept, keep, recount
from adjoint.spec import load
from adjoint.surveying import SURVEYED, Survey
from adjoint.waiting import aloud
from adjoint.worker import Worker

MOST_SEEN = 4000
"""Characters that a record keeps of what was seen."""


class Examination:
    """Puts cases to one implementation and records the verdicts.

    Lazily: a case is performed when its verdicts are first asked for, with all before it in flight.

    Parameters
    ----------
    plan : Plan
    worker : Worker, optional
        One that lives on after this; without it, one is made, and closed at the end.
    say : callable
        Takes a sentence for whoever waits while that starts.
    """

    def __init__(self, plan: Plan, worker: Worker | None = None, say: Callable[[str], None] = aloud) -> None:
        implementation = plan.implementation
        self._plan = plan
        self._worker = worker or Worker(implementation.command, implementation.env, plan.limits, say=say)
        self._lent = worker is not None
        self._homes = Homes(plan.implementation, plan.limits)
        self._lines: dict[str, list[dict[str, Any]]] = {}
        self._results: Iterator[tuple[Case, Outcome]] = iter(())
        self._writer: RecordWriter | None = None
        self._coverage = Coverage()
        self._kept = Kept()
        self._deaths: list[str] = []
        self._told = len(self._worker.deaths)
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
            If the record can't be written, or is to be resumed and is of another run, or still runs.
        """
        claims, path = self.claims, self._plan.record
        head = header(self._plan, claims, cases, drawn)
        self._ledger = Ledger(self._plan.deviations, self._plan.implementation.name, claims.systems)
        with ExitStack() as unless_it_is_written:
            file = unless_it_is_written.enter_context(locked(path))
            if self._plan.resume:
                self._kept = keep(path, head, cases)
            if self.is_whole:
                return
            self._writer = RecordWriter(path, head, self._kept.size, file)
            unless_it_is_written.pop_all()
        lines = self._kept.lines()
        self._writer.kept(lines)
        self._coverage, self._deaths = recount(lines)
        for line in lines:
            self._ledger.add(line.get("tally", {}).get("met", {}))
        self._lines.update(self._kept.golden)
        self._results = self._perform(cases)

    @property
    def is_whole(self) -> bool:
        """Whether the record came to its end in an earlier run, so that nothing is left to be done."""
        return self._kept.status == "ran"

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

    def note_drawn(self, lines: Sequence[dict[str, Any]], finished: bool = True) -> None:
        """Record the lines that sum up the calls of an item that drew them, all of them if it finished."""
        assert self._writer is not None
        if lines and finished:
            lines[-1]["tally"] = {"coverage": self._coverage.take(), **self._tally()}
        self._writer.drawn(lines)

    def drawn_before(self, data: str, api: str) -> list[dict[str, Any]] | None:
        """Return the lines of an item that an earlier run finished; None if none did."""
        return self._kept.drawn.get((data, api))

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
            self._worker.close(0.0 if stopped else GRACE)
        if self._writer is None:
            return self._plan.record if self.is_whole else None
        today = datetime.datetime.now(datetime.UTC).date()
        declared = () if stopped else self._ledger.problems(not self._plan.selection, today)
        problems = (*self._deaths, *self._worker.deaths, *declared)
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
        """Yield the outcome of each case that is not kept; what is claimed away is not asked."""
        lacks = {case.id: self.claims.lacks(case.call) or self._homes.lacks(case.call) for case in cases}
        shared = [case for case in cases if not lacks[case.id] and case.call.home is None]
        kept = self._kept.golden
        outcomes = self._worker.perform(
            [case.call for case in shared if case.id not in kept],
            0 if self._kept.status else _in_a_row([kept[case.id] for case in shared if case.id in kept]),
        )
        for case in cases:
            if case.id in kept:
                continue
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
        lines = self._judged(case, outcome)
        self._coverage.take()
        if tally := self._tally():
            lines[-1]["tally"] = tally
        self._lines[case.id] = lines
        for line in lines:
            self._writer.check(line)

    def _tally(self) -> dict[str, Any]:
        """Return what the footer will tell of what was done since this was asked last."""
        deaths = self._worker.deaths[self._told :]
        self._told += len(deaths)
        return {name: told for name, told in (("met", self._ledger.take()), ("deaths", deaths)) if told}

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
            line |= {"demanded": verdict.demanded, "seen": cut(verdict.seen, MOST_SEEN)}
        if verdict.stderr:
            line["stderr"] = verdict.stderr
        if self._survey and self._survey.note(line, parameters):
            line["declared"] = SURVEYED
        if fails(line) or verdict.verdict in ("deviates", "crashed", "timed-out", "observed"):
            line["script"] = script(case, verdict.check, self._plan.implementation)
        return line


def _parameters(case: Case, verdict: Verdict) -> dict[str, Any]:
    """Return what a declaration may ask of a call, of the shape demanded, of the elements that differ."""
    shapes = [check.demanded for check in case.checks if check.kind == "shape" and check.demanded is not None]
    seen = {"becomes": verdict.comparison.becomes} if verdict.comparison else {}
    return case.call.parameters() | ({"output.shape": shapes[0]} if shapes else {}) | seen


def _in_a_row(cases: Sequence[Sequence[dict[str, Any]]]) -> int:
    """Return how many of the last cases ended the worker, from their lines."""
    fatal = 0
    for lines in cases:
        fatal = fatal + 1 if any(line["verdict"] in FATAL for line in lines) else 0
    return fatal


def _is_own(document: str, claims: Claims) -> bool:
    """Tell whether a document speaks of the versions that an implementation is made of."""
    own = load().documents[document].own
    return all(
        is_within(claims.systems[name], wanted, unknown=True)
        for name, wanted in own.items()
        if name in claims.systems
    )
