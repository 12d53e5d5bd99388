"""Do a name, a module:function and a command become the right program to start, or a sentence?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adjoint.catalogue import (
    NotInstalled,
    entries,
    environments_file,
    environments_folder,
    from_command,
    is_there,
    resolve,
)
from adjoint.errors import UsageError
from adjoint.worker import Worker

API = "torch.nn.functional.conv_transpose2d"


def sentence(act: Callable[[], object]) -> str:
    """The error of an act: one sentence."""
    with pytest.raises(UsageError) as caught:
        act()
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of environments, and a Python in which torch can't be imported."""
    monkeypatch.setenv("ADJOINT_ENVIRONMENTS", str(tmp_path))
    monkeypatch.setitem(sys.modules, "torch", None)  # Python's own way to say so
    return tmp_path


def make(folder: Path, relative: str) -> str:
    path = folder / relative
    path.parent.mkdir(parents=True)
    path.touch()
    return str(path)


def test_an_unknown_name_is_refused_with_those_known():
    text = sentence(lambda: resolve("pytorch"))
    assert text.startswith("'pytorch' is not in the catalogue: did you mean 'torch'? It has fast, torch, ")
    assert "--command" in text


def test_a_function_without_its_api_is_refused():
    text = sentence(lambda: resolve("ops:conv"))
    assert text.startswith("ops:conv needs --api, the API that it offers: one of ")
    assert API in text


def test_a_function_for_an_unknown_api_is_refused():
    text = sentence(lambda: resolve("ops:conv", api="torch.conv"))
    assert text.startswith("--api torch.conv is not documented here; it must be one of ")
    assert API in text


@pytest.mark.parametrize("target", ["fast", "torch", "ops:conv"])
@pytest.mark.parametrize("python", ["/nowhere/python", "no-such-python", ""])
def test_a_python_that_is_none_is_refused(target, python):
    assert sentence(lambda: resolve(target, API, python)).startswith(f"--python {python} is not a program")


def test_a_function_is_served_by_our_python():
    found = resolve("ops:Layer.make", api=API)
    assert found.name == "ops:Layer.make"
    assert found.command[0] == sys.executable
    assert Path(found.command[1]).name == "serving.py"
    assert found.command[2:] == ("on_function", "ops:Layer.make", API)
    assert (found.script, found.targets) == ("function", {API: "ops:Layer.make"})


def test_the_dtypes_of_a_function_reach_its_worker():
    last = resolve("ops:conv", api=API, dtypes="float16,float32").command[-2:]
    assert last == (API, '{"dtypes":["float16","float32"]}')


@pytest.mark.parametrize("target", ["fast", "torch", "ops:conv"])
def test_the_python_that_was_given_is_used(environments, target):
    make(environments, "torch/bin/python")
    assert resolve(target, API, "/bin/sh").command[0] == "/bin/sh"


def test_an_entry_becomes_its_command_and_variables(environments):
    python = make(environments, "torch/bin/python")
    found = resolve("keras-torch")
    assert found.command[0] == python
    assert Path(found.command[1]).name == "serving.py"
    assert found.command[2:] == ("on_keras",)
    assert (found.env["KERAS_BACKEND"], found.script) == ("torch", "keras")


def test_an_entry_may_give_its_worker_arguments(environments):
    make(environments, "tensorflow2.4/bin/python")
    assert resolve("tensorflow-2.4-xla").command[2:] == ("on_tensorflow", "experimental_compile")


def test_a_variable_may_name_the_folder_of_the_environment(environments):
    make(environments, "keras-releases/bin/python")
    assert resolve("keras-3.0").env["PYTHONPATH"] == str(environments / "keras-releases" / "releases" / "3.0")


def test_an_entry_without_environment_runs_on_our_python(environments):
    make(environments, "bin/python")
    found = resolve("fast")
    assert found.command[0] == sys.executable
    assert found.targets[API] == "adjoint.fast.torch_functional:conv_transpose2d"


@pytest.mark.parametrize("relative", ["torch/bin/python", "torch/Scripts/python.exe"])
def test_the_environment_of_an_entry_is_used(environments, relative):
    python = make(environments, relative)
    assert resolve("torch").command[0] == python
    assert is_there("torch")


def test_an_environment_that_is_missing_is_not_installed(environments):
    with pytest.raises(NotInstalled):
        resolve("torch")
    text = sentence(lambda: resolve("torch"))
    assert text.startswith(f"torch needs torch, and neither the environment {environments / 'torch'} nor")
    assert "--make" in text
    assert not is_there("torch")


def test_all_that_is_needed_is_named_though_some_is_there(environments, monkeypatch):
    (environments / "keras.py").touch()
    monkeypatch.syspath_prepend(str(environments))
    assert sentence(lambda: resolve("keras-torch")).startswith("keras-torch needs keras and torch, ")


def test_the_environment_of_another_entry_does_not_do(environments):
    make(environments, "tensorflow/bin/python")
    assert not is_there("torch")


