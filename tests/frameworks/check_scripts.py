"""Does the script of every deviation in a report show it, on the framework alone?

Reads the records that `adjoint run` left where ADJOINT_REPORT says, or in adjoint-report/, and runs each
script with the interpreter of the implementation that deviated.  Not among the tests that need no
framework: `tox -e gate` calls it.
"""

import os
import subprocess
from pathlib import Path

import pytest

from adjoint import catalogue, record

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
    script = tmp_path / "reproduce.py"
    script.write_text(check["script"], encoding="utf-8")
    found = catalogue.resolve(name)
    interpreter, path = found.command[0], found.env.get("PYTHONPATH", "")
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path}
    done = subprocess.run(
        [interpreter, script], env=quiet, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    assert (done.returncode, last) == (1, "DEVIATES"), done.stdout + done.stderr
