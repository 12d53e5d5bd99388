"""What does a CI service that reads JUnit get?  A suite an implementation, a test a clause of an API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adjoint.gate import unmet_apis
from adjoint.record import Record
from adjoint.reports.ranking import Check, standing, worst_first
from adjoint.reports.text import markup_environment

_SKIPPED = ("unsupported", "not-reached", "vacuous")


@dataclass(frozen=True)
class Test:
    """One testcase.

    Attributes
    ----------
    name, classname : str
        The clause and the API; of what concerns the whole run, `declarations`, `values` or `run`, and the
        implementation.
    result : str
        `passed`, `failure`, `error` or `skipped`.
    message : str
        In a line, why it did not pass.
    worst : mapping, optional
        The worst check, for the long text.
    others : int
        How many more checks of it fail.
    """

    name: str
    classname: str
    result: str
    message: str = ""
    worst: Check | None = None
    others: int = 0


@dataclass(frozen=True)
class Suite:
    """One implementation's tests."""

    record: Record
    tests: tuple[Test, ...]

    def count(self, result: str) -> int:
        """Return how many tests came to this result."""
        return sum(test.result == result for test in self.tests)


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
    """
    template = markup_environment().get_template("junit.xml")
    return template.render(suites=[Suite(record, _tests(record)) for record in records])


def _tests(record: Record) -> tuple[Test, ...]:
    checks: dict[tuple[str, str], list[Check]] = {}
    for check in record.checks:
        checks.setdefault((check["clause"], check["api"]), []).append(check)
    tests = [_test(clause, api, worst_first(found)) for (clause, api), found in checks.items()]
    footer = record.footer
    if footer["status"] != "ran":
        result = "skipped" if footer["status"] == "unavailable" else "error"
        tests.append(Test("run", record.name, result, f"{footer['status']}: {footer['reason']}"))
    else:
        unmet = unmet_apis(record)
        tests += [Test("values", api, "error", f"no value check of {api} conformed") for api in unmet]
    tests += [Test("declarations", record.name, "failure", problem) for problem in footer["problems"]]
    return tuple(tests)


def _test(clause: str, api: str, checks: tuple[Check, ...]) -> Test:
    worst = checks[0]
    kind = standing(worst)
    if kind == "fails":
        others = sum(standing(check) == "fails" for check in checks) - 1
        said = f"{worst['verdict']}: demanded {worst['demanded']}; seen {worst['seen']}"
        return Test(clause, api, "failure", said, worst, others)
    if kind:
        why = worst["declared"]["reason"] if kind == "declared" else f"{worst['verdict']}: {worst['seen']}"
        return Test(clause, api, "skipped", f"{kind}: {why}")
    if all(check["verdict"] in _SKIPPED for check in checks):
        return Test(clause, api, "skipped", f"{worst['verdict']}: {worst.get('seen', '')}".rstrip(": "))
    return Test(clause, api, "passed")
