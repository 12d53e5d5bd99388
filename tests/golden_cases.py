"""What the tests of the golden files share: the cases, and what is demanded of their values."""

from __future__ import annotations

from functools import cache
from typing import Any

from adjoint import golden
from adjoint.cases.write import golden_files
from adjoint.golden import Case

CASES = list(golden.load())
VALUED = [case for case in CASES if any(check.kind == "values" for check in case.checks)]
SAMPLE = next(case for case in VALUED if "make" in case.call.tensors["input"])


def demands(case: Case) -> list[dict[str, Any]]:
    """Return what is demanded of a case's values, in each reading."""
    (values,) = (check.demanded for check in case.checks if check.kind == "values")
    return list(values.get("readings", {"": values}).values())


@cache
def written() -> dict[str, str]:
    return golden_files()
