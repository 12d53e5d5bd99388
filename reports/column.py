"""How did one implementation fare, as a whole?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from adjoint.ending import why
from adjoint.gate import code_of, unmet_apis
from adjoint.record import Record
from adjoint.reports.ranking import standing

STATES = ("failed", "stopped", "not-run", "passed", "unavailable")
"""How a run can end, worst first."""


@dataclass(frozen=True, eq=False)
class Column:
    """One implementation's run.

    Attributes
    ----------
    record : Record
    state : str
        `passed`, `failed`, or, where it was not run to its end, the footer's `stopped`, `not-run` or
        `unavailable`.
    remarks : tuple of str
        What else there is to know about the run: why it came to no end, what it was narrowed to.
    """

    record: Record
    state: str
    remarks: tuple[str, ...]

    @property
    def name(self) -> str:
        """The implementation's name."""
        return self.record.name

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the declarations that apply to it, in sentences."""
        return tuple(self.record.footer["problems"])

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return float(self.record.footer["seconds"])

    @cached_property
    def counts(self) -> Counter[str]:
        """How many checks came to each verdict."""
        return Counter(check["verdict"] for check in self.record.checks)

    @cached_property
    def standings(self) -> Counter[str]:
        """How many checks have each standing."""
        return Counter(map(standing, self.record.checks))


def column_of(record: Record) -> Column:
    """Return what a record says of its run as a whole."""
    footer = record.footer
    remarks = [why(record)] if footer["reason"] else []
    if record.header["selection"]:
        remarks.append(f"Narrowed to {record.header['selection']}.")
    if footer["status"] != "ran":
        if footer["status"] == "stopped":
            remarks.append(f"Stopped after {len(record.checks)} of {record.header['planned']} checks.")
        return Column(record, footer["status"], tuple(remarks))
    remarks += [f"No value check of {api} conformed." for api in unmet_apis(record)]
    if not record.checks:
        remarks.append("Nothing was checked.")
    return Column(record, "failed" if code_of(record) else "passed", tuple(remarks))
