"""Does the script of every deviation in a report show it, on the framework alone?

Reads the records that `adjoint run` left where ADJOINT_REPORT says, or in adjoint-report/, and runs each
script with the interpreter of the implementation that deviated.  Not among the tests that need no
framework: `tox -e gate` calls it.
"""

import os
from pathlib import Path

import pytest

from adjoint import catalogue, record
from tests.frameworks.scripts import run

DEVIATIONS = [
    pytest.param(whole.name, check, id=f"{whole.name}-{check['clause']}-{check['case']}")
    for path in sorted(Path(os.environ.get("ADJOINT_REPORT", "adjoint-report")).glob("*.record.jsonl"))
    for whole in [record.read(path)]
    for check in whole.checks
    if check["verdict"] == "deviates"
]


def test_there_are_deviations_to_show():
    assert DEVIATIONS


@pytest.mark.parametrize(("name", "check"), DEVIATIONS)
def test_script_deviates(name, check, tmp_path):
    code, last, said = run(check["script"], catalogue.resolve(name), tmp_path)
    assert (code, last) == (1, "DEVIATES"), said
