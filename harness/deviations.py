"""Which failing checks are known?  Declared deviations, from TOML files.

A declaration that no failing check needs any more is stale, and fails the gate, unless it says what it varies
with; so does an expired one.
"""

from __future__ import annotations

import ast
import datetime
import glob
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import simpleeval
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from adjoint.errors import UsageError
from adjoint.golden import load as load_golden
from adjoint.nearest import instead
from adjoint.reference.signatures import signatures
from adjoint.spec import load as load_spec

FIELDS = {
    "implementation": str,
    "clause": str,
    "kind": str,
    "reason": str,
    "link": str,
    "where": dict,
    "when": str,
    "varies": str,
    "versions": dict,
}
BESIDES = ("output.shape", "becomes")
"""What `where` may ask for beside the parameters of a call."""
EXCUSABLE = ("deviates", "crashed", "timed-out", "broken")
TODO = "TODO"
"""How a reason starts that is still to be written; see `adjoint.drafting`."""


def is_within(version: str, wanted: str, unknown: bool) -> bool:
    """Tell whether a version is in a range; of a version that can't be read, `unknown`."""
    try:
        return SpecifierSet(wanted).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return unknown


@dataclass(frozen=True)
class Deviation:
    """A known failing check.

    Attributes
    ----------
    implementation : str
        Its name; ``*`` and ``?`` stand for any.
    clause : str
        ``*`` and ``?`` stand for any.
    kind : str
        The kind of check; without it, any.
    where : mapping
        Parameter of the call to the value that it must have; see `Call.parameters`.  Besides, `output.shape`
        and, of values, `becomes`: what the elements that differ are, ``nan``, ``not finite`` or ``numbers``.
    when : str
        An expression in Python over the same parameters, dots in their names written as underscores; names
        that the call lacks are None.  Without it, whatever `where` says.
    varies : str
        Where it does not show everywhere: with what.  It is never stale then.
    versions : mapping of str to str
        System to version range: where the declaration holds.
    reason, link : str
    expires : datetime.date, optional
        The last day that it holds.
    """

    implementation: str
    clause: str
    reason: str
    link: str = ""
    kind: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""
    varies: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    expires: datetime.date | None = None

    def applies_to(self, implementation: str, systems: Mapping[str, str]) -> bool:
        """Tell whether it speaks of this implementation, at these versions of its systems."""
        return fnmatchcase(implementation, self.implementation) and all(
            name in systems and is_within(systems[name], wanted, unknown=False)
            for name, wanted in self.versions.items()
        )

    def lacks(self, implementation: str, systems: Mapping[str, str]) -> list[str]:
        """Return the systems that it has versions of, though it names an implementation without them."""
        mine = self.implementation in (implementation, glob.escape(implementation))
        return [name for name in self.versions if name not in systems] if mine else []

    def matches(self, clause: str, kind: str, parameters: Mapping[str, Any]) -> bool:
        """Tell whether it speaks of such a check of this clause, in a call with these parameters."""
        same = all(name in parameters and parameters[name] == value for name, value in self.where.items())
        named = fnmatchcase(clause, self.clause) and self.kind in ("", kind)
        return named and same and (not self.when or self._holds(parameters))

    def _holds(self, parameters: Mapping[str, Any]) -> bool:
        """Evaluate `when`; what can't be evaluated for a call does not hold for it."""
        named = {name.replace(".", "_"): value for name, value in parameters.items()}
        try:
            return bool(simpleeval.simple_eval(self.when, names=lambda node: named.get(node.id)))
        except (TypeError, LookupError, ValueError, ArithmeticError, simpleeval.InvalidExpression):
            return False

    def __str__(self) -> str:
        """Name it in a sentence."""
        where = f" where {dict(self.where)}" if self.where else ""
        where += f" when {self.when}" if self.when else ""
        kind = f" ({self.kind})" if self.kind else ""
        return f"The declared deviation of {self.implementation} from {self.clause}{kind}{where}"


class Ledger:
    """The declarations that apply to one run, and which of them its checks have needed.

    Parameters
    ----------
    deviations : sequence of Deviation
    implementation : str
    systems : mapping of str to str
    """

    def __init__(
        self, deviations: Sequence[Deviation], implementation: str, systems: Mapping[str, str]
    ) -> None:
        self._deviations = [d for d in deviations if d.applies_to(implementation, systems)]
        self._astray = [
            f"{d} is of versions of {name}, which {implementation} does not have; it has "
            f"{', '.join(systems) or 'no system with a version'}: correct versions."
            for d in deviations
            for name in d.lacks(implementation, systems)
        ]
        self._met: dict[int, str] = {}
        self._recent: dict[str, str] = {}

    def note(self, clause: str, kind: str, parameters: Mapping[str, Any], verdict: str) -> Deviation | None:
        """Note a check's verdict; return the declaration that excuses it, if it failed and one does."""
        found = None
        for number, deviation in enumerate(self._deviations):
            if deviation.matches(clause, kind, parameters) and verdict not in ("not-reached", "unsupported"):
                self._meet(number, "needed" if verdict in EXCUSABLE else "idle")
                if verdict in EXCUSABLE:
                    found = found or deviation
        return found

    def take(self) -> dict[str, str]:
        """Return what became of declarations since this was asked last: by number, ``needed`` or ``idle``."""
        recent, self._recent = self._recent, {}
        return recent

    def add(self, met: Mapping[str, str]) -> None:
        """Note again what `take` returned."""
        for number, how in met.items():
            self._meet(int(number), how)
        self._recent = {}

    def _meet(self, number: int, how: str) -> None:
        if self._met.get(number) not in (how, "needed"):
            self._met[number] = self._recent[str(number)] = how

    def problems(self, whole: bool, today: datetime.date) -> tuple[str, ...]:
        """Return a sentence for each declaration that is stale, expired, or of versions of another system.

        Parameters
        ----------
        whole : bool
            Whether every case was run: only then is a declaration that nothing needed stale.
        today : datetime.date
        """
        found = list(self._astray)
        for number, deviation in enumerate(self._deviations):
            met = self._met.get(number, "unmatched")
            if whole and met in ("idle", "unmatched") and not deviation.varies:
                why = "no check matches it" if met == "unmatched" else "every check that it matches conforms"
                found.append(f"{deviation} is stale: {why}; remove it.")
            elif deviation.expires and deviation.expires < today and met == "needed":
                found.append(f"{deviation} expired on {deviation.expires}; mend it or renew it.")
        return tuple(found)


