"""Does pytest alone run the suite, with the codes of the command line, and let others' tests be?"""

import subprocess
import sys
from pathlib import Path

import pytest

from adjoint import record

HERE = Path(__file__).parent
API = "torch.nn.functional.conv_transpose2d"


def test_a_run_that_is_cut_short_did_not_run(tmp_path):
    words = ("--implementation=miniatures:flipped_kernel", f"--adjoint-api={API}", "-x", "-q")
    where = ("--pyargs", "adjoint.cases", "-c", HERE.parent / "cases" / "pytest.ini")
    path = tmp_path / "a.record.jsonl"
    command = [sys.executable, "-m", "pytest", *map(str, where), *words, f"--adjoint-record={path}"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    whole = record.read(path)
    assert whole.footer["status"] == "stopped"
    assert "checks were not made" in whole.footer["reason"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--implementation=torhc"], 4, "not in the catalogue"),
        (["--adjoint-levels=sated"], 4, "must name some of"),
        (["--adjoint-clause=tf-nn.valuse"], 4, "there is no clause"),
        (["--adjoint-command=false"], 3, "did not start"),
        (["--implementation=miniatures:wrong_shape", f"--adjoint-api={API}"], 3, "failed"),
        (["--implementation=miniatures:off_by_one_crop", f"--adjoint-api={API}"], 1, "failed"),
        (["-k", "no_such_item"], 5, "deselected"),
    ],
)
def test_pytest_alone_gives_the_codes_too(words, code, said, tmp_path):
    command = [sys.executable, "-m", "pytest", "--pyargs", "adjoint.cases", "-q", "-p", "no:cacheprovider"]
    record_to = f"--adjoint-record={tmp_path / 'a.record.jsonl'}"
    done = subprocess.run(
        [*command, record_to, *words], cwd=HERE, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr


def test_the_plugin_leaves_the_tests_of_others_alone(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "import pytest\ndef pytest_addoption(parser):\n    parser.addoption('--api')\n"
        "@pytest.fixture\ndef golden(): return 7\n"
    )
    (tmp_path / "test_a.py").write_text("def test_a(golden): assert golden == 7\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout
    assert not list(tmp_path.glob("*.jsonl"))
