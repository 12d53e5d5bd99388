"""Does the loop that serves an implementation read and write bfloat16, and claim it only where it can?"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import as_file, files
from typing import ClassVar

import numpy as np
import pytest

from adjoint import tensors
from adjoint.call import Call
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
            "print(json.dumps(serving['started'](types.SimpleNamespace(start=lambda: answer), (), {})))\n"
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


# --- memory ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", tensors.LAYOUTS)
@pytest.mark.parametrize("dtype", ["int32", "float16", "bfloat16", "float64"])
def test_a_layout_changes_the_memory_and_no_element(layout, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    array[1:] = array[:1] if layout == "broadcast" else array[1:]
    laid = serving.decode({**tensors.encode(array), "layout": layout})
    assert (laid.dtype, laid.shape, laid.tobytes()) == (array.dtype, array.shape, array.tobytes())
    size = array.itemsize
    strides = {
        "transposed": (size, 2 * size, 6 * size),
        "strided": (96 * size, 16 * size, 2 * size),
        "reversed": (-12 * size, -4 * size, -size),
        "broadcast": (0, 4 * size, size),
    }
    assert laid.strides == strides.get(layout, array.strides)
    assert laid.flags.writeable == (layout not in ("broadcast", "read-only"))


def test_what_lies_around_a_view_is_not_a_number():
    array = np.ones((2, 3), np.float32)
    for layout in ("strided", "offset"):
        laid = serving.decode({**tensors.encode(array), "layout": layout})
        around = laid
        while isinstance(around.base, np.ndarray):
            around = around.base
        assert np.isnan(around).sum() == around.size - 6 > 0


class Counted:
    """A system whose function returns how often it was called, and one buffer."""

    calls = 0
    buffer = np.zeros(1)

    @staticmethod
    def given(given):
        return given

    @staticmethod
    def to_numpy(output):
        return output

    @classmethod
    def prepare(cls, _api, _arguments, _given, _stage):
        def call(given):
            cls.calls += 1
            cls.buffer[0] = cls.calls
            given["input"][..., 0] = 9
            return cls.buffer

        return call, None


def test_a_repeated_call_is_seen_before_others_between_and_after_them():
    call = {
        "api": "a.b",
        "arguments": {},
        "tensors": {"input": tensors.encode(np.ones((2, 3)))},
        "observe": ["output", "between", "again", "later", "after-input"],
    }
    answer = serving.performed(Counted, call)
    seen = {name: tensors.decode(array).tolist() for name, array in answer["observed"].items()}
    assert seen == {
        "output": [1],
        "between": [2],
        "again": [4],
        "later": [5],
        "after-input": [[9, 1, 1], [9, 1, 1]],
    }


class Sloping:
    """A system whose gradients are taken where its tensors lie; of its input it is given a copy."""

    @staticmethod
    def perform(_api, _arguments, tensors, _stage):
        tensors["gradient"][0] = 5
        copied = 7 * tensors["input"]
        return {"output": copied, "gradient-input": tensors["gradient"], "after-input": copied}


def test_after_gradients_what_was_given_is_seen_as_it_is_then():
    given = {name: tensors.encode(np.ones(2)) for name in ("input", "filters", "gradient")}
    once = Call("a.b", {}, given, ("output", "gradient-input"))
    seen = {
        name: tensors.decode(array).tolist()
        for name, array in serving.performed(Sloping, once.keeping().to_json())["observed"].items()
    }
    assert seen.pop("output") == [7, 7]
    assert seen == {
        "gradient-input": [5, 1],
        "after-input": [7, 7],
        "after-filters": [1, 1],
        "after-gradient": [5, 1],
    }
    assert set(serving.performed(Sloping, once.to_json())["observed"]) == {"output", "gradient-input"}


def test_the_calls_between_have_other_numbers_and_twice_the_batch_where_it_is_free():
    given = {"input": np.ones((2, 1, 3)), "weight": np.ones((1, 1, 2))}
    opposite, doubled = serving.others(given, {})
    assert (opposite["input"] == -1).all()
    assert opposite["weight"] is given["weight"]
    assert doubled["input"].shape == (4, 1, 3)
    assert (doubled["weight"] == -1).all()
    for tied in ({"output_shape": [2, 4, 1]}, None):
        alone = given if tied else {**given, "input": np.ones((1, 3))}
        _, same = serving.others(alone, tied or {})
        assert same["input"].shape == alone["input"].shape


def test_options_are_passed_on_each_time_it_is_started():
    said = []

    class System:
        @staticmethod
        def start(*arguments, **options):
            said.append((arguments, options))
            return {"claims": {"dtypes": []}}

    serving.started(System, ("a",), {"fault": "b"})
    serving.started(System, ("a",), {})
    assert said == [(("a",), {"fault": "b"}), (("a",), {})]


# --- what shows more than tensors ------------------------------------------------------------------------


class Made:
    """A layer of no framework, and what its class and its objects say of themselves."""

    def __init__(self, filters, *, strides=(1, 1), rule=None, **kwargs):
        pass

    def get_config(self):
        return {"sizes": (1, np.int64(2)), "rule": Made, "nested": {"share": np.float32(0.5), 3: None}}


class Looking:
    """A system that shows whatever a call asks for, and remembers what it was asked."""

    asked: ClassVar = []
    shows: ClassVar = {
        "output": np.zeros(2),
        "shapes": [(2, 1), (np.int64(1),)],
        "initial": {"kernel": np.ones(1, np.float16)},
        "losses": [np.float32(2), np.array(3, np.float32)],
        "collected_losses": [np.float32(4)],
        "stepped": {"bias": np.zeros(1)},
        "config": {"config": {"activation": Made.get_config, "strides": (2,)}, "again": Made(1)},
        "remade": np.ones((1, 1)),
        "declared": (None, np.int64(4), 3),
        "signature": Made.__init__,
        "convolution_op_signature": Made(1).get_config,
        "convolution_op": np.ones(1),
        "name": "mine",
        "bases": ["Base"],
        "trainable": 2,
        "dtypes": ["float32"],
        "devices": ["cpu"],
        "graph": "nothing",
        "scope_name": "mine/too",
        "node": "conv_transpose",
    }

    @classmethod
    def look(cls, _api, arguments, _tensors, _stage, wanted, input_shape):
        cls.asked.append((arguments, wanted, input_shape))
        return cls.shows

    @staticmethod
    def make(argument, class_name, settings):
        return (argument, class_name, settings)


SHOWN = {
    "shapes": [[2, 1], [1]],
    "initial": {"kernel": tensors.encode(np.ones(1, np.float16))},
    "losses": tensors.encode(np.array([2, 3], np.float32)),
    "collected_losses": tensors.encode(np.array([4], np.float32)),
    "stepped": {"bias": tensors.encode(np.zeros(1))},
    "config": {
        "config": {"activation": "get_config", "strides": [2]},
        "again": {
            "class_name": "Made",
            "config": {"sizes": [1, 2], "rule": "Made", "nested": {"share": 0.5, "3": None}},
        },
    },
    "remade": tensors.encode(np.ones((1, 1))),
    "declared": [None, 4, 3],
    "signature": [
        {"name": "filters", "kind": "POSITIONAL_OR_KEYWORD"},
        {"name": "strides", "kind": "KEYWORD_ONLY", "default": [1, 1]},
        {"name": "rule", "kind": "KEYWORD_ONLY", "default": None},
        {"name": "kwargs", "kind": "VAR_KEYWORD"},
    ],
    "convolution_op_signature": [],
    "convolution_op": tensors.encode(np.ones(1)),
    "name": "mine",
    "bases": ["Base"],
    "trainable": 2,
    "dtypes": ["float32"],
    "devices": ["cpu"],
    "graph": "nothing",
    "scope_name": "mine/too",
    "node": "conv_transpose",
}


def looked_at(system, observe, arguments=(), **more):
    call = {"api": "a.b", "arguments": dict(arguments), "tensors": {}, "observe": list(observe), **more}
    return json.loads(json.dumps(serving.performed(system, call)))


@pytest.mark.parametrize("name", sorted(serving.looking.NAMES))
def test_what_is_looked_at_becomes_json(name):
    assert looked_at(Looking, [name]) == {"outcome": "returned", "observed": {name: SHOWN[name]}}


def test_a_system_is_told_what_is_wanted_and_for_which_shape():
    Looking.asked.clear()
    answer = looked_at(Looking, ["output", "declared"], input_shape=[None, 3])
    assert answer["observed"] == {"output": tensors.encode(np.zeros(2)), "declared": [None, 4, 3]}
    looked_at(Looking, ["name"])
    assert Looking.asked == [({}, ("output", "declared"), (None, 3)), ({}, ("name",), None)]


def test_no_losses_are_an_empty_tensor(monkeypatch):
    monkeypatch.setitem(Looking.shows, "losses", [])
    answer = looked_at(Looking, ["losses"])
    assert answer["observed"]["losses"] == tensors.encode(np.zeros(0, np.float32))


def test_a_callable_without_a_signature_is_an_error_that_the_system_may_know(monkeypatch):
    monkeypatch.setitem(Looking.shows, "signature", 7)
    assert looked_at(Looking, ["signature"])["types"][0] == "TypeError"
    row = ("no-signature", "TypeError", "not a callable object", "none")
    monkeypatch.setattr(Looking, "UNSUPPORTED", [row], raising=False)
    assert looked_at(Looking, ["signature"])["unsupported"] == "no-signature"


def test_a_tag_names_an_object_of_the_framework_or_a_function():
    given = {
        "kernel_initializer": {"$object": ["Constant", {"value": 0.5}]},
        "kernel_constraint": {"$callable": "double"},
        "strides": {"$tuple": [2, 2]},
    }
    Looking.asked.clear()
    looked_at(Looking, ["name"], given)
    ((arguments, *_),) = Looking.asked
    assert arguments["kernel_initializer"] == ("kernel_initializer", "Constant", {"value": 0.5})
    assert arguments["kernel_constraint"](np.array([1, 3])).tolist() == [2, 6]
    assert arguments["strides"] == (2, 2)


def test_an_object_for_a_system_that_makes_none_is_in_the_form_that_keras_writes():
    value = {"$object": ["L1", {"l1": 2.0}]}
    made = serving.untag_argument(None, "bias_regularizer", value)
    assert made == {"class_name": "L1", "config": {"l1": 2.0}}


class Placing:
    """A system whose function returns how many of its arguments are given by position, then all of them."""

    @staticmethod
    def perform(_api, arguments, tensors, _stage):
        def function(*first, **rest):
            return np.array([len(first), *first, *sorted(rest.values())])

        of = arguments.to(function, **tensors), arguments.but("b").to(function, **tensors)
        return dict(zip(("output", "between"), of, strict=True))


def test_arguments_are_given_by_position_where_that_is_asked_for_and_in_that_order():
    tensor = {"dtype": "int32", "shape": [], "data": "CQAAAA=="}
    call = {"api": "a.b", "arguments": {"a": 1, "b": 2, "c": 3}, "observe": ["output", "between"]}

    def seen(given, *positional):
        asked = {**call, "tensors": given, "positional": list(positional)}
        return [
            tensors.decode(array).tolist() for array in serving.performed(Placing, asked)["observed"].values()
        ]

    assert seen({}) == [[0, 1, 2, 3], [0, 1, 3]]
    assert seen({}, "c", "b") == [[2, 3, 2, 1], [1, 3, 1]]
    assert seen({"z": tensor}, "z", "a") == [[2, 9, 1, 2, 3], [2, 9, 1, 3]]


def test_a_number_that_json_has_not_is_tagged(monkeypatch):
    told = {"a": float("nan"), "b": [np.float32("inf"), np.array([0.5, -np.inf])], "c": 0.5}
    monkeypatch.setitem(Looking.shows, "config", {"config": told, "again": {}})
    assert looked_at(Looking, ["config"])["observed"]["config"]["config"] == {
        "a": {"$float": "nan"},
        "b": [{"$float": "inf"}, [0.5, {"$float": "-inf"}]],
        "c": 0.5,
    }
