"""What have the calls in common that deviate, and those that conform have not?  The simplest predicate.

It is such as a declaration can state, and looked for among single parameters, then pairs of them: equal to a
value, one of a few, compared with a number, given or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

Parameters = Mapping[str, Any]

MOST_VALUES = 4
"""How many values a parameter is said to be one of."""

SHAPE = 4
"""How much less a shape is liked than an argument: of a few calls, some shape always tells them apart."""

UNSAID = ("becomes", "given")
"""What is no parameter to compare: what was seen of the call, and the names given, each asked for itself."""


@dataclass(frozen=True)
class Predicate:
    """A condition that a declaration can state.

    Attributes
    ----------
    where, when
        As `adjoint.deviations.Deviation` has them.
    """

    where: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""

    def __and__(self, other: Predicate) -> Predicate:
        """Return what holds where both do."""
        whens = [part for part in (self.when, other.when) if part]
        if len(whens) > 1:
            whens = [f"({part})" if " or " in part else part for part in whens]
        return Predicate({**self.where, **other.where}, " and ".join(whens))


@dataclass(frozen=True)
class Atom:
    """A condition on one parameter, how well it is liked (less is better), and how to test it."""

    cost: int
    predicate: Predicate
    holds: Callable[[Parameters], bool]

    @property
    def order(self) -> tuple[int, str]:
        """How to sort it, the best liked first."""
        return self.cost, f"{self.predicate.where}{self.predicate.when}"


def separating(failing: Sequence[Parameters], conforming: Sequence[Parameters]) -> Iterator[Predicate]:
    """Yield the predicates that hold for each failing call and for no conforming one, the simplest first.

    Parameters
    ----------
    failing, conforming : sequence of mapping
        The parameters of calls; of the first at least one.
    """
    atoms = sorted(_atoms(failing, conforming), key=lambda atom: atom.order)
    kept = [(atom, _mask(atom, conforming)) for atom in atoms if all(_holds(atom, call) for call in failing)]
    yield from (atom.predicate for atom, mask in kept if not mask)
    some = [(atom, mask) for atom, mask in kept if mask]
    pairs = [(one, two) for (one, a), (two, b) in combinations(some, 2) if not a & b]
    for one, two in sorted(pairs, key=lambda pair: (pair[0].cost + pair[1].cost, pair[0].order)):
        if not set(one.predicate.where) & set(two.predicate.where):
            yield one.predicate & two.predicate


def _holds(atom: Atom, call: Parameters) -> bool:
    """Test a call; what can't be evaluated for it does not hold, as of a declaration."""
    try:
        return bool(atom.holds(call))
    except (TypeError, LookupError, ValueError, ArithmeticError):
        return False


def _mask(atom: Atom, calls: Sequence[Parameters]) -> int:
    return sum(1 << number for number, call in enumerate(calls) if _holds(atom, call))


def _atoms(failing: Sequence[Parameters], conforming: Sequence[Parameters]) -> Iterator[Atom]:
    names = dict.fromkeys(name for call in failing for name in call if name not in UNSAID)
    for name in names:
        cost = SHAPE if name.endswith(".shape") else 0
        known = [call[name] for call in failing if name in call]
        others = [call[name] for call in conforming if name in call]
        if len(known) == len(failing):
            yield from _equal(name, known, cost)
        yield from _scalars(name.replace(".", "_"), _get(name), known, others, len(failing), cost)
        if len(known) == len(failing) and all(isinstance(value, list) for value in known):
            yield from _elements(name, known, others, cost + 1)
    for name in dict.fromkeys(name for call in (*failing, *conforming) for name in call.get("given", ())):
        yield Atom(1, Predicate(when=f"'{name}' in given"), _given(name, True))
        yield Atom(1, Predicate(when=f"'{name}' not in given"), _given(name, False))
    for name in dict.fromkeys(name for call in (*failing, *conforming) for name in call):
        if name.endswith(".shape") and name != "output.shape":
            said = name.replace(".", "_")
            yield Atom(1, Predicate(when=said), _get(name))
            yield Atom(1, Predicate(when=f"not {said}"), _without(name))


def _equal(name: str, known: Sequence[Any], cost: int) -> Iterator[Atom]:
    value = known[0]
    if _is_writable(value) and all(type(other) is type(value) and other == value for other in known):
        yield Atom(cost, Predicate(where={name: value}), lambda call: name in call and call[name] == value)


def _scalars(
    said: str,
    get: Callable[[Parameters], Any],
    known: Sequence[Any],
    others: Sequence[Any],
    wanted: int,
    cost: int,
) -> Iterator[Atom]:
    """Yield what can be said of one value, which `said` names: one of some, none of some, compared."""
    values = _distinct(known)
    if values and len(known) == wanted and len(values) <= MOST_VALUES:
        text = " or ".join(f"{said} == {value!r}" for value in values)
        yield Atom(cost + len(values), Predicate(when=text), lambda call: get(call) in values)
    excluded = _distinct(others)
    if excluded and len(excluded) <= MOST_VALUES and not any(value in excluded for value in known):
        text = " and ".join(f"{said} != {value!r}" for value in excluded)
        yield Atom(cost + 2 + len(excluded), Predicate(when=text), lambda call: get(call) not in excluded)
    if len(known) == wanted and all(map(_is_number, known)):
        least, most = min(known), max(known)
        yield Atom(cost + 3, Predicate(when=f"{said} >= {least!r}"), lambda call: get(call) >= least)
        yield Atom(cost + 3, Predicate(when=f"{said} <= {most!r}"), lambda call: get(call) <= most)


def _elements(name: str, known: Sequence[Any], others: Sequence[Any], cost: int) -> Iterator[Atom]:
    """Yield what can be said of the elements of a list."""
    said, length = name.replace(".", "_"), min(map(len, known))
    for at in (*range(length), -1) if length else ():
        ours = [value[at] for value in known]
        theirs = [value[at] for value in others if isinstance(value, list) and -len(value) <= at < len(value)]
        yield from _scalars(f"{said}[{at}]", _get(name, at), ours, theirs, len(known), cost)
    for one, two in combinations(range(length), 2):
        for sign, same in (("==", True), ("!=", False)):
            text = f"{said}[{one}] {sign} {said}[{two}]"
            yield Atom(cost + 1, Predicate(when=text), _related(name, one, two, same))


def _get(name: str, at: int | None = None) -> Callable[[Parameters], Any]:
    return lambda call: call.get(name) if at is None else call[name][at]


def _without(name: str) -> Callable[[Parameters], bool]:
    return lambda call: not call.get(name)


def _given(name: str, wanted: bool) -> Callable[[Parameters], bool]:
    return lambda call: (name in call["given"]) is wanted


def _related(name: str, one: int, two: int, same: bool) -> Callable[[Parameters], bool]:
    return lambda call: (call[name][one] == call[name][two]) is same


def _distinct(values: Sequence[Any]) -> list[Any]:
    """Return the values, each once; nothing where one of them is no text, number or truth value."""
    if not all(isinstance(value, str | bool) or _is_number(value) for value in values):
        return []
    return list(dict.fromkeys(values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_writable(value: Any) -> bool:
    """Tell whether TOML can say it."""
    if isinstance(value, list):
        return all(map(_is_writable, value))
    if isinstance(value, int):
        return abs(value) < 1 << 63
    return isinstance(value, str) or _is_number(value)
