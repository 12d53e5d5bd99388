"""Is a Python found where people have them, and whatever only looks like one passed over?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from adjoint.interpreters import NoInterpreter, find, is_version
from tests import pythons

VARIABLE = "ADJOINT_PYTHON37"
PLACES = {
    "on the path": "path/python3.7",
    "of pyenv": "pyenv/versions/3.7.16/bin/python3.7",
    "of uv": "uv/cpython-3.7.9-linux-x86_64-gnu/bin/python3",
    "of asdf": "asdf/installs/python/3.7.16/bin/python3.7",
    "of conda": "somewhere/envs/old/bin/python",
}


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a Python: nothing on the path, and a home that is empty."""
    for name in (VARIABLE, "PYENV_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("ASDF_DATA_DIR", str(tmp_path / "asdf"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    conda = tmp_path / "home" / ".conda" / "environments.txt"
    conda.parent.mkdir(parents=True)
    conda.write_text(f"{tmp_path}/somewhere/envs/gone\n\n{tmp_path}/somewhere/envs/old\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_it_is_found(machine, place):
    python = pythons.put(machine / place, pythons.sound("3.7.16"))
    assert find("3.7", VARIABLE) == python


def test_where_there_is_none_is_said_what_to_install():
    with pytest.raises(NoInterpreter) as caught:
        find("3.7", VARIABLE)
    text = str(caught.value)
    assert text.startswith("Python 3.7 was not found; install it, by 'uv python install 3.7', 'pyenv install")
    assert text.endswith(f"or say where it is in {VARIABLE}.")
    assert "\n" not in text


@pytest.mark.parametrize(
    "program",
    [
        pythons.SHIM_OF_NOTHING,
        pythons.SAYS_NONSENSE,
        pythons.FAILS_TO_LOAD,
        pythons.sound("3.8.18"),
        pythons.sound("3.7.13", "PyPy"),
    ],
    ids=["shim of nothing", "says nonsense", "fails to load", "of another version", "of another kind"],
)
def test_what_only_has_the_name_is_passed_over(machine, program):
    pythons.put(machine / PLACES["on the path"], program)
    with pytest.raises(NoInterpreter):
        find("3.7", VARIABLE)
    python = pythons.put(machine / PLACES["of pyenv"], pythons.sound("3.7.16"))
    assert find("3.7", VARIABLE) == python


def test_a_shim_that_works_is_followed(machine):
    python = pythons.put(machine / "elsewhere" / "python3.7", pythons.sound("3.7.16"))
    shim = f'#!/bin/sh\nexec {python} "$@"\n'
    pythons.put(machine / PLACES["on the path"], shim)
    assert find("3.7", VARIABLE) == python


def test_the_newest_patch_is_taken(machine):
    pythons.put(machine / PLACES["of pyenv"], pythons.sound("3.7.9"))
    python = pythons.put(machine / PLACES["of conda"], pythons.sound("3.7.16"))
    assert find("3.7", VARIABLE) == python


def test_without_a_list_of_conda_there_is_no_conda(machine):
    (machine / "home" / ".conda" / "environments.txt").unlink()
    pythons.put(machine / PLACES["of conda"], pythons.sound("3.7.16"))
    with pytest.raises(NoInterpreter):
        find("3.7", VARIABLE)


def test_the_variable_comes_first(machine, monkeypatch):
    pythons.put(machine / PLACES["of pyenv"], pythons.sound("3.7.16"))
    python = pythons.put(machine / "mine" / "python", pythons.sound("3.7.1"))
    monkeypatch.setenv(VARIABLE, str(python))
    assert find("3.7", VARIABLE) == python


def test_the_variable_may_name_a_command(machine, monkeypatch):
    python = pythons.put(machine / "path" / "old-python", pythons.sound("3.7.1"))
    monkeypatch.setenv(VARIABLE, "old-python")
    assert find("3.7", VARIABLE) == python


@pytest.mark.parametrize("named", [sys.executable, "/no/such/python", "no-such-python"])
def test_a_variable_that_names_no_such_python_is_refused(machine, monkeypatch, named):
    pythons.put(machine / PLACES["of pyenv"], pythons.sound("3.7.16"))
    monkeypatch.setenv(VARIABLE, named)
    with pytest.raises(NoInterpreter) as caught:
        find("3.7", VARIABLE)
    assert str(caught.value) == f"{VARIABLE} is {named}, and not a Python 3.7; name one, or unset it."


def test_a_python_is_asked_for_its_version(machine):
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert is_version(Path(sys.executable), ours)
    assert not is_version(Path(sys.executable), "3.7")
    assert not is_version(machine / "nothing", "3.7")
    assert not is_version(pythons.put(machine / "x", pythons.sound("3.71.0")), "3.7")
