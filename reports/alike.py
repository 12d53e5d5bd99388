"""Which failures are listed, and where does each show?  In the order in which the terminal tells them."""

from __future__ import annotations

from dataclasses import dataclass

from adjoint.reports.column import Column
from adjoint.reports.matrix import Cell, Matrix
from adjoint.reports.ranking import Check
from adjoint.telling import Failure, failures


@dataclass(frozen=True)
class Alike:
    """One failure of one implementation, and the cells in which it shows, that of its first check first."""

    column: Column
    failure: Failure
    cells: tuple[Cell, ...]

    @property
    def first(self) -> Check:
        """The check to show."""
        return self.failure.checks[0]


def alike(matrix: Matrix) -> list[Alike]:
    """Return what failed, one implementation after the other, the most telling of each first."""
    cells = {(cell.column, cell.clause.id): cell for cell in matrix.cells}
    return [
        Alike(column, failure, tuple(cells[column, clause] for clause in failure.clauses))
        for column in matrix.columns
        for failure in failures(column.record.checks)
    ]
