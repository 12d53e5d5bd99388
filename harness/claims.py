"""What does an implementation say of itself when it starts?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adjoint import INTERPRETATION
from adjoint.call import Call, canonical
from adjoint.errors import MessageError
from adjoint.inert import cut, short
from adjoint.reference.exact import FORMATS

T = TypeVar("T")

ARITHMETIC: Mapping[str, tuple[str | bool, ...]] = {
    "accumulator": tuple(FORMATS),
    "input_rounding": ("tf32",),
    "flush": (True, False),
    "algorithm": ("transform",),
}
"""What may be claimed of the arithmetic in a dtype, and the values of each."""

MOST_CHARACTERS, MOST_ENTRIES = 1000, 1000
"""How long a text in a claim may be, and how many there may be of a kind."""


@dataclass(frozen=True)
class Claims:
    """What an implementation says of itself when it starts.

    Attributes
    ----------
    version : str
    apis, dtypes : tuple of str
        What it offers; the rest is unsupported, and never asked.
    systems : mapping of str to str
        The frameworks behind it and their versions: which documents it is own to.
    python_errors : bool
        Whether the types of its errors are those of Python.
    arithmetic : mapping of str to mapping
        Dtype to what it does there that a bound on rounding may count on: a key of `ARITHMETIC` to its value.
    unsupported : mapping of str to str
        Id to reason, of what it may answer `unsupported` to.
    python : str
        The interpreter's version, where there is one.
    by_position : bool
        Whether arguments may be given by position, in the order of the API's page.
    observes : tuple of str
        What it can observe of a call: names of `Call.observe`, or of names with a hyphen, such as
        `after-input`, what stands before.
    interpretation : str
        The one of calls that it was written for, such as ``1.0``; without it, ours.
    """

    version: str
    apis: tuple[str, ...]
    dtypes: tuple[str, ...]
    systems: Mapping[str, str] = field(default_factory=dict)
    python_errors: bool = False
    unsupported: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    arithmetic: Mapping[str, Mapping[str, str | bool]] = field(default_factory=dict)
    observes: tuple[str, ...] = ("output",)
    by_position: bool = False
    interpretation: str = INTERPRETATION

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Claims:
        """Read the answer to `start`.

        Raises
        ------
        MessageError
        """
        claims = data.get("claims")
        if not isinstance(claims, Mapping):
            raise MessageError(f"the answer to start has no claims: {cut(canonical(data), 200)}")
        try:
            return cls(
                version=cut(_of(str, "version", data["version"]), MOST_CHARACTERS),
                apis=_texts("apis", claims["apis"]),
                dtypes=_texts("dtypes", claims["dtypes"]),
                systems=_table("systems", claims.get("systems", {})),
                python_errors=_of(bool, "python_errors", claims.get("python_errors", False)),
                unsupported=_table("unsupported", claims.get("unsupported", {})),
                python=cut(_of(str, "python", data.get("python", "")), MOST_CHARACTERS),
                arithmetic=checked_arithmetic(claims.get("arithmetic", {})),
                observes=_texts("observes", claims.get("observes", ["output"])),
                by_position=_of(bool, "by_position", claims.get("by_position", False)),
                interpretation=_interpretation(claims.get("interpretation", INTERPRETATION)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MessageError(f"the answer to start lacks or garbles {error}.") from None

    def lacks(self, call: Call) -> str:
        """Return what a call needs that is not claimed; empty if there is nothing."""
        if call.dtype not in self.dtypes:
            return call.dtype
        if call.positional and not self.by_position:
            return "arguments by position"
        return next(
            (name for name in call.observe if not {name, name.partition("-")[0]} & set(self.observes)), ""
        )


def _of(kind: type[T], name: str, value: object) -> T:
    if not isinstance(value, kind):
        raise ValueError(name)
    return value


def _interpretation(claimed: object) -> str:
    if not isinstance(claimed, str) or not re.fullmatch(r"[0-9]+\.[0-9]+", claimed):
        raise MessageError(f"interpretation is {short(claimed)}; it must be two numbers in a text, as '1.0'")
    if claimed.split(".")[0] != INTERPRETATION.split(".")[0]:
        raise MessageError(
            f"it was written for interpretation {cut(claimed, 20)} of calls, and this adjoint knows "
            f"{INTERPRETATION}: use the adjoint of that interpretation, or write the worker for this one"
        )
    return claimed


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(map(_is_text, value)) or len(value) > MOST_ENTRIES:
        raise ValueError(name)
    return tuple(value)


def _table(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(map(_is_text, (*value, *value.values()))):
        raise ValueError(name)
    if len(value) > MOST_ENTRIES:
        raise ValueError(name)
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MOST_CHARACTERS


def checked_arithmetic(claimed: object) -> dict[str, dict[str, str | bool]]:
    """Return what is claimed of arithmetic, by dtype, if it may be.

    Raises
    ------
    MessageError
        The text says what is wrong, and what would be right.
    """
    if not isinstance(claimed, dict):
        raise MessageError(
            f"arithmetic is {short(claimed)}; it must be an object, a dtype to what is claimed."
        )
    for dtype, entries in claimed.items():
        if dtype not in FORMATS:
            raise MessageError(f"arithmetic names {short(dtype)}; it may name {', '.join(FORMATS)}.")
        if not isinstance(entries, dict) or not set(entries) <= set(ARITHMETIC):
            raise MessageError(
                f"arithmetic.{dtype} is {short(entries)}; it must be an object with any of "
                f"{', '.join(ARITHMETIC)}."
            )
        for name, value in entries.items():
            allowed = [json.dumps(item) for item in ARITHMETIC[name]]
            if json.dumps(value) not in allowed:
                said = f"arithmetic.{dtype}.{name} is {short(value)}"
                raise MessageError(f"{said}; it must be {' or '.join(allowed)}.")
    return claimed
