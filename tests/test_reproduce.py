"""Does the script of a case of a layer or a module show what it says?"""

import subprocess
import sys

import pytest

from adjoint import golden


@pytest.mark.parametrize(
    "clause",
    ["torch-modules.output-size-values", "tf-layers-conv2d.dtype", "keras-conv3d.shape-round-trip",
     "tf-keras-conv1d.refuses-channels"],
)  # fmt: skip
def test_the_script_of_a_layer_or_a_module_shows_that_it_holds(clause, run_adjoint):
    case = next(case.id for case in golden.load() if clause in case.clauses())
    script = run_adjoint("reproduce", case, "fast", "--clause", clause).stdout
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "holds"), done.stdout + done.stderr


def test_a_script_builds_for_the_channels_of_the_kernel(run_adjoint):
    """So that it is the call that refuses another number of them."""
    case = next(case for case in golden.load() if "keras-conv1d.refuses-channels" in case.clauses())
    assert case.call.tensors["input"]["shape"] == [1, 3, 3]
    assert "layer.build((1, 3, 2))" in run_adjoint("reproduce", case.id, "fast").stdout


def test_a_script_of_tensorflow_1_lets_the_first_input_give_the_dtype(run_adjoint):
    wanted = ("tf-layers-conv2d.dtype", "float64")
    case = next(
        case for case in golden.load() if wanted[0] in case.clauses() and case.call.dtype == wanted[1]
    )
    script = run_adjoint("reproduce", case.id, "fast", "--clause", wanted[0]).stdout
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
