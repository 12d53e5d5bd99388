"""Do the arguments of `adjoint.check` make sense?  What is wrong is told before anything starts."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from adjoint import catalogue, claims_file, deviations
from adjoint.drawing import PROFILES
from adjoint.errors import UsageError
from adjoint.inert import short
from adjoint.nearest import instead
from adjoint.spec import load as load_spec
from adjoint.spec.clauses import LEVELS
from adjoint.tensors import DTYPES


def check(given: Mapping[str, Any]) -> None:
    """See that each argument, by its name, is one that `adjoint.check` takes, and can be what it is.

    Raises
    ------
    UsageError
        If one is not; the text names the argument, and says what it may be.
    """
    for name, value in given.items():
        if name not in WRONG:
            others = instead(name, WRONG, f"there are {', '.join(WRONG)}")
            raise UsageError(f"there is no argument {name!r}{others}.")
        if wrong := WRONG[name](value):
            raise UsageError(f"{name} is {short(value)}{wrong}.")


def words(value: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names in a text, where commas separate them, or those of a list."""
    return tuple(value.split(",") if isinstance(value, str) else value)


def _function(value: object) -> str:
    if isinstance(value, str):
        whole = ":" in value.strip(":") or value in catalogue.entries()
    else:
        whole = callable(value) and hasattr(value, "__qualname__")
    return "" if whole else "; it must be a function, a class, or module:function"


def _one_of(*known: str) -> Callable[[object], str]:
    def wrong(value: object) -> str:
        if isinstance(value, str) and value in known:
            return ""
        allowed = f"it must be one of {', '.join(known)}"
        return instead(value, known, allowed) if isinstance(value, str) else f"; {allowed}"

    return wrong


def _some_of(known: tuple[str, ...]) -> Callable[[object], str]:
    def wrong(value: object) -> str:
        if isinstance(value, str | list | tuple) and value and all(name in known for name in words(value)):
            return ""
        return f"; it must name some of {', '.join(known)}: a list, or a text with commas and nothing else"

    return wrong


def _file(read: Callable[[Path], object]) -> Callable[[object], str]:
    def wrong(value: object) -> str:
        if not isinstance(value, str | os.PathLike):
            return "; it must be the path of a file"
        read(Path(value))
        return ""

    return wrong


def _seed(value: object) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return "" if whole else "; it must be a whole number, from zero on"


def _timeout(value: object) -> str:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    return "" if 0 < number < math.inf else "; it must be a number of seconds, above zero"


def _if_given(wrong: Callable[[object], str]) -> Callable[[object], str]:
    return lambda value: "" if value is None else wrong(value)


WRONG: Mapping[str, Callable[[object], str]] = {
    "function": _function,
    "api": lambda value: _one_of(*load_spec().apis())(value),  # the documents are read when it is asked
    "dtypes": _if_given(_some_of(DTYPES)),
    "claims": _if_given(_file(lambda path: claims_file.read(str(path)))),
    "deviations": _if_given(_file(deviations.load)),
    "profile": _one_of("none", *PROFILES),
    "seed": _seed,
    "levels": _some_of(LEVELS),
    "timeout": _timeout,
}
"""For each argument, what is said after its value, if it can't be that."""