def test_our_python_does_where_it_has_what_is_needed(environments, monkeypatch):
    (environments / "torch.py").touch()
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.syspath_prepend(str(environments))
    assert resolve("torch").command[0] == sys.executable


def test_where_a_version_is_meant_our_python_does_not_do(environments, monkeypatch):
    (environments / "tensorflow.py").touch()
    monkeypatch.syspath_prepend(str(environments))
    assert is_there("tensorflow")
    text = sentence(lambda: resolve("tensorflow-2.4"))
    assert text.startswith(
        f"tensorflow-2.4 needs the environment {environments / 'tensorflow2.4'}, which does"
    )
    assert "--make" in text
    python = make(environments, "tensorflow2.4/bin/python")
    assert resolve("tensorflow-2.4").command[0] == python


def test_a_name_that_is_unknown_is_not_merely_absent():
    sentence(lambda: is_there("pytorch"))


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_environments_are_under_tox_unless_said_otherwise(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    if value is None:
        monkeypatch.delenv("ADJOINT_ENVIRONMENTS", raising=False)
    else:
        monkeypatch.setenv("ADJOINT_ENVIRONMENTS", value)
    assert environments_folder() == tmp_path / ".tox" / "environments"


def test_the_folder_of_environments_does_not_move_with_us(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADJOINT_ENVIRONMENTS", "here")
    assert environments_folder() == tmp_path / "here"


def test_a_function_is_what_is_given_as_one_and_not_what_is_named_like_one() -> None:
    assert resolve("./a:b", "operation").is_function
    assert not from_command("./a:b").is_function
    assert not resolve("fast").is_function


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("node my-worker.mjs", ("node", "my-worker.mjs")),
        ("'/opt/my tools/w' --flag \"a b\"", ("/opt/my tools/w", "--flag", "a b")),
    ],
)
def test_a_command_is_split_as_a_shell_would(command, words):
    found = from_command(command)
    assert (found.name, found.command) == (command, words)


@pytest.mark.parametrize("command", ["", "   "], ids=repr)
def test_an_empty_command_is_refused(command):
    assert sentence(lambda: from_command(command)).startswith("--command is empty")


@pytest.mark.parametrize("command", ["node 'my-worker.mjs", 'node "x', "node \\"], ids=repr)
def test_a_command_with_an_open_quote_is_refused(command):
    assert "--command" in sentence(lambda: from_command(command))


@pytest.mark.parametrize("name", list(entries()))
def test_every_entry_names_what_exists(name):
    entry = entries()[name]
    folder = environments_file().parent
    assert entry.name == name
    if entry.module:
        assert (folder / (entry.module if entry.program else f"{entry.module.split()[0]}.py")).is_file()
    else:
        assert entry.program.startswith("{environment}/")
    assert not entry.environment or f"[testenv:{entry.environment}]" in environments_file().read_text()
    assert isinstance(entry.imports, tuple)
    assert entry.imports or entry.environment
    assert entry.about


def test_what_is_compiled_is_run_from_its_environment(environments):
    assert not is_there("c")
    assert sentence(lambda: resolve("c")).endswith("/c/on_c, which is not there; add --make to compile it.")
    program = Path(make(environments, "c/on_c"))
    program.chmod(0o755)
    assert resolve("c").command == (str(program),)


def test_a_function_can_be_started():
    found = resolve("math:hypot", api=API)
    worker = Worker(found.command, found.env)
    try:
        assert worker.claims.apis == (API,)
    finally:
        worker.close()


@pytest.fixture
def node(environments: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program node, alone on PATH, and what npm puts into the environment of an entry."""
    (environments / "tfjs" / "node_modules" / "@tensorflow" / "tfjs").mkdir(parents=True)
    path = Path(make(environments, "path/node"))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))
    return str(path)


def test_an_entry_may_be_a_program_of_its_own(environments, node):
    found = resolve("tfjs")
    assert found.command[0] == node
    assert Path(found.command[1]).name == "on_tfjs.mjs"
    assert Path(found.command[1]).exists()
    assert (found.command[2:], found.env) == ((), {"ADJOINT_TFJS": str(environments / "tfjs")})


def test_a_program_that_is_not_there_is_named(node):
    Path(node).unlink()
    with pytest.raises(NotInstalled):
        resolve("tfjs")
    assert sentence(lambda: resolve("tfjs")).startswith(
        "tfjs needs node, which is not on PATH; install Node.js"
    )


@pytest.mark.usefixtures("node")
def test_what_a_program_needs_is_named_where_it_is_not_there(environments):
    (environments / "tfjs" / "node_modules" / "@tensorflow" / "tfjs").rmdir()
    with pytest.raises(NotInstalled):
        resolve("tfjs")
    text = sentence(lambda: resolve("tfjs"))
    assert text.startswith(f"tfjs needs @tensorflow/tfjs, and {environments / 'tfjs'} has it not; add --make")


def test_no_python_runs_a_program_of_its_own(node):
    assert resolve("tfjs", python="/bin/sh").command[0] == node
