"""How good are the cases?  What came of the seeded faults, summed up, and as a page that needs nothing else.

Both are made from what `adjoint score` says in JSON: `faults`, `caught`, `profile`, `seed`, and in `found` a
row for each fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from statistics import median
from typing import Any

from adjoint.reports.text import markup_environment
from adjoint.spec import load

SCORE = "score.html"
DATA = "score.json"
ALL = "all"

MOST = 12
"""How many clauses are shown at once."""

Found = Mapping[str, Any]

MEASURES = (
    ("cases", "Cases until it was seen", "", (1, 10, 100, 1000)),
    ("seconds", "Seconds until then", " s", (0.1, 0.3, 1, 3, 10)),
    ("size", "Elements of the call's tensors", "", (10, 30, 100, 300, 1000)),
)
"""What is measured of a fault that is caught: the key in its row, a heading, a unit, and where to divide."""


@dataclass(frozen=True)
class Family:
    """What came of some faults.

    Attributes
    ----------
    name : str
    faults, golden, drawn : int
        How many there are; how many a golden case caught, and how many a drawn call.
    medians : mapping of str to float
        Of those caught, by key of `MEASURES`; empty where none was.
    """

    name: str
    faults: int
    golden: int
    drawn: int
    medians: Mapping[str, float]

    @property
    def caught(self) -> int:
        """How many were caught."""
        return self.golden + self.drawn

    @property
    def missed(self) -> int:
        """How many were not."""
        return self.faults - self.caught


@dataclass(frozen=True)
class First:
    """A clause, the kind of check, and how many faults it was the first to see."""

    clause: str
    kind: str
    faults: int


@dataclass(frozen=True)
class Part:
    """Some faults whose measure lies between two numbers, in words, and their share of the largest part."""

    said: str
    faults: int
    share: float


def families(found: Sequence[Found]) -> tuple[Family, ...]:
    """Return what came of each family, in the order they come in, and at the end of all."""
    names = dict.fromkeys(row["family"] for row in found)
    made = [_family(name, [row for row in found if row["family"] == name]) for name in names]
    return (*made, _family(ALL, found))


def firsts(found: Iterable[Found]) -> tuple[First, ...]:
    """Return the clauses that were first to see faults, those of most faults first."""
    counted = Counter((row["clause"], row["kind"]) for row in found if row["caught"])
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(First(clause, kind, count) for (clause, kind), count in ordered)


def parts(values: Iterable[float], limits: Sequence[float], unit: str = "") -> tuple[Part, ...]:
    """Return how many values lie up to each limit and above the one before it, and how many above the last.

    Parameters
    ----------
    values : iterable of float
    limits : sequence of float
        Ascending.
    unit : str
        What the limits are followed by.
    """
    known = list(values)
    ends = list(pairwise((-inf, *limits, inf)))
    counts = [sum(low < value <= high for value in known) for low, high in ends]
    largest = max(counts) or 1
    said = [f"over {low:g}{unit}" if high == inf else f"up to {high:g}{unit}" for low, high in ends]
    return tuple(Part(words, count, count / largest) for words, count in zip(said, counts, strict=True))


def render(score: Mapping[str, Any], report: bool = False) -> str:
    """Return the page of a score.

    Parameters
    ----------
    score : mapping
        What `adjoint score` says in JSON.
    report : bool
        Whether the report of a run lies beside it, to be led to.

    Returns
    -------
    str
        The page.  It loads nothing and runs no script.
    """
    found = score["found"]
    caught = [row for row in found if row["caught"]]
    groups: dict[str, list[Found]] = {}
    for row in caught:
        groups.setdefault(row["family"], []).append(row)
    return (
        markup_environment()
        .get_template("score.html")
        .render(
            score=score,
            report=report,
            families=families(found),
            firsts=firsts(found),
            most=MOST,
            clauses=load().clauses,
            measured=[
                (heading, parts([row[key] for row in caught], limits, unit))
                for key, heading, unit, limits in MEASURES
            ],
            missed=[row for row in found if not row["caught"]],
            groups=groups,
        )
    )


def _family(name: str, rows: Sequence[Found]) -> Family:
    caught = [row for row in rows if row["caught"]]
    golden = sum(row["source"] == "golden" for row in caught)
    medians = {key: float(median(row[key] for row in caught)) for key, *_ in MEASURES} if caught else {}
    return Family(name, len(rows), golden, len(caught) - golden, medians)
