"""Does the implementation conform in calls that Hypothesis draws?"""

from __future__ import annotations

import pytest

from adjoint.cases.demanded import case_of
from adjoint.cases.strategies import settings
from adjoint.drawing import Drawn
from adjoint.plugin import described


def test_drawn(adjoint_drawn: Drawn) -> None:
    """Each item is a kind of data of an API; what fails is made as small as it gets."""
    drawn = adjoint_drawn
    strategy = settings(drawn.api, drawn.data, drawn.dtypes, drawn.gradients)
    failing = drawn.run(strategy, case_of)
    if failing:
        pytest.fail(described(failing[0]), pytrace=False)
