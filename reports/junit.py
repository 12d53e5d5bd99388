"""What does a CI service that reads JUnit get?  A suite an implementation, a test a clause of an API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from adjoint.baseline import Change
from adjoint.ending import why
from adjoint.gate import unmet_apis
from adjoint.inert import in_a_line
from adjoint.record import Record
from adjoint.reports.ranking import Check, standing, worst_first
from adjoint.reports.text import markup_environment
from adjoint.telling import failures, otherwise

MOST = 500
"""How many characters a message has; the text of a failure has all there is."""

_SKIPPED = ("unsupported", "not-reached", "vacuous")


@dataclass(frozen=True)
class Test:
    """One testcase.

    Attributes
    ----------
    name, classname : str
        The clause, and the implementation with the API; of what concerns the whole run, `declarations`,
        `values`, `run` or `baseline`, and the implementation.
    result : str
        `passed`, `failure`, `error` or `skipped`.
    message : str
        In a line, why it did not pass.
    worst : mapping, optional
        The worst check, for the long text.
    others : int
        How many more checks of it fail.
    otherwise : str
        Those of them that show something else, in words.
    """

    name: str
    classname: str
    result: str
    message: str = ""
    worst: Check | None = None
    others: int = 0
    otherwise: str = ""


@dataclass(frozen=True)
class Suite:
    """One implementation's tests."""

    record: Record
    tests: tuple[Test, ...]

    def count(self, result: str) -> int:
        """Return how many tests came to this result."""
        return sum(test.result == result for test in self.tests)


@dataclass(frozen=True)
class Total:
    """All suites."""

    suites: tuple[Suite, ...]

    @property
    def tests(self) -> int:
        """How many tests there are."""
        return sum(len(suite.tests) for suite in self.suites)

    @property
    def seconds(self) -> float:
        """How long the runs took."""
        return sum(float(suite.record.footer["seconds"]) for suite in self.suites)

    def count(self, result: str) -> int:
        """Return how many tests came to this result."""
        return sum(suite.count(result) for suite in self.suites)


def render(records: Sequence[Record]) -> str:
    """Return records as JUnit XML.

    Parameters
    ----------
    records : sequence of Record
        Each becomes a testsuite.

    Returns
    -------
    str
        Every clause of every API is a testcase.  It fails if a check of it fails the gate; it is skipped
        if it differs but is declared or drift, or if no check of it could be judged.  What concerns the
        whole run (not run to the end, stale declarations, no value that conforms) is a testcase too.
        What fails comes first, in the order in which the terminal tells it.
    """
    return _render(Suite(record, _tests(record)) for record in records)


def render_changes(changes: Sequence[Change]) -> str:
    """Return what changed against a baseline as JUnit XML.

    A testcase `baseline` says for each implementation that it was compared; what is gone is skipped.
    """
    return _render(Suite(change.record, (*_tests(change.narrowed), *_compared(change))) for change in changes)


def _render(suites: Iterable[Suite]) -> str:
    template = markup_environment().get_template("junit.xml")
    return template.render(total=Total(tuple(suites)))


def _compared(change: Change) -> Iterator[Test]:
    if change.record.footer["status"] == "ran":
        yield Test("baseline", change.name, "passed")
    held = {(check["clause"], check["api"]) for check in change.narrowed.checks}
    gone = {(check["clause"], check["api"]): check for check in change.gone}
    for clause, api in gone.keys() - held:
        said = "gone: the baseline has a check of it that this run has not"
        yield Test(clause, f"{change.name} {api}", "skipped", said)


def _tests(record: Record) -> tuple[Test, ...]:
    failing = (check for failure in failures(record.checks) for check in failure.checks)
    checks: dict[tuple[str, str], list[Check]] = {(check["clause"], check["api"]): [] for check in failing}
    for check in record.checks:
        checks.setdefault((check["clause"], check["api"]), []).append(check)
    tests = [
        _test(clause, f"{record.name} {api}", worst_first(found)) for (clause, api), found in checks.items()
    ]
    footer = record.footer
    if footer["status"] != "ran":
        result = "skipped" if footer["status"] == "unavailable" else "error"
        tests.append(Test("run", record.name, result, in_a_line(f"{footer['status']}: {why(record)}")))
    else:
        unmet = unmet_apis(record)
        tests += [
            Test("values", f"{record.name} {api}", "error", f"no value check of {api} conformed")
            for api in unmet
        ]
    tests += [Test("declarations", record.name, "failure", problem) for problem in footer["problems"]]
    return tuple(tests)


def _test(clause: str, classname: str, checks: tuple[Check, ...]) -> Test:
    worst = checks[0]
    kind = standing(worst)
    if kind == "fails":
        failing = [check for check in checks if standing(check) == "fails"]
        said = f"{worst['verdict']}: demanded {worst['demanded']}; seen {worst['seen']}; of {worst['call']}"
        said = in_a_line(said, MOST)
        return Test(clause, classname, "failure", said, worst, len(failing) - 1, otherwise(failing))
    if kind:
        said = worst["declared"]["reason"] if kind == "declared" else f"{worst['verdict']}: {worst['seen']}"
        return Test(clause, classname, "skipped", in_a_line(f"{kind}: {said}", MOST))
    if all(check["verdict"] in _SKIPPED for check in checks):
        said = f"{worst['verdict']}: {worst.get('seen', '')}".rstrip(": ")
        return Test(clause, classname, "skipped", in_a_line(said, MOST))
    return Test(clause, classname, "passed")
