"""Is a class or function of a library like PyTorch served as it wants to be, and do its scripts run?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adjoint
from adjoint import catalogue, golden, tensors
from adjoint.golden import Check
from adjoint.implementations import on_function
from adjoint.reproduce import script

LIBRARY = """
import numpy as np
from adjoint.fast import torch_functional, torch_modules

class DType:
    def __init__(self, name): self.name = name

float16, float32, float64, int16 = map(DType, ("float16", "float32", "float64", "int16"))
bfloat16 = DType("bfloat16")

class Tensor:
    def __init__(self, held, waits=False): self.held, self.waits = held, waits
    def detach(self): return Tensor(self.held)
    dtype = property(lambda self: bfloat16 if self.held.dtype.name == "bfloat16" else None)
    def view(self, dtype): return Tensor(self.held.view(dtype.name))
    def __array__(self, dtype=None, copy=None):
        if self.waits:
            raise RuntimeError("it waits for a gradient: call detach()")
        if self.held.dtype.name == "bfloat16":
            raise TypeError("got unsupported ScalarType BFloat16")
        return self.held

class Parameter(Tensor): pass

def asarray(held):
    if any(stride < 0 for stride in held.strides):
        raise ValueError("there are no negative strides")
    if held.dtype.name == "bfloat16":
        raise TypeError("can't convert an array of bfloat16")
    return Tensor(held)

class ConvTranspose2d:
    def __init__(self, *first, dtype=None, **more):
        if dtype is not None and type(dtype) is not DType:
            raise TypeError(f"dtype is {dtype!r}")
        made = torch_modules.ConvTranspose2d(*first, dtype=dtype and dtype.name, **more)
        shown = {"weight": made.weight, "bias": made.bias, "counter": np.zeros(1)}
        own = {name: Parameter(value) for name, value in shown.items() if value is not None}
        vars(self).update(made=made, own=own)
    def __setattr__(self, name, value): raise TypeError(f"can't assign a tensor as parameter {name}")
    def state_dict(self): return dict(self.own)
    def load_state_dict(self, state):
        if state.keys() != self.own.keys():
            raise RuntimeError("missing or unexpected keys")
        for name in self.own.keys() & {"weight", "bias"}:
            if state[name].held.shape != self.own[name].held.shape:
                raise RuntimeError(f"size mismatch for {name}")
            setattr(self.made, name, state[name].held)
    def __call__(self, input, output_size=None):
        return Tensor(self.made(input.held, output_size), waits=True)

class Wrong(ConvTranspose2d):
    def __call__(self, input, output_size=None):
        return Tensor(-super().__call__(input, output_size).held, waits=True)

def conv_transpose2d(input, weight, bias=None, *first, **more):
    assert type(input) is type(weight) is Tensor, "not of the library"
    given = [tensor if tensor is None else tensor.held for tensor in (input, weight, bias)]
    return Tensor(torch_functional.conv_transpose2d(*given, *first, **more))
