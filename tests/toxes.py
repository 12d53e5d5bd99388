"""Small stand-ins for tox, each named for how it misbehaves; `python -m tox` finds one through PYTHONPATH.

Each is given what tox is given: among it ``-e NAME`` and ``--workdir FOLDER``.
"""

import os
import sys
from pathlib import Path


def given(option):
    return sys.argv[sys.argv.index(option) + 1]


def makes_one_of_this_python():
    """Whatever Python was asked for."""
    path = Path(given("--workdir"), given("-e"), "bin", "python")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(sys.executable)


def makes_what_was_asked_for():
    """Of the Python that the variable names, as the configuration says."""
    path = Path(given("--workdir"), given("-e"), "bin", "python")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.environ["ADJOINT_PYTHON38"])


def makes_nothing():
    pass


def fails_for_torch():
    if given("-e") == "torch":
        print("ERROR: No matching distribution found for torch==2.13.0")
        print("  torch: FAIL code 1 (0.07 seconds)\n")
        sys.exit(1)
    makes_one_of_this_python()


def dies_without_a_word():
    os.abort()
