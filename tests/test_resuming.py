"""Does a run that was cut off, wherever that was, go on to the record that it would have had?

Run as a script, ``python -m tests.test_resuming 30``, it kills `adjoint run` at so many moments.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from adjoint import golden, resuming
from adjoint.cases.demanded import case_of
from adjoint.cases.strategies import settings
from adjoint.catalogue import resolve
from adjoint.deviations import Deviation
from adjoint.drawing import Drawn
from adjoint.errors import RecordError, UsageError
from adjoint.examination import Examination, Gate, Plan, write_not_run
from adjoint.process import Limits
from adjoint.record import read
from adjoint.worker import GaveUp, Worker

API = "torch.nn.functional.conv_transpose2d"
DATA = ("exact", "rounded")
SIZE = "torch-functional.output-size"
OF_GOLDEN = [1, 2, 2, 3]
"""The shape of the input of two golden cases that deviate, and of no drawn call."""
DECLARED = (
    Deviation("*", SIZE, "golden cases alone", where={"input.shape": OF_GOLDEN}),
    Deviation("*", SIZE, "drawn calls alone", when="output_padding and input_shape[-1] != 3"),
    Deviation("*", "torch-functional.stride", "idle"),
    Deviation("*", "tf-nn.values", "unmatched"),
)


def few_cases(deaths: bool) -> list[golden.Case]:
    """Return a few cases of the API: two deviate, and of one, if it is among them, the worker dies once."""
    cases = [case for case in golden.load() if case.call.api == API]
    kills = [case for case in cases if case.call.values.get("groups") in (4, 5)]
    chosen = [case for case in cases[::14] if case not in kills] + kills[:deaths]
    chosen += [case for case in cases if case.call.tensors["input"]["shape"] == OF_GOLDEN]
    return [case for case in cases if case in chosen]


class Run:
    """Runs of one miniature in this process, into one record."""

    def __init__(
        self, path: Path, mark: Path, name: str = "dies_once", deaths: bool = True, **plan: Any
    ) -> None:
        self.path, self.mark, self.cases = path, mark, few_cases(deaths)
        self._target = resolve(f"tests.miniatures:{name}", API, dtypes="float32")
        self._plan = plan

    def go(self, resume: bool = False, drawing: bool = True, **plan: Any) -> Examination:
        plan = {"deviations": DECLARED, "seed": 1, **self._plan, **plan}
        examination = Examination(Plan(self._target, self.path, resume=resume, **plan))
        stopped = ""
        try:
            examination.begin(self.cases, len(DATA))
            for case in [] if examination.is_whole else self.cases:
                examination.lines(case)
            for data in DATA if drawing and not examination.is_whole else ():
                drawn = Drawn(API, data, examination)
                drawn.run(settings(API, data, drawn.dtypes), case_of)
        except GaveUp as error:
            stopped = str(error)
        finally:
            examination.finish(stopped)
        return examination

    def cut(self, content: bytes) -> None:
        """Let the record be this, as if the run had been killed then."""
        self.path.write_bytes(content)
        if b"The worker died once" not in content:
            self.mark.unlink(missing_ok=True)


def timeless(content: bytes) -> list[dict[str, Any]]:
    """Return the lines of a record, but for times."""
    return [
        {key: value for key, value in json.loads(line).items() if key not in ("started", "seconds")}
        for line in content.decode().splitlines()
    ]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Make runs whose worker dies once of a call, a file being there for that from then on."""
    monkeypatch.setenv("MINIATURES_MARK", str(tmp_path / "mark"))
    return lambda **plan: Run(tmp_path / "a.record.jsonl", tmp_path / "mark", **plan)


def ends_of_lines(content: bytes) -> list[int]:
    return [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]


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


