"""Does the worker in JavaScript keep to the protocol, and pass on what it was given?

TensorFlow.js itself is not needed: a package that stands in its place tells, as an error, what it was given.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adjoint import tensors
from adjoint.call import Call
from adjoint.catalogue import Implementation, entries
from adjoint.golden import Case, Check
from adjoint.outcome import Outcome, Raised, Returned, Unsupported
from adjoint.reproduce import script
from adjoint.worker import Worker

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js on PATH")

SOURCE = Path(__file__).parent.parent / "implementations" / "on_tfjs.mjs"
FUNCTION, LAYER = "tf.nn.conv_transpose", "tf.keras.layers.Conv2DTranspose"
STAND_IN = """
const tell = (...given) => { throw new TypeError(JSON.stringify(given)); };
const object = (kind) => (settings) => [kind, settings];
class Tensor {
  constructor(data, shape, dtype) { Object.assign(this, { data, shape, dtype, rank: shape.length }); }
  dataSync() { return this.data; }
}
module.exports = {
  version: { tfjs: "0.1.2" },
  engine: () => ({ startScope() {}, endScope() {} }),
  disposeVariables() {},
  setBackend: async () => console.log("chatter"),
  tensor: (data, shape, dtype) => new Tensor(data, shape, dtype),
  conv2dTranspose: (input, filters, shape, strides, pad) => {
    if (shape.length === 1) return new Tensor(input.data, shape, input.dtype);
    process.stdout.write("more chatter\\n");
    tell(input.shape, shape, strides, pad);
  },
  conv3dTranspose: () => { throw new Error("gradient function not found for a kernel"); },
  layers: { conv2dTranspose: tell, conv3dTranspose: tell },
  initializers: { zeros: object("zeros") },
  regularizers: { l1l2: object("l1l2") },
  constraints: { nonNeg: object("nonNeg") },
};
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose node_modules has what stands in TensorFlow.js' place."""
    made: Path = tmp_path_factory.mktemp("tfjs")
    package = made / "node_modules" / "@tensorflow" / "tfjs"
    package.mkdir(parents=True)
    (package / "index.js").write_text(STAND_IN, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def worker(folder: Path) -> Iterator[Worker]:
    found = Worker(["node", str(SOURCE)], {"ADJOINT_TFJS": str(folder)})
    yield found
    found.close()


def asked(worker: Worker, api: str, axes: int = 2, **arguments: Any) -> Outcome:
    kernel = "filters" if api == FUNCTION else "kernel"
    given = {name: tensors.encode(np.ones((1,) * (axes + 2), "float32")) for name in ("input", kernel)}
    (outcome,) = worker.perform([Call(api, arguments, given)])
    return outcome


def told(worker: Worker, api: str, **arguments: Any) -> Any:
    """Return what TensorFlow.js was given."""
    outcome = asked(worker, api, **arguments)
    assert isinstance(outcome, Raised)
    assert outcome.types == ("TypeError", "Error")
    assert outcome.stage == ("call" if api == FUNCTION else "construct")
    return json.loads(outcome.message)


def test_it_claims_what_the_catalogue_says(worker):
    claims = worker.claims
    assert (claims.version, claims.systems) == ("0.1.2", {"tfjs": "0.1.2"})
    assert claims.apis == entries()["tfjs"].apis
    assert claims.dtypes == ("float32", "int32", "bool")


@pytest.mark.parametrize(
    ("strides", "passed"), [(2, 2), ([2], 2), ([2, 3], [2, 3]), ([1, 2, 3, 1], [2, 3]), ([2] * 3, [2] * 3)]
)
def test_strides_are_those_of_the_spatial_axes(worker, strides, passed):
    assert told(worker, FUNCTION, output_shape=[1, 2], strides=strides)[2] == passed


@pytest.mark.parametrize(
    ("padding", "passed"),
    [("VALID", "valid"), ("SAME", "same"), ("valid", "VALID"), ("Full", "fULL"), (1, 1)],
)
def test_paddings_are_spelled_in_the_other_case(worker, padding, passed):
    given = told(worker, FUNCTION, output_shape={"$tuple": [1, 2]}, strides=1, padding=padding)
    assert given == [[1, 1, 1, 1], [1, 2], 1, passed]


@pytest.mark.parametrize("dilations", [None, 1, [1], [1, 1], [1, 1, 1, 1]])
def test_dilations_of_one_are_none(worker, dilations):
    assert told(worker, FUNCTION, output_shape=[1, 2], strides=1, dilations=dilations)[3] == "same"


@pytest.mark.parametrize(
    ("row", "arguments"),
    [
        ("rank", {"axes": 1}),
        ("dilations", {"dilations": 2}),
        ("dilations", {"dilations": [1, 1, 1]}),
        ("dilations", {"dilations": True}),
        ("strides", {"strides": [2, 1, 1, 1]}),
        ("data-format", {"data_format": "NCHW"}),
        ("argument", {"name": "up"}),
        ("argument", {"value": 1}),
        ("gradient", {"axes": 3}),
    ],
)
def test_what_a_function_has_no_place_for_is_unsupported(worker, row, arguments):
    outcome = asked(worker, FUNCTION, **{"output_shape": [1, 2], "strides": 1, **arguments})
    assert isinstance(outcome, Unsupported)
    assert outcome.id == row
    assert row in worker.claims.unsupported


@pytest.mark.parametrize(
    ("row", "arguments"),
    [("output-padding", {"output_padding": 0}), ("callable", {"activation": {"$callable": "double"}})],
)
def test_what_a_layer_has_no_place_for_is_unsupported(worker, row, arguments):
    outcome = asked(worker, LAYER, filters=1, **arguments)
    assert isinstance(outcome, Unsupported)
    assert outcome.id == row


def test_what_a_layer_is_given_is_spelled_as_in_javascript(worker):
    arguments = {
        "filters": {"$int": "3", "as": "numpy.int32"},
        "kernel_size": {"$tuple": [2, 3]},
        "data_format": "channels_first",
        "kernel_initializer": {"$object": ["Zeros", {}]},
        "kernel_regularizer": {"$object": ["L1L2", {"l1": 0.5, "l2": 2}]},
        "kernel_constraint": "non_neg",
        "name": "a_name",
        "output_padding": None,
    }
    assert told(worker, LAYER, **arguments) == [
        {
            "filters": 3,
            "kernelSize": [2, 3],
            "dataFormat": "channelsFirst",
            "kernelInitializer": ["zeros", {}],
            "kernelRegularizer": ["l1l2", {"l1": 0.5, "l2": 2}],
            "kernelConstraint": "nonNeg",
            "name": "a_name",
        }
    ]


@pytest.mark.parametrize("layout", [None, "offset", "reversed"])
@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_elements_arrive_and_come_back(worker, dtype, layout):
    array = np.arange(-3, 3).astype(dtype).reshape(1, 2, 3, 1)
    spec = tensors.encode(array) | ({"layout": layout} if layout else {})
    given = {"input": spec, "filters": tensors.encode(array)}
    call = Call(FUNCTION, {"output_shape": [6], "strides": 1}, given).keeping()
    (outcome,) = worker.perform([call])
    assert isinstance(outcome, Returned)
    for name, shape in (("output", (6,)), ("after-input", array.shape), ("after-filters", array.shape)):
        assert outcome.observed[name].dtype == array.dtype
        assert outcome.observed[name].shape == shape
        assert np.array_equal(outcome.observed[name].ravel(), array.ravel())


def test_a_shape_that_is_none_does_not_break_the_protocol(worker):
    spec = tensors.encode(np.ones((1, 2, 2, 1), "float32"))
    call = Call(FUNCTION, {"output_shape": [7.5], "strides": 1}, {"input": spec, "filters": spec})
    (outcome,) = worker.perform([call])
    assert isinstance(outcome, Returned)
    assert outcome.observed["output"].shape == (4,)


def test_integers_are_made_as_everywhere(worker):
    recipe = {"kind": "integers", "low": -7, "high": 1000, "seed": 2**64 - 3}
    spec = {"dtype": "int32", "shape": [1, 5, 4, 1], "make": recipe}
    call = Call(FUNCTION, {"output_shape": [20], "strides": 1}, {"input": spec, "filters": spec})
    (outcome,) = worker.perform([call])
    assert isinstance(outcome, Returned)
    assert np.array_equal(outcome.observed["output"], tensors.decode(spec).ravel())


def test_a_script_for_more_than_one_call_is_a_command_that_feeds_it(folder, tmp_path):
    named = Implementation("tfjs", ("node", str(SOURCE)), {"ADJOINT_TFJS": str(folder)})
    spec = tensors.encode(np.ones((1, 1, 1, 1), "float32"))
    call = Call(FUNCTION, {"output_shape": [1], "strides": 1}, {"input": spec, "filters": spec})
    text = script(Case(call, (), "a case"), Check("inputs-kept", "tf-nn.values"), named)
    assert f"\nenv ADJOINT_TFJS={shlex.quote(str(folder))} node " in text
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert [json.loads(line).get("outcome") for line in done.stdout.splitlines()] == [None, "returned"]
    assert "chatter" in done.stderr
