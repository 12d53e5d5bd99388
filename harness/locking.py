"""Who writes a record?  One process at a time: its file is locked for as long as it is open."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from adjoint.errors import UsageError

try:
    import fcntl
except ImportError:  # where there is none, such as on Windows, nothing is locked
    fcntl = None  # type: ignore[assignment]

PATIENCE = 5.0
"""Seconds that are waited for another process: one whose run was killed needs a moment to end."""


def locked(path: Path, patience: float = PATIENCE) -> TextIO:
    """Open a record to append to it; no other process can, until it is closed, unless it is a device.

    Raises
    ------
    UsageError
        If it can't be written, or another process goes on writing it.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"the record {path} can't be written: {error.strerror}.") from None
        if not is_regular(file) or (_lock(file) and _is_at(file, path)):
            return file
        file.close()
        if time.monotonic() > deadline:
            raise UsageError(
                f"the record {path} is being written by another run: let that come to its end, or end it, or "
                "write to another folder."
            )
        time.sleep(0.05)


def is_regular(file: TextIO) -> bool:
    """Tell whether what is open is a file, and no device: of that nothing is kept."""
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _lock(file: TextIO) -> bool:
    """Lock a file; tell whether nobody else has."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that knows no locks
        pass
    return True


def _is_at(file: TextIO, path: Path) -> bool:
    """Tell whether a file is still the one at its path: it may have been removed before it was locked."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
