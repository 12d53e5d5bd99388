"""Does the script of each finding in FINDINGS.md still show it, on that version of the framework alone?

Makes the environments that the page speaks of, where they are missing.  Not among the tests that need no
framework: `tox -e findings` calls it.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from adjoint import catalogue, environments

PAGE = (Path(__file__).parents[2] / "FINDINGS.md").read_text(encoding="utf-8")
FINDING = re.compile(
    r"""^\*\*(?P<bug>[^*]+)\.\*\*.*?
^The smallest call, on `(?P<name>.*?)`.*?
^(?P<fence>`{3,})python\n(?P<script>.*?)\n(?P=fence)$""",
    re.MULTILINE | re.DOTALL,
)
FOUND = [
    pytest.param(*FINDING.search(told).group("name", "bug", "script"), id=name)
    for name, told in re.findall(r'(?ms)^<a id="([a-z0-9-]+)"></a>$(.*?)(?=^<a id=|^## |\Z)', PAGE)
]


@pytest.fixture(scope="session")
def failed():
    """The implementations whose environment can't be made, and why."""
    return environments.make({found.values[0] for found in FOUND})


def test_there_are_findings():
    assert len(FOUND) > 10


@pytest.mark.parametrize(("name", "bug", "script"), FOUND)
def test_script_shows_it(name, bug, script, tmp_path, failed):
    assert name not in failed, failed.get(name)
    path = tmp_path / "reproduce.py"
    path.write_text(script, encoding="utf-8")
    found = catalogue.resolve(name)
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": found.env.get("PYTHONPATH", "")}
    done = subprocess.run(
        [found.command[0], path], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    killed = done.returncode < 0  # by a signal, which no script survives to tell
    assert (killed and bug == "Crashes or hangs") or (done.returncode, last) == (1, "DEVIATES"), (
        done.stdout + done.stderr
    )
