"""Does the script of each finding in FINDINGS.md still show it, on that version of the framework alone?

Makes the environments that the page speaks of, where they are missing.  Not among the tests that need no
framework: `tox -e findings` calls it.
"""

import re
from pathlib import Path

import pytest

from adjoint import catalogue, environments
from tests.frameworks.scripts import run

PAGE = (Path(__file__).parents[2] / "FINDINGS.md").read_text(encoding="utf-8")
FINDING = re.compile(
    r"""^\*\*(?P<bug>[^*]+)\.\*\*.*?
^The smallest call, on `(?P<name>.*?)`.*?
^(?P<fence>`{3,})(?:python|javascript)\n(?P<script>.*?)\n(?P=fence)$""",
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
    if name in failed and catalogue.entries()[name].program:
        pytest.skip(str(failed[name]))
    assert name not in failed, failed.get(name)
    code, last, said = run(script, catalogue.resolve(name), tmp_path)
    killed = code < 0  # by a signal, which no script survives to tell
    assert (killed and bug == "Crashes or hangs") or (code, last) == (1, "DEVIATES"), said
