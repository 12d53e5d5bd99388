"""Does the suite catch every seeded fault, in the profile of the main job?

Takes some minutes, so it is not among the tests that are run after every change: `tox -e gate` calls it.
"""

from pathlib import Path

from adjoint.cases import score

FOLDER = Path(__file__).parents[1] / "faults"


def test_every_seeded_fault_is_caught():
    found = list(score.run(FOLDER, score.faults(FOLDER), "quick"))
    assert len(found) >= 200
    assert [(each.fault.name, each.fault.about) for each in found if not each.line] == []
