"""What may an argument be that is no number and no text?  A framework's object, or a function of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {"double": lambda value: 2 * value}
"""The functions that a call may carry, by name: each exact, and monotone."""


@dataclass(frozen=True)
class Named:
    """An initializer, regularizer or constraint as an object: the name of its class, and its settings."""

    name: str
    settings: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, value: str | Named) -> Named:
        """Return what a name, or an object, names, in lower case and without underscores."""
        named = value if isinstance(value, Named) else cls(value)
        return cls(named.name.replace("_", "").lower(), named.settings)

    def __repr__(self) -> str:
        """Return it as it is written where it is made."""
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.settings.items())})"


@dataclass(frozen=True)
class Function:
    """A function of ours as an argument: a key of `FUNCTIONS`."""

    name: str

    def __repr__(self) -> str:
        """Return its name."""
        return self.name
