"""Is what someone claims of a function read, sent and held to, or refused in a sentence?"""

from __future__ import annotations

from pathlib import Path

import pytest

import adjoint
from adjoint.claims_file import read
from adjoint.errors import UsageError
from tests.claiming import CLAIMS, CONV, LIBRARY

DLPACK = """def __dlpack__(self, **asked): return self.held.__dlpack__(**asked)
    def __dlpack_device__(self): return self.held.__dlpack_device__()"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_library.py").write_text(LIBRARY)
    (tmp_path / "mine.py").write_text(CONV)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_arrays_of_another_library_are_taken_and_what_is_unsupported_is_no_failure(mine: Path) -> None:
    (mine / "claims.toml").write_text(CLAIMS)
    found = adjoint.check("mine:conv", "operation", claims="claims.toml", profile="none")
    assert found.passed, repr(found)
    assert found.record.header["claims"]["dtypes"] == ["float16", "float32"]
    assert found.record.header["is_function"] is True
    seen = {line["seen"] for line in found.record.checks if line["verdict"] == "unsupported"}
    assert any(text.startswith("NotImplementedError: there is no dilation yet") for text in seen)


def test_an_array_that_has_nothing_but_dlpack_is_read(mine: Path) -> None:
    given = LIBRARY.replace("def __array__(self, dtype=None, copy=None): return self.held", DLPACK)
    (mine / "own_library.py").write_text(given)
    (mine / "claims.toml").write_text(CLAIMS)
    found = adjoint.check("mine:conv", "operation", claims="claims.toml", profile="none")
    assert found.passed, repr(found)


def test_without_the_claims_it_fails(mine: Path) -> None:
    assert not adjoint.check("mine:conv", "operation", profile="none").passed
    (mine / "claims.toml").write_text(CLAIMS.replace("no dilation", "another message"))
    found = adjoint.check("mine:conv", "operation", claims="claims.toml", profile="none")
    assert {line["clause"] for line in found.failures} >= {"operation.dilation"}


def test_a_script_makes_arrays_of_the_library(mine: Path) -> None:
    (mine / "claims.toml").write_text(CLAIMS.replace("no dilation", "another message"))
    line, *_ = adjoint.check("mine:conv", "operation", claims="claims.toml", profile="none").failures
    assert "import own_library" in line["script"]
    assert "input = own_library.asarray(input)" in line["script"]


HALF = """
import numpy as np

def conv(input, kernel, stride, dilation, crop, output_padding, groups):
    batch, _, *sizes = input.shape
    _, share, *taps = kernel.shape
    axes = list(zip(sizes, taps, stride, dilation, output_padding))
    whole = [(n - 1) * s + (k - 1) * d + 1 + more for n, k, s, d, more in axes]
    output = np.zeros((batch, groups * share, *whole), input.dtype)  # and so are the sums
    parts, weights = input.reshape(batch, groups, -1, *sizes), kernel.reshape(groups, -1, share, *taps)
    for tap in np.ndindex(*taps):
        places = tuple(slice(j * d, j * d + (n - 1) * s + 1, s) for j, (n, _, s, d, _) in zip(tap, axes))
        for c in range(parts.shape[2]):
            share_of = np.einsum("ng...,gf->ngf...", parts[:, :, c], weights[:, c, :, *tap])
            output[:, :, *places] += share_of.reshape(batch, -1, *sizes)
    return output[:, :, *(slice(first, n - last) for (first, last), n in zip(crop, whole))]
"""


def test_an_accumulator_that_is_claimed_is_held_to(mine: Path) -> None:
    (mine / "mine.py").write_text(HALF)
    (mine / "claims.toml").write_text('dtypes = ["float16"]\n')
    assert adjoint.check("mine:conv", "operation", claims="claims.toml", profile="none").passed
    (mine / "claims.toml").write_text('dtypes = ["float16"]\n[arithmetic.float16]\naccumulator = "float32"\n')
    found = adjoint.check("mine:conv", "operation", claims="claims.toml", profile="none")
    assert {line["kind"] for line in found.failures} == {"values"}


def test_dtypes_named_beside_the_file_win(mine: Path) -> None:
    (mine / "claims.toml").write_text(CLAIMS)
    assert read("claims.toml", "float64")["dtypes"] == ["float64"]
    assert read("claims.toml")["dtypes"] == ["float16", "float32"]
    assert read(None) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dtype = []", "dtype can't be claimed of a function: did you mean 'dtypes'? What can is dtypes, "),
        (
            "device = []",
            "device can't be claimed of a function; what can is dtypes, arrays, arithmetic, unsupp",
        ),
        ('[unsupported]\nid = "a"\nerror = "E"\npattern = "p"', "must have two brackets, [[unsupported]]"),
        ("dtypes = []", "dtypes  must name some of bool"),
        ('dtypes = ["float8"]', "dtypes float8 must name some of bool"),
        ('dtypes = "float32"', "dtypes 'float32' must name some of"),
        ('arrays = "import os"', "arrays is 'import os'; it must name the module"),
        ('arrays = "jax.1numpy"', "arrays is 'jax.1numpy'; it must name the module"),
        ("arrays = 3", "arrays is 3; it must name the module"),
        ('[arithmetic.float16]\naccumulator = "float8"', "arithmetic.float16.accumulator is 'float8'"),
        ('[[unsupported]]\nid = "a"', "each must have id, error, pattern"),
        (
            '[[unsupported]]\nid = "a"\nerror = "E"\npattern = "p"\nversion = "1"',
            "and may have link, all text",
        ),
        ('unsupported = "all"', "unsupported has 'all'"),
        (
            '[[unsupported]]\nid = "a"\nerror = "E"\npattern = "("',
            "the pattern '(' of unsupported is no regular",
        ),
        ("dtypes = [", "is no file of claims"),
    ],
)
def test_what_can_not_be_claimed_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "claims.toml").write_text(text)
    with pytest.raises(UsageError) as error:
        read(str(tmp_path / "claims.toml"))
    assert said in str(error.value)
    assert str(error.value).endswith(".")


def test_what_is_wrong_is_named_as_it_was_given(mine: Path) -> None:
    (mine / "claims.toml").write_text(CLAIMS)
    with pytest.raises(UsageError, match=r"^--dtypes float8 must name some of"):
        read("claims.toml", "float8")


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^the claims nowhere\.toml can't be read: .*\.$"):
        read("nowhere.toml")


def test_the_command_line_takes_claims(mine: Path, run_adjoint) -> None:
    (mine / "claims.toml").write_text(CLAIMS)
    words = ("run", "mine:conv", "--api", "operation", "--profile", "none", "--out", "report")
    assert run_adjoint(*words, "--claims", "claims.toml", cwd=mine).returncode == 0
    assert run_adjoint(*words, cwd=mine).returncode == 3  # of float64 and bare arrays nothing is right
    refused = run_adjoint("run", "fast", "--claims", "claims.toml", cwd=mine)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--claims speak of a module:function" in refused.stderr
