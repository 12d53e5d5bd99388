"""Does the script of a case of a layer or a module show what it says?"""

import subprocess
import sys
from dataclasses import replace

import pytest

from adjoint import catalogue, golden, tensors
from adjoint.call import Call
from adjoint.golden import Case, Check
from adjoint.implementations import serving
from adjoint.reproduce import script

API = "torch.nn.functional.conv_transpose1d"
HALVES = ("float16", "bfloat16")


def run(text, cwd=None):
    """Run a script; return its code and its last line."""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, cwd=cwd)
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


def half_case(dtype, length, kind, demanded):
    """A kernel of one tap that doubles integers of eight bits, and one check."""
    shapes = {"input": [1, 1, length], "weight": [1, 1, 1]}
    ends = {"input": (-128, 127), "weight": (2, 2)}
    given = {
        name: {
            "dtype": dtype,
            "shape": shape,
            "make": {"kind": "integers", "low": ends[name][0], "high": ends[name][1], "seed": 5},
        }
        for name, shape in shapes.items()
    }
    if kind == "values":
        demanded = tensors.encode((tensors.decode(given["input"]) * 2 + demanded).astype(dtype))
    return Case(Call(API, {}, given), (Check(kind, "torch-functional.dtype", demanded),), "a case")


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


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("length", [7, 97, 400], ids=["written out", "made", "packed"])
def test_the_numbers_of_a_script_in_half_the_bits_are_those_of_the_case(dtype, length):
    """That it deviates where one is demanded that is another by the dtype's own step shows that it looks."""
    fast = catalogue.resolve("fast")
    for more, ending in ((0, (0, "holds")), (2, (1, "DEVIATES"))):
        case = half_case(dtype, length, "values", more)
        assert run(script(case, case.checks[0], fast)) == ending


@pytest.mark.parametrize("dtype", HALVES)
def test_a_script_in_half_the_bits_sees_the_dtype(dtype):
    fast = catalogue.resolve("fast")
    for demanded in HALVES:
        case = half_case(dtype, 3, "dtype", demanded)
        holds = demanded == dtype
        assert run(script(case, case.checks[0], fast)) == ((0, "holds") if holds else (1, "DEVIATES"))


@pytest.mark.parametrize("dtype", HALVES)
def test_a_script_of_a_function_brings_the_dtype_that_it_needs(dtype, tmp_path):
    (tmp_path / "mine.py").write_text("def double(input, weight):\n    return input * weight.dtype.type(2)\n")
    mine = catalogue.Implementation("mine:double", (), script="function", targets={API: "mine:double"})
    case = half_case(dtype, 5, "values", 0)
    assert run(script(case, case.checks[0], mine), tmp_path) == (0, "holds")


def test_a_script_of_pytorch_names_bfloat16_by_pytorchs_own_name():
    """So that it needs PyTorch alone."""
    torch = catalogue.Implementation("torch", ("torch",), script="torch")
    case = half_case("bfloat16", 3, "values", 0)
    text = script(case, case.checks[0], torch)
    assert "ml_dtypes" not in text
    assert text.count(").to(torch.bfloat16)") == 2
    assert "seen = output.double().numpy()" in text
    module = Call("torch.nn.ConvTranspose1d", {"in_channels": 1, "dtype": "bfloat16"}, case.call.tensors)
    text = script(Case(module, case.checks, "a case"), case.checks[0], torch)
    assert "torch.nn.ConvTranspose1d(in_channels=1, dtype=torch.bfloat16)" in text


def test_a_script_of_keras_sets_what_the_worker_has_set():
    entry = catalogue.entries()["keras-jax"]
    keras = catalogue.Implementation("keras-jax", ("python",), entry.env, "keras")
    case = next(case for case in golden.load() if case.call.api == "keras.layers.Conv1DTranspose")
    text = script(case, case.checks[0], keras)
    for name in ("KERAS_BACKEND", "JAX_ENABLE_X64"):
        assert f'os.environ["{name}"] = "{entry.env[name]}"' in text
    assert "{home}" not in text


@pytest.mark.parametrize(
    ("rule", "reading"),
    [
        ("sign-of-zero", "['never negative']"),
        ("subnormal", "['kept']"),
        ("weights-not-finite", "['only where a tap meets an element of the input']"),
    ],
)
def test_a_script_tells_which_reading_of_an_open_clause_was_seen(rule, reading, run_adjoint):
    clause = f"torch-functional.{rule}"
    cases = [case for case in golden.load() if clause in case.clauses() and case.call.api == API]
    for case in cases:
        text = run_adjoint("reproduce", case.id, "fast", "--clause", clause).stdout
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
        assert done.stdout.splitlines()[-2] == reading, done.stdout + done.stderr


FAULTS = """
import numpy as np
from adjoint.fast import torch_functional

BUFFER = {}

def right(input, weight, **arguments):
    return torch_functional.conv_transpose1d(input, weight, **arguments)

def writes(input, weight, **arguments):
    output = right(input, weight, **arguments)
    weight *= 2
    return output

def remembers(input, weight, **arguments):
    return BUFFER.setdefault(input.shape, right(input, weight, **arguments))

def lends(input, weight, **arguments):
    output = right(input, weight, **arguments)
    buffer = BUFFER.setdefault(output.shape, output.copy())
    buffer[...] = output
    return buffer

def as_if_contiguous(input, weight, **arguments):
    strides = np.empty(input.shape, input.dtype).strides
    return right(np.lib.stride_tricks.as_strided(input, input.shape, strides), weight, **arguments)
"""


