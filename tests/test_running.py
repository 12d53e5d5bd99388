"""Does a run start what it is asked for, apart from its surroundings, and leave nothing behind?"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from adjoint import catalogue, record, running, spec
from adjoint.running import _record, reached

HERE = Path(__file__).parent
API = "torch.nn.functional.conv_transpose2d"


@pytest.mark.parametrize("target", ["no_such_module:conv", "miniatures:no_such_function"])
def test_module_that_does_not_start_is_not_run(target, run_adjoint, tmp_path):
    done = run_adjoint("run", target, "--api", API, "--out", tmp_path, cwd=HERE)
    assert done.returncode == 3
    assert "Traceback" not in done.stdout + done.stderr
    assert re.search("there is no module|has no 'no_such_function'", done.stdout)
    (path,) = tmp_path.glob("*.record.jsonl")
    assert record.read(path).footer["status"] == "not-run"


def test_command_that_can_not_be_run_is_not_run(run_adjoint, tmp_path):
    done = run_adjoint("run", "--command", "/no/such/worker", "--out", tmp_path)
    assert done.returncode == 3
    assert "/no/such/worker can't be run" in done.stdout


def test_python_without_the_framework_is_not_run(run_adjoint, tmp_path):
    done = run_adjoint("run", "torch", "--python", sys.executable, "--out", tmp_path)
    assert done.returncode == 3
    assert "has no module 'torch'" in done.stdout


def test_missing_environment_is_not_run_or_excused(run_adjoint, tmp_path):
    absent = {"ADJOINT_ENVIRONMENTS": str(tmp_path / "environments")}
    done = run_adjoint("run", "torch", "fast", "--out", tmp_path / "a", **absent)
    assert done.returncode == 3
    assert "add --make" in done.stdout
    assert record.read(tmp_path / "a" / "fast.record.jsonl").footer["status"] == "ran"
    done = run_adjoint("run", "torch", "fast", "--available", "--out", tmp_path / "b", **absent)
    assert done.returncode == 0
    assert record.read(tmp_path / "b" / "torch.record.jsonl").footer["status"] == "unavailable"


def test_run_without_a_name_runs_fast(run_adjoint, tmp_path):
    done = run_adjoint("run", "--out", tmp_path, ADJOINT_ENVIRONMENTS=str(tmp_path / "none"))
    assert done.returncode == 0, done.stdout
    documents = {f"document-{name}.html" for name in spec.load().documents}
    assert {path.name for path in tmp_path.iterdir()} == documents | {
        *("fast.record.jsonl", "fast.log", "report.html", "junit.xml", "summary.md", "badge.json")
    }


def test_same_run_twice_is_the_same_record_but_for_times(run_adjoint, tmp_path):
    for name in ("a", "b"):
        run_adjoint("run", "fast", "--out", tmp_path / name)
    first, second = (record.read(tmp_path / name / "fast.record.jsonl") for name in ("a", "b"))
    assert first.checks == second.checks
    assert {**first.header, "started": ""} == {**second.header, "started": ""}


def hanging_run(folder):
    """Return a run that has got to a call that hangs, and its workers."""
    words = ("run", "miniatures:hangs", "--api", API, "--out", folder)
    command = [sys.executable, "-m", "adjoint.cli", *map(str, words)]
    run = subprocess.Popen(
        command,
        cwd=HERE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # which what runs in the background ignores
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(
        path.read_text().count("\n") > 20 for path in folder.glob("*.record.jsonl")
    ):
        time.sleep(0.1)
    time.sleep(0.5)
    children = psutil.Process(run.pid).children(recursive=True)
    workers = [child for child in children if "serving.py" in str(child.cmdline())]
    assert workers
    return run, children, workers


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_the_bar_counts_golden_checks_then_items_that_draw(run_adjoint, tmp_path):
    done = run_adjoint("run", "fast", "--out", tmp_path, "-k", "tf.nn.conv_transpose")
    assert done.returncode == 0
    lines = (tmp_path / "fast.record.jsonl").read_bytes().splitlines(keepends=True)
    header = json.loads(lines[0])
    planned, drawn = header["planned"], header["drawn"]
    assert drawn > 1
    shown = [reached(b"".join(lines[:number])) for number in range(1, len(lines) + 1)]
    assert shown[:planned] == [("", number, planned) for number in range(planned)]
    assert shown[planned] == (", drawn", 0, drawn)
    counted = [number for phase, number, _ in shown[planned:] if phase == ", drawn"]
    assert counted == sorted(counted)
    assert set(counted) == set(range(drawn + 1))
    assert shown[-1] == (", drawn", drawn, drawn)
    undrawn = json.dumps({**header, "drawn": 0}).encode() + b"\n"
    assert reached(b"".join([undrawn, *lines[1 : planned + 1], lines[-1]])) == ("", planned, planned)
    for content in (b"", lines[0][:-1]):
        with pytest.raises(ValueError):  # noqa: PT011 - of whatever sort, there is nothing to show
            reached(content)


def test_interrupt_ends_the_worker_and_closes_the_record(tmp_path):
    run, _, workers = hanging_run(tmp_path)
    run.send_signal(signal.SIGINT)
    run.wait(timeout=30)
    (path,) = tmp_path.glob("*.record.jsonl")
    whole = record.read(path)
    assert (whole.footer["status"], whole.footer["reason"]) == ("stopped", "it was interrupted")
    assert run.returncode == 3
    assert (tmp_path / "report.html").exists()
    assert not any(map(psutil.Process.is_running, workers))


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("later", [0.1, 0.8, 2.0])
def test_an_early_interrupt_of_all_is_told_as_one(later, tmp_path, run_adjoint):
    """As by the terminal's Ctrl-C, which pytest gets too: while it is imported, or gathers what to run."""
    words = ("run", "fast", "-k", "tf.nn.conv_transpose", "--out", tmp_path)
    run = subprocess.Popen(
        [sys.executable, "-m", "adjoint.cli", *map(str, words), "--profile", "full"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not psutil.Process(run.pid).children():
        time.sleep(0.01)
    time.sleep(later)
    os.killpg(run.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    (path,) = tmp_path.glob("*.record.jsonl")
    whole = record.read(path)
    assert run.returncode == 3
    assert "KeyboardInterrupt" not in said
    if whole.footer["status"] == "not-run":
        assert whole.footer["reason"] == running.BEFORE_ALL
        assert running.BEFORE_ALL in said
        again = run_adjoint(*words, "--resume", "--seed", 5)  # nothing is left that it could differ from
        assert again.returncode == 0
        assert record.read(path).header["seed"] == 5
    else:
        assert (whole.footer["status"], whole.footer["reason"]) == ("stopped", "it was interrupted")
        assert "goes on with --resume" in said


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupt_that_is_lost_is_sent_again():
    """As one is that Python gets in a callback of its own, such as of the garbage collector."""
    program = (
        "import signal, sys, time\n"
        "def once(*_): signal.signal(signal.SIGINT, lambda *_: sys.exit(3))\n"
        "signal.signal(signal.SIGINT, once)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    running._interrupt(child)
    assert child.returncode == 3


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_worker_ends_with_the_run_that_was_killed(tmp_path):
    run, children, workers = hanging_run(tmp_path)
    run.kill()
    run.wait()
    for child in set(children) - set(workers):
        child.kill()
    _, alive = psutil.wait_procs(workers, timeout=10)
    for worker in alive:
        worker.kill()
    assert not alive


def test_the_configuration_of_the_folder_has_no_say(run_adjoint, tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -x -k nothing\nrequired_plugins = none\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not yours')\n")
    done = run_adjoint("run", "fast", cwd=tmp_path, PYTEST_ADDOPTS="--no-such-option")
    assert done.returncode == 0, done.stdout
    whole = record.read(tmp_path / "adjoint-report" / "fast.record.jsonl")
    assert whole.footer["checks"] >= whole.header["planned"] > 500


def test_two_names_that_look_alike_have_a_record_each(run_adjoint, tmp_path):
    targets = ("miniatures:always_right", "miniatures_always:right")
    run_adjoint("run", *targets, "--api", API, "--out", tmp_path, cwd=HERE)
    assert len(list(tmp_path.glob("*.record.jsonl"))) == 2


@pytest.mark.parametrize(("name", "kind"), [("returns_nothing", "returned"), ("returns_complex", "dtype")])
def test_a_wrong_kind_of_result_deviates(name, kind, run_adjoint, tmp_path):
    done = run_adjoint("run", f"miniatures:{name}", "--api", API, "--out", tmp_path, cwd=HERE)
    (path,) = tmp_path.glob("*.record.jsonl")
    whole = record.read(path)
    found = {(check["kind"], check["verdict"]) for check in whole.checks if check["verdict"] == "deviates"}
    assert found == {(kind, "deviates")}
    assert done.returncode == 3
    assert whole.footer["status"] == "ran"


def test_a_worker_that_dies_now_and_then_does_not_pass(run_adjoint, tmp_path):
    done = run_adjoint("run", "miniatures:dies_now_and_then", "--api", API, "--out", tmp_path, cwd=HERE)
    assert done.returncode == 1
    assert "The worker died once (signal SIGABRT)" in done.stdout
    (path,) = tmp_path.glob("*.record.jsonl")
    verdicts = {check["verdict"] for check in record.read(path).checks if not check["claimed"]}
    assert verdicts == {"conforms", "observed", "not-reached"}  # of what is claimed away, the rest


def test_a_deviation_that_is_needed_elsewhere_is_not_stale_in_a_narrowed_run(run_adjoint, tmp_path):
    declared = tmp_path / "d.toml"
    declared.write_text(
        '[[deviation]]\nimplementation = "miniatures:*"\nreason = "known"\n'
        'clause = "torch-functional.output-size"\n'
    )
    words = ("run", "miniatures:ignores_output_padding", "--api", API, "--deviations", declared)
    assert run_adjoint(*words, "--out", tmp_path / "a", cwd=HERE).returncode == 0
    narrow = run_adjoint(*words, "--clause", "torch-functional.stride", "--out", tmp_path / "b", cwd=HERE)
    assert narrow.returncode == 0, narrow.stdout
    stale = run_adjoint("run", "miniatures:always_right", *words[2:], "--out", tmp_path / "c", cwd=HERE)
    assert stale.returncode == 1
    assert "is stale" in stale.stdout


def test_keras_is_not_judged_by_the_users_keras_json():
    homes = [entry.env["KERAS_HOME"] for entry in catalogue.entries().values() if entry.module == "on_keras"]
    assert len(homes) >= 5
    assert set(homes) == {"{home}"}


@pytest.mark.parametrize(
    ("target", "api"),
    [
        ("torch_modules:ConvTranspose1d", "torch.nn.ConvTranspose1d"),
        ("keras_layers:Conv3DTranspose", "keras.layers.Conv3DTranspose"),
        ("tf_keras_layers:Conv2DTranspose", "tf.keras.layers.Conv2DTranspose"),
        ("tf_layers:Conv2DTranspose", "tf.layers.Conv2DTranspose"),
    ],
)
def test_a_class_is_taken_through_the_stages_of_its_api(target, api, run_adjoint, tmp_path):
    words = ("--api", api, "--dtypes", "float32,float64", "--out", tmp_path)
    done = run_adjoint("run", f"adjoint.fast.{target}", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.glob("*.record.jsonl")
    assert sum(check["verdict"] == "conforms" for check in record.read(path).checks) > 100


@pytest.mark.parametrize("name", ["./on_c", "../_x", "...", "node ./w.mjs"])
def test_the_record_of_a_program_is_not_hidden(name, tmp_path):
    assert not _record(tmp_path, name).name.startswith((".", "_", "-"))
    assert _record(tmp_path, name) != _record(tmp_path, name[1:])
