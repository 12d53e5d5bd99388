"""Does the loop that serves an implementation read and write bfloat16, and claim it only where it can?"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import as_file, files

import numpy as np
import pytest

from adjoint import tensors
from adjoint.implementations import serving

CLAIMED = ["float16", "bfloat16", "float32"]


@pytest.mark.parametrize(
    ("before", "claimed"),
    [("", CLAIMED), ("sys.modules['ml_dtypes'] = None", ["float16", "float32"])],
    ids=["with ml_dtypes", "without"],
)
def test_bfloat16_is_claimed_where_it_can_be_read(before, claimed):
    """The file is loaded by its path in a Python of its own; None stands for what can't be imported."""
    with as_file(files("adjoint.implementations") / "serving.py") as path:
        code = (
            f"import json, runpy, sys, types\n{before}\n"
            f"serving = runpy.run_path({str(path)!r})\n"
            f"answer = {{'claims': {{'dtypes': {CLAIMED!r}}}}}\n"
            "print(json.dumps(serving['started'](types.SimpleNamespace(start=lambda: answer), ())))\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["claims"]["dtypes"] == claimed


@pytest.mark.parametrize("dtype", tensors.DTYPES)
def test_what_the_worker_writes_the_harness_reads_and_back(dtype):
    array = np.array([[0, 1, 2], [3, 4, 250]]).astype(dtype)
    assert serving.encode(array) == tensors.encode(array)
    read = serving.decode(tensors.encode(array))
    assert (read.dtype, read.shape, read.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_every_bit_pattern_of_bfloat16_passes_through_the_worker():
    array = np.arange(1 << 16, dtype=np.uint16).view("bfloat16")
    assert serving.decode(serving.encode(array)).tobytes() == array.tobytes()


def test_integers_are_made_alike_in_bfloat16():
    recipe = {"kind": "integers", "low": -255, "high": 255, "seed": 7}
    specification = {"dtype": "bfloat16", "shape": [4, 5], "make": recipe}
    here, there = tensors.decode(specification), serving.decode(specification)
    assert (here.dtype.name, here.tobytes()) == ("bfloat16", there.tobytes())
