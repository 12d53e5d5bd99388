"""Do the GitHub Action and the snippets of docs/gate.md run as written, as far as they can here?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from adjoint.drawing import PROFILES

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
API = "torch.nn.functional.conv_transpose2d"
RIGHT = (
    "from fast_copy import conv_transpose2d as right\n"
    "def conv_transpose2d(\n"
    "    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1\n"
    "):\n"
    "    {}\n"
    "    return right(input, weight, bias, stride, padding, output_padding, groups, dilation)\n"
)
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"<!-- snippet: (\w+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


def with_inputs(text, inputs):
    """Put the inputs in, as GitHub does, and see that nothing else is left to put in."""
    known = {name: row["default"] for name, row in ACTION["inputs"].items()} | inputs
    done = re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: known[found[1]], text)
    assert "${{" not in done
    return done


def run_action(folder, **inputs):
    """Run the shell steps; return the exit code, what was printed, and the job's summary."""
    summary = folder / "step-summary.md"
    (folder / "temp").mkdir(exist_ok=True)
    tools = folder / "tools"  # where the job's `python` is that of these tests
    tools.mkdir(exist_ok=True)
    if not (tools / "python").exists():
        (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (tools / "python").chmod(0o755)
    job = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(folder / "temp"),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    said = ""
    for step in ACTION["runs"]["steps"]:
        if "run" not in step:
            continue
        assert "${{" not in step["run"]  # an input in a script could end the script's words
        env = {name: with_inputs(value, inputs) for name, value in step.get("env", {}).items()}
        if "pip" in step["run"] and (folder / "temp" / "adjoint").exists():
            continue  # made by an earlier run of a test
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder,
            env=job | env,
            capture_output=True,
            text=True,
            check=False,
        )
        said += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, said, summary.read_text() if summary.exists() else ""
    return 0, said, summary.read_text() if summary.exists() else ""


@pytest.fixture
def job(tmp_path):
    """A folder as a job has it, where the suite is installed already: this one."""
    (tmp_path / "temp" / "adjoint").mkdir(parents=True)
    (tmp_path / "temp" / "adjoint" / "bin").symlink_to(Path(sys.executable).parent)
    return tmp_path


def write(folder, body="pass"):
    (folder / "fast_copy.py").write_text("from adjoint.fast.torch_functional import conv_transpose2d\n")
    (folder / "mine.py").write_text(RIGHT.format(body))


