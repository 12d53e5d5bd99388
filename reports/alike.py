"""Which cells fail alike?  One and the same error is told once, with the clauses that met it."""

from __future__ import annotations

from collections.abc import Iterable

from adjoint.record import error_of
from adjoint.reports.matrix import Cell


def alike(cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """Return cells in groups: those of one implementation whose worst call ended in the same error."""
    groups: dict[object, list[Cell]] = {}
    for cell in cells:
        error = error_of(cell.worst)
        groups.setdefault((cell.column, error) if error else cell.id, []).append(cell)
    return [tuple(group) for group in groups.values()]
