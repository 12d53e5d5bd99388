"""Does the command line answer bad input with one sentence and the right code, and good input as asked?"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adjoint import golden, record

HERE = Path(__file__).parent
API = "torch.nn.functional.conv_transpose2d"
BAD = {
    "unknown name": (["run", "torhc"], "'torhc' is not in the catalogue"),
    "unknown api": (["run", "miniatures:always_right", "--api", "conv"], "--api conv is not documented here"),
    "no api": (["run", "miniatures:always_right"], "needs --api"),
    "no such python": (
        ["run", "fast", "--python", "/no/such/python"],
        "--python /no/such/python is not a program",
    ),
    "empty command": (["run", "--command", " "], "--command is empty"),
    "unknown clause": (["run", "fast", "--clause", "tf-nn.colour"], "there is no clause 'tf-nn.colour'"),
    "unknown case": (["run", "fast", "--case", "000000000000"], "there is no case '000000000000'"),
    "unknown level": (
        ["run", "fast", "--levels", "stated,guessed"],
        "--levels stated,guessed must name some of",
    ),
    "foreign deviations": (["run", "fast", "--deviations", __file__], "is not a deviations file"),
    "missing deviations": (["run", "fast", "--deviations", "none.toml"], "none.toml can't be read"),
    "selection of nothing": (
        ["run", "fast", "--clause", "tf-nn.values", "--case", "CASE"],
        "has no check of tf-nn.values",
    ),
    "selection of none of its own": (
        ["run", "miniatures:always_right", "--api", API, "--clause", "tf-nn.values"],
        "no case is left",
    ),
    "api for none": (
        ["run", "fast", "--api", API],
        "--api, --dtypes and --claims speak of a module:function, and none was given, but fast of the catal",
    ),
    "a dot for the colon": (
        ["run", "fast", "mine.conv", "--api", API],
        "and 'mine.conv' has no colon: did you mean 'mine:conv'?",
    ),
    "no function": (["run", "mine", "--api", API], "did you mean 'mine:conv_transpose2d'?"),
    "a file": (["run", "mine.py", "--api", API], "did you mean 'mine:conv_transpose2d'?"),
    "dtypes misspelt": (
        ["run", "miniatures:always_right", "--api", API, "--dtypes", "Float32"],
        "must name some of",
    ),
    "half a target": (["run", "miniatures:", "--api", API], "must name both a module and a function"),
    "-k malformed": (["run", "fast", "-k", "((("], "((("),
    "-k of nothing": (["run", "fast", "-k", "nothing_here"], "no case is left"),
    "missing record": (["report", "none.jsonl"], "none.jsonl can't be read"),
    "foreign record": (["report", __file__], "is not a record"),
    "profile misspelt": (
        ["run", "fast", "--profile", "qick"],
        "did you mean 'quick'? It must be one of none",
    ),
    "clause misspelt": (["run", "fast", "--clause", "tf-nn.valuse"], "did you mean 'tf-nn.values'?"),
    "name misspelt": (["run", "kears-torch"], "did you mean 'keras-torch'? It has fast, "),
    "api misspelt": (
        ["run", "miniatures:always_right", "--api", "conv_transpose2d"],
        "did you mean 'torch.nn.functional.conv_transpose2d'? It must be one of",
    ),
    "reproduce unknown case": (
        ["reproduce", "nothing", "fast"],
        "no case 'nothing'; see 'adjoint list cases'.\n",
    ),
    "reproduce drawn case": (
        ["reproduce", "000000000000", "fast"],
        "If it was drawn, it is in no list: its script",
    ),
    "reproduce unknown name": (["reproduce", "CASE", "torhc"], "'torhc' is not in the catalogue"),
}


@pytest.fixture
def case():
    return next(case.id for case in golden.load() if case.call.api == API)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_code_2(name, run_adjoint, case, tmp_path):
    words, sentence = BAD[name]
    words = [case if word == "CASE" else word for word in words]
    out = [] if words[0] == "reproduce" else ["--out", tmp_path / "out"]
    done = run_adjoint(*words, *out, cwd=HERE)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("adjoint: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("out/*.html"))
    assert not list(tmp_path.glob("out/*.record.jsonl"))


def test_unwritable_folder(run_adjoint, tmp_path):
    (tmp_path / "file").touch()
    done = run_adjoint("run", "fast", "--out", tmp_path / "file" / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "can't be written to" in done.stderr


def test_golden_file_edited_by_hand(tmp_path):
    line = next(golden.load()).to_line()
    edited = tmp_path / "edited.jsonl"
    edited.write_text(line.replace('"why":"', '"why":"really '), encoding="utf-8")
    with pytest.raises(golden.GoldenError, match=r"edited.jsonl, line 1: case \w+ does not match its seal"):
        list(golden.load(tmp_path))


@pytest.mark.parametrize("what", ["apis", "clauses", "cases", "implementations"])
def test_list(what, run_adjoint):
    rows = json.loads(run_adjoint("list", what, "--json").stdout)
    table = run_adjoint("list", what).stdout
    assert rows
    assert all(str(next(iter(row.values()))) in table for row in rows)


def test_reproduce_prints_a_script_that_shows_the_deviation(run_adjoint, tmp_path):
    target = ("miniatures:flipped_kernel", "--api", API)
    run_adjoint("run", *target, "--out", tmp_path, cwd=HERE)
    (path,) = tmp_path.glob("*.record.jsonl")
    failed = [check for check in record.read(path).checks if check["verdict"] == "deviates"]
    assert failed
    for check in failed[:3]:
        script = tmp_path / "script.py"
        script.write_text(run_adjoint("reproduce", check["case"], *target, cwd=HERE).stdout)
        assert script.read_text() == check["script"]
        done = subprocess.run([sys.executable, script], cwd=HERE, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "DEVIATES"), done.stderr


def test_the_script_that_the_terminal_names_is_of_the_clause_that_it_shows(run_adjoint, tmp_path):
    words = ("miniatures:two_faults", "--api", API, "--profile", "none")
    said = run_adjoint("run", *words, "--out", tmp_path, cwd=HERE).stdout
    named = re.findall(
        r"^miniatures:two_faults: (\S+) deviates, .*?^  script: adjoint (.+?)$", said, re.M | re.S
    )
    assert len(named) > 1
    for clause, command in named[:2]:
        script = tmp_path / "script.py"
        script.write_text(run_adjoint(*command.split(), cwd=HERE).stdout)
        assert script.read_text().startswith(f"# {clause} (")
        done = subprocess.run([sys.executable, script], cwd=HERE, capture_output=True, text=True, check=False)
        assert done.stdout.splitlines()[-1] == "DEVIATES", done.stderr


def test_reproduced_script_holds_on_an_implementation_that_conforms(run_adjoint, tmp_path):
    for clause in ("tf-nn.data-format", "keras-conv2d.activation", "tf-nn.refuses-padding"):
        case = next(case.id for case in golden.load() if clause in case.clauses())
        script = tmp_path / "script.py"
        script.write_text(run_adjoint("reproduce", case, "fast", "--clause", clause).stdout)
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "holds"), done.stderr