"""
MODULE, FUNCTION = "torch.nn.ConvTranspose2d", "torch.nn.functional.conv_transpose2d"
CLAIMS = 'arrays = "strange"\ndtypes = ["float16", "bfloat16", "float32", "float64"]\n'


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "strange.py").write_text(LIBRARY)
    (tmp_path / "claims.toml").write_text(CLAIMS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("strange")
@pytest.mark.parametrize(
    ("target", "api"), [("strange:ConvTranspose2d", MODULE), ("strange:conv_transpose2d", FUNCTION)]
)
def test_a_class_and_a_function_of_a_library_are_served_as_it_wants(target: str, api: str) -> None:
    found = adjoint.check(target, api, claims="claims.toml", profile="none")
    assert found.passed, repr(found)


@pytest.mark.usefixtures("strange")
def test_what_the_library_can_view_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(".")
    monkeypatch.setattr(on_function, "TARGET", {})
    on_function.start("strange:conv_transpose2d", FUNCTION, '{"arrays": "strange"}')
    whole = np.arange(24.0).reshape(4, 6)
    views = {"strided": whole[::2, ::3], "transposed": whole.T, "one": np.broadcast_to(whole[:1], (3, 6))}
    for name, given in on_function.given(views).items():
        assert np.shares_memory(given.held, views[name])
    (turned,) = on_function.given({"reversed": whole[::-1]}).values()
    assert np.array_equal(turned.held, whole[::-1])
    (halves,) = on_function.given({"halves": whole.astype("bfloat16")[::-1]}).values()
    assert np.array_equal(halves.held, whole.astype("bfloat16")[::-1])


def scripts(target: str, api: str, rule: str) -> list[str]:
    """Return the scripts of the cases of a rule."""
    mine = catalogue.resolve(target, api, claims="claims.toml")
    return [
        script(case, check, mine)
        for case in golden.load()
        if case.call.api == api and case.call.dtype in ("float16", "float32", "float64")
        for check in case.checks
        if check.clause.endswith(rule) and check.kind == "values"
    ]


def run(text: str) -> str:
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).splitlines()[-1]


@pytest.mark.usefixtures("strange")
@pytest.mark.parametrize(
    ("target", "said"), [("strange:ConvTranspose2d", "holds"), ("strange:Wrong", "DEVIATES")]
)
def test_a_script_sets_the_weights_and_names_the_dtype_as_the_library_wants(target: str, said: str) -> None:
    texts = scripts(target, MODULE, ".values")
    of_half = next(text for text in texts if "dtype=strange.float16" in text)
    with_bias = next(text for text in texts if '"bias": bias' in text)
    assert [run(of_half), run(with_bias)] == [said, said]


def test_the_command_line_prints_such_a_script(strange: Path, run_adjoint: Any) -> None:
    (case, *_) = [case for case in golden.load() if case.call.api == MODULE and case.call.dtype == "float16"]
    words = ("reproduce", case.id, "strange:Wrong", "--api", MODULE, "--claims", "claims.toml")
    text = run_adjoint(*words, cwd=strange).stdout
    assert "input = strange.asarray(input)" in text


@pytest.mark.usefixtures("strange")
@pytest.mark.parametrize(("target", "api"), [("ConvTranspose2d", MODULE), ("conv_transpose2d", FUNCTION)])
@pytest.mark.parametrize("kind", ["values", "inputs-kept", "repeatable", "output-kept"])
def test_a_script_hands_over_bfloat16_by_its_bits(target: str, api: str, kind: str) -> None:
    case, check = next(
        (case, check)
        for case in golden.load()
        if (case.call.api, case.call.dtype) == (api, "bfloat16") and case.call.gradient is None
        for check in case.checks
        if check.kind == kind
    )
    mine = catalogue.resolve(f"strange:{target}", api, claims="claims.toml")
    assert run(script(case, check, mine)) == "holds"
    if kind in ("values", "repeatable"):
        wrong = tensors.encode(-tensors.decode(check.demanded.get("low", check.demanded)))
        assert run(script(case, Check(kind, check.clause, wrong), mine)) == "DEVIATES"


@pytest.mark.usefixtures("strange")
def test_a_script_copies_what_the_library_can_not_view() -> None:
    (text, *_) = [
        text for text in scripts("strange:conv_transpose2d", FUNCTION, ".views") if "np.flip" in text
    ]
    assert run(text) == "holds"


NO_ARRAYS = """
from adjoint.fast.torch_functional import conv_transpose2d

def a_list(*given, **named): return conv_transpose2d(*given, **named).tolist()
def a_tuple(*given, **named): return (conv_transpose2d(*given, **named),)
def a_number(*given, **named): return float(conv_transpose2d(*given, **named).sum())
def nothing(*given, **named): conv_transpose2d(*given, **named)
"""
RETURNED = {"a_list": "a list of 2", "a_tuple": "a tuple of 1", "a_number": "a float", "nothing": "None"}


@pytest.mark.parametrize("name", RETURNED)
def test_what_is_no_array_is_not_made_one_of(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor in a script: a list of numbers has no dtype, and could pass for an array of float64."""
    (tmp_path / "mine.py").write_text(NO_ARRAYS)
    monkeypatch.chdir(tmp_path)
    found = adjoint.check(f"mine:{name}", FUNCTION, dtypes="float64", profile="none")
    assert not found.passed
    assert f"raised TypeError at observe: it returned {RETURNED[name]}, where one array is wanted" in repr(
        found
    )
    mine = catalogue.resolve(f"mine:{name}", FUNCTION)
    (case, *_) = [
        case for case in golden.load() if case.call.api == FUNCTION and case.call.dtype == "float64"
    ]
    (check, *_) = [check for check in case.checks if check.kind == "values"]
    assert run(script(case, check, mine)) == "DEVIATES"
