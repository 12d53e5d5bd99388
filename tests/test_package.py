"""Is the project what its README and its design say?  Rooms, data, commands."""

import importlib.util
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import adjoint

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["setuptools"]["package-dir"]


def commands():
    return [
        line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("python3 -m venv")
    ]


def test_adjoint_is_the_installed_package():
    assert ROOT / "harness" not in Path(adjoint.__file__).parents
    assert set(PACKAGES) == set(PROJECT["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize("room", sorted(PACKAGES.values()))
def test_no_room_is_imported_under_its_bare_name(room):
    loaded = [name for name in sys.modules if name == room or name.startswith(room + ".")]
    assert loaded == []
    elsewhere = subprocess.run(
        [sys.executable, "-P", "-c", f"import importlib.util as u; print(u.find_spec('{room}'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == "None"


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_every_file_of_a_room_is_installed(package):
    source = ROOT / PACKAGES[package]
    wanted = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    installed = Path(str(files("adjoint"))).joinpath(*package.split(".")[1:])
    assert {name for name in wanted if not (installed / name).exists()} == set()


def test_no_module_has_the_name_of_a_framework():
    names = {path.stem for path in (ROOT / "implementations").glob("*.py")}
    assert not names & {"torch", "tensorflow", "keras", "jax", "numpy"}


def test_ci_runs_the_second_command_of_the_readme():
    main_job, tests = commands()
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == tests
    assert "adjoint run --make torch keras-torch keras-tensorflow keras-jax tensorflow fast" in main_job


@pytest.mark.parametrize(
    "words", [["-m", "adjoint.cli", "list", "apis"], ["-c", "import adjoint.cases.write"]]
)
def test_the_core_needs_no_framework(words):
    blocked = "import sys; sys.modules.update(dict.fromkeys(['torch', 'tensorflow', 'keras', 'jax']));"
    code = f"{blocked} sys.argv[:] = {words[1:]!r}; import runpy; " + (
        f"runpy.run_module({words[1]!r}, run_name='__main__')" if words[0] == "-m" else words[1]
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert importlib.util.find_spec("adjoint.fast") is not None


def test_conformance_tests_run_as_a_package(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "adjoint.cases", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "adjoint.record.jsonl").exists()
