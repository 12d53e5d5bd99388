"""What does someone claim of a function?  A small TOML file, read and checked before anything starts.

::

    dtypes = ["float16", "float32"]   # those that it takes
    arrays = "torch"                  # the library whose arrays it takes: its asarray makes them

    [arithmetic.float16]              # what a bound on rounding may count on, as a worker claims it
    accumulator = "float32"

    [[unsupported]]                   # an error that says: this is not offered
    id = "dilation"
    error = "NotImplementedError"
    pattern = "dilat"
    link = "see issue 12"
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from adjoint.claims import checked_arithmetic
from adjoint.errors import MessageError, UsageError
from adjoint.nearest import instead
from adjoint.tensors import DTYPES

KEYS = ("dtypes", "arrays", "arithmetic", "unsupported")
ROW = ("id", "error", "pattern", "link")


def read(path: str | None, dtypes: str | None = None) -> dict[str, Any]:
    """Return what is claimed in a file, if one is given, with the dtypes that are named beside it, if any.

    Raises
    ------
    UsageError
        If the file can't be read, or claims what can't be claimed; the text names it, and what can.
    """
    claimed: dict[str, Any] = {}
    if path is not None:
        try:
            claimed = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"the claims {path} can't be read: {error.strerror}.") from None
        except ValueError as error:
            raise UsageError(f"{path} is no file of claims: {error}.") from None
    if dtypes is not None:
        claimed["dtypes"] = dtypes.split(",")
    where = "--dtypes" if dtypes is not None else f"in {path}, dtypes"
    if problem := _problem(claimed, where):
        raise UsageError(problem)
    return claimed


def _problem(claimed: dict[str, Any], where: str) -> str:
    """Return a sentence on what is wrong with claims; empty if nothing is."""
    for name in claimed:
        if name not in KEYS:
            others = instead(name, KEYS, f"what can is {', '.join(KEYS)}")
            return f"{name} can't be claimed of a function{others}."
    dtypes = claimed.get("dtypes", ["float32"])
    if not isinstance(dtypes, list) or not dtypes or not all(name in DTYPES for name in dtypes):
        said = ",".join(map(str, dtypes)) if isinstance(dtypes, list) else repr(dtypes)
        return f"{where} {said} must name some of {', '.join(DTYPES)}, separated by commas and nothing else."
    arrays = claimed.get("arrays", "numpy")
    if not isinstance(arrays, str) or not all(part.isidentifier() for part in arrays.split(".")):
        return (
            f"arrays is {arrays!r}; it must name the module whose asarray makes what is taken, as jax.numpy."
        )
    try:
        checked_arithmetic(claimed.get("arithmetic", {}))
    except MessageError as error:
        return str(error)
    rows = claimed.get("unsupported", [])
    if isinstance(rows, dict):
        return "[unsupported] must have two brackets, [[unsupported]], for there may be more of them."
    for row in rows if isinstance(rows, list) else [rows]:
        whole = isinstance(row, dict) and set(ROW[:3]) <= set(row) <= set(ROW)
        if not whole or not all(isinstance(value, str) for value in row.values()):
            return (
                f"unsupported has {row!r}; each must have {', '.join(ROW[:3])}, and may have link, all text."
            )
        try:
            re.compile(row["pattern"])
        except re.error as error:
            return f"the pattern {row['pattern']!r} of unsupported is no regular expression: {error}."
    return ""
