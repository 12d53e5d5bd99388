"""Which implementation is meant?  The words with which a command is given one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adjoint import catalogue
from adjoint.errors import UsageError


@dataclass(frozen=True)
class Meant:
    """One implementation, as it was asked for.

    Attributes
    ----------
    target : str, optional
        A name in the catalogue, or ``module:function``; without it, `command` is a program.
    command : str, optional
    api, dtypes, claims : str, optional
        What is said of a ``module:function``; see `catalogue.resolve`.
    python : str, optional
        The interpreter to run it with.
    """

    target: str | None
    command: str | None = None
    api: str | None = None
    dtypes: str | None = None
    claims: str | None = None
    python: str | None = None

    def found(self, python: str | None = None) -> catalogue.Implementation:
        """Return the implementation; `python` is the interpreter where none was asked for.

        Raises
        ------
        UsageError
            If not one thing is meant, or what is said of it makes no sense.
        """
        if (self.target is None) == (self.command is None):
            raise UsageError(
                "give one thing to look at: a name or module:function, or a program as --command."
            )
        if (self.api or self.dtypes or self.claims) and ":" not in (self.target or ""):
            raise UsageError(no_function([self.target] if self.target else [], self.api))
        if self.command is not None:
            return catalogue.from_command(self.command)
        return catalogue.resolve(str(self.target), self.api, self.python or python, self.dtypes, self.claims)

    def words(self) -> list[str]:
        """Return the words that mean it, for another command."""
        if self.command is not None:
            return ["--command", self.command]
        named = ("api", "dtypes", "claims", "python")
        given = {f"--{name}": getattr(self, name) for name in named}
        return [str(self.target), *(word for name, value in given.items() if value for word in (name, value))]


def no_function(targets: Sequence[str], api: str | None) -> str:
    """Return the sentence where something is said of a ``module:function``, and no target is one."""
    said = "--api, --dtypes and --claims speak of a module:function, and"
    stranger = next((target for target in targets if target not in catalogue.entries()), "")
    if not stranger:
        named = f", but {', '.join(targets)} of the catalogue" if targets else ""
        return f"{said} none was given{named}."
    module, _, function = stranger.removesuffix(".py").rpartition(".")
    if not module or stranger.endswith(".py"):  # all of it is a module: a function is often named as its API
        module, function = stranger.removesuffix(".py"), (api or "function").rpartition(".")[2]
    return f"{said} {stranger!r} has no colon: did you mean '{module}:{function}'?"