DIFFERS: Mapping[str, dict[str, Any]] = {
    "its seed was 1 and is 4 now": {"seed": 4},
    'its profile was "smoke" and is "quick" now': {"profile": "quick"},
    'its levels was ["stated", "implied", "customary"] and is ["stated"] now': {"gate": Gate(("stated",))},
    "its drift was false and is true now": {"gate": Gate(drift=True)},
    'its selection was "" and is "-k x" now': {"selection": "-k x"},
    "its declarations are not the same": {"deviations": ()},
    "its limits are not the same": {"limits": Limits(seconds=7.0)},
}


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut off"])
def test_another_run_is_not_resumed(run: Callable[..., Run], cut: bool) -> None:
    made = run()
    made.go(drawing=not cut)
    before = made.path.read_bytes()
    before = before[: ends_of_lines(before)[30]] if cut else before
    for said, plan in DIFFERS.items():
        made.path.write_bytes(before)
        with pytest.raises(UsageError) as caught:
            made.go(resume=True, **plan)
        assert str(caught.value) == (
            f"the record {made.path} is of another run: {said}; run it as it was, or without --resume."
        )
        assert made.path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "was"),
    [
        *(("implementation", "x"), ("version", "0"), ("systems", {"torch": "1"}), ("python", "3.0")),
        *(("adjoint", "0.0"), ("interpretation", "0"), ("platform", "BeOS"), ("record", 1)),
        *(("claims", {}), ("planned", 1), ("drawn", 7), ("arrays", [])),
    ],
)
def test_each_part_of_the_header_must_be_the_same(run: Callable[..., Run], name: str, was: Any) -> None:
    made = run()
    made.go(drawing=False)
    header, *rest = made.path.read_text().splitlines(keepends=True)
    made.path.write_text("".join([json.dumps({**json.loads(header), name: was}) + "\n", *rest]))
    with pytest.raises(UsageError, match=f"its {name} was "):
        made.go(resume=True)


@pytest.mark.parametrize("name", ["cases", "command", "claims", "version of Hypothesis"])
def test_each_fingerprint_must_be_the_same(run: Callable[..., Run], name: str) -> None:
    made = run()
    made.go(drawing=False)
    header, *rest = made.path.read_text().splitlines(keepends=True)
    told = json.loads(header)
    for fingerprints in ({**told["fingerprints"], name: "0"}, {}):
        lines = [json.dumps({**told, "fingerprints": fingerprints}) + "\n", *rest]
        made.path.write_text("".join(lines))
        with pytest.raises(
            UsageError, match=f"its {name if fingerprints else 'cases'} (is|are) not the same"
        ):
            made.go(resume=True)


def test_where_nothing_was_begun_it_begins(run: Callable[..., Run]) -> None:
    made = run()
    made.go(drawing=False)
    lines = len(read(made.path).checks)
    write_not_run(Plan(made._target, made.path, seed=9), RecordError("it was not there"))
    for content in (made.path.read_bytes(), b"", b'{"rec', None):
        made.path.unlink() if content is None else made.path.write_bytes(content)
        made.go(resume=True, drawing=False)
        assert len(read(made.path).checks) == lines


def test_what_is_no_record_is_left_alone(run: Callable[..., Run]) -> None:
    made = run()
    made.path.write_text("a diary\nof mine\n")
    with pytest.raises(RecordError, match="is not a record, so there is nothing to resume"):
        made.go(resume=True)
    assert made.path.read_text() == "a diary\nof mine\n"


# --- a record that can't go on


def test_a_record_that_was_cut_off_gets_a_footer_and_still_goes_on(run: Callable[..., Run]) -> None:
    made = run()
    made.go()
    whole = made.path.read_bytes()
    for place in (ends_of_lines(whole)[40] - 3, ends_of_lines(whole)[-2]):
        made.cut(whole[:place])
        sealed = resuming.seal(made.path, "the lights went out")
        assert sealed is not None
        assert (sealed.footer["status"], sealed.footer["reason"]) == ("stopped", "the lights went out")
    assert sealed.footer["coverage"] == json.loads(whole.splitlines()[-1])["coverage"]
    assert sealed.footer["problems"][0].startswith("The worker died once")
    made.go(resume=True)
    assert timeless(made.path.read_bytes()) == timeless(whole)