def test_the_action_is_one_that_github_takes():
    assert ACTION["runs"]["using"] == "composite"
    assert list(ACTION["inputs"]) == [
        *("target", "api", "claims", "dtypes", "command", "profile", "seed", "levels", "timeout"),
        *("python-version", "deviations", "baseline", "out"),
    ]
    assert all(isinstance(row["default"], str) and row["description"] for row in ACTION["inputs"].values())
    assert ACTION["inputs"]["profile"]["default"] in PROFILES
    for step in ACTION["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert ("run" in step) == ("shell" in step)


def test_the_action_passes_and_fails_by_the_exit_code(job):
    write(job)
    inputs = {"target": "mine:conv_transpose2d", "api": API, "profile": "none", "out": "a report"}
    code, said, summary = run_action(job, **inputs)
    assert code == 0, said
    assert summary.startswith("# Passed")
    write(job, "weight = -weight if groups == 3 else weight")
    code, said, summary = run_action(job, **inputs)
    assert code == 1, said
    assert "# Failed" in summary
    assert "<details><summary>script</summary>" in summary
    assert (job / "a report" / "junit.xml").exists()
    (path,) = (job / "a report").glob("*.record.jsonl")
    assert json.loads(path.read_text().partition("\n")[0])["profile"] == "none"


def test_the_action_refuses_what_makes_no_sense_and_takes_no_old_summary(job):
    (job / "adjoint-report").mkdir()
    (job / "adjoint-report" / "summary.md").write_text("of an earlier run")
    hostile = 'x:y"; touch hacked; $(touch hacked) `touch hacked`'
    code, said, summary = run_action(job, target=hostile, api="no.such")
    assert code == 2, said
    assert "--api no.such is not documented here" in said
    assert summary == ""
    assert not (job / "hacked").exists()


def test_the_action_runs_a_command_with_its_deviations(job):
    declared = job / "known.toml"
    declared.write_text('[[deviation]]\nimplementation = "x"\nclause = "tf-nn.values"\nreason = "known"\n')
    command = f"{sys.executable} {ROOT / 'tests' / 'miniatures.py'} right"
    code, said, _ = run_action(job, command=command, deviations="known.toml", profile="none")
    assert code == 2, said
    assert "is of no implementation of this run" in said


def test_the_action_passes_on_what_is_claimed_and_drawn_and_compared(job):
    write(job)
    (job / "claims.toml").write_text('dtypes = ["float32", "float64"]\n')
    inputs = {"target": "mine:conv_transpose2d", "api": API, "profile": "none"}
    code, said, _ = run_action(job, **inputs, claims="claims.toml", seed="7", timeout="50", out="one")
    assert code == 0, said
    (path,) = (job / "one").glob("*.record.jsonl")
    header = json.loads(path.read_text().partition("\n")[0])
    assert header["claims"]["dtypes"] == ["float32", "float64"]
    assert header["seed"] == 7
    write(job, "weight = -weight if groups == 3 else weight")
    more = {"dtypes": "float32", "levels": "open", "baseline": "one", "out": "two"}
    code, said, summary = run_action(job, **inputs, **more)
    assert code == 0, said  # no open clause fails
    code, said, summary = run_action(job, **inputs, **more | {"levels": ""})
    assert code == 1, said
    assert "newly" in summary
    (path,) = (job / "two").glob("*.record.jsonl")
    assert json.loads(path.read_text().partition("\n")[0])["claims"]["dtypes"] == ["float32"]
    code, said, _ = run_action(job, **inputs, timeout="0")
    assert code == 2, said
    assert "--timeout" in said


def test_the_action_installs_the_suite_from_its_own_path(tmp_path):
    (step,) = [step for step in ACTION["runs"]["steps"] if "pip" in step.get("run", "")]
    (tmp_path / "temp").mkdir()
    path = f"{sys.base_prefix}/bin{os.pathsep}{os.environ['PATH']}"  # a virtual environment may lack pip
    job = {"RUNNER_TEMP": str(tmp_path / "temp"), "GITHUB_ACTION_PATH": str(ROOT), "PATH": path}
    script = step["run"].replace("python -m", "python3 -m")
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], check=True, env=os.environ | job, cwd=tmp_path)
    done = subprocess.run(
        [tmp_path / "temp" / "adjoint" / "bin" / "adjoint", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "0.1.0" in done.stdout


def test_the_snippet_for_github_gives_the_action_what_it_has():
    job = yaml.safe_load(SNIPPETS["github"])["jobs"]["conformance"]
    (step,) = [step for step in job["steps"] if "adjoint" in step.get("uses", "")]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert step["with"]["profile"] in PROFILES


def test_the_snippet_for_a_baseline_keeps_the_records_of_this_run_alone(tmp_path):
    restore, keep, save = yaml.safe_load(SNIPPETS["baseline"])
    for folder, name in (("before", "old.record.jsonl"), ("adjoint-report", "new.record.jsonl")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(name)
    subprocess.run(["bash", "-e", "-c", keep["run"]], cwd=tmp_path, check=True)
    assert [path.name for path in (tmp_path / "before").iterdir()] == ["new.record.jsonl"]
    assert restore["with"]["path"] == save["with"]["path"] == "before"
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert "`baseline` is then `${{ hashFiles('before/*')" in " ".join(PAGE.split())


def test_the_snippet_for_gitlab_runs(job):
    write(job)
    script = yaml.safe_load(SNIPPETS["gitlab"])["conformance"]["script"]
    last = script[-1].replace("adjoint-venv", "temp/adjoint")
    done = subprocess.run(["bash", "-c", last], cwd=job, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    path = yaml.safe_load(SNIPPETS["gitlab"])["conformance"]["artifacts"]["reports"]["junit"]
    assert (job / path).exists()


def test_the_snippet_for_pytest_passes_once_what_deviates_is_drafted_and_given_a_reason(tmp_path):
    write(tmp_path, "weight = -weight if groups == 3 else weight")
    (tmp_path / "test_mine.py").write_text(SNIPPETS["pytest"])
    draft = re.search(r"^adjoint (run .* --write-deviations .*)$", PAGE, re.MULTILINE)[1].split()

    def ran(*words):
        words = (sys.executable, "-m", *words)
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    tests = ("pytest", "-q", "-p", "no:cacheprovider", "test_mine.py")
    ran("adjoint.cli", *draft)
    code, said = ran(*tests)
    assert code == 1, said
    assert "say there why this deviation is known" in said
    known = tmp_path / "known.toml"
    known.write_text(known.read_text().replace("TODO: say", "say"))
    code, said = ran(*tests)
    assert code == 0, said
    write(tmp_path)
    code, said = ran(*tests)
    assert code == 1, said
    assert "is stale" in said


def test_the_snippet_for_tox_runs(tmp_path):
    pytest.importorskip("tox")
    (tmp_path / "tox.ini").write_text(SNIPPETS["tox"])
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TOX_", "PYTEST_"))}

    def tox():
        words = [sys.executable, "-m", "tox", "-q"]
        given = env | {"ADJOINT": str(ROOT)}
        return subprocess.run(words, cwd=tmp_path, env=given, capture_output=True, text=True, check=False)

    write(tmp_path)
    done = tox()
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "adjoint-report" / "summary.md").read_text().startswith("# Passed")
    write(tmp_path, "weight = -weight")
    assert tox().returncode != 0
