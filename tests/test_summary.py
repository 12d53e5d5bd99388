"""Does the table on the terminal count every check once, and a crash as what it means?"""

from __future__ import annotations

import pytest
from rich.console import Console

from adjoint.summary import table
from tests.records import DECLARED, DRIFT, KNOWN, check, record


def counts(*checks):
    """The numbers in the row of a record with these checks."""
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table([record(*checks)]))
    heads, row = captured.get().splitlines()[:2]
    return dict(zip(heads.split()[-7:-1], map(int, row.split()[-7:-1]), strict=True))


def test_each_check_is_counted_once():
    checks = [check("conforms"), check("deviates"), DECLARED, DRIFT, check("unsupported"), check("observed")]
    assert counts(*checks) == {
        **{"conform": 1, "fail": 2, "declared": 1, "drift": 1},
        **{"unsupp.": 0, "rest": 1},
    }


@pytest.mark.parametrize("verdict", ["crashed", "timed-out", "broken"])
def test_a_crash_fails_is_declared_or_drifts(verdict):
    checks = [
        check(verdict),
        check(verdict, declared=KNOWN),
        check(verdict, own=False, gated=False, held=False),
    ]
    found = counts(*checks)
    assert [found[name] for name in ("fail", "declared", "drift", "rest")] == [1, 1, 1, 0]