def test_one_without_a_verdict_gets_none(tmp_path: Path, run: Callable[..., Run]) -> None:
    made = run()
    made.go(drawing=False)
    header = made.path.read_bytes().splitlines(keepends=True)[0]
    for content in (b"", header, header[:-1], header + b"nonsense\n"):
        made.path.write_bytes(content)
        assert resuming.seal(made.path, "why") is None
        assert made.path.read_bytes() == content
    assert resuming.seal(tmp_path / "none", "why") is None


# --- as a user has it

NARROWED = ("run", "fast", "-k", "tf.nn.conv_transpose")


def started(*words: object) -> subprocess.Popen[bytes]:
    """Start the command line in a process group of its own."""
    command = [sys.executable, "-m", "adjoint.cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def killed(out: Path, pick: random.Random, size: int) -> int:
    """Start or resume a run, kill it at a random moment, and return how many bytes its record then had.

    It is killed once its record has grown by so much, or a moment after that; before the end, if it can be.
    """
    path = out / "fast.record.jsonl"
    before = path.stat().st_size if path.exists() else 0
    target, later = before + pick.random() * (size - before), pick.choice([0, 0, 0.05, 0.2]) * pick.random()
    run = started(*NARROWED, "--out", out, "--resume")
    while run.poll() is None and not (path.exists() and path.stat().st_size >= target):
        time.sleep(0.002)
    time.sleep(later)
    with suppress(ProcessLookupError):  # it may be at its end already
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert run.stdout
    run.stdout.close()
    return path.stat().st_size


def kills(folder: Path, moments: int, most: int, seed: int) -> list[int]:
    """Kill runs at so many moments, each up to `most` times, and see them end as one does that was let be.

    Returns
    -------
    list of int
        How long the record was at each moment.
    """
    once = started(*NARROWED, "--out", folder / "once")
    once.communicate()
    assert once.returncode == 0
    wanted = (folder / "once" / "fast.record.jsonl").read_bytes()
    pick, found = random.Random(seed), list[int]()
    while len(found) < moments:
        out = folder / f"run{len(found)}"
        found += [killed(out, pick, len(wanted)) for _ in range(min(most, moments - len(found)))]
        last = started(*NARROWED, "--out", out, "--resume")
        said, _ = last.communicate()
        assert last.returncode == 0, said.decode()
        assert timeless((out / "fast.record.jsonl").read_bytes()) == timeless(wanted)
    return found


@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
def test_a_run_that_is_killed_loses_no_finished_verdict(tmp_path: Path) -> None:
    sizes = kills(tmp_path, moments=3, most=3, seed=1)
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 1


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_run_whose_pytest_alone_is_killed_keeps_its_verdicts(run_adjoint: Any, tmp_path: Path) -> None:
    """As by a system that is out of memory."""
    import psutil

    run = started(*NARROWED, "--out", tmp_path)
    path = tmp_path / "fast.record.jsonl"
    while not path.exists() or path.read_bytes().count(b"\n") < 30:
        time.sleep(0.01)
    (child,) = psutil.Process(run.pid).children()
    child.kill()
    run.communicate()
    assert run.returncode == 3
    assert read(path).footer["status"] == "stopped"
    assert len(read(path).checks) >= 29
    assert run_adjoint(*NARROWED, "--out", tmp_path, "--resume").returncode == 0


def test_a_finished_run_is_kept_and_another_seed_is_refused(run_adjoint: Any, tmp_path: Path) -> None:
    words = ("run", "miniatures:off_by_one_crop", "--api", API, "--out", tmp_path, "--clause", SIZE)
    here = Path(__file__).parent
    first = run_adjoint(*words, cwd=here)
    (path,) = tmp_path.glob("*.record.jsonl")
    kept = path.read_bytes()
    again = run_adjoint(*words, "--resume", cwd=here)
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert path.read_bytes() == kept
    other = run_adjoint(*words, "--resume", "--seed", 5, cwd=here)
    assert other.returncode == 2
    assert other.stderr == (
        f"adjoint: the record {path} is of another run: its seed was 0 and is 5 now; run it as it was, or "
        "without --resume.\n"
    )
    assert path.read_bytes() == kept


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(kills(Path(folder), int(sys.argv[1]), most=3, seed=0))
