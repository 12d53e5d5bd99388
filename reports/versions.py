"""Which implementations are versions of one system, and which is newer?  As their records tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from packaging.version import InvalidVersion, Version

from adjoint.reports.column import Column

Versions = tuple[Version, ...]


def versions_of(column: Column) -> Versions:
    """Return the versions of an implementation's systems; empty where it names none, or one is no version."""
    try:
        return tuple(map(Version, _systems(column).values()))
    except InvalidVersion:
        return ()


def newest_first(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Sort implementations: those on the same systems together, the newest of them first."""
    by_age = sorted(columns, key=lambda column: (versions_of(column), column.name), reverse=True)
    return tuple(sorted(by_age, key=lambda column: (not _systems(column), sorted(_systems(column)))))


def newest(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return the implementations than which another on the same systems is older, and none newer."""
    found: list[Column] = []
    for family in _families(columns):
        ages = set(map(versions_of, family))
        found += [column for column in family if len(ages) > 1 and versions_of(column) == max(ages)]
    return tuple(found)


def lines(columns: Iterable[Column]) -> tuple[tuple[Column, ...], ...]:
    """Return the implementations that are versions of one another, each line from the oldest to the newest.

    They run on the same systems.  Where two of them run on the very same versions, as one with a setting
    and one without do, those are a line whose names are the same but for the version.
    """
    found = []
    for family in _families(columns):
        alike = {versions_of(column) for column in family}
        parts = [family] if len(alike) == len(family) else _by(family, _stem)
        found += [part for part in parts if len({versions_of(column) for column in part}) > 1]
    return tuple(tuple(sorted(part, key=lambda column: (versions_of(column), column.name))) for part in found)


def _families(columns: Iterable[Column]) -> list[list[Column]]:
    """Return the implementations that run on the same systems, in any versions."""
    return _by(filter(versions_of, columns), lambda column: "\n".join(sorted(_systems(column))))


def _by(columns: Iterable[Column], key: Callable[[Column], str]) -> list[list[Column]]:
    found: dict[str, list[Column]] = {}
    for column in columns:
        found.setdefault(key(column), []).append(column)
    return list(found.values())


def _stem(column: Column) -> str:
    """Return an implementation's name without the pieces of it that are a version of its systems."""
    known = [f"{version}." for version in _systems(column).values()]
    pieces = column.name.split("-")
    return "-".join(piece for piece in pieces if not any(v.startswith(f"{piece}.") for v in known))


def _systems(column: Column) -> Mapping[str, str]:
    found: Mapping[str, str] = column.record.header["systems"]
    return found
