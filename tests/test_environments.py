"""Is each environment made by itself, of the Python that it needs; does one that can't be stop no other?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from adjoint import catalogue, environments, record
from adjoint.errors import UsageError
from tests import pythons

HERE = Path(__file__).parent
OLD = "tensorflow-2.4"


@pytest.fixture
def tox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put one of `toxes.py` in tox's place; environments go to a folder of the test's own."""
    monkeypatch.setenv("ADJOINT_ENVIRONMENTS", str(tmp_path / "environments"))
    python = pythons.put(tmp_path / "python3.8", pythons.sound("3.8.18"))
    monkeypatch.setenv("ADJOINT_PYTHON38", str(python))

    def put(name: str) -> None:
        (tmp_path / "tox.py").write_text(f"from toxes import {name}\n{name}()\n", encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(HERE)]))

    return put


@pytest.mark.parametrize(
    ("environment", "variable", "version"),
    [
        ("tensorflow1.15", "ADJOINT_PYTHON37", "3.7"),
        ("tensorflow2.4", "ADJOINT_PYTHON38", "3.8"),
        ("tensorflow2.9", "ADJOINT_PYTHON310", "3.10"),
        ("torch", "", ""),
    ],
)
def test_an_environment_names_its_python(environment, variable, version):
    assert environments.needs(environment) == (variable, version)


def test_each_is_made_once(tox, tmp_path):
    tox("makes_one_of_this_python")
    assert environments.make(["torch", "keras-torch", "fast", "keras-jax"]) == {}
    assert sorted(path.name for path in (tmp_path / "environments").iterdir()) == ["jax", "torch"]


def test_it_is_of_the_python_that_was_found(tox):
    tox("makes_what_was_asked_for")
    assert environments.make([OLD]) == {}


def why(failed, name=OLD):
    """The one reason, a sentence."""
    assert set(failed) == {name}
    text = str(failed[name])
    assert "\n" not in text
    return text


def test_a_python_that_is_not_there_is_named(tox, monkeypatch):
    tox("makes_what_was_asked_for")
    monkeypatch.setenv("ADJOINT_PYTHON38", "/no/such/python")
    assert why(environments.make([OLD, "fast"])).startswith("ADJOINT_PYTHON38 is /no/such/python, and not")


def test_an_environment_of_another_python_is_refused(tox):
    tox("makes_one_of_this_python")
    assert why(environments.make([OLD])).startswith("tensorflow2.4 needs Python 3.8, and ")


def test_an_environment_that_was_not_made_is_missed(tox):
    tox("makes_nothing")
    assert why(environments.make([OLD])) == "tox made no tensorflow2.4, and did not say why."


def test_what_tox_said_last_of_an_error_is_passed_on(tox, capfd):
    tox("fails_for_torch")
    failed = environments.make(["torch", "keras-torch", "keras-jax"])
    assert set(failed) == {"torch", "keras-torch"}
    said = "ERROR: No matching distribution found for torch==2.13.0"
    assert str(failed["torch"]) == f"tox could not make torch; it said: {said}"
    assert f"{said}\n  torch: FAIL" in capfd.readouterr().err


def test_a_tox_that_dies_is_no_end(tox):
    tox("dies_without_a_word")
    assert why(environments.make(["torch"]), "torch") == "tox could not make torch; it said: nothing"


def test_a_program_that_makes_it_is_missed(tox, monkeypatch, tmp_path):
    tox("dies_without_a_word")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    said = why(environments.make(["tfjs", "fast"]), "tfjs")
    assert said.startswith("tfjs needs node and npm, not to be found on PATH; install Node.js 20 or newer")
    pythons.put(tmp_path / "path" / "node", pythons.sound("20"))
    assert why(environments.make(["tfjs"]), "tfjs").startswith("tfjs needs npm, not to be found on PATH;")
    pythons.put(tmp_path / "path" / "npm", pythons.sound("10"))
    assert why(environments.make(["tfjs"]), "tfjs") == "tox could not make tfjs; it said: nothing"


def test_without_tox_nothing_can_be_made(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="--make needs tox"):
        environments.make(["torch"])
    assert environments.make(["fast"]) == {}


def test_the_rest_is_run(tox, run_adjoint, tmp_path):
    tox("fails_for_torch")
    words = ("run", "--make", "torch", "fast", "--profile", "none", "--clause", "torch-functional.example")
    done = run_adjoint(*words, "--out", tmp_path / "a")
    assert done.returncode == 3
    assert "No matching distribution found for torch==2.13.0" in done.stdout
    footers = {
        name: record.read(tmp_path / "a" / f"{name}.record.jsonl").footer for name in ("torch", "fast")
    }
    assert {name: footer["status"] for name, footer in footers.items()} == {"torch": "not-run", "fast": "ran"}
    done = run_adjoint(*words, "--available", "--out", tmp_path / "b")
    assert done.returncode == 0
    assert record.read(tmp_path / "b" / "torch.record.jsonl").footer["status"] == "unavailable"


def test_an_environment_from_before_that_can_no_longer_be_made_is_not_used(tox, run_adjoint, tmp_path):
    pythons.put(tmp_path / "environments" / "torch" / "bin" / "python", pythons.sound("3.11.7"))
    tox("fails_for_torch")
    done = run_adjoint("run", "--make", "torch", "--out", tmp_path / "a")
    assert done.returncode == 3
    assert "No matching distribution found" in done.stdout


def test_a_python_that_was_given_needs_no_environment(tox, run_adjoint, tmp_path):
    tox("dies_without_a_word")
    given = catalogue.resolve("fast").command[0]
    done = run_adjoint("run", "--make", "torch", "--python", given, "--out", tmp_path / "a")
    assert "tox could not make" not in done.stdout + done.stderr
    assert "has no module 'torch'" in done.stdout
