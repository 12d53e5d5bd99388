"""Is every message to and from a real framework what the JSON Schemas describe?

Puts all golden cases of PyTorch to it, with what goes through its worker's pipes written down.  Not among the
tests that need no framework: `tox -e gate` calls it.
"""

from dataclasses import replace

import pytest

from adjoint import catalogue, golden
from adjoint.examination import Examination, Plan
from tests import recording
from tests.schemas import problems


@pytest.mark.parametrize("name", ["torch"])
def test_every_message_of_a_whole_run_is_described(name, tmp_path):
    found = catalogue.resolve(name)
    watched = replace(found, command=recording.recorded(tmp_path, found))
    examination = Examination(Plan(watched, tmp_path / "record"))
    cases = [case for case in golden.load() if case.call.api in examination.claims.apis]
    examination.begin(cases)
    verdicts = {line["verdict"] for case in cases for line in examination.lines(case)}
    examination.finish()
    requests, answers = (recording.read(tmp_path, name) for name in ("requests", "answers"))
    assert {"conforms", "deviates", "observed"} <= verdicts
    assert len(answers) == len(requests) - 1 > 1000
    assert problems("request", requests) == []
    assert problems("answer", answers) == []
