"""How does pytest run the suite?  Options, the examined implementation, and its record."""

from __future__ import annotations

from pathlib import Path

import pytest
from adjoint import deviations
from adjoint.catalogue import from_command, resolve
from adjoint.errors import AdjointError, WorkerDidNotStart
from adjoint.examination import Examination, Gate, Plan, write_not_run
from adjoint.gate import HELD_LEVELS
from adjoint.golden import Case, load
from adjoint.process import Limits
from adjoint.record import fails
from adjoint.worker import GaveUp

_EXAMINATION = pytest.StashKey[Examination]()
_PLAN = pytest.StashKey[Plan]()
_CASES = pytest.StashKey[list[Case]]()
_STOPPED = pytest.StashKey[str]()

OPTIONS = {
    "--implementation": "name in the catalogue, or module:function (default: fast)",
    "--api": "the API that a module:function offers",
    "--command": "program that speaks the protocol",
    "--python": "interpreter to run the implementation with",
    "--record": "file to write the record to (default: adjoint.record.jsonl)",
    "--levels": "levels of clause to hold, separated by commas",
    "--deviations": "file of further declared deviations",
    "--clause": "run only the cases of this clause",
    "--case": "run only this case",
    "--call-timeout": "seconds for each call",
    "--start-timeout": "seconds for the implementation to start",
    "--memory": "MiB of resident memory for the worker",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("adjoint", "conformance of transposed convolution")
    for name, text in OPTIONS.items():
        group.addoption(name, dest="adjoint_" + name[2:].replace("-", "_"), help=text)
    group.addoption("--drift", dest="adjoint_drift", action="store_true", help="hold to drift too")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one item of each clause of each API that the implementation claims."""
    if "golden" not in metafunc.fixturenames:
        return
    config = metafunc.config
    try:
        examination = _begin(config)
    except WorkerDidNotStart as error:
        write_not_run(config.stash[_PLAN], error)
        pytest.exit(f"the implementation did not start: {error}", returncode=3)
    except AdjointError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    cases = config.stash[_CASES]
    items = dict.fromkeys(
        (clause, case.call.api)
        for case in cases
        for clause in case.clauses()
        if config.getoption("adjoint_clause") in (None, clause)
    )
    metafunc.parametrize(
        "golden", list(items), ids=[f"{clause}-{api}" for clause, api in items], indirect=True
    )
    config.stash[_EXAMINATION] = examination


class Golden:
    """The golden cases of one clause of one API, put to the implementation."""

    def __init__(self, clause: str, examination: Examination, cases: list[Case]) -> None:
        self._clause, self._examination, self._cases = clause, examination, cases

    def must_conform(self) -> None:
        """Fail if a check of the clause fails the gate; skip if there was nothing to judge."""
        lines = [
            line
            for case in self._cases
            for line in self._examination.lines(case)
            if line["clause"] == self._clause
        ]
        for line in lines:
            if fails(line):
                pytest.fail(
                    f"{line['clause']} {line['verdict']}: {line['call']}\n"
                    f"  demanded: {line['demanded']}\n  seen: {line['seen']}",
                    pytrace=False,
                )
        if all(line["verdict"] in ("unsupported", "not-reached") for line in lines):
            pytest.skip("unsupported, or not reached")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return the golden cases of the item's clause and API."""
    clause, api = request.param
    stash = request.config.stash
    cases = [case for case in stash[_CASES] if case.call.api == api and clause in case.clauses()]
    return Golden(clause, stash[_EXAMINATION], cases)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> object:
    """End the run when the implementation can't go on."""
    try:
        return (yield)
    except (WorkerDidNotStart, GaveUp) as error:
        item.config.stash[_STOPPED] = str(error)
        pytest.exit(f"stopped: {error}", returncode=3)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Open the record, for the cases of the items that were selected."""
    stash = session.config.stash
    if _EXAMINATION not in stash or session.config.option.collectonly:
        return
    wanted = {
        item.callspec.params["golden"]
        for item in session.items
        if isinstance(item, pytest.Function) and "golden" in item.fixturenames
    }
    cases = [c for c in stash[_CASES] if any((clause, c.call.api) in wanted for clause in c.clauses())]
    stash[_EXAMINATION].begin(cases)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the record's footer; a stale or expired declaration fails the session."""
    stash = session.config.stash
    if _EXAMINATION in stash:
        interrupted = session.exitstatus == pytest.ExitCode.INTERRUPTED
        stopped = stash.get(_STOPPED, "it was interrupted" if interrupted else "")
        problems = stash[_EXAMINATION].finish(stopped)
        if problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for problem in problems:
            session.config.get_terminal_writer().line(problem, red=True)


def _begin(config: pytest.Config) -> Examination:
    """Find the implementation, read the cases it claims, and start it."""
    option = config.getoption
    api, command = option("adjoint_api"), option("adjoint_command")
    if command:
        implementation = from_command(command)
    else:
        implementation = resolve(option("adjoint_implementation") or "fast", api, option("adjoint_python"))
    declared = deviations.load(deviations.shipped())
    if option("adjoint_deviations"):
        declared += deviations.load(Path(option("adjoint_deviations")))
    defaults = Limits()
    plan = Plan(
        implementation=implementation,
        record=Path(option("adjoint_record") or "adjoint.record.jsonl"),
        gate=Gate(
            tuple((option("adjoint_levels") or ",".join(HELD_LEVELS)).split(",")), option("adjoint_drift")
        ),
        deviations=declared,
        limits=Limits(
            seconds=float(option("adjoint_call_timeout") or defaults.seconds),
            start_seconds=float(option("adjoint_start_timeout") or defaults.start_seconds),
            memory=int(option("adjoint_memory") or defaults.memory >> 20) << 20,
        ),
        selection=_selection(config),
    )
    config.stash[_PLAN] = plan
    examination = Examination(plan)
    claimed = examination.claims.apis
    cases = [
        case
        for case in load()
        if case.call.api in claimed
        and option("adjoint_clause") in (None, *case.clauses())
        and option("adjoint_case") in (None, case.id)
    ]
    config.stash[_CASES] = cases
    return examination


def _selection(config: pytest.Config) -> str:
    option = config.getoption
    chosen = {"--clause": option("adjoint_clause"), "--case": option("adjoint_case"), "-k": option("keyword")}
    return " ".join(f"{name} {value}" for name, value in chosen.items() if value)
