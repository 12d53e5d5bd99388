"""How does pytest run the suite?  Options, the examined implementation, and its record.

Everything here waits for a test that asks for `adjoint_golden` or `adjoint_drawn`: in anyone else's tests it
does nothing.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from adjoint import deviations, selection
from adjoint.catalogue import from_command, resolve
from adjoint.drawing import DATA, Drawn, profiled
from adjoint.ending import INTERRUPTED
from adjoint.errors import AdjointError, UsageError, WorkerDidNotStart
from adjoint.examination import Examination
from adjoint.gate import HELD_LEVELS, code_of
from adjoint.golden import Case, load
from adjoint.heading import write_not_run
from adjoint.inert import in_a_line
from adjoint.plan import Gate, Plan
from adjoint.process import Limits
from adjoint.record import fails, read
from adjoint.resuming import seal
from adjoint.spec import load as load_spec
from adjoint.worker import GaveUp

FIXTURES = ("adjoint_golden", "adjoint_drawn")
_EXAMINATION = pytest.StashKey[Examination]()
_CASES = pytest.StashKey[list[Case]]()
_STOPPED = pytest.StashKey[str]()
_REFUSED = pytest.StashKey[tuple[str, int]]()

OPTIONS = {
    "api": "the API that a module:function offers",
    "dtypes": "the dtypes that a module:function takes, separated by commas",
    "claims": "file of what a module:function claims",
    "command": "program that speaks the protocol",
    "python": "interpreter to run the implementation with",
    "record": "file to write the record to (default: adjoint.record.jsonl)",
    "levels": "levels of clause to hold, separated by commas",
    "deviations": "file of further declared deviations",
    "clause": "run only the cases of this clause",
    "case": "run only this case",
    "profile": "how many calls are drawn: none, smoke, quick or full (default: smoke)",
    "seed": "which calls are drawn (default: 0)",
    "survey": "file to write what deviates undeclared to, which then counts as declared",
    "timeout": "seconds for each call",
    "memory": "MiB of resident memory for the worker",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("adjoint", "conformance of transposed convolution")
    group.addoption("--implementation", help="name in the catalogue, or module:function (default: fast)")
    for name, text in OPTIONS.items():
        group.addoption(f"--adjoint-{name}", help=text)
    group.addoption(
        "--adjoint-resume", action="store_true", help="go on with what the record of such a run holds"
    )
    group.addoption(
        "--adjoint-drift", action="store_true", help="hold to the documents of other versions too"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item of each clause, and of each kind of data, of each API that the implementation claims."""
    fixture = next((name for name in FIXTURES if name in metafunc.fixturenames), None)
    if fixture is None:
        return
    config = metafunc.config
    try:
        if _EXAMINATION not in config.stash and _REFUSED not in config.stash:
            _begin(config)
    except WorkerDidNotStart as error:
        config.stash[_REFUSED] = (f"the implementation did not start: {error}", 3)
    except AdjointError as error:
        config.stash[_REFUSED] = (str(error), pytest.ExitCode.USAGE_ERROR)
    items = _items(config, fixture) if _EXAMINATION in config.stash else []
    metafunc.parametrize(fixture, items, ids=["-".join(item) for item in items], indirect=True)


def _items(config: pytest.Config, fixture: str) -> list[tuple[str, str]]:
    """Return what the items are of: a clause and an API if golden, a kind of data and an API if drawn."""
    chosen = config.getoption("adjoint_clause")
    if fixture == "adjoint_golden":
        pairs = ((clause, case.call.api) for case in config.stash[_CASES] for clause in case.clauses())
        return list(dict.fromkeys(pair for pair in pairs if chosen in (None, pair[0])))
    plan = config.stash[_EXAMINATION].plan
    if chosen or config.getoption("adjoint_case") or plan.profile == "none":
        return []
    known = load_spec().apis()
    apis = [api for api in config.stash[_EXAMINATION].claims.apis if api in known]
    return [(data, api) for api in apis for data in DATA]


def described(line: Mapping[str, Any]) -> str:
    """Return what is said where a check fails."""
    call, demanded, seen = (in_a_line(line[part]) for part in ("call", "demanded", "seen"))
    return f"{line['clause']} {line['verdict']}: {call}\n  demanded: {demanded}\n  seen: {seen}"


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
                pytest.fail(described(line), pytrace=False)
        if all(line["verdict"] in ("unsupported", "not-reached") for line in lines):
            pytest.skip("unsupported, or not reached")


@pytest.fixture
def adjoint_golden(request: pytest.FixtureRequest) -> Golden:
    """Return the golden cases of the item's clause and API."""
    clause, api = request.param
    stash = request.config.stash
    cases = [case for case in stash[_CASES] if case.call.api == api and clause in case.clauses()]
    return Golden(clause, stash[_EXAMINATION], cases)


