"""Is a worker's answer read for what it is, refused when malformed, and harmless when shown?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adjoint.errors import MessageError
from adjoint.outcome import (
    MOST_BASES,
    MOST_CHARACTERS,
    MOST_MESSAGE,
    Raised,
    Returned,
    Unsupported,
    parse,
    plain,
)
from adjoint.tensors import Foreign, encode

TENSOR = encode(np.array([1, 2], np.int32))
RETURNED = {"outcome": "returned", "observed": {"output": TENSOR}}
RAISED = {"outcome": "raised", "stage": "build", "types": ["ValueError", "Exception"], "message": "no"}
UNSUPPORTED = {"outcome": "unsupported", "unsupported": "int-on-cpu", "reason": "no kernel"}
HOSTILE = "\x1b[1;31mred\x1b[0m\x07 \x9b2J\x00bell\r\n\tnext\x7f line\x0b\x0c\x1b"


def test_a_returned_answer_holds_the_arrays():
    outcome = parse({**RETURNED, "observed": {"output": TENSOR, "again": TENSOR}}, ("again", "output"))
    assert isinstance(outcome, Returned)
    assert {name: array.tolist() for name, array in outcome.observed.items()} == {
        "output": [1, 2],
        "again": [1, 2],
    }


@pytest.mark.parametrize("stage", ["construct", "build", "weights", "call", "observe"])
def test_a_raised_answer_holds_stage_and_types(stage):
    outcome = parse({**RAISED, "stage": stage}, ("output",))
    assert outcome == Raised(stage, ("ValueError", "Exception"), "no")


def test_a_tensor_of_a_foreign_dtype_is_seen_by_name_and_shape():
    outcome = parse({**RETURNED, "observed": {"output": {**TENSOR, "dtype": "complex64"}}}, ("output",))
    assert outcome == Returned({"output": Foreign("complex64", (2,))})


def test_an_unsupported_answer_holds_id_and_reason():
    assert parse(UNSUPPORTED, ("output",)) == Unsupported("int-on-cpu", "no kernel")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({}, "the outcome is None"),
        ({"outcome": "ok"}, "the outcome is 'ok'"),
        ({"outcome": ["returned"]}, "the outcome is"),
        ({"outcome": "returned"}, "observed must hold output"),
        ({**RETURNED, "observed": [TENSOR]}, "observed must hold output"),
        ({**RETURNED, "observed": {}}, "observed must hold output"),
        ({**RETURNED, "observed": {"Output": TENSOR}}, "observed must hold output"),
        ({**RETURNED, "observed": {"output": TENSOR, "more": TENSOR}}, "observed must hold output"),
        ({**RETURNED, "observed": {"output": None}}, "a tensor must be an object"),
        ({**RETURNED, "observed": {"output": {**TENSOR, "shape": [3]}}}, "needs 12 bytes"),
        ({**RETURNED, "observed": {"output": {**TENSOR, "dtype": "\x1b[31m"}}}, "dtype is"),
        ({**RETURNED, "observed": {"output": {**TENSOR, "dtype": "complex64", "shape": [-1]}}}, "shape is"),
        ({**RETURNED, "observed": {"output": {**TENSOR, "make": {}}}}, "must give its data"),
        ({**RAISED, "stage": "lunch"}, "needs types and a stage out of construct, build"),
        ({**RAISED, "stage": ["call"]}, "needs types and a stage"),
        ({**RAISED, "types": "ValueError"}, "needs types and a stage"),
        ({**RAISED, "types": [3]}, "needs types and a stage"),
        ({**RAISED, "message": ["no"]}, "message is"),
        ({**UNSUPPORTED, "reason": 3}, "reason is 3; it must be a text"),
        ({**RETURNED, "observed": {"output": {**TENSOR, "strides": [4]}}}, "and no 'strides'"),
        ({"outcome": "raised", "stage": "call"}, "needs types and a stage"),
        ({"outcome": "unsupported", "reason": "names no claim"}, "unsupported"),
    ],
    ids=str,
)
def test_a_malformed_answer_is_refused(answer: dict[str, Any], problem: str):
    with pytest.raises(MessageError, match=problem):
        parse(answer, ("output",))


def test_plain_keeps_the_words_and_drops_what_steers_a_terminal():
    assert plain(HOSTILE) == "red 2Jbell next line"


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)], ids=hex)
def test_plain_lets_no_control_character_through(code):
    shown = plain(f"a{chr(code)}b")
    assert shown.isprintable()
    assert shown.replace(" ", "") == "ab"


@pytest.mark.parametrize(
    "answer",
    [
        {**RAISED, "message": HOSTILE},
        {**RAISED, "types": [HOSTILE]},
        {**UNSUPPORTED, "reason": HOSTILE},
    ],
    ids=["message", "type", "reason"],
)
def test_what_a_worker_says_is_shown_in_one_harmless_line(answer):
    outcome = parse(answer, ("output",))
    shown = outcome.reason if isinstance(outcome, Unsupported) else str(outcome)
    assert shown.isprintable()


@pytest.mark.parametrize("problem", [{"outcome": HOSTILE}, {**RETURNED, "observed": {HOSTILE: TENSOR}}])
def test_what_is_wrong_with_an_answer_is_shown_in_one_harmless_line(problem):
    with pytest.raises(MessageError) as caught:
        parse(problem, ("output",))
    assert str(caught.value).isprintable()


def test_a_raised_outcome_says_type_stage_and_the_start_of_its_message():
    text = str(Raised("call", ("ValueError",), "x" * 5000))
    assert text.startswith("ValueError at call: xxx")
    assert len(text) < 400


def test_of_what_is_too_long_the_start_is_kept():
    name, message = "x" * 2 * MOST_CHARACTERS, "y" * 2 * MOST_MESSAGE
    raised = parse({**RAISED, "types": [name] * 2 * MOST_BASES, "message": message}, ("output",))
    assert raised.types == ("x" * (MOST_CHARACTERS - 1) + "…",) * MOST_BASES
    assert raised.message == "y" * (MOST_MESSAGE - 1) + "…"
    unsupported = parse({**UNSUPPORTED, "reason": name}, ("output",))
    assert len(unsupported.reason) == MOST_CHARACTERS


def test_a_raised_outcome_without_types_still_has_a_text():
    assert str(Raised("call", (), "no")) == "an error at call: no"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shapes", [[2, 3], []]),
        ("config", {"config": {"filters": 3}, "again": {}}),
        ("declared", [None, 3]),
        ("signature", [{"name": "a", "kind": "VAR_KEYWORD"}]),
        ("name", "up"),
        ("bases", ["Layer"]),
        ("trainable", 2),
    ],
)
def test_what_is_no_tensor_is_as_it_came(name, value):
    assert parse({**RETURNED, "observed": {name: value}}, (name,)) == Returned({name: value})


def test_weights_are_tensors_by_name():
    outcome = parse({**RETURNED, "observed": {"initial": {"kernel": TENSOR}}}, ("initial",))
    assert outcome.observed["initial"]["kernel"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shapes", [2, 3]),
        ("shapes", [[2.0]]),
        ("config", {"config": {}}),
        ("config", {"config": {}, "again": []}),
        ("declared", [None, "3"]),
        ("declared", 3),
        ("signature", [{"name": "a"}]),
        ("signature", [{"name": 1, "kind": "VAR_KEYWORD"}]),
        ("signature", ["a"]),
        ("name", None),
        ("bases", "Layer"),
        ("trainable", True),
        ("initial", [TENSOR]),
        ("stepped", {"kernel": [1, 2]}),
        ("losses", [1.0]),
    ],
)
def test_what_is_of_another_form_breaks_the_protocol(name, value):
    with pytest.raises(MessageError):
        parse({**RETURNED, "observed": {name: value}}, (name,))
