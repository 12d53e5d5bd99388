"""What does the suite catch?  Implementations with a seeded fault, put through its cases until one fails.

A folder of faults has a file for each family, `*.toml`, with a `[[fault]]` each, and `on_faults.py`, which
serves the fault that `start` names.  The smallest calls are put first: they cost least, and say most.
"""

from __future__ import annotations

import datetime
import os
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from adjoint import __version__
from adjoint.cases.demanded import case_of
from adjoint.cases.settings import Setting
from adjoint.cases.strategies import settings
from adjoint.catalogue import from_system
from adjoint.drawing import DATA, Drawn
from adjoint.errors import UsageError, WorkerDidNotStart
from adjoint.examination import Examination
from adjoint.golden import Case, load
from adjoint.plan import Plan
from adjoint.process import Limits
from adjoint.record import fails
from adjoint.reference.bound import Claim
from adjoint.worker import Worker

LIMITS = Limits(seconds=20.0)


@dataclass(frozen=True)
class Fault:
    """A seeded fault: the family that it is of, its name, and in a line what is wrong."""

    family: str
    name: str
    about: str


@dataclass(frozen=True)
class Found:
    """What came of one fault.

    Attributes
    ----------
    fault : Fault
    line : mapping, optional
        The first line of the record that fails; None if the fault was missed.
    cases : int
        How many cases were put, the one that failed included; of those that make a drawn call smaller, none.
    seconds : float
        From the start of the implementation to its end.
    """

    fault: Fault
    line: Mapping[str, Any] | None
    cases: int
    seconds: float

    @property
    def source(self) -> str:
        """Where the case is from: ``golden``, or the kind of data of a drawn one; empty if missed."""
        if self.line is None:
            return ""
        return str(self.line["drawn"]["data"]) if "drawn" in self.line else "golden"

    def to_json(self) -> dict[str, Any]:
        """Return the result as one flat object."""
        line = self.line or {}
        seen = {name: line.get(name) for name in ("clause", "kind", "verdict", "size", "call")}
        return {
            **vars(self.fault),
            "caught": self.line is not None,
            "source": self.source,
            **seen,
            "cases": self.cases,
            "seconds": round(self.seconds, 3),
        }


def summed(found: Sequence[Found], profile: str, seed: int, keyword: str) -> dict[str, Any]:
    """Return what came of some faults as one object: of those with a keyword, which may be empty."""
    return {
        "adjoint": __version__,
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "profile": profile,
        "seed": seed,
        "keyword": keyword,
        "faults": len(found),
        "caught": sum(each.line is not None for each in found),
        "found": [each.to_json() for each in found],
    }


def faults(folder: Path) -> tuple[Fault, ...]:
    """Return the faults of a folder, in the order of its files and rows.

    Raises
    ------
    UsageError
        If there are none, or a file can't be read.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths or not (folder / "on_faults.py").exists():
        raise UsageError(
            f"{folder} has no seeded faults; run this in a clone, or name its folder tests/faults."
        )
    try:
        rows = [
            (path.stem, row)
            for path in paths
            for row in tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
        ]
        return tuple(Fault(family, row["name"], row["about"]) for family, row in rows)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"the faults in {folder} can't be read: {error}.") from None


def run(folder: Path, chosen: Sequence[Fault], profile: str, seed: int = 0) -> Iterator[Found]:
    """Yield what came of each fault, all of them in one worker while it lives.

    Parameters
    ----------
    folder : Path
    chosen : sequence of Fault
        Of that folder.
    profile : str
        ``none``, or one of `adjoint.drawing.PROFILES`.
    seed : int

    Raises
    ------
    UsageError
        If a fault can't be put in its place.
    """
    implementation = from_system(folder / "on_faults.py")
    plan = Plan(implementation, Path(os.devnull), limits=LIMITS, profile=profile, seed=seed)
    golden = tuple(load())
    worker = Worker(implementation.command, implementation.env, plan.limits)
    try:
        for fault in chosen:
            began = time.monotonic()
            try:
                worker.start(fault=fault.name)
            except WorkerDidNotStart as error:
                raise UsageError(f"the fault {fault.name} does not start: {error}") from None
            line, cases = _examine(Examination(plan, worker), golden)
            yield Found(fault, line, cases, time.monotonic() - began)
    finally:
        worker.close()


def _examine(examination: Examination, golden: Sequence[Case]) -> tuple[Mapping[str, Any] | None, int]:
    """Return the first line that fails, if one does, and how many cases were put."""
    claims, plan = examination.claims, examination.plan
    mine = sorted((case for case in golden if case.call.api in claims.apis), key=lambda case: case.call.size)
    examination.begin(mine)
    try:
        for put, case in enumerate(mine, start=1):
            for line in filter(fails, examination.lines(case)):
                return line, put
        put = len(mine)
        for api in claims.apis if plan.profile != "none" else ():
            for data in DATA:
                drawn = Drawn(api, data, examination)
                strategy = settings(api, data, drawn.dtypes, drawn.gradients)
                failing = drawn.run(strategy, _case_of, rounds=1)
                put += drawn.calls
                if failing:
                    return failing[0], put
        return None, put
    finally:
        examination.finish("it is enough")


def _case_of(setting: Setting, claim: Callable[[str], Claim]) -> Case:
    """Return what `case_of` does; the same calls are drawn for each fault."""
    return _made(setting, claim(setting.dtype))


@lru_cache(maxsize=1 << 14)
def _made(setting: Setting, claim: Claim) -> Case:
    return case_of(setting, lambda _: claim)
