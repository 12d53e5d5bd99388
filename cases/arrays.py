"""Which calls have every legal combination of three levels?  A covering array for each family of APIs.

`arrays/families.toml` names the families, the levels of their axes and what excludes what; a row of a
family's CSV file holds one level of each axis, and `settings` makes numbers of it.  All axes take part, but
channel counts that are neither one, nor few, nor prime: PyTorch's alone have them, for its groups.

Run as ``python -m adjoint.cases.arrays FOLDER``, with the extra ``cases`` installed, to add the rows that
are missing: what is there stays, in its order, for the golden files have it.  Without a folder, the coverage
is shown.
"""

from __future__ import annotations

import csv
import io
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import combinations, product
from pathlib import Path
from typing import Any

from adjoint.cases.concrete import Row, setting_of
from adjoint.cases.settings import Setting

Combination = frozenset[tuple[str, str]]
Exclusion = Mapping[str, Sequence[str]]
STRENGTH = 3


@dataclass(frozen=True)
class Family:
    """APIs that share axes.

    Attributes
    ----------
    name : str
    apis : mapping of str to str
        By rank.
    axes : mapping of str to sequence of str
        Axis to levels.
    never, unwanted : sequence of mapping
        Combinations of levels, axis to levels, that no legal call has, and that are left out.
    """

    name: str
    apis: Mapping[str, str]
    axes: Mapping[str, Sequence[str]]
    never: Sequence[Exclusion]
    unwanted: Sequence[Exclusion]

    def allows(self, row: Row) -> bool:
        """Return whether levels of some axes, or of all, do not exclude one another."""
        return not any(excludes(each, row) for each in (*self.never, *self.unwanted))

    def api(self, row: Row) -> str:
        """Return the API of a row."""
        return self.apis[row["rank"]]


@dataclass(frozen=True)
class Coverage:
    """How many of a family's legal combinations are in so many rows: of two levels, and of three."""

    family: str
    rows: int
    pairs: int
    pairs_covered: int
    triples: int
    triples_covered: int


@cache
def families() -> dict[str, Family]:
    """Return the families by name."""
    document = tomllib.loads((folder() / "families.toml").read_text(encoding="utf-8"))
    return {name: _family(name, held, document) for name, held in document["families"].items()}


def _family(name: str, held: Mapping[str, Any], document: Mapping[str, Any]) -> Family:
    axes = {axis: levels for axis, levels in held.items() if axis != "apis"}
    never, unwanted = (
        [
            {axis: levels for axis, levels in each.items() if axis not in ("of", "why")}
            for each in document[kind]
            if name in each.get("of", [name]) and axes.keys() >= each.keys() - {"of", "why"}
        ]
        for kind in ("never", "unwanted")
    )
    return Family(name, dict(zip(axes["rank"], held["apis"], strict=True)), axes, never, unwanted)


def excludes(exclusion: Exclusion, row: Row) -> bool:
    """Return whether levels of some axes, or of all, are what an exclusion says."""
    return all(row.get(axis) in levels for axis, levels in exclusion.items())


def folder() -> Traversable:
    """Return the folder of the files that came with the suite."""
    return files(__package__) / "arrays"


def rows(family: Family, root: Traversable | None = None) -> list[Row]:
    """Return the rows of a family's file, in a folder."""
    path = (root or folder()) / f"{family.name}.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []


def settings() -> Iterator[Setting]:
    """Yield the setting of every row, by family and in order."""
    for family in families().values():
        for row in rows(family):
            yield setting_of(family.api(row), row)


def legal_combinations(family: Family, strength: int) -> set[Combination]:
    """Return every combination of so many levels that some allowed row has, of the file or not."""
    found = combined(family, [row for row in rows(family) if family.allows(row)], strength)
    for axes in combinations(family.axes, strength):
        for levels in product(*(family.axes[axis] for axis in axes)):
            part = dict(zip(axes, levels, strict=True))
            if frozenset(part.items()) not in found and _completes(family, part):
                found.add(frozenset(part.items()))
    return found


def _completes(family: Family, part: Mapping[str, str]) -> bool:
    """Return whether levels can be added until a row is whole."""
    if not family.allows(part):
        return False
    axis = next((axis for axis in family.axes if axis not in part), None)
    return axis is None or any(_completes(family, {**part, axis: level}) for level in family.axes[axis])


def combined(family: Family, found: Collection[Row], strength: int) -> set[Combination]:
    """Return every combination of so many levels of the family's axes that is in some row."""
    held = ([(axis, row[axis]) for axis in family.axes] for row in found)
    return {frozenset(each) for levels in held for each in combinations(levels, strength)}


def coverage(family: Family, found: Collection[Row]) -> Coverage:
    """Return what rows, or the features of calls, cover of a family's legal combinations."""
    counts = []
    for strength in (2, STRENGTH):
        legal = legal_combinations(family, strength)
        counts += [len(legal), len(legal & combined(family, found, strength))]
    return Coverage(family.name, len(found), *counts)


def completed(family: Family, found: Sequence[Row]) -> list[Row]:
    """Return the rows, and as many more as make every legal combination of three levels appear.

    Raises
    ------
    ValueError
        If a row there is excluded now.
    """
    import covertable  # of the extra `cases`: nothing else needs it

    for row in found:
        if not family.allows(row):
            raise ValueError(f"{family.name}.csv has a row that families.toml excludes: {dict(row)}.")
    constraints = [
        {"operator": "or", "conditions": [_not_in(axis, levels) for axis, levels in each.items()]}
        for each in (*family.never, *family.unwanted)
    ]
    made: list[Row] = covertable.make(
        {axis: list(levels) for axis, levels in family.axes.items()},
        strength=STRENGTH,
        constraints=constraints,
        presets=[dict(row) for row in found],
    )
    return made


def _not_in(axis: str, levels: Sequence[str]) -> dict[str, Any]:
    return {"operator": "not", "condition": {"operator": "in", "left": axis, "values": list(levels)}}


def text(family: Family, found: Sequence[Row]) -> str:
    """Return rows as the text of a CSV file."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(family.axes), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return written.getvalue()


def main(arguments: list[str]) -> int:
    """Add to the files of a folder the rows that are missing, or show what the rows cover."""
    root = Path(arguments[0]) if arguments else folder()
    for family in families().values():
        found = rows(family, root)
        if isinstance(root, Path) and arguments:
            found = completed(family, found)
            (root / f"{family.name}.csv").write_text(text(family, found), encoding="utf-8", newline="\n")
        counted = coverage(family, found)
        print(
            f"{family.name}: {counted.rows} rows have {counted.pairs_covered} of {counted.pairs} legal pairs "
            f"and {counted.triples_covered} of {counted.triples} legal triples"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
