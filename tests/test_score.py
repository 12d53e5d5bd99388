"""Does the score count what the suite catches, and nothing else?  On faults made for the purpose."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from adjoint.cases import score
from adjoint.errors import UsageError
from adjoint.process import Limits
from tests.records import Page

ROOT = Path(__file__).parent.parent
SEEDED = ROOT / "tests" / "faults"
LINE = "    batched, given = _given(n, input"
ROW = """
[[fault]]
name = "{name}"
about = "{name}, as a test has it"
file = "torch_functional.py"
old = "{old}"
new = '''{new}'''
witness = {{}}
"""


@pytest.fixture
def seed(tmp_path):
    """Return a function that makes a folder of faults, each some lines more in PyTorch's functions."""

    def make(**lines: str) -> Path:
        for name in ("loading.py", "on_faults.py", "blocked.py"):
            shutil.copy(SEEDED / name, tmp_path)
        rows = [
            ROW.format(name=name, old=LINE, new=f"    {line}\n{LINE}" if line else LINE)
            for name, line in lines.items()
        ]
        (tmp_path / "family.toml").write_text("".join(rows), encoding="utf-8")
        return tmp_path

    return make


def results(folder: Path, profile: str = "none") -> dict[str, score.Found]:
    return {found.fault.name: found for found in score.run(folder, score.faults(folder), profile)}


def test_what_golden_cases_catch_is_said_with_its_clause_and_size(seed):
    found = results(seed(flipped="weight = weight[..., ::-1]", right="", bias_lost="bias = None"))
    assert [name for name, each in found.items() if each.line] == ["flipped", "bias_lost"]
    flipped = found["flipped"].to_json()
    assert (flipped["caught"], flipped["source"], flipped["kind"]) == (True, "golden", "values")
    assert (flipped["family"], flipped["verdict"]) == ("family", "deviates")
    assert flipped["clause"].startswith("torch-")
    assert 1 <= flipped["cases"] < 40
    assert 0 < flipped["size"] < 500


def test_a_fault_that_is_none_is_missed_after_every_case(seed):
    (right,) = results(seed(right="")).values()
    assert right.line is None
    assert right.cases > 600
    assert right.to_json()["caught"] is False
    assert right.to_json()["clause"] is None


def test_what_only_drawn_calls_catch_is_missed_without_them(seed):
    folder = seed(of_33_channels="weight = weight * 0 if weight.shape[0] == 33 else weight")
    (none,), (quick,) = results(folder).values(), results(folder, "quick").values()
    assert none.line is None
    assert quick.line is not None
    assert quick.source in ("exact", "rounded")
    assert quick.cases > none.cases
    assert quick.line["size"] <= 70  # 33 in, 33 of one filter, and as little beside as that leaves


def test_what_crashes_or_hangs_is_caught_and_the_next_fault_is_another(seed, monkeypatch):
    monkeypatch.setattr(score, "LIMITS", replace(Limits(), seconds=1.0))
    lines = {
        "crashes": "import os; os.abort() if arguments[3] == 2 else None",
        "hangs": "import time; time.sleep(99 if arguments[3] == 2 else 0)",
        "right": "",
        "flipped": "weight = weight[..., ::-1]",
    }
    found = results(seed(**lines))
    assert {name: each.line and each.line["verdict"] for name, each in found.items()} == {
        "crashes": "crashed",
        "hangs": "timed-out",
        "right": None,
        "flipped": "deviates",
    }


def test_the_same_faults_are_found_alike_again(seed):
    folder = seed(
        of_33_channels="weight = weight * 0 if weight.shape[0] == 33 else weight",
        flipped="weight = weight[..., ::-1]",
    )
    once, again = (
        [{**each.to_json(), "seconds": 0} for each in results(folder, "quick").values()] for _ in range(2)
    )
    assert once == again


def test_a_fault_that_has_lost_its_place_is_an_error_not_a_catch(seed):
    folder = seed(flipped="weight = weight[..., ::-1]")
    path = folder / "family.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("given = _given", "lent = _given"), encoding="utf-8"
    )
    with pytest.raises(UsageError, match=r"the fault flipped does not start: .*its old text is 0 times"):
        results(folder)


def test_faults_come_in_the_order_of_files_and_rows():
    known = score.faults(SEEDED)
    families = list(dict.fromkeys(fault.family for fault in known))
    assert families == sorted(families)
    assert len(known) >= 200


def test_the_command_says_what_is_missed_and_exits_with_1(seed, run_adjoint):
    folder = seed(flipped="weight = weight[..., ::-1]", right="")
    done = run_adjoint("score", "--faults", folder, "--profile", "none", "--out", folder / "out")
    assert done.returncode == 1, done.stderr
    assert "missed: family/right: right, as a test has it" in done.stdout
    assert "1 of 2 faults are caught, with the profile none." in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["family", "1", "2", "1", "0"] in [row[:5] for row in rows]
    assert ["all", "1", "2", "1", "0"] in [row[:5] for row in rows]
    assert f"score: {folder / 'out' / 'score.html'}" in done.stdout
    assert json.loads((folder / "out" / "score.json").read_text())["caught"] == 1
    text = " ".join("".join(Page((folder / "out" / "score.html").read_text(encoding="utf-8")).text).split())
    assert "✗ 1 of 2 faults are caught" in text
    assert "✗ missed family right right, as a test has it" in text


def test_the_command_says_it_in_json_and_exits_with_0(seed, run_adjoint):
    folder = seed(flipped="weight = weight[..., ::-1]", right="")
    words = ("--faults", folder, "-k", "flip", "--json", "--profile", "none", "--out", folder)
    done = run_adjoint("score", *words)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said == json.loads((folder / "score.json").read_text())
    assert (said["profile"], said["faults"], said["caught"], said["keyword"]) == ("none", 1, 1, "flip")
    assert [each["name"] for each in said["found"]] == ["flipped"]


@pytest.mark.parametrize("words", [(), ("--faults", "nowhere")])
def test_without_faults_a_sentence_says_so(words, run_adjoint, tmp_path):
    done = run_adjoint("score", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert not (tmp_path / "adjoint-report").exists()
    assert "has no seeded faults; run this in a clone" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_keyword_that_no_fault_has_is_refused(seed, run_adjoint):
    done = run_adjoint("score", "--faults", seed(right=""), "-k", "nothing")
    assert done.returncode == 2
    assert "no fault has 'nothing' in its family or name" in done.stderr
