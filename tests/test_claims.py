"""Is what an implementation claims read whole, or refused in a sentence; and is what it lacks known?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adjoint import INTERPRETATION
from adjoint.call import Call
from adjoint.claims import Claims
from adjoint.errors import MessageError
from adjoint.implementations import serving
from adjoint.tensors import encode

NAMED = {"version": "1"}
PLAIN = {"apis": ["tf.nn.conv_transpose"], "dtypes": ["int32"]}
ARITHMETIC = {
    "float16": {"accumulator": "float32", "flush": True},
    "float32": {"input_rounding": "tf32", "flush": False, "algorithm": "transform"},
    "bfloat16": {"accumulator": "float32", "input_rounding": "tf32", "flush": True, "algorithm": "transform"},
    "float64": {},
}


def read(claims: Mapping[str, Any]) -> Claims:
    return Claims.from_json({**NAMED, "claims": claims})


def test_what_is_not_claimed_is_none_but_the_output() -> None:
    assert read(PLAIN) == Claims("1", ("tf.nn.conv_transpose",), ("int32",))
    assert read(PLAIN).observes == ("output",)
    assert not read(PLAIN).python_errors
    assert not read(PLAIN).by_position
    assert read({**PLAIN, "observes": ["output", "gradient-input"]}).observes == ("output", "gradient-input")


def test_what_a_call_asks_to_see_and_is_not_claimed_is_lacking() -> None:
    once = Call("tf.nn.conv_transpose", {}, {"input": encode(np.zeros(1, np.int32))})
    few = read(PLAIN)
    more = {**PLAIN, "observes": ["output", "between", "again", "later", "after"]}
    assert (few.lacks(once), few.lacks(once.repeated())) == ("", "between")
    assert read(more).lacks(once.repeated()) == ""
    short = {**more, "dtypes": ["float32"]}
    assert read(short).lacks(once) == "int32"
    placed = replace(once, positional=("strides",))
    assert few.lacks(placed) == "arguments by position"
    by_position = {**more, "by_position": True}
    assert read(by_position).lacks(placed) == ""


def test_the_arithmetic_that_is_claimed_is_kept() -> None:
    assert read(PLAIN).arithmetic == {}
    assert read({**PLAIN, "arithmetic": ARITHMETIC}).arithmetic == ARITHMETIC


@pytest.mark.parametrize(
    ("arithmetic", "sentence"),
    [
        (["float16"], "arithmetic is ['float16']; it must be an object, a dtype to what is claimed."),
        ({"int32": {}}, "arithmetic names 'int32'; it may name float16, bfloat16, float32, float64."),
        (
            {"float16": "float32"},
            "arithmetic.float16 is 'float32'; it must be an object with any of accumulator, input_rounding, "
            "flush, algorithm.",
        ),
        (
            {"float16": {"accumulators": "float32"}},
            "arithmetic.float16 is {'accumulators': 'float32'}; it must be an object with any of "
            "accumulator, input_rounding, flush, algorithm.",
        ),
        (
            {"float16": {"accumulator": "int32"}},
            'arithmetic.float16.accumulator is \'int32\'; it must be "float16" or "bfloat16" or "float32" '
            'or "float64".',
        ),
        (
            {"float32": {"input_rounding": None}},
            'arithmetic.float32.input_rounding is None; it must be "tf32".',
        ),
        ({"float32": {"flush": 1}}, "arithmetic.float32.flush is 1; it must be true or false."),
        ({"float32": {"algorithm": []}}, 'arithmetic.float32.algorithm is []; it must be "transform".'),
    ],
    ids=lambda value: str(value)[:60],
)
def test_arithmetic_that_is_not_known_is_refused(arithmetic: Any, sentence: str) -> None:
    with pytest.raises(MessageError) as caught:
        read({**PLAIN, "arithmetic": arithmetic})
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("answer", "claims", "part"),
    [
        ({}, {"apis": [], "dtypes": []}, "'version'"),
        (NAMED, {"dtypes": []}, "'apis'"),
        (NAMED, {"apis": []}, "'dtypes'"),
        (NAMED, {"apis": 3, "dtypes": []}, ""),
        (NAMED, {"apis": "tf.nn.conv_transpose", "dtypes": []}, ""),
        (NAMED, {"apis": [], "dtypes": [1]}, ""),
        (NAMED, {"apis": [], "dtypes": [], "observes": "output"}, ""),
        (NAMED, {"apis": [], "dtypes": [], "systems": ["torch"]}, ""),
        (NAMED, {"apis": [], "dtypes": [], "systems": {"torch": 2}}, ""),
        (NAMED, {"apis": [], "dtypes": [], "systems": {"torch": None}}, ""),
    ],
    ids=str,
)
def test_claims_that_are_garbled_are_refused(answer: Any, claims: Any, part: str) -> None:
    with pytest.raises(MessageError, match=f"the answer to start lacks or garbles .*{part}"):
        Claims.from_json({**answer, "claims": claims})


@pytest.mark.parametrize("name", ["python_errors", "by_position"])
@pytest.mark.parametrize("value", ["false", 0, None], ids=repr)
def test_what_is_neither_true_nor_false_is_refused(name: str, value: Any) -> None:
    with pytest.raises(MessageError, match=f"lacks or garbles {name}"):
        read({**PLAIN, name: value})


@pytest.mark.parametrize("answer", [{"version": 1}, {"version": "1", "python": 3.7}], ids=str)
def test_a_version_is_a_text(answer: Any) -> None:
    with pytest.raises(MessageError, match=r"lacks or garbles (version|python)"):
        Claims.from_json({**answer, "claims": PLAIN})


@pytest.mark.parametrize("later", ["", "7"])
def test_an_interpretation_of_our_major_is_known(later: str) -> None:
    assert read(PLAIN).interpretation == INTERPRETATION
    claimed = INTERPRETATION + later
    assert read({**PLAIN, "interpretation": claimed}).interpretation == claimed


@pytest.mark.parametrize("claimed", ["2.0", "10.0", "0.1"])
def test_another_major_is_refused_in_a_sentence(claimed: str) -> None:
    with pytest.raises(MessageError) as caught:
        read({**PLAIN, "interpretation": claimed})
    assert str(caught.value) == (
        f"it was written for interpretation {claimed} of calls, and this adjoint knows {INTERPRETATION}: "
        "use the adjoint of that interpretation, or write the worker for this one"
    )


@pytest.mark.parametrize("claimed", [1.0, "1", "1.0.0", "one", "1.0\n", None, ""], ids=repr)
def test_an_interpretation_is_two_numbers_in_a_text(claimed: Any) -> None:
    with pytest.raises(MessageError, match="two numbers in a text"):
        read({**PLAIN, "interpretation": claimed})


def test_the_serving_loop_was_written_for_this_interpretation() -> None:
    assert serving.INTERPRETATION == INTERPRETATION


@pytest.mark.parametrize("answer", [NAMED, {**NAMED, "claims": ["tf.nn.conv_transpose"]}], ids=str)
def test_an_answer_without_claims_is_refused(answer: Any) -> None:
    with pytest.raises(MessageError, match="has no claims"):
        Claims.from_json(answer)
