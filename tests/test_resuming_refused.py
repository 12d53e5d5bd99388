"""Is a record that this run can't go on with left as it is, and one that none can closed?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from adjoint import resuming
from adjoint.deviations import Ledger
from adjoint.errors import RecordError, UsageError
from adjoint.heading import write_not_run
from adjoint.plan import Gate, Plan
from adjoint.process import Limits
from adjoint.record import read
from tests.resumed import DECLARED, Run, ends_of_lines, timeless

DIFFERS: Mapping[str, dict[str, Any]] = {
    "its seed was 1 and is 4 now": {"seed": 4},
    'its profile was "smoke" and is "quick" now': {"profile": "quick"},
    'its levels was ["stated", "implied", "customary"] and is ["stated"] now': {"gate": Gate(("stated",))},
    "its drift was false and is true now": {"gate": Gate(drift=True)},
    'its selection was "" and is "-k x" now': {"selection": "-k x"},
    "its declarations are not the same": {"deviations": ()},
    "its limits are not the same": {"limits": Limits(seconds=7.0)},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Make runs whose worker dies once of a call, a file being there for that from then on."""
    monkeypatch.setenv("MINIATURES_MARK", str(tmp_path / "mark"))
    return lambda **plan: Run(tmp_path / "a.record.jsonl", tmp_path / "mark", **plan)


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


GARBAGE: tuple[object, ...] = (None, 7, "x", [7], {"x": 7})


def garbled(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield a record with garbage for each part of a line of each sort, and with lines out of place."""
    told = [json.loads(line) for line in lines]
    tallies = [n for n, line in enumerate(told) if "tally" in line]
    sorts = [0, 1, tallies[0], tallies[-1], len(told) - 1]
    for n in sorts:
        others: list[object] = [*GARBAGE, {}]
        for name in told[n]:
            others += [{**told[n], name: value} for value in GARBAGE]
            others += [{key: value for key, value in told[n].items() if key != name}]
        for part in told[n].get("tally", {}):
            others += [{**told[n], "tally": {**told[n]["tally"], part: value}} for value in GARBAGE]
        yield from ([*lines[:n], json.dumps(other).encode() + b"\n", *lines[n + 1 :]] for other in others)
    for n, m in product(sorts, repeat=2):
        yield [*lines[:n], lines[m], *lines[n:]]
    yield lines + lines
    yield lines + lines[1:-3]
    yield [b"\xff\xfe\n", *lines]


def test_whatever_is_in_a_record_it_goes_on_or_is_refused_in_a_sentence(run: Callable[..., Run]) -> None:
    made = run()
    made.go()
    whole = made.path.read_bytes().splitlines(keepends=True)
    stopped = [*whole[:-1], whole[-1].replace(b'"ran"', b'"stopped"')]
    header = {name: value for name, value in json.loads(whole[0]).items() if name != "record"}
    found = Counter[str]()
    for lines in (*garbled(stopped), *list(garbled(whole))[::7]):
        made.path.write_bytes(b"".join(lines))
        with suppress(UsageError):
            found["refused"] += 1
            kept = resuming.keep(made.path, header, made.cases)
            coverage, _ = resuming.recount(kept.lines())
            json.dumps(coverage.table())
            ledger = Ledger(DECLARED, "x", {})
            for line in kept.lines():
                ledger.add(line.get("tally", {}).get("met", {}))
            ends = [0, *ends_of_lines(made.path.read_bytes())]
            assert kept.size in ends
            assert kept.lines() == [json.loads(line) for line in lines[1 : ends.index(kept.size)]]
            found["refused"] -= 1
            found["kept"] += bool(kept.size)
        with suppress(UsageError):
            resuming.seal(made.path, "why")
    assert min(found["refused"], found["kept"]) > 100


def test_one_without_a_verdict_gets_none(tmp_path: Path, run: Callable[..., Run]) -> None:
    made = run()
    made.go(drawing=False)
    header = made.path.read_bytes().splitlines(keepends=True)[0]
    for content in (b"", header, header[:-1], header + b"nonsense\n"):
        made.path.write_bytes(content)
        assert resuming.seal(made.path, "why") is None
        assert made.path.read_bytes() == content
    assert resuming.seal(tmp_path / "none", "why") is None
    write_not_run(Plan(made._target, made.path), RecordError("it was not there"))
    assert resuming.seal(made.path, "why") is None


def test_what_follows_from_another_difference_is_not_named_for_it() -> None:
    before = {"planned": 3, "drawn": 2, "arrays": [], "selection": "--clause operation.crop"}
    now = {"planned": 9, "drawn": 0, "arrays": [1], "selection": ""}
    assert resuming._difference(before, now) == 'its selection was "--clause operation.crop" and is "" now'
    assert resuming._difference(before, {**before, "planned": 4}) == "its planned was 3 and is 4 now"
