"""How is one implementation examined?  Cases go to its worker, verdicts into its record."""

from __future__ import annotations

import datetime
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adjoint import INTERPRETATION, __version__
from adjoint.catalogue import Implementation
from adjoint.deviations import Deviation, Ledger, is_within
from adjoint.errors import AdjointError
from adjoint.gate import HELD_LEVELS
from adjoint.golden import Case
from adjoint.judge import Verdict, judge
from adjoint.outcome import Outcome, Unsupported
from adjoint.process import Limits
from adjoint.record import RecordWriter, fails
from adjoint.reproduce import script
from adjoint.spec import load
from adjoint.worker import Claims, Worker


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
    """

    implementation: Implementation
    record: Path
    gate: Gate = field(default_factory=Gate)
    deviations: Sequence[Deviation] = ()
    limits: Limits = field(default_factory=Limits)
    selection: str = ""


class Examination:
    """Puts cases to one implementation and records the verdicts.

    Lazily: a case is performed when its verdicts are first asked for, with all before it in flight.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._worker = Worker(plan.implementation.command, plan.implementation.env, plan.limits)
        self._lines: dict[str, list[dict[str, Any]]] = {}
        self._results: Iterator[tuple[Case, Outcome]] = iter(())
        self._writer: RecordWriter | None = None
        self._started = time.monotonic()

    @property
    def claims(self) -> Claims:
        """What the implementation claims.

        Raises
        ------
        WorkerDidNotStart
        """
        return self._worker.claims

    def begin(self, cases: Sequence[Case]) -> None:
        """Open the record, for these cases.

        Raises
        ------
        UsageError
            If the record can't be written.
        """
        claims = self.claims
        self._writer = RecordWriter(self._plan.record, _header(self._plan, claims, cases))
        self._ledger = Ledger(self._plan.deviations, self._plan.implementation.name, claims.systems)
        self._results = self._perform(cases)

    def lines(self, case: Case) -> list[dict[str, Any]]:
        """Return the record's lines of a case; performs it, and those before it, if need be.

        Raises
        ------
        WorkerDidNotStart, GaveUp
        """
        while case.id not in self._lines:
            current, outcome = next(self._results)
            self._lines[current.id] = self._note(current, outcome)
        return self._lines[case.id]

    def finish(self, stopped: str = "") -> Path | None:
        """Stop the worker, write the footer, and return where the record is, if one was begun.

        Parameters
        ----------
        stopped : str
            Why the run did not come to its end, if it did not.
        """
        self._worker.close(grace=0.0 if stopped else 5.0)
        if self._writer is None:
            return None
        today = datetime.datetime.now(datetime.UTC).date()
        declared = () if stopped else self._ledger.problems(not self._plan.selection, today)
        problems = (*self._worker.deaths, *declared)
        with self._writer as writer:
            writer.footer(
                "stopped" if stopped else "ran", time.monotonic() - self._started, stopped, problems
            )
        return self._plan.record

    def _perform(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Outcome]]:
        """Yield each case's outcome; what is claimed away is not asked."""
        dtypes = self.claims.dtypes
        outcomes = self._worker.perform([case.call for case in cases if case.call.dtype in dtypes])
        for case in cases:
            if case.call.dtype in dtypes:
                yield case, next(outcomes)
            else:
                yield case, Unsupported("claims", f"claims no {case.call.dtype}")

    def _note(self, case: Case, outcome: Outcome) -> list[dict[str, Any]]:
        assert self._writer is not None
        lines = []
        for verdict in judge(case, outcome, self.claims.python_errors):
            line = self._line(case, verdict)
            self._writer.check(line)
            lines.append(line)
        return lines

    def _line(self, case: Case, verdict: Verdict) -> dict[str, Any]:
        claims, gate = self.claims, self._plan.gate
        clause = load().clauses[verdict.check.clause]
        own = _is_own(clause.document, claims)
        declared = self._ledger.note(clause.id, case.call.parameters(), verdict.verdict)
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
        if verdict.verdict != "conforms":
            line |= {"demanded": verdict.demanded, "seen": verdict.seen}
        if verdict.stderr:
            line["stderr"] = verdict.stderr
        if fails(line) or verdict.verdict in ("deviates", "crashed", "timed-out", "observed"):
            line["script"] = script(case, verdict.check, self._plan.implementation)
        return line


def write_not_run(plan: Plan, error: AdjointError, status: str = "not-run") -> None:
    """Write the record of an implementation that could not be run."""
    with RecordWriter(plan.record, _header(plan, None, ())) as writer:
        writer.footer(status, 0.0, str(error))


def _header(plan: Plan, claims: Claims | None, cases: Sequence[Case]) -> dict[str, Any]:
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
