"""Small programs that stand for a Python, each named for how it misbehaves; `put` writes one to a path."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

SOUND = """#!{python}
import platform, sys
platform.python_version = lambda: "{version}"
platform.python_implementation = lambda: "{implementation}"
sys.executable = __file__
exec(sys.argv[2])
"""
SHIM_OF_NOTHING = "#!/bin/sh\necho 'pyenv: python: command not found' >&2\nexit 127\n"
SAYS_NONSENSE = "#!/bin/sh\necho 'Welcome!'\n"
FAILS_TO_LOAD = "#!/no/such/loader\n"


def sound(version: str, implementation: str = "CPython") -> str:
    """Return one that says of itself what it is told to, and is else a Python."""
    return SOUND.format(python=sys.executable, version=version, implementation=implementation)


def put(path: Path, program: str) -> Path:
    """Write a program to a path, as one that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(program, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
