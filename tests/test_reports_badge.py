"""Is the badge one that shields.io takes, and does it say what came of the run?"""

from __future__ import annotations

import json

import pytest

from adjoint.reports import badge
from tests.records import DECLARED, check, hostile, record


@pytest.mark.parametrize(
    ("records", "message", "color"),
    [
        ([record(check("conforms"))], "1 clause holds", "brightgreen"),
        ([record(check("conforms"), check("conforms", "tf-nn.rank"))], "2 clauses hold", "brightgreen"),
        ([record(check("conforms", "tf-nn.rank"), DECLARED)], "1 clause holds, 1 declared", "brightgreen"),
        ([record(check("conforms"), check("deviates", "tf-nn.rank"))], "1 clause fails", "red"),
        ([record(check("deviates")), record(check("deviates", "tf-nn.rank"))], "2 clauses fail", "red"),
        ([record(check("conforms"), problem="stale")], "not held", "red"),
        ([record(status="not-run")], "not held", "red"),
        ([record(status="unavailable")], "not run", "lightgrey"),
    ],
)
def test_a_badge_says_what_came_of_the_run(records, message, color):
    found = json.loads(badge.render(records))
    assert found == {"schemaVersion": 1, "label": "adjoint", "message": message, "color": color}


def test_a_badge_says_nothing_that_an_implementation_wrote():
    assert badge.render([hostile()]).isascii()
    assert "script" not in badge.render([hostile()])
