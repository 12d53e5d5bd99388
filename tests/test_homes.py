"""Does a call whose files lie in its worker's home meet them there, and is a worker shared by those alike?"""

from __future__ import annotations

from pathlib import Path

import pytest

from adjoint.call import Call
from adjoint.catalogue import Implementation, from_system
from adjoint.homes import Homes
from adjoint.outcome import Crashed, Returned
from adjoint.process import Limits

SYSTEM = """
import os
import pathlib
import numpy as np

home = pathlib.Path(os.environ["SOME_HOME"])
text = (home / "keras.json").read_text() if (home / "keras.json").exists() else ""
assert text != "broken"


def start():
    claims = {"apis": ["tf.nn.conv_transpose"], "dtypes": ["int32"]}
    return {"name": "reader", "version": "1", "claims": claims}


def perform(api, arguments, tensors, stage):
    return {"output": np.array([len(text), os.getpid()])}
"""
INPUT = {"dtype": "int32", "shape": [1], "data": "AQAAAA=="}


def call(text: str | None) -> Call:
    return Call(
        "tf.nn.conv_transpose", {}, {"input": INPUT}, home=None if text is None else {"keras.json": text}
    )


@pytest.fixture
def reader(tmp_path: Path) -> Implementation:
    (tmp_path / "reader.py").write_text(SYSTEM)
    served = from_system(tmp_path / "reader.py")
    return Implementation(served.name, served.command, {"SOME_HOME": "{home}"})


def test_files_lie_in_the_home_and_calls_with_the_same_share_a_worker(reader: Implementation) -> None:
    homes = Homes(reader, Limits())
    seen = []
    for text in ("four", "four", "seven77"):
        outcome = homes.perform(call(text))
        assert isinstance(outcome, Returned)
        seen.append(outcome.observed["output"].tolist())
    homes.close()
    assert [length for length, _ in seen] == [4, 4, 7]
    assert seen[0][1] == seen[1][1] != seen[2][1]


def test_a_worker_that_its_files_keep_from_starting_has_crashed(reader: Implementation) -> None:
    homes = Homes(reader, Limits())
    outcome = homes.perform(call("broken"))
    assert isinstance(outcome, Crashed)
    assert "AssertionError" in outcome.cause
    assert isinstance(homes.perform(call("four")), Returned)
    homes.close()


def test_an_implementation_without_a_home_lacks_one(reader: Implementation) -> None:
    homeless = Homes(Implementation("none", reader.command), Limits())
    assert homeless.lacks(call("four")) == "home folder"
    assert homeless.lacks(call(None)) == ""
    assert Homes(reader, Limits()).lacks(call("four")) == ""
