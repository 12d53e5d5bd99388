"""What the tests share."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def run_adjoint():
    """Return a function that runs the command line as a user would, and returns the finished process."""

    def run(*words, cwd=None, **env):
        return subprocess.run(
            [sys.executable, "-m", "adjoint.cli", *map(str, words)],
            cwd=cwd,
            env={**os.environ, "COLUMNS": "200", **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
