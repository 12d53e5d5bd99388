"""How is the script of a verdict run, on the framework alone?"""

import os
import subprocess
from pathlib import Path

from adjoint.catalogue import Implementation

LIMIT = 300
"""Seconds in which a script must end: one whose call never returns gives it up by itself."""


def run(script: str, found: Implementation, folder: Path) -> tuple[int, str, str]:
    """Run a script with what runs an implementation; return its code, its last line and all that it said.

    Raises
    ------
    TimeoutExpired
        If it does not end.
    """
    path = folder / ("reproduce.js" if script.startswith("//") else "reproduce.py")
    path.write_text(script, encoding="utf-8")
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": found.env.get("PYTHONPATH", "")}
    if "ADJOINT_TFJS" in found.env:
        env["NODE_PATH"] = str(Path(found.env["ADJOINT_TFJS"], "node_modules"))
    done = subprocess.run(
        [found.command[0], path],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    return done.returncode, last, done.stdout + done.stderr
