"""What is a case, and how is it frozen?  Golden files: one JSON line a case, sealed against edits by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from adjoint import INTERPRETATION
from adjoint.call import Call, canonical
from adjoint.compact import compact, expanded
from adjoint.errors import GoldenError

FORMAT = 2
REMEDY = "write the golden files anew with 'python -m adjoint.cases.write cases/golden', in a clone."
REPEATED = ("inputs-kept", "repeatable", "output-kept")
"""The kinds of check of a call that is made again."""
MANIFEST = "MANIFEST.json"
COVERAGE = "COVERAGE.json"


@dataclass(frozen=True)
class Check:
    """One thing to be seen in an outcome, and the one clause that it speaks for.

    `demanded` depends on the kind: nothing for ``returned`` and ``raised``, nor for ``inputs-kept`` and
    ``output-kept``, which are held to what was sent and what was returned; a type's name for
    ``raised-type``, a dtype's name, a shape, for ``shape-within`` the least and the greatest size of each
    axis, a tensor's specification for ``values`` and the gradients, and for ``repeatable`` that of the call
    between; where the clause is open, ``{"readings": {name: tensor}}``.
    """

    kind: str
    clause: str
    demanded: Any = None


@dataclass(frozen=True)
class Case:
    """A call with its checks.

    Attributes
    ----------
    call : Call
    checks : tuple of Check
        In order: what comes after a failed one is not reached.
    why : str
        Why the case exists.
    exercises : tuple of str
        Further clauses that it touches, for coverage alone.
    """

    call: Call
    checks: tuple[Check, ...]
    why: str
    exercises: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of its call."""
        return self.call.id

    def clauses(self) -> tuple[str, ...]:
        """Return the clauses that its checks speak for, each once."""
        return tuple(dict.fromkeys(check.clause for check in self.checks))

    def to_line(self) -> str:
        """Return the case as a line of a golden file."""
        data = {
            "format": FORMAT,
            "interpretation": INTERPRETATION,
            "id": self.id,
            "why": self.why,
            "call": self.call.to_json(),
            "checks": [
                {
                    "kind": c.kind,
                    "clause": c.clause,
                    **({} if c.demanded is None else {"demanded": compact(c.demanded)}),
                }
                for c in self.checks
            ],
            "exercises": list(self.exercises),
        }
        sealed = {**data, "seal": _seal(data)}
        return json.dumps(sealed, separators=(",", ":"), ensure_ascii=True, allow_nan=False) + "\n"


def parse(line: str, where: str) -> Case:
    """Read one line of a golden file.

    Raises
    ------
    GoldenError
        If it is not a case, is of another format or interpretation, or does not match its seal.
    """
    try:
        data = json.loads(line)
        seal, form, meaning = data.pop("seal"), data["format"], str(data["interpretation"])
        whole = seal == _seal(data)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise GoldenError(f"{where} is not a golden case; {REMEDY}") from None
    if form != FORMAT or meaning.split(".")[0] != INTERPRETATION.split(".")[0]:
        raise GoldenError(
            f"{where} has format {form} and interpretation {meaning}; this adjoint reads format {FORMAT} and "
            f"interpretation {INTERPRETATION}: use the adjoint that wrote it, or {REMEDY}"
        )
    if not whole:
        raise GoldenError(
            f"{where}: case {data.get('id')} does not match its seal, so it was edited; {REMEDY}"
        )
    checks = tuple(Check(c["kind"], c["clause"], expanded(c.get("demanded"))) for c in data["checks"])
    return Case(Call.from_json(data["call"]), checks, data["why"], tuple(data["exercises"]))


def folder() -> Traversable:
    """Return the folder of the golden files that came with the suite."""
    return files("adjoint") / "cases" / "golden"


def load(root: Traversable | None = None) -> Iterator[Case]:
    """Yield every case of the golden files, by file name and line.

    A folder's manifest counts the lines of each file, so that none is lost unseen.

    Raises
    ------
    GoldenError
        At the first file or line that can't be used.
    """
    root = root or folder()
    try:
        texts = {path.name: path.read_text(encoding="utf-8") for path in root.iterdir() if path.is_file()}
        counts = json.loads(texts.pop(MANIFEST, "{}"))
        if not isinstance(counts, dict):
            raise TypeError(f"{MANIFEST} is not a table of counts")
    except (OSError, ValueError, TypeError) as error:
        raise GoldenError(f"the golden files in {root} can't be read: {error}; {REMEDY}") from None
    golden = {name: text.splitlines() for name, text in sorted(texts.items()) if name.endswith(".jsonl")}
    for name, count in counts.items():
        if len(golden.get(name, ())) != count:
            raise GoldenError(f"{name} has {len(golden.get(name, ()))} cases, not {count}; {REMEDY}")
    for name, lines in golden.items():
        for number, line in enumerate(lines, start=1):
            yield parse(line, f"{name}, line {number}")


def coverage() -> list[dict[str, Any]]:
    """Return what the covering arrays among the golden files cover, by family of APIs.

    Raises
    ------
    GoldenError
        If the file can't be used.
    """
    try:
        found: list[dict[str, Any]] = json.loads((folder() / COVERAGE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GoldenError(f"{COVERAGE} can't be read: {error}; {REMEDY}") from None
    return found


@cache
def digest() -> str:
    """Return sixteen hexadecimal digits that depend on the golden files that came with the suite."""
    paths = sorted((path for path in folder().iterdir() if path.is_file()), key=lambda path: path.name)
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def manifest(texts: Mapping[str, str]) -> str:
    """Return the text of the manifest of some golden files, given by name."""
    counts = {name: text.count("\n") for name, text in sorted(texts.items())}
    return json.dumps(counts, indent=1) + "\n"


def _seal(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(data).encode()).hexdigest()[:16]
