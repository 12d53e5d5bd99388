"""Does each misbehaviour get the verdict and the exit code that it deserves, through a real worker?"""

import sys
from pathlib import Path

import pytest

from adjoint import record
from adjoint.call import GRADIENTS
from adjoint.golden import REPEATED

HERE = Path(__file__).parent
QUICKLY = ("--profile", "none", "--timeout", 3)
API = "torch.nn.functional.conv_transpose2d"
GROUPS = "torch-functional.groups"


# What does not conform, as {rule: verdicts}; `not-reached` apart.
def differing(verdict, *rules):
    return {rule: {verdict} for rule in rules}


def many_groups(verdict):
    """Return the failures of what misbehaves on the calls of more than three groups."""
    return differing(verdict, "groups", "unbatched", "values")


CROPPING = ("padding", "signature", "lists", "output-padding", "dilation", "groups", "forms", "batch")
FUNCTIONS = {
    "always_right": (0, {}),
    "prints_on_stdout": (0, {}),
    "off_by_one_crop": (1, differing("deviates", "values", "not-finite", *CROPPING)),
    "flipped_kernel": (
        1,
        differing(
            "deviates",
            *(
                "values",
                "views",
                "not-finite",
                "connectivity",
                "stride",
                "bias",
                "no-bias",
                "unbatched",
                "defaults",
            ),
            *CROPPING,
        ),
    ),
    "ignores_output_padding": (1, differing("deviates", "output-size")),
    "wrong_dtype": (1, differing("deviates", "dtype")),
    "wrong_shape": (3, differing("deviates", "output-size", "shape-round-trip", "filters", "example")),
    "writes_to_its_input": (1, differing("deviates", "inputs-kept")),
    "turns_the_weight_and_back_next_time": (1, differing("deviates", "inputs-kept")),
    "returns_its_buffer": (1, differing("deviates", "output-kept")),
    "returns_its_input_where_it_may": (1, differing("deviates", "inputs-kept")),
    "looks_up_by_shape": (1, differing("deviates", "repeatable")),
    "adds_what_a_larger_call_left": (1, differing("deviates", "repeatable", "views")),
    "ignores_strides": (1, differing("deviates", "views")),
    "starts_at_the_buffer": (1, differing("deviates", "views")),
    "refuses_what_is_read_only": (1, differing("deviates", "views")),
    "raises_on_everything": (3, {}),
    "crashes": (1, many_groups("crashed")),
    "hangs": (1, many_groups("timed-out")),
    "eats_memory": (1, many_groups("crashed")),
}
WORKERS = {
    "floods_stdout": (1, many_groups("broken")),
    "answers_nonsense": (1, many_groups("broken")),
    "answers_out_of_order": (1, many_groups("timed-out")),  # asked alone it waits for the next
    "strays_in_float16": (0, {}),
    "claims_to_stray_less": (1, differing("deviates", "values", "not-finite")),
}


def only_record(folder):
    (path,) = folder.glob("*.record.jsonl")
    return record.read(path)


def failures(whole):
    """Return {rule: verdicts} of what was reached and held, and does not conform."""
    found = {}
    for check in whole.checks:
        if check["verdict"] not in ("conforms", "not-reached", "observed") and not check["claimed"]:
            found.setdefault(check["clause"].partition(".")[2], set()).add(check["verdict"])
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_gets_what_it_deserves(name, run_adjoint, tmp_path):
    code, expected = FUNCTIONS[name]
    done = run_adjoint(
        *("run", f"miniatures:{name}", "--api", API, "--out", tmp_path, *QUICKLY, "--memory", 500),
        cwd=HERE,
    )
    whole = only_record(tmp_path)
    if name == "raises_on_everything":
        verdicts = {(check["kind"], check["verdict"]) for check in whole.checks if not check["claimed"]}
        assert verdicts == {("returned", "deviates"), ("returned", "observed"), ("raised", "conforms")} | {
            (kind, "not-reached")
            for kind in ("dtype", "shape", "shape-within", "values", *REPEATED, *GRADIENTS[1:])
        }
    else:
        assert failures(whole) == expected
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize("name", WORKERS)
def test_worker_gets_what_it_deserves(name, run_adjoint, tmp_path):
    code, expected = WORKERS[name]
    command = f"{sys.executable} {HERE / 'miniatures.py'} {name}"
    done = run_adjoint("run", "--command", command, "--out", tmp_path, "--profile", "none", "--timeout", 20)
    assert failures(only_record(tmp_path)) == expected
    assert done.returncode == code, done.stdout + done.stderr


def test_crash_names_its_signal_and_memory_its_limit(run_adjoint, tmp_path):
    for name, word in (("crashes", "SIGABRT"), ("eats_memory", "500 MiB allowed")):
        words = ("--out", tmp_path / name, "--memory", 500, "--clause", GROUPS)
        run_adjoint("run", f"miniatures:{name}", "--api", API, *words, cwd=HERE)
        crashed = [c for c in only_record(tmp_path / name).checks if c["verdict"] == "crashed"]
        assert word in crashed[0]["seen"]


def test_dies_at_start_is_not_run(run_adjoint, tmp_path):
    command = f"{sys.executable} {HERE / 'miniatures.py'} dies_at_start"
    done = run_adjoint("run", "--command", command, "--out", tmp_path)
    whole = only_record(tmp_path)
    assert (whole.footer["status"], whole.checks) == ("not-run", ())
    assert "the library could not be loaded" in whole.footer["reason"]
    assert done.returncode == 3
    assert (tmp_path / "report.html").exists()


def test_one_that_dies_of_everything_is_stopped_and_the_last_lines_say_why(run_adjoint, tmp_path):
    (tmp_path / "last_words.py").write_text(
        "import os, sys\n\n\ndef f(**_):\n    print('no gpu', file=sys.stderr, flush=True)\n    os.abort()\n"
    )
    done = run_adjoint("run", "last_words:f", "--api", API, "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 3
    assert only_record(tmp_path).footer["status"] == "stopped"
    why, what, report = done.stdout.splitlines()[-3:]
    assert why == (
        "last_words:f: 10 calls in a row ended the worker; the rest was not tried. The last time: signal "
        "SIGABRT; its last words: no gpu"
    )
    assert what == f"last_words:f: To see what is wrong, call by call: adjoint smoke last_words:f --api {API}"
    assert report.startswith("report: ")


def test_one_that_does_not_start_again_says_so(run_adjoint, tmp_path):
    (tmp_path / "once.py").write_text(
        "import os, pathlib\n\nif pathlib.Path('mark').exists():\n    raise ImportError('no gpu is left')\n"
        "def f(**_):\n    pathlib.Path('mark').touch()\n    os.abort()\n"
    )
    done = run_adjoint("run", "once:f", "--api", API, "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 3
    why, what = done.stdout.splitlines()[-3:-1]
    assert why.startswith("once:f: the worker did not start again: ")
    assert "ImportError: no gpu is left; it ran on Python " in why
    assert what == "once:f: What there is of it goes on with --resume, said beside the same words."