@pytest.fixture
def adjoint_drawn(request: pytest.FixtureRequest) -> Drawn:
    """Return the calls to draw of the item's API, with the item's kind of data."""
    data, api = request.param
    return Drawn(api, data, request.config.stash[_EXAMINATION])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> object:
    """End the run when the implementation can't go on."""
    try:
        return (yield)
    except (WorkerDidNotStart, GaveUp) as error:
        if not _is_ours(item):
            raise
        gone = "the worker did not start again: " if isinstance(error, WorkerDidNotStart) else ""
        item.config.stash[_STOPPED] = f"{gone}{error}"
        pytest.exit(f"stopped: {in_a_line(f'{gone}{error}')}", returncode=3)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Open the record, for the cases of the items that were selected; end here what can't begin."""
    stash = session.config.stash
    if _REFUSED in stash:
        sentence, code = stash[_REFUSED]
        _refuse(session, sentence, code)
    if _EXAMINATION not in stash or session.config.option.collectonly:
        return
    given = [item.callspec.params for item in session.items if hasattr(item, "callspec")]
    golden, drawing = ([p[name] for p in given if isinstance(p.get(name), tuple)] for name in FIXTURES)
    wanted, drawn = set(golden), len(drawing)  # of no items at all, pytest makes one without a parameter
    cases = [c for c in stash[_CASES] if any((clause, c.call.api) in wanted for clause in c.clauses())]
    try:
        stash[_EXAMINATION].begin(cases, drawn)
    except UsageError as error:
        _refuse(session, str(error), pytest.ExitCode.USAGE_ERROR)
    if stash[_EXAMINATION].is_whole:
        session.items[:] = [item for item in session.items if not _is_ours(item)]


def _is_ours(item: pytest.Item) -> bool:
    return bool(set(FIXTURES) & set(getattr(item, "fixturenames", ())))


def _refuse(session: pytest.Session, sentence: str, code: int) -> None:
    """End the run before it begins; whoever started it finds the sentence where pytest's own would be."""
    if code == pytest.ExitCode.USAGE_ERROR:
        session.config.get_terminal_writer().line(f"ERROR: {sentence}")
    pytest.exit(sentence, returncode=code)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the record's footer; what the record deserves, the session gets."""
    stash = session.config.stash
    if _EXAMINATION not in stash:
        return
    interrupted = session.exitstatus == pytest.ExitCode.INTERRUPTED
    stopped = stash.get(_STOPPED, INTERRUPTED if interrupted else "")
    record = stash[_EXAMINATION].finish(stopped)
    if record is None:
        return
    whole = read(record)
    for problem in whole.footer["problems"]:
        session.config.get_terminal_writer().line(in_a_line(problem), red=True)
    if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and stash[_EXAMINATION].is_whole:
        session.exitstatus = pytest.ExitCode.OK
    if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        session.exitstatus = max(session.exitstatus, code_of(whole))


def _begin(config: pytest.Config) -> None:
    """Find the implementation, start it, and read the cases that it claims."""

    def option(name: str) -> str | None:
        value = config.getoption(f"adjoint_{name}")
        return None if value is None else str(value)

    levels = option("levels") or ",".join(HELD_LEVELS)
    selection.check(levels, option("clause"), option("case"))
    if command := option("command"):
        implementation = from_command(command)
    else:
        target = config.getoption("implementation") or "fast"
        implementation = resolve(target, option("api"), option("python"), option("dtypes"), option("claims"))
    declared = deviations.load(deviations.shipped())
    if path := option("deviations"):
        declared += deviations.load(Path(path))
    defaults = Limits()
    plan = Plan(
        implementation=implementation,
        record=Path(option("record") or "adjoint.record.jsonl").absolute(),
        gate=Gate(tuple(levels.split(",")), config.getoption("adjoint_drift")),
        deviations=declared,
        limits=Limits(
            seconds=_number("timeout", option("timeout"), defaults.seconds),
            memory=int(_number("memory", option("memory"), defaults.memory >> 20)) << 20,
        ),
        selection=_selection(config),
        profile=profiled(profile := option("profile") or Plan.profile, f"--adjoint-profile is {profile}"),
        seed=_seed(option("seed") or str(Plan.seed)),
        resume=config.getoption("adjoint_resume"),
        survey=Path(path).absolute() if (path := option("survey")) else None,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a worker is never left behind
    examination = Examination(plan, say=lambda text: _tell(config, text))
    try:
        claimed = examination.claims.apis
    except WorkerDidNotStart as error:
        found = seal(plan.record, str(error)) if plan.resume else None
        if found is None:
            write_not_run(plan, error)
        elif found.footer["status"] == "ran":
            raise UsageError(
                f"the record {plan.record} is whole, but whether it is of the same run can't be told: the "
                f"implementation did not start: {error}"
            ) from None
        raise
    config.stash[_EXAMINATION] = examination
    config.stash[_CASES] = [
        case
        for case in load()
        if case.call.api in claimed
        and option("clause") in (None, *case.clauses())
        and option("case") in (None, case.id)
    ]


def _tell(config: pytest.Config, text: str) -> None:
    """Say something at once, while pytest keeps what is written."""
    capturing = config.pluginmanager.getplugin("capturemanager")
    with capturing.global_and_fixture_disabled() if capturing else nullcontext():
        writer = config.get_terminal_writer()
        writer.line(text)
        writer.flush()


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"--adjoint-seed is {text}; it must be a whole number, from zero on.")
    return int(text)


def _number(name: str, text: str | None, default: float) -> float:
    try:
        value = float(default if text is None else text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"--adjoint-{name} is {text}; it must be a number above zero.")
    return value


def _selection(config: pytest.Config) -> str:
    chosen = {
        "--clause": config.getoption("adjoint_clause"),
        "--case": config.getoption("adjoint_case"),
        "-k": config.getoption("keyword"),
    }
    return " ".join(f"{name} {value}" for name, value in chosen.items() if value)
