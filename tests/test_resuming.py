"""Does a run that was cut off, wherever that was, go on to the record that it would have had?"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adjoint import golden
from adjoint.errors import RecordError
from adjoint.process import Limits
from adjoint.record import read
from adjoint.worker import Worker
from tests.resumed import Run, ends_of_lines, timeless


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Make runs whose worker dies once of a call, a file being there for that from then on."""
    monkeypatch.setenv("MINIATURES_MARK", str(tmp_path / "mark"))
    return lambda **plan: Run(tmp_path / "a.record.jsonl", tmp_path / "mark", **plan)


@pytest.mark.parametrize("deaths", [True, False], ids=["dies of a golden case", "dies of a drawn call"])
def test_cut_off_anywhere_it_goes_on_to_the_same_record(run: Callable[..., Run], deaths: bool) -> None:
    """At moments that matter (what a line's end divides), and at bytes picked at random."""
    made = run(deaths=deaths)
    made.go()
    whole = made.path.read_bytes()
    footer = read(made.path).footer
    assert footer["problems"][0].startswith("The worker died once")
    assert [text.partition(" is stale: ")[2][:9] for text in footer["problems"][1:]] == [
        "every che",
        "no check ",
    ]
    (tally,) = (line["tally"] for line in read(made.path).checks if "deaths" in line.get("tally", {}))
    assert ("coverage" in tally) != deaths
    ends, pick = ends_of_lines(whole), random.Random(7)
    tallies = [end for end, line in zip(ends, whole.split(b"\n"), strict=False) if b'"tally"' in line]
    places = {0, 5, ends[0] - 1, ends[0], *tallies[-2:], tallies[-1] - 1, ends[-2], ends[-1] - 1}
    places |= {pick.randrange(len(whole)) for _ in range(3)} | set(pick.sample(ends, 3))
    for place in sorted(places):
        made.cut(whole[:place])
        made.go(resume=True)
        assert timeless(made.path.read_bytes()) == timeless(whole), f"cut off after {place} bytes"


def test_what_is_finished_is_not_put_again(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    made = run()
    made.go()
    whole = made.path.read_bytes()
    (first, _) = (place for place, line in zip(ends_of_lines(whole), whole.split(b"\n"), strict=False)
                  if b'"coverage"' in line and b'"tally"' in line)  # fmt: skip
    of_cases = [len(case.checks) for case in made.cases]
    put: list[int] = []
    perform = Worker.perform
    monkeypatch.setattr(
        Worker, "perform", lambda self, calls, *more: put.append(len(calls)) or perform(self, calls, *more)
    )
    counts = {}
    for place in (0, ends_of_lines(whole)[sum(of_cases[:10])], first, len(whole) - 2, len(whole)):
        made.cut(whole[:place])
        put.clear()
        made.go(resume=True)
        counts[place] = (put[0] if put else None, len(put[1:]))
    golden_calls, drawn_calls = zip(*counts.values(), strict=True)
    lacking = sum(line[0]["claimed"] for line in by_case(whole, made.cases).values())
    assert golden_calls[0] == len(made.cases) - lacking
    assert golden_calls[0] - 10 <= golden_calls[1] < golden_calls[0]
    assert golden_calls[2:] == (0, None, None)
    assert drawn_calls[0] == drawn_calls[1] > drawn_calls[2] > drawn_calls[3] == drawn_calls[4] == 0


def by_case(content: bytes, cases: list[golden.Case]) -> dict[str, list[dict[str, Any]]]:
    lines = [json.loads(line) for line in content.splitlines()[1:-1]]
    return {case.id: [line for line in lines if line["case"] == case.id] for case in cases}


def test_a_stopped_run_goes_on(run: Callable[..., Run]) -> None:
    made = run()
    made.go()
    whole = made.path.read_bytes()
    made.mark.unlink()
    made.go(drawing=False)
    assert read(made.path).footer["status"] == "stopped"
    made.go(resume=True)
    assert timeless(made.path.read_bytes()) == timeless(whole)


def test_a_whole_record_is_kept_to_the_last_byte(run: Callable[..., Run]) -> None:
    made = run()
    made.go()
    whole = made.path.read_bytes()
    assert made.go(resume=True).is_whole
    assert made.path.read_bytes() == whole


@pytest.mark.parametrize("lost", [1, -2], ids=["the first check", "the last"])
def test_a_record_that_came_to_its_end_and_lost_a_line_is_refused(run: Callable[..., Run], lost: int) -> None:
    made = run()
    made.go()
    lines = made.path.read_bytes().splitlines(keepends=True)
    made.path.write_bytes(b"".join(line for line in lines if line is not lines[lost]))
    damaged = made.path.read_bytes()
    with pytest.raises(RecordError, match="is damaged: it lacks or garbles a line"):
        made.go(resume=True)
    assert made.path.read_bytes() == damaged


@pytest.mark.parametrize("place", [1, 3, 4], ids=["within a row of deaths", "before the last", "at the last"])
def test_patience_counts_on_where_the_run_was_killed(run: Callable[..., Run], place: int) -> None:
    made = run(name="dies_of_everything", limits=Limits(patience=4))
    made.go()
    whole = made.path.read_bytes()
    assert "4 calls in a row ended the worker" in read(made.path).footer["reason"]
    asked = [lines for lines in by_case(whole, made.cases).values() if lines and not lines[0]["claimed"]]
    last = whole.rindex(f'"case": "{asked[place - 1][0]["case"]}"'.encode())
    made.cut(whole[: whole.index(b"\n", last) + 1])
    made.go(resume=True)
    assert timeless(made.path.read_bytes()) == timeless(whole)


def test_one_that_gave_up_gets_its_patience_back(run: Callable[..., Run]) -> None:
    made = run(name="dies_of_everything", limits=Limits(patience=2))
    made.go()
    first = len(read(made.path).checks)
    made.go(resume=True)
    assert len(read(made.path).checks) > first + 1
