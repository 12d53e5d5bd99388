"""Is what is there, what is missing and what is broken told apart, and is it said what to do?"""

from __future__ import annotations

import configparser
import json
import sys
from pathlib import Path

import pytest

from adjoint import catalogue, doctor
from tests import pythons


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a Python but Python 3.8, and without environments."""
    for name in ("ADJOINT_PYTHON37", "ADJOINT_PYTHON38", "ADJOINT_PYTHON310", "ADJOINT_PYTHON311"):
        monkeypatch.delenv(name, raising=False)
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "UV_PYTHON_INSTALL_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("ADJOINT_ENVIRONMENTS", str(tmp_path / "environments"))
    pythons.put(tmp_path / "path" / "python3.8", pythons.sound("3.8.18"))
    return tmp_path


def make(machine: Path, environment: str, python: str = "", **held: str) -> None:
    """Make an environment that has some packages; its Python is ours unless it is written out."""
    folder = machine / "environments" / environment
    if python:
        pythons.put(folder / "bin" / "python", python)
    else:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(sys.executable)
    for name, version in held.items():
        known = folder / "lib" / "python3.11" / "site-packages" / f"{name}-{version}.dist-info"
        known.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (known / "METADATA").write_text(text, encoding="utf-8")


def found(*names: str) -> dict[str, tuple[str, str]]:
    return {each.name: (each.state, each.says) for each in doctor.examine(names)}


def test_each_environment_has_its_cost_and_lives_in_the_catalogue() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(catalogue.environments_file().read_text(encoding="utf-8"))
    made = {section.partition(":")[2] for section in parser.sections() if ":" in section}
    assert made == set(doctor.costs()) == set(found())
    large = [cost for name, cost in doctor.costs().items() if name != "c"]
    assert all(cost["megabytes"] > 100 and cost["seconds"] > 5 for cost in large)


def test_what_is_there_is_shown_with_its_versions(machine: Path) -> None:
    make(machine, "openvino", openvino="2026.4.1", keras="3.15.1", scipy="1.9")
    assert found("keras-openvino") == {"openvino": ("there", "openvino 2026.4.1, keras 3.15.1")}


def test_what_is_missing_can_be_made_where_its_python_is_found(machine: Path) -> None:
    assert found("torch") == {"torch": ("missing", "of this Python")}
    assert found("tensorflow-2.4") == {
        "tensorflow2.4": ("missing", f"of Python 3.8: {machine / 'path' / 'python3.8'}")
    }


def test_what_needs_a_python_that_is_not_there_says_what_to_install() -> None:
    ((state, says),) = found("tensorflow-1.15").values()
    assert state == "impossible"
    assert says.startswith("Python 3.7 was not found; install it, by 'uv python install 3.7'")


@pytest.mark.parametrize(
    ("python", "held", "said"),
    [
        (pythons.SHIM_OF_NOTHING, {}, "its Python does not run; remove "),
        (pythons.sound("3.11.1"), {}, "it is not of Python 3.8; remove "),
        (pythons.sound("3.8.1"), {}, "it should have tensorflow-cpu==2.4.4 (not there); --make brings it"),
        (pythons.sound("3.8.1"), {"tensorflow_cpu": "2.4.1"}, "it should have tensorflow-cpu==2.4.4 (2.4.1)"),
    ],
    ids=["runs not", "another Python", "empty", "another version"],
)
def test_what_is_broken_says_how_to_mend_it(
    machine: Path, python: str, held: dict[str, str], said: str
) -> None:
    make(machine, "tensorflow2.4", python, **held)
    ((state, says),) = found("tensorflow-2.4").values()
    assert state == "broken"
    assert says.startswith(said)


def test_an_environment_whose_python_is_gone_is_broken(machine: Path) -> None:
    make(machine, "torch")
    (machine / "environments" / "torch" / "bin" / "python").unlink()
    assert found("torch")["torch"][0] == "broken"


def put_npm(machine: Path) -> None:
    for name in ("node", "npm"):
        pythons.put(machine / "path" / name, pythons.sound("20"))


def test_what_npm_makes_needs_npm_and_no_python_of_its_own(machine: Path) -> None:
    ((state, says),) = found("tfjs").values()
    assert (state, says[:30]) == ("impossible", "tfjs needs node and npm, not t")
    put_npm(machine)
    assert found("tfjs") == {"tfjs": ("missing", f"by {machine / 'path' / 'npm'}")}


@pytest.mark.parametrize(
    ("text", "state", "says"),
    [
        ('{"version": "4.22.0"}', "there", "@tensorflow/tfjs 4.22.0"),
        (
            '{"version": "4.21.0"}',
            "broken",
            "it should have @tensorflow/tfjs@4.22.0 (4.21.0); --make brings it",
        ),
        ("{", "broken", "it should have @tensorflow/tfjs@4.22.0 (not there); --make brings it"),
    ],
)
def test_what_npm_made_is_held_to_its_version(machine: Path, text: str, state: str, says: str) -> None:
    put_npm(machine)
    package = machine / "environments" / "tfjs" / "node_modules" / "@tensorflow" / "tfjs"
    package.mkdir(parents=True)
    (package / "package.json").write_text(text, encoding="utf-8")
    ((found_state, found_says),) = found("tfjs").values()
    assert (found_state, found_says[: len(says)]) == (state, says)


def test_there_is_room_even_where_there_is_no_folder(machine: Path) -> None:
    assert not (machine / "environments").exists()
    assert doctor.free_megabytes() > 0


def test_the_command_says_what_to_do_next(run_adjoint, machine: Path) -> None:
    make(machine, "openvino", openvino="2026.4.1", keras="3.15.1")
    done = run_adjoint("doctor")
    assert done.returncode == 0, done.stderr
    assert "adjoint run --make torch keras-torch\n" in done.stdout
    assert "adjoint run --make tensorflow-2.4 tensorflow-2.4-xla\n" in done.stdout
    assert "openvino" not in "".join(line for line in done.stdout.splitlines(True) if "--make" in line)
    missing = [each for each in doctor.examine() if each.state == "missing"]
    room = sum(each.megabytes for each in missing)
    assert f"all of it takes {room / 1000:.1f} GB" in done.stdout


def test_of_named_ones_the_exit_code_says_whether_they_can_be_run(run_adjoint, machine: Path) -> None:
    make(machine, "openvino", openvino="2026.4.1", keras="3.15.1")
    assert run_adjoint("doctor", "keras-openvino").returncode == 0
    done = run_adjoint("doctor", "keras-openvino", "tensorflow-1.15", "--json")
    assert done.returncode == 1
    assert [row["state"] for row in json.loads(done.stdout)] == ["impossible", "there"]
    assert run_adjoint("doctor", "fast").returncode == 0
    done = run_adjoint("doctor", "tensorflow-3")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "'tensorflow-3' is not in the catalogue" in done.stderr
