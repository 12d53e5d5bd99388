"""Do drawn calls find what is wrong, make it small, tell declared faults from others, the same each time?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adjoint import drawing
from adjoint.cases.demanded import case_of
from adjoint.cases.strategies import settings
from adjoint.catalogue import resolve
from adjoint.deviations import Deviation
from adjoint.drawing import PROFILES, Drawn
from adjoint.errors import WorkerDidNotStart
from adjoint.examination import Examination
from adjoint.golden import Case
from adjoint.plan import Plan
from adjoint.worker import GaveUp

API = "torch.nn.functional.conv_transpose2d"
KNOWN = Deviation(
    "*", "torch-functional.output-size", "known", when="output_padding and output_shape[-1] > 0"
)


class Run:
    """What drawing calls for a miniature came to: the lines recorded, and those that fail the gate."""

    def __init__(
        self, name: str, folder: Path, data: str = "exact", dtypes: str = "float32", **plan: Any
    ) -> None:
        target = resolve(f"tests.miniatures:{name}", API, dtypes=dtypes)
        examination = Examination(Plan(target, folder / "record.jsonl", **{"profile": "quick", **plan}))
        self.recorded: list[dict[str, Any]] = []
        self.examination, self.puts = examination, list[Case]()
        examination.begin([], 1)
        examination.note_drawn = lambda lines, **_: self.recorded.extend(lines)  # type: ignore[method-assign, arg-type]
        self.fatal = 0
        drawn = Drawn(API, data, examination)
        put = examination.put

        def counted(case: Case) -> list[dict[str, Any]]:
            lines = put(case)
            self.fatal += lines[0]["verdict"] == "crashed"
            return lines

        examination.put = counted  # type: ignore[method-assign]
        self.failing = drawn.run(settings(API, data, dtypes=drawn.dtypes), case_of)
        examination.finish()

    def clauses(self) -> set[str]:
        return {line["clause"] for line in self.failing}


@pytest.mark.parametrize("data", ["exact", "rounded", "special"])
def test_what_is_right_conforms_and_is_summed_up(tmp_path: Path, data: str) -> None:
    run = Run("always_right", tmp_path, data)
    assert run.failing == []
    values = [line for line in run.recorded if line["kind"] == "values"]
    most = PROFILES["quick"]  # some are drawn twice, and put once
    assert most / 2 < sum(line["drawn"]["calls"] for line in values) <= most
    for line in values:
        said = f"{line['drawn']['calls']} drawn calls of {data} data"
        assert (line["case"], line["call"], line["verdict"]) == ("drawn", said, "conforms")
    if data == "rounded":
        measured = [line for line in values if "units" in line]
        for line in measured:
            assert len(line["drawn"]["units"]) == line["drawn"]["calls"]
            assert max(line["drawn"]["units"]) == line["units"] <= line["bound"]
        assert max(line["units"] for line in measured) > 0


@pytest.mark.parametrize(
    ("name", "clause", "size"),
    [
        ("off_by_one_crop", "padding", 5),
        ("flipped_kernel", "values", 3),
        ("ignores_output_padding", "output-size", 2),
        ("wrong_dtype", "dtype", 2),
        ("wrong_shape", "output-size", 2),
    ],
)
def test_what_is_wrong_is_found_and_made_small(tmp_path: Path, name: str, clause: str, size: int) -> None:
    (line,) = Run(name, tmp_path).failing
    assert (line["clause"], line["verdict"]) == (f"torch-functional.{clause}", "deviates")
    assert line["size"] <= size
    assert "script" in line


def test_the_same_calls_are_drawn_each_time_unless_another_seed_is_given(tmp_path: Path) -> None:
    first, again, other = (Run("off_by_one_crop", tmp_path, seed=seed) for seed in (0, 0, 1))
    assert first.recorded == again.recorded
    assert [line["drawn"]["calls"] for line in first.recorded] != [
        line["drawn"]["calls"] for line in other.recorded
    ]


def test_a_declared_deviation_is_counted_and_masks_no_other(tmp_path: Path) -> None:
    assert Run("ignores_output_padding", tmp_path, deviations=[KNOWN]).failing == []
    both = Run("two_faults", tmp_path, deviations=[KNOWN])
    assert both.clauses() == {"torch-functional.stride"}
    (declared,) = (line for line in both.recorded if line["declared"])
    assert declared["drawn"]["declared"] == declared["drawn"]["calls"] > 5


def test_two_faults_are_two_findings(tmp_path: Path) -> None:
    assert Run("two_faults", tmp_path).clauses() == {
        "torch-functional.stride",
        "torch-functional.output-size",
    }


@pytest.mark.parametrize("end", [WorkerDidNotStart, GaveUp])
def test_a_worker_that_does_not_come_back_ends_the_run_with_what_was_found(
    tmp_path: Path, end: type[Exception]
) -> None:
    run = Run("always_right", tmp_path)
    drawn = Drawn(API, "exact", run.examination)

    def gone(case: Case) -> list[dict[str, Any]]:
        run.puts.append(case)
        raise end("it is gone.")

    run.examination.put = gone  # type: ignore[method-assign]
    run.puts.clear()
    with pytest.raises(end):
        drawn.run(settings(API, "exact", dtypes=("float32",)), case_of)
    assert len(run.puts) == 1


def test_a_worker_that_dies_is_not_killed_over_and_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = Run("crashes_when_large", tmp_path).failing
    assert (line["verdict"], line["clause"]) == ("crashed", "torch-functional.values")
    assert line["size"] <= 16
    monkeypatch.setattr(drawing, "BUDGET", 50)
    assert Run("crashes_when_large", tmp_path).fatal == 2


def test_without_a_dtype_that_has_a_fraction_nothing_is_drawn(tmp_path: Path) -> None:
    run = Run("always_right", tmp_path, dtypes="int32,int64")
    assert (run.recorded, run.failing) == ([], [])
