"""How is a function examined from Python?  In a notebook, a script, or as tests of someone's own suite."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from rich.console import Console

from adjoint import arguments, catalogue, claims_file, failures, golden, summary, telling
from adjoint.cases.demanded import case_of
from adjoint.cases.strategies import settings
from adjoint.deviations import Deviation, load, shipped, strangers
from adjoint.drawing import DATA, Drawn
from adjoint.ending import INTERRUPTED, why
from adjoint.errors import UsageError, WorkerDidNotStart
from adjoint.examination import Examination
from adjoint.gate import HELD_LEVELS, code_of
from adjoint.heading import write_not_run
from adjoint.inert import in_a_line
from adjoint.plan import Gate, Plan
from adjoint.process import Limits
from adjoint.record import Record, fails, read
from adjoint.reports import notebook
from adjoint.worker import GaveUp

WHOLE = "the whole run"


@dataclass(frozen=True, repr=False)
class Checked:
    """What came of a function: its record, which a notebook shows, and a terminal prints.

    It is true if all held: ``assert adjoint.check(...)``.

    Attributes
    ----------
    record : Record
    """

    record: Record

    @property
    def passed(self) -> bool:
        """Whether all held."""
        return code_of(self.record) == 0

    def __bool__(self) -> bool:
        """Return `passed`."""
        return self.passed

    @property
    def failures(self) -> tuple[Mapping[str, Any], ...]:
        """The checks that failed, of each clause and kind the one with the smallest call."""
        smallest: dict[tuple[str, str], Mapping[str, Any]] = {}
        for check in sorted(filter(fails, self.record.checks), key=telling.telling):
            smallest.setdefault((check["clause"], check["kind"]), check)
        return tuple(smallest.values())

    def __repr__(self) -> str:
        """Return what the command line prints of a run."""
        console = Console(file=io.StringIO(), width=110)
        console.print(summary.table([self.record]))
        problems = filter(None, (why(self.record), *self.record.footer["problems"]))
        failing = (line for check in self.failures for line in failures.lines(check))
        for line in (*map(in_a_line, problems), *failing):
            console.print(line, soft_wrap=True, markup=False, highlight=False)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue().rstrip()

    def _repr_html_(self) -> str:
        return notebook.render(self.record, self.failures)


def check(
    function: Callable[..., Any] | str,
    api: str,
    *,
    dtypes: str | Sequence[str] | None = None,
    claims: str | Path | None = None,
    deviations: str | Path | None = None,
    profile: str = "smoke",
    seed: int = 0,
    levels: str | Sequence[str] = HELD_LEVELS,
    timeout: float = Limits.seconds,
) -> Checked:
    """Put the cases of an API to a function or class, in a process of its own, and return what came of it.

    Parameters
    ----------
    function : callable or str
        The function, or a class for the API of a layer; or its name, as ``module:function``.
    api : str
        The API that it follows, as `adjoint list apis` has it.
    dtypes : str or sequence of str, optional
        The dtypes that it takes: a list, or a text in which commas separate them.
    claims : str or Path, optional
        A file of what it claims.
    deviations : str or Path, optional
        A file of declared deviations, each of this function's name.
    profile : str
        How many calls are drawn, beside the golden cases: ``none``, ``smoke``, ``quick`` or ``full``.
    seed : int
        Which calls are drawn.
    levels : str or sequence of str
        Levels of clause to hold: a list, or a text in which commas separate them.
    timeout : float
        Seconds for each call.

    Returns
    -------
    Checked
        `passed`, `failures`, and the whole `record`.  It is true if all held; printed, it tells what failed.

    Raises
    ------
    UsageError
        If the request makes no sense; the text says why.
    """
    arguments.check(
        {
            "function": function,
            "api": api,
            "dtypes": dtypes,
            "claims": claims,
            "deviations": deviations,
            "profile": profile,
            "seed": seed,
            "levels": levels,
            "timeout": timeout,
        }
    )
    with TemporaryDirectory(prefix="adjoint-") as folder:
        taken = None if dtypes is None else ",".join(arguments.words(dtypes))
        implementation = _implementation(
            function, api, Path(folder, "function"), None if claims is None else str(claims), taken
        )
        plan = Plan(
            implementation,
            Path(folder, "record.jsonl"),
            Gate(arguments.words(levels)),
            [*load(shipped()), *_declared(deviations, implementation.name)],
            Limits(seconds=timeout),
            profile=profile,
            seed=seed,
        )
        try:
            return Checked(read(_examined(plan, api)))
        except WorkerDidNotStart as error:
            write_not_run(plan, error)
            return Checked(read(plan.record))


def conformance_tests(function: Callable[..., Any] | str, api: str, **options: Any) -> Callable[[str], None]:
    """Return a test for pytest, with an item for each clause of an API.

    In a module of tests: ``test_conformance = adjoint.conformance_tests(conv_transpose, api="operation")``.
    The first item that runs puts all cases; each fails with the smallest call that its clause does not hold
    for, and a script that shows it.

    Parameters
    ----------
    function, api, **options
        As `check` takes them.  What makes no sense is told by one item, which fails.
    """
    try:
        arguments.check({"function": function, "api": api, **options})
    except UsageError as error:
        return _refused(str(error))
    held = {clause for case in golden.load() if case.call.api == api for clause in case.clauses()}

    @cache
    def checked() -> Checked | UsageError:
        try:
            return check(function, api, **options)
        except UsageError as error:  # kept, as a result is: the other tests would have the same
            return error

    @pytest.mark.parametrize("clause", [WHOLE, *sorted(held)])
    def test(clause: str) -> None:
        found = checked()
        if isinstance(found, UsageError):
            pytest.fail(str(found), pytrace=False)
        if found.record.footer["status"] == "not-run":
            pytest.fail(f"it did not run: {why(found.record)}", pytrace=False)
        if clause == WHOLE:
            problems = [why(found.record), *found.record.footer["problems"]]
            if any(problems) or code_of(found.record) == 3:
                pytest.fail("\n".join(filter(None, problems)) or "no value was right", pytrace=False)
            return
        checks = [line for line in found.record.checks if line["clause"] == clause]
        for line in (line for line in found.failures if line["clause"] == clause):
            said = [
                f"{line['verdict']}: {line['call']}",
                *failures.lines(line)[2:],
                "",
                line.get("script", ""),
            ]
            pytest.fail("\n".join(said), pytrace=False)
        if all(line["verdict"] in ("unsupported", "not-reached") for line in checks):
            pytest.skip("unsupported, or not reached")

    return test


def _refused(said: str) -> Callable[[str], None]:
    """Return a test of one item, which fails."""

    @pytest.mark.parametrize("clause", [WHOLE])
    def test(clause: str) -> None:  # noqa: ARG001 - its name, as that of the others
        pytest.fail(said, pytrace=False)

    return test


def _declared(path: str | Path | None, name: str) -> list[Deviation]:
    """Return the declarations of a user's file.

    Raises
    ------
    UsageError
        If one is of another implementation.
    """
    known = [] if path is None else load(Path(path))
    if others := strangers(known, (name,), catalogue.entries()):
        raise UsageError(f"{path}: {others[0]}")
    return known


def _implementation(
    function: Callable[..., Any] | str, api: str, pickled: Path, claims: str | None, dtypes: str | None
) -> catalogue.Implementation:
    if isinstance(function, str):
        return catalogue.resolve(function, api, dtypes=dtypes, claims=claims)
    return catalogue.from_callable(function, api, pickled, claims_file.read(claims, dtypes))


def _examined(plan: Plan, api: str) -> Path:
    """Put the golden cases and the drawn ones, and return the record."""
    examination, stopped = Examination(plan), ""
    try:
        cases = [case for case in golden.load() if case.call.api in examination.claims.apis]
        examination.begin(cases, len(DATA) if plan.profile != "none" else 0)
        for case in cases:
            examination.lines(case)
        for data in DATA if plan.profile != "none" else ():
            drawn = Drawn(api, data, examination)
            drawn.run(settings(api, data, drawn.dtypes, drawn.gradients), case_of)
    except GaveUp as error:
        stopped = str(error)
    except BaseException:
        examination.finish(INTERRUPTED)
        raise
    record = examination.finish(stopped)
    assert record is not None
    return record