@pytest.mark.parametrize(
    ("name", "rule", "kind", "why"),
    [
        ("writes", "inputs-kept", "inputs-kept", "single tap"),
        ("remembers", "repeatable", "repeatable", "others"),
        ("lends", "output-kept", "output-kept", "single tap"),
        *(("as_if_contiguous", "views", "values", why) for why in ("every second", "transposed")),
    ],
)
def test_a_script_shows_what_a_function_does_to_memory(name, rule, kind, why, tmp_path):
    (tmp_path / "mine.py").write_text(FAULTS)
    case = next(
        case for case in golden.load() if case.call.api == API and case.call.is_repeated and why in case.why
    )
    (check,) = (check for check in case.checks if check.kind == kind)
    assert check.clause == f"torch-functional.{rule}"
    for target, ending in (("right", (0, "holds")), (name, (1, "DEVIATES"))):
        mine = catalogue.Implementation(target, (), script="function", targets={API: f"mine:{target}"})
        assert run(script(case, check, mine), tmp_path) == ending


@pytest.mark.parametrize("layout", tensors.LAYOUTS)
def test_the_tensors_of_a_script_lie_in_memory_as_those_of_the_case(layout):
    fast = catalogue.resolve("fast")
    cases = [case for case in golden.load() if case.call.api == API and case.call.is_repeated]
    case = next(c for c in cases if c.call.tensors["input"].get("layout") == layout)
    text = script(case, case.checks[0], fast).replace("demanded =", "print(input.strides)\ndemanded =", 1)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    laid = serving.decode(case.call.tensors["input"])
    assert done.stdout.splitlines()[0] == str(laid.strides)
    taken = catalogue.Implementation("torch", ("torch",), script="torch")
    assert ("np.flip" in script(case, case.checks[0], taken)) is False


@pytest.mark.parametrize(
    "api", ["tf.nn.conv_transpose", "keras.layers.Conv2DTranspose", "torch.nn.ConvTranspose1d"]
)
def test_a_script_shows_each_gradient_and_its_dtype(api):
    case = next(c for c in golden.load() if c.call.api == api and c.call.gradient is not None)
    fast = catalogue.resolve("fast")
    for check in case.checks:
        assert run(script(case, check, fast)) == (0, "holds")
        right = tensors.decode(check.demanded)
        for wrong in (right + right.dtype.type(1), right.astype("float64"), right[..., :0]):
            other = Check(check.kind, check.clause, tensors.encode(wrong))
            assert run(script(case, other, fast)) == (1, "DEVIATES")


SLOPED = """
from adjoint.fast import torch_functional

conv_transpose1d = torch_functional.conv_transpose1d

def gradients(gradient, **given):
    found = torch_functional.gradients(gradient, **given)
    gradient *= 2
    return found
"""


def test_a_script_shows_what_gradients_do_to_memory(tmp_path):
    (tmp_path / "mine.py").write_text(SLOPED)
    api = "torch.nn.functional.conv_transpose1d"
    case = next(c for c in golden.load() if c.call.api == api and "after-gradient" in c.call.observe)
    (check,) = (check for check in case.checks if check.kind == "inputs-kept")
    mine = catalogue.Implementation("mine", (), script="function", targets={api: "mine:conv_transpose1d"})
    assert run(script(case, check, catalogue.resolve("fast"))) == (0, "holds")
    assert run(script(case, check, mine), tmp_path) == (1, "DEVIATES")


@pytest.mark.parametrize("dtype", HALVES)
def test_the_script_of_a_program_shows_small_numbers_beside_its_data(dtype):
    worker = catalogue.Implementation("./worker", ("./worker",))
    case = half_case(dtype, 3, "values", 0)
    demanded = case.checks[0].demanded
    doubled, given = (
        tensors.decode(spec).astype("float32") for spec in (demanded, case.call.tensors["input"])
    )
    text = script(case, case.checks[0], worker)
    assert f"# input, {dtype} of shape [1, 1, 3]: {given.tolist()}\n" in text
    assert f"# weight, {dtype} of shape [1, 1, 1]: [[[2.0]]]\n" in text
    again = replace(case, call=case.call.repeated())  # of more than one call, for a shell
    assert f"# demanded, {dtype} of shape [1, 1, 3]: {doubled.tolist()}\n" in script(
        again, case.checks[0], worker
    )
    ends = Check("values", "torch-functional.dtype", {"low": demanded, "high": demanded, "unit": 1.0})
    text = script(again, ends, worker)
    assert f"# demanded, low, {dtype} of shape [1, 1, 3]: {doubled.tolist()}\n# demanded, high, " in text
    large = half_case(dtype, 97, "values", 0)
    assert "# input" not in script(large, large.checks[0], worker)
