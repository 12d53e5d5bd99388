"""What would a worker with some mistake answer, and is that what came back?

A hypothesis says what is made of a call: another setting, other arrays out of the same bytes, or an answer in
other bytes than it should have.  What such a worker would return is computed with the reference, as what is
demanded is; where what came back is accepted as that, the hypothesis fits, and its sentence is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from adjoint.call import Call
from adjoint.expecting import Expected, expected
from adjoint.reference.bound import Claim
from adjoint.tensors import Array, decode, encode
from adjoint.writing import Setting, written


@dataclass(frozen=True, eq=False)
class Heard:
    """An answer that is not the one that is demanded.

    Attributes
    ----------
    number : int
        Of the call.
    setting : Setting
    wanted : Expected
    seen : Array
    earlier : sequence of (int, str, Expected)
        What was demanded of the calls before, by their numbers and names.
    claim : Claim, optional
        What the worker claims of its arithmetic in this dtype.
    in_python : bool
        Whether it is said of a function or class, in the words of arguments and return values.
    """

    number: int
    setting: Setting
    wanted: Expected
    seen: Array
    earlier: Sequence[tuple[int, str, Expected]] = ()
    claim: Claim | None = None
    in_python: bool = False


def as_it_is(value: Array) -> Array:
    """Return an array itself."""
    return value


def unchanged(setting: Setting) -> Setting:
    """Return a setting itself."""
    return setting


def where_it_is(_: Setting, value: Array) -> Array:
    """Return an output itself."""
    return value


@dataclass(frozen=True)
class Hypothesis:
    """A mistake in the wiring, and how it shows.

    Attributes
    ----------
    name : str
    sentence : str
    setting : callable
        From the call, to the one that is made instead; to None where this can't be.
    read : callable
        From each array that is sent, to what the worker takes it for.
    wrote : callable
        From the array that came back, to what the worker had.
    placed : callable
        The same, where it depends on the call.
    of_python : str
        The sentence of a function or class, where the other speaks of the protocol.
    """

    name: str
    sentence: str
    setting: Callable[[Setting], Setting | None] = unchanged
    read: Callable[[Array], Array] = as_it_is
    wrote: Callable[[Array], Array] = as_it_is
    placed: Callable[[Setting, Array], Array] = where_it_is
    of_python: str = ""

    def call(self, setting: Setting) -> Call | None:
        """Return the call that the worker makes of a setting, or None where there is none."""
        made = self.setting(setting)
        call = written(made) if made else None
        if call is None or self.read is as_it_is:
            return call
        tensors = {name: encode(self.read(decode(tensor))) for name, tensor in call.tensors.items()}
        return replace(call, tensors=tensors)

    def said(self, heard: Heard) -> str:
        """Return the sentence if a worker with this mistake answers so, and not as it should."""
        call = self.call(heard.setting)
        had = self.had(heard)
        if call is None or (call == written(heard.setting) and had is heard.seen):
            return ""
        wanted = expected(call, heard.claim, doubtful=True)
        sentence = self.of_python or self.sentence if heard.in_python else self.sentence
        return sentence if wanted and wanted.accepts(had) else ""

    def refuted(self, right: Heard) -> bool:
        """Tell whether a worker with this mistake would not have answered rightly where this one did."""
        call = self.call(right.setting)
        wanted = expected(call, right.claim, doubtful=True) if call else None
        return wanted is not None and not wanted.accepts(self.had(right))

    def forbids(self, setting: Setting) -> bool:
        """Tell whether a worker with this mistake makes a call that can't be answered of one that can."""
        call = self.call(setting)
        return call is not None and expected(call, doubtful=True) is None

    def had(self, heard: Heard) -> Array:
        """Return the output that the worker had, of the one that came back."""
        return self.placed(heard.setting, self.wrote(heard.seen))

    def beside(self, other: Hypothesis) -> Hypothesis:
        """Return the hypothesis that both are so."""
        return Hypothesis(
            f"{self.name}, {other.name}",
            f"{self.sentence}, and {other.sentence}",
            lambda setting: (made := self.setting(setting)) and other.setting(made),
            _after(self.read, other.read),
            _after(self.wrote, other.wrote),
            lambda setting, array: other.placed(setting, self.placed(setting, array)),
            f"{self.of_python or self.sentence}, and {other.of_python or other.sentence}",
        )


def _after(first: Callable[[Array], Array], second: Callable[[Array], Array]) -> Callable[[Array], Array]:
    if first is as_it_is:
        return second
    return first if second is as_it_is else lambda array: second(first(array))
