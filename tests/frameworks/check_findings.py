"""Has each deviation of a report a description, and does FINDINGS.md tell of it, at its versions?

Reads the records that `adjoint run` left where ADJOINT_REPORT says, or in adjoint-report/.  Not among the
tests that need no framework: `tox -e gate` calls it.  The page itself is not compared: which errors a system
ends in depends on the processor.
"""

import os
from pathlib import Path

from adjoint.record import read
from adjoint.reports import entries
from adjoint.reports.findings import gather

PAGE = (Path(__file__).parents[2] / "FINDINGS.md").read_text(encoding="utf-8")
RECORDS = sorted(Path(os.environ.get("ADJOINT_REPORT", "adjoint-report")).glob("*.record.jsonl"))
FOUND = gather([read(path) for path in RECORDS], entries.load())


def test_whatever_differs_is_described():
    assert [(cell.column.name, cell.clause.id) for cell in FOUND.strange] == []


def test_no_description_has_outlived_its_bug():
    assert FOUND.idle == ()


def test_the_page_tells_of_each_finding_at_its_versions():
    assert FOUND.found
    for finding in FOUND.found:
        told = PAGE.split(f'<a id="{finding.entry.id}"></a>')[1].split("<a id=")[0]
        for cell in finding.cells:
            assert f"`{cell.clause.id}`" in told, "write it anew: adjoint findings"
            systems = cell.column.record.header["systems"].items()
            said = ", ".join(f"{name} {version}" for name, version in systems)
            (shows,) = [line for line in told.splitlines() if line.startswith("- Shows in ")]
            assert f"`{cell.column.name}` ({said})" in shows