def shipped() -> Traversable:
    """Return the file of the declarations that came with the suite."""
    return files("adjoint") / "implementations" / "deviations.toml"


def load(path: Traversable) -> list[Deviation]:
    """Read a deviations file.

    Raises
    ------
    UsageError
        If the file can't be read, or an entry is not well formed or names an unknown clause.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("deviation")
    except OSError as error:
        raise UsageError(f"the deviations file {path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a deviations file: {error}.") from None
    if isinstance(rows, dict):
        brackets = "[deviation] must have two brackets, [[deviation]]"
        raise UsageError(f"{path} is not a deviations file: {brackets}.")
    if not isinstance(rows, list):
        raise UsageError(f"{path} is not a deviations file: it has no [[deviation]].")
    return [_deviation(row, f"{path}, deviation {number}") for number, row in enumerate(rows, start=1)]


def strangers(declared: Sequence[Deviation], names: Collection[str], known: Collection[str]) -> list[str]:
    """Return a sentence for each declaration of a file that is of no implementation of a run.

    Parameters
    ----------
    declared : sequence of Deviation
        What a user's file has.
    names : collection of str
        The implementations of the run.
    known : collection of str
        Those of the catalogue: a declaration of one of them may wait for its run, unless this run is of
        none of them, and the file has nothing that is of it.
    """

    def none_of(some: Collection[str], deviation: Deviation) -> bool:
        return not any(fnmatchcase(name, deviation.implementation) for name in some)

    here = set(names) & set(known) or not all(none_of(names, deviation) for deviation in declared)
    return [
        f"{deviation} is of no implementation of this run, which has {', '.join(names)}; correct its name, "
        "or keep it in a file of its own."
        for deviation in declared
        if none_of(names, deviation) and (not here or none_of(known, deviation))
    ]


def _refuse_acts(when: str) -> None:
    """Refuse a condition that calls something, or asks for an attribute.

    Raises
    ------
    TypeError, SyntaxError
    """
    for node in ast.walk(ast.parse(when, mode="eval")):
        if isinstance(node, ast.Call | ast.Attribute):
            raise TypeError(f"when is {when!r}; it may compare parameters, not call or reach into anything")


def _refuse_strange(names: Collection[str]) -> None:
    """Refuse a name that is no parameter of any call: neither an argument of an API, nor in a golden case.

    Raises
    ------
    TypeError
    """
    known = {*BESIDES, *(name for signature in signatures().values() for name in signature.parameters)}
    if set(names) <= known:
        return
    known.update(name for case in load_golden() for name in case.call.parameters())
    for name in names:
        if name not in known:
            others = instead(
                name, sorted(known), "'where' asks for arguments, dtype, or shapes, as input.shape"
            )
            raise TypeError(f"there is no parameter {name!r}{others}")


def _deviation(row: Mapping[str, Any], where: str) -> Deviation:
    try:
        if not isinstance(row, dict):
            raise TypeError(f"{row!r} is not a table")
        known = (*FIELDS, "expires")
        for name in row:
            if name not in known:
                others = instead(name, known, f"it may have {', '.join(known)}")
                raise TypeError(f"there is no field {name!r}{others}")
        for name in ("implementation", "clause", "reason"):
            if name not in row:
                raise TypeError(f"it has no {name}, which each needs")
        deviation = Deviation(**row)
        for name, kind in FIELDS.items():
            if type(value := getattr(deviation, name)) is not kind:
                raise TypeError(f"{name} is {value!r}; it must be a {kind.__name__}")
        if deviation.expires is not None and type(deviation.expires) is not datetime.date:
            raise TypeError(f"expires is {deviation.expires!r}; it must be a date, as 2026-12-31")
        _refuse_strange(deviation.where)
        for wanted in deviation.versions.values():
            SpecifierSet(wanted)
        if not deviation.reason.strip() or deviation.reason.lstrip().startswith(TODO):
            raise TypeError(f"reason is {deviation.reason!r}; say there why this deviation is known")
        if deviation.when:
            _refuse_acts(deviation.when)
    except (TypeError, AttributeError, InvalidSpecifier, SyntaxError) as error:
        raise UsageError(f"{where}: {error}.") from None
    if not any(fnmatchcase(clause, deviation.clause) for clause in load_spec().clauses):
        others = instead(deviation.clause, load_spec().clauses, "see 'adjoint list clauses'")
        raise UsageError(f"{where}: there is no clause {deviation.clause!r}{others}.")
    return deviation
