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
