"""Do PyTorch and SciPy, who know nothing of us, agree with the reference to the last digit?

Sends examples in small integers to `witnesses.py`, run by the interpreter of the torch environment, and
compares what comes back for equality: in float64 every sum is exact.  Not among the tests that need no
framework: `tox -e gate` calls it.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from adjoint import catalogue
from adjoint.reference import translation
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Translation, channels_first

COUNT = 600
SIZES = ("stride", "padding", "output_padding", "dilation")


def drawn(random):
    """Return the tensors and the arguments of one call that PyTorch takes."""
    while True:
        rank, groups = random.integers(1, 4), random.integers(1, 4)
        batch, channels, filters = (int(size) for size in random.integers(1, 4, 3))
        inputs, kernel, stride, dilation = random.integers(1, (6, 5, 4, 4), (rank, 4)).T
        padding = random.integers(0, 4, rank)
        output_padding = random.integers(0, np.maximum(stride, dilation))
        output = (inputs - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1
        if output.min() >= 1:
            break
    shapes = {
        "x": (batch, groups * channels, *inputs),
        "w": (groups * channels, filters, *kernel),
        "y": (batch, groups * filters, *output),
        "bias": (groups * filters,),
    }
    sizes = stride, padding, output_padding, dilation
    tensors = {name: random.integers(-99, 100, shape) for name, shape in shapes.items()}
    if random.random() < 0.3:
        del tensors["bias"]
    return {**tensors, "groups": groups, **dict(zip(SIZES, sizes, strict=True))}


RANDOM = np.random.default_rng(11)
EXAMPLES = [drawn(RANDOM) for _ in range(COUNT)]


@pytest.fixture(scope="module")
def witnesses(tmp_path_factory):
    """What they said of each example, by the name of the witness and what it is of."""
    folder = tmp_path_factory.mktemp("witnesses")
    examples, answers = folder / "examples.npz", folder / "answers.npz"
    named = {f"{j}-{name}": part for j, example in enumerate(EXAMPLES) for name, part in example.items()}
    np.savez(examples, **named)
    script = Path(__file__).with_name("witnesses.py")
    done = subprocess.run(
        [catalogue.resolve("torch").command[0], script, examples, answers],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = [{} for _ in EXAMPLES]
    for name, array in np.load(answers).items():
        number, witness = name.split("-", 1)
        said[int(number)][witness] = array
    return said


def by_reference(x, w, y, groups, stride, padding, output_padding, dilation, bias=None):
    """Return the output and the gradients as the reference has them; `y` has the output's shape."""
    del output_padding  # it is in the shape of `y`
    sizes = (x.shape[2:], w.shape[2:], y.shape[2:], stride.tolist(), dilation.tolist(), padding.tolist())
    layout = channels_first(x.ndim - 2)
    call = Translation(
        Tensor.from_array(x),
        Tensor.from_array(w),
        None if bias is None else Tensor.from_array(bias),
        {"": Geometry(*map(tuple, sizes))},
        layout,
        layout,
        dtype="float64",
        round_trip=(),
        groups=int(groups),
    )
    answers = {"output": translation.output(call), **translation.gradients(call, Tensor.from_array(y))}
    return {of: answer.values.to_array() for of, answer in answers.items()}


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_witnesses_agree_with_the_reference(witnesses, rank):
    mine = [j for j, example in enumerate(EXAMPLES) if example["x"].ndim - 2 == rank]
    for j in mine:
        reference = by_reference(**EXAMPLES[j])
        torch = {f"torch-{of}": array for of, array in reference.items()}
        demanded = {"scipy-output": reference["output"], **torch}
        assert set(witnesses[j]) == set(demanded)
        for name, array in demanded.items():
            assert np.array_equal(witnesses[j][name], array), (j, name, EXAMPLES[j])
    print(f"{rank}-D: {len(mine)} examples")
    assert len(mine) > 150


def test_examples_reach_every_argument():
    """Each is drawn at more than one value, on axes that differ, with and without a bias."""
    for name in SIZES:
        assert any(len(set(example[name].tolist())) > 1 for example in EXAMPLES)
        assert max(example[name].max() for example in EXAMPLES) == (2 if name == "output_padding" else 3)
    assert {int(example["groups"]) for example in EXAMPLES} == {1, 2, 3}
    assert 100 < sum("bias" not in example for example in EXAMPLES) < COUNT - 100
