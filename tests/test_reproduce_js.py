"""Does a script in JavaScript show what it says?

TensorFlow.js itself is not needed: a package that stands in its place doubles its input.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adjoint import catalogue, golden, tensors
from adjoint.call import Call
from adjoint.catalogue import Implementation
from adjoint.golden import Case, Check
from adjoint.reports.text import fenced
from adjoint.reproduce import script

FUNCTION, LAYER = "tf.nn.conv_transpose", "tf.keras.layers.Conv2DTranspose"
STAND_IN = """
class Tensor {
  constructor(data, shape, dtype = "float32") { Object.assign(this, { data, shape, dtype }); }
  dataSync() { return Float32Array.from(this.data); }
  toString() { return `${this.data}`; }
}
const tensor = (data, shape, dtype) => {
  if (!Array.isArray(data)) throw new Error("TensorFlow.js takes no Float64Array");
  return new Tensor(data, shape, dtype);
};
const doubled = ({ data, shape }) => new Tensor(data.map((number) => 2 * number), shape);
module.exports = {
  version: { tfjs: "0.1.2" },
  setBackend() {},
  tensor,
  conv2dTranspose(input, filters, ...others) {
    if (others[1] === 0) throw new Error("a stride of 0");
    while (others[1] === -1);
    return doubled(input);
  },
  constraints: { nonNeg: () => "nonNeg" },
  layers: {
    conv2dTranspose: (settings) => ({
      build() {},
      setWeights(weights) { this.kernel = { read: () => weights[0] }; },
      apply: doubled,
      computeOutputShape: (shape) => [...shape.slice(0, -1), settings.filters],
    }),
  },
};
"""
PARSE = """
const texts = JSON.parse(require("node:fs").readFileSync(0));
for (const text of texts) new (require("node:vm").Script)(text);
"""
ONE = tensors.encode(np.ones((1, 1, 1, 1), "float32"))


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("tfjs")
    package = made / "node_modules" / "@tensorflow" / "tfjs"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "0.1.2"}', encoding="utf-8")
    (package / "index.js").write_text(STAND_IN, encoding="utf-8")
    return made


def text_of(call: Call, check: Check, folder: Path | str = "") -> str:
    env = {"ADJOINT_TFJS": str(folder)}
    return script(Case(call, (check,), "a case"), check, Implementation("tfjs", ("node",), env, "tfjs"))


def ending(text: str, stand_in: Path, folder: Path) -> tuple[int, str]:
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js on PATH")
    path = folder / "reproduce.js"
    path.write_text(text, encoding="utf-8")
    env = {**os.environ, "NODE_PATH": str(stand_in / "node_modules")}
    done = subprocess.run(["node", path], env=env, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


def doubling(spec: dict[str, Any], **arguments: Any) -> Call:
    return Call(FUNCTION, {"output_shape": [1], "strides": 1, **arguments}, {"input": spec, "filters": ONE})


@pytest.mark.parametrize("length", [7, 97, 400], ids=["written out", "made", "packed"])
def test_the_numbers_are_those_of_the_case(length: int, stand_in: Path, tmp_path: Path) -> None:
    """That it deviates where another number is demanded shows that it looks."""
    recipe = {"kind": "integers", "low": -511, "high": 511, "seed": 2**64 - 3}
    spec = {"dtype": "float32", "shape": [1, 1, length, 1], "make": recipe}
    for more, wanted in ((0, (0, "holds")), (1, (1, "DEVIATES"))):
        numbers = tensors.decode(spec) * 2
        numbers[0, 0, -1] += more
        check = Check("values", "tf-nn.values", tensors.encode(numbers))
        assert ending(text_of(doubling(spec), check), stand_in, tmp_path) == wanted


def test_what_is_not_finite_and_a_negative_zero_are_written(stand_in: Path, tmp_path: Path) -> None:
    numbers = np.array([np.nan, np.inf, -np.inf, -0.0, 0.1], "float32").reshape(1, 1, 5, 1)
    text = text_of(
        doubling(tensors.encode(numbers)), Check("values", "tf-nn.values", tensors.encode(2 * numbers))
    )
    assert "[NaN, Infinity, -Infinity, -0, 0.10000000149011612]" in text
    assert ending(text, stand_in, tmp_path) == (0, "holds")


def test_both_ends_of_what_is_accepted_are_kept(stand_in: Path, tmp_path: Path) -> None:
    def end(number: float) -> dict[str, Any]:
        return tensors.encode(np.full((1, 1, 1, 1), number))

    for low, high, wanted in ((1, 2, 0), (2, 3, 0), (2.5, 3, 1), (1, 1.5, 1)):
        check = Check("values", "tf-nn.values", {"low": end(low), "high": end(high)})
        assert ending(text_of(doubling(ONE), check), stand_in, tmp_path)[0] == wanted
        readings = {"readings": {"one": end(77), "another": check.demanded}}
        check = Check("values", "tf-nn.values", readings)
        assert ending(text_of(doubling(ONE), check), stand_in, tmp_path)[0] == wanted


@pytest.mark.parametrize(
    ("kind", "demanded", "other"),
    [
        ("shape", [1, 1, 1, 1], [1, 1, 1, 2]),
        ("shape-within", [[1, 1], [1, 1], [0, 1], [1, 2]], [[1, 1], [1, 1], [2, 3], [1, 1]]),
        ("dtype", "float32", "int32"),
    ],
)  # fmt: skip
def test_it_looks_at(kind: str, demanded: Any, other: Any, stand_in: Path, tmp_path: Path) -> None:
    for wanted, code in ((demanded, 0), (other, 1)):
        text = text_of(doubling(ONE), Check(kind, "tf-nn.values", wanted))
        assert ending(text, stand_in, tmp_path)[0] == code


def test_a_refusal_holds_where_one_is_demanded(stand_in: Path, tmp_path: Path) -> None:
    for strides, kind, code in ((0, "raised", 0), (1, "raised", 1), (0, "returned", 1), (1, "returned", 0)):
        text = text_of(doubling(ONE, strides=strides), Check(kind, "tf-nn.refuses-strides"))
        assert ending(text, stand_in, tmp_path)[0] == code


@pytest.mark.parametrize("kind", ["raised", "returned"])
def test_a_call_that_does_not_come_back_is_given_up_and_deviates(
    kind: str, stand_in: Path, tmp_path: Path
) -> None:
    text = text_of(doubling(ONE, strides=-1), Check(kind, "tf-nn.refuses-strides"))
    assert "timeout: 60_000 " in text
    assert ending(text.replace("60_000", "200"), stand_in, tmp_path) == (1, "DEVIATES")


def test_integers_of_numpy_are_plain_numbers() -> None:
    arguments = {
        "filters": {"$int": "3", "as": "numpy.int32"},
        "kernel_size": {"$tuple": [{"$int": "1", "as": "numpy.int64"}, 1]},
    }
    call = Call(LAYER, arguments, {"input": ONE, "kernel": ONE})
    text = text_of(call, Check("returned", "tf-keras-conv2d.numpy-integers"))
    assert "{ filters: 3, kernelSize: [1, 1] }" in text


def test_each_golden_check_has_a_script_and_it_is_javascript() -> None:
    apis = catalogue.entries()["tfjs"].apis
    texts = [
        script(case, check, Implementation("tfjs", ("node",), {}, "tfjs"))
        for case in golden.load()
        if case.call.api in apis
        for check in case.checks
    ]
    known = [text for text in texts if "<<'CALLS'" not in text]
    assert len(known) > len(texts) / 2
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js on PATH")
    done = subprocess.run(
        ["node", "-e", PARSE], input=json.dumps(known), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_layer_is_spelled_in_javascripts_way(stand_in: Path, tmp_path: Path) -> None:
    arguments = {
        "filters": 3,
        "kernel_size": (1, 1),
        "use_bias": False,
        "data_format": "channels_last",
        "kernel_constraint": {"$object": ["NonNeg", {}]},
    }
    call = Call(LAYER, arguments, {"input": ONE, "kernel": ONE})
    for shape, code in (([1, 1, 1, 3], 0), ([1, 1, 1, 4], 1)):
        text = text_of(call, Check("declared-shape", "tf-keras-conv2d.declared-shape", shape))
        assert ending(text, stand_in, tmp_path)[0] == code
    for spelled in (
        "kernelSize: [1, 1]",
        "useBias: false",
        'dataFormat: "channelsLast"',
        "kernelConstraint: tf.constraints.nonNeg()",
    ):
        assert spelled in text
    text = text_of(
        call, Check("values", "tf-keras-conv2d.values", tensors.encode(np.full((1, 1, 1, 1), 2.0)))
    )
    assert ending(text, stand_in, tmp_path) == (0, "holds")


def test_it_names_the_version_and_no_path_of_this_machine(stand_in: Path) -> None:
    check = Check("returned", "tf-nn.values")
    text = text_of(doubling(ONE), check, stand_in)
    assert "// npm install @tensorflow/tfjs@0.1.2, then: node reproduce.js" in text
    assert str(stand_in) not in text
    assert "npm install @tensorflow/tfjs, then" in text_of(doubling(ONE), check)


def test_what_the_template_does_not_know_is_fed_to_the_worker() -> None:
    known = Check("returned", "tf-nn.values")
    for call, check in (
        (doubling(ONE), Check("inputs-kept", "tf-nn.values")),
        (doubling(ONE, dilations=2), known),
        (Call(FUNCTION, {"strides": 1}, {"input": ONE, "filters": tensors.encode(np.ones(3))}), known),
    ):
        assert "<<'CALLS'" in text_of(call, check)
    assert "<<'CALLS'" not in text_of(doubling(ONE), known)


def test_its_language_is_told_to_a_page() -> None:
    assert fenced(text_of(doubling(ONE), Check("returned", "tf-nn.values"))).startswith("```javascript\n")
    assert fenced("# a comment\nimport f").startswith("```python\n")
