"""Do the JSON Schemas hold all that is really said, and refuse what breaks a rule, as the harness does?"""

import copy
import json
from importlib.resources import files

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from adjoint import golden
from adjoint.call import Call, untag
from adjoint.claims import ARITHMETIC
from adjoint.errors import AdjointError
from adjoint.observations import ATTRIBUTES, BY_WEIGHT, OBSERVED_BY, PLAIN
from adjoint.outcome import STAGES
from adjoint.reference.objects import FUNCTIONS
from adjoint.spec.clauses import KINDS
from adjoint.tensors import DTYPES, LAYOUTS, decode, encode
from tests import schemas
from tests.exchanges import said_of, whole_run
from tests.schemas import problem, problems, schema

TENSOR = encode(np.array([1, 2], np.int32))
MADE = {
    "dtype": "int32",
    "shape": [2],
    "make": {"kind": "integers", "low": -9, "high": 9, "seed": (1 << 64) - 1},
}
CALL = {
    "api": "tf.nn.conv_transpose",
    "arguments": {"strides": {"$tuple": [2, 1]}, "padding": "SAME", "name": None},
    "tensors": {"input": TENSOR, "filters": MADE},
    "observe": ["output"],
}
PERFORM = {"do": "perform", "id": 0, "call": CALL}
START = {"do": "start", "protocol": 1, "interpretation": "1.0"}
STARTED = {"version": "1", "claims": {"apis": ["tf.nn.conv_transpose"], "dtypes": ["int32"]}}
RETURNED = {"id": 0, "outcome": "returned", "observed": {"output": TENSOR}}
RAISED = {"id": 0, "outcome": "raised", "stage": "call", "types": ["ValueError"], "message": "no"}
UNSUPPORTED = {"id": 0, "outcome": "unsupported", "unsupported": "int-on-cpu", "reason": "no kernel"}
LINE = json.loads(
    golden.Case(
        Call.from_json(CALL),
        (golden.Check("returned", "tf-nn.values"), golden.Check("values", "tf-nn.values", TENSOR)),
        "a line to be mutilated",
    ).to_line()
)


def test_every_schema_is_one_that_says_who_it_is_and_what_for():
    folder = files("adjoint") / "schemas"
    assert sorted(path.name for path in folder.iterdir()) == [f"{n}.schema.json" for n in schemas.NAMES]
    for name in schemas.NAMES:
        Draft202012Validator.check_schema(schema(name))
        assert schema(name)["$id"].endswith(f"/{name}.schema.json")
        assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema(name)["title"]
        assert schema(name)["description"].endswith(".")


def parts(value):
    """Yield every object of a schema."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(part)


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_reference_leads_somewhere(name):
    resolver = schemas.validator(name)._resolver
    for part in parts(schema(name)):
        if "$ref" in part:
            assert resolver.lookup(part["$ref"]).contents


@pytest.mark.parametrize("name", ["answer", "call", "request", "tensor"])
def test_every_field_is_described(name):
    """Where it stands, or where it points to; a tag is, with the object that it is in."""
    resolver = schemas.validator(name)._resolver
    for part in parts(schema(name)["$defs"]):
        if part.get("type") == "object" and "properties" in part:
            for field, of in part["properties"].items():
                where = resolver.lookup(of["$ref"]).contents if "$ref" in of else of
                is_tag = field.startswith("$") or field == "as"
                assert is_tag or "const" in of or "description" in where, field


# --- what is really said


def test_every_golden_line_is_described():
    lines = [
        path.read_text(encoding="utf-8").splitlines()
        for path in golden.folder().iterdir()
        if path.name.endswith(".jsonl")
    ]
    assert sum(map(len, lines)) == len(list(golden.load())) > 3000
    for some in lines:
        assert problems("golden", map(json.loads, some)) == []


def test_every_message_of_a_whole_run_is_described(tmp_path):
    """Of all APIs, both ways, as it went through the pipes."""
    requests, answers, verdicts = whole_run("fast", tmp_path)
    assert verdicts <= {"conforms", "observed", "not-reached", "unsupported"}
    assert [message["do"] for message in (requests[0], requests[-1])] == ["start", "stop"]
    assert len(answers) == len(requests) - 1 > 3000
    assert {m["call"]["api"] for m in requests[1:-1]} == set(answers[0]["claims"]["apis"])
    assert {a["outcome"] for a in answers[1:]} >= {"returned", "raised"}
    assert problems("request", requests) == []
    assert problems("answer", answers) == []


SAID = [
    ("request", START),
    ("request", {**START, "options": {"fault": "x"}}),
    ("request", PERFORM),
    ("request", {"do": "stop"}),
    ("answer", STARTED),
    ("answer", {**STARTED, "more": [1], "claims": {**STARTED["claims"], "more": 2}}),
    ("answer", RETURNED),
    ("answer", RAISED),
    ("answer", UNSUPPORTED),
    ("answer", {**RETURNED, "more": "fields"}),
    ("answer", {**RETURNED, "observed": {"output": {**TENSOR, "dtype": "complex64", "data": ""}}}),
    ("golden", LINE),
]


@pytest.mark.parametrize(("name", "message"), SAID, ids=str)
def test_what_is_right_is_described(name, message):
    assert problem(name, message) == ""


# --- what breaks a rule


def changed(message, path, value=...):
    """Return a message with another value at a path of keys, or without one."""
    message = copy.deepcopy(message)
    *before, last = path.split("/")
    at = message
    for key in before:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return message


INPUT, OUTPUT = "call/tensors/input", "observed/output"
SUITE = "only the suite writes these, and the seal tells whether anyone else did"
NOBODY = "nobody reads it"
MUTANTS = {
    # of answers: what the schema refuses, and why the harness takes it; empty if it refuses it too
    "no outcome and no claims": ("answer", {"id": 0}, ""),
    "an id that is a text": ("answer", changed(RETURNED, "id", "0"), ""),
    "an id that is true or false": ("answer", changed(RETURNED, "id", False), ""),
    "no id": ("answer", changed(RAISED, "id"), ""),
    "an outcome that is not known": ("answer", changed(RETURNED, "outcome", "ok"), ""),
    "nothing observed": ("answer", changed(RETURNED, "observed", {}), ""),
    "observed in a list": ("answer", changed(RETURNED, "observed", [TENSOR]), ""),
    "an observation that is not known": ("answer", changed(RETURNED, "observed/Output", TENSOR), ""),
    "no data": ("answer", changed(RETURNED, f"{OUTPUT}/data"), ""),
    "data with line breaks": ("answer", changed(RETURNED, f"{OUTPUT}/data", TENSOR["data"] + "\n"), ""),
    "data in numbers": ("answer", changed(RETURNED, f"{OUTPUT}/data", [1, 2]), ""),
    "data that are not padded": ("answer", changed(RETURNED, f"{OUTPUT}/data", "AQAAAAIAAAA"), ""),
    "a negative size": ("answer", changed(RETURNED, f"{OUTPUT}/shape", [-1]), ""),
    "a shape that is a number": ("answer", changed(RETURNED, f"{OUTPUT}/shape", 2), ""),
    "33 axes": ("answer", changed(RETURNED, f"{OUTPUT}/shape", [1] * 32 + [2]), ""),
    "no dtype": ("answer", changed(RETURNED, f"{OUTPUT}/dtype"), ""),
    "a dtype with an escape": ("answer", changed(RETURNED, f"{OUTPUT}/dtype", "\x1b[31m"), ""),
    "a recipe in an answer": ("answer", changed(RETURNED, OUTPUT, MADE), ""),
    "more in a tensor": ("answer", changed(RETURNED, f"{OUTPUT}/strides", [4]), ""),
    "a stage that is not known": ("answer", changed(RAISED, "stage", "lunch"), ""),
    "types that are a text": ("answer", changed(RAISED, "types", "ValueError"), ""),
    "no types": ("answer", changed(RAISED, "types"), ""),
    "a message that is none": ("answer", changed(RAISED, "message", None), ""),
    "unsupported without an id": ("answer", changed(UNSUPPORTED, "unsupported"), ""),
    "a reason that is a number": ("answer", changed(UNSUPPORTED, "reason", 3), ""),
    "no claims": ("answer", changed(STARTED, "claims"), ""),
    "a version that is a number": ("answer", changed(STARTED, "version", 1), ""),
    "apis in a text": ("answer", changed(STARTED, "claims/apis", "tf.nn.conv_transpose"), ""),
    "no dtypes claimed": ("answer", changed(STARTED, "claims/dtypes"), ""),
    "a claim that is a text": ("answer", changed(STARTED, "claims/by_position", "false"), ""),
    "arithmetic that is not known": (
        *("answer", changed(STARTED, "claims/arithmetic", {"float32": {"flushes": True}}), ""),
    ),
    "arithmetic of a dtype without rounding": (
        *("answer", changed(STARTED, "claims/arithmetic", {"int32": {}}), ""),
    ),
    "another interpretation": ("answer", changed(STARTED, "claims/interpretation", "2.0"), ""),
    "a name that is a number": ("answer", changed(STARTED, "name", 3), NOBODY),
    # of requests, which only workers read
    "a verb that is not known": ("request", changed(PERFORM, "do", "try"), SUITE),
    "a start without a protocol": ("request", changed(START, "protocol"), SUITE),
    "a start without an interpretation": ("request", changed(START, "interpretation"), SUITE),
    "another protocol": ("request", changed(START, "protocol", 2), SUITE),
    "more than stop": ("request", {"do": "stop", "now": True}, SUITE),
    "a negative id": ("request", changed(PERFORM, "id", -1), SUITE),
    # of calls, in a golden line
    "an api that is no full name": ("golden", changed(LINE, "call/api", "torch..conv"), SUITE),
    "no input": ("golden", changed(LINE, INPUT), SUITE),
    "a tag that is not known": ("golden", changed(LINE, "call/arguments/strides", {"$list": [2]}), ""),
    "two tags": ("golden", changed(LINE, "call/arguments/strides/$int", "2"), SUITE),
    "an integer that is none": ("golden", changed(LINE, "call/arguments/strides", {"$int": 2.5}), SUITE),
    "a function that is not known": (
        *("golden", changed(LINE, "call/arguments/activation", {"$callable": "exec"}), ""),
    ),
    "data and a recipe": ("golden", changed(LINE, f"{INPUT}/make", MADE["make"]), SUITE),
    "neither data nor a recipe": ("golden", changed(LINE, f"{INPUT}/data"), ""),
    "a recipe of another kind": ("golden", changed(LINE, "call/tensors/filters/make/kind", "normal"), ""),
    "a seed of 65 bits": ("golden", changed(LINE, "call/tensors/filters/make/seed", 1 << 64), ""),
    "a layout that is not known": ("golden", changed(LINE, f"{INPUT}/layout", "sparse"), ""),
    "a dtype that is not known": ("golden", changed(LINE, f"{INPUT}/dtype", "complex64"), ""),
    "an observation twice": ("golden", changed(LINE, "call/observe", ["output", "output"]), SUITE),
    "an observation out of no list": ("golden", changed(LINE, "call/observe", ["weather"]), SUITE),
    "a gradient without the one by the output": (
        *("golden", changed(LINE, "call/observe", ["gradient-input"]), SUITE),
    ),
    "again without between": ("golden", changed(LINE, "call/observe", ["output", "again"]), SUITE),
    "a shape for declared, which is not asked": ("golden", changed(LINE, "call/input_shape", [2]), SUITE),
    # of what else is in a golden line
    "no checks": ("golden", changed(LINE, "checks", []), SUITE),
    "a kind that is not known": ("golden", changed(LINE, "checks/0/kind", "speed"), SUITE),
    "values without any": ("golden", changed(LINE, "checks/1/demanded"), SUITE),
    "something demanded of returning": ("golden", changed(LINE, "checks/0/demanded", True), SUITE),
    "ends without the exact sums": (
        *("golden", changed(LINE, "checks/1/demanded", {"low": TENSOR, "high": TENSOR}), SUITE),
    ),
    "a clause without a document": ("golden", changed(LINE, "checks/0/clause", "values"), SUITE),
    "another format": ("golden", changed(LINE, "format", 3), ""),
    "an interpretation of another major": ("golden", changed(LINE, "interpretation", "2.0"), ""),
    "a note": ("golden", {**LINE, "note": "hello"}, SUITE),
}
UNSEEN = {
    "as many bytes as the shape asks for": ("answer", changed(RETURNED, f"{OUTPUT}/shape", [3])),
    "a size without a point": ("answer", changed(RETURNED, f"{OUTPUT}/shape", [2.0])),
    "an id without a point": ("answer", changed(RETURNED, "id", 0.0)),
    "the id that is due": ("answer", changed(RETURNED, "id", 1)),
    "what was asked for, and no more": ("answer", changed(RETURNED, "observed/again", TENSOR)),
    "as many elements as can be held": ("answer", changed(RETURNED, f"{OUTPUT}/shape", [1 << 20, 1 << 20])),
    "a range that is not empty": ("golden", changed(LINE, "call/tensors/filters/make/low", 10)),
}
"""What the harness refuses and a schema can't see."""


def harness_refuses(name, message):
    """Tell whether whoever reads such a message in the suite refuses it; requests have no reader there."""
    if name == "request":
        return False
    if name == "answer":
        return worker_is_refused(message)
    rest = {key: value for key, value in message.items() if key != "seal"}
    try:
        call = golden.parse(json.dumps({**rest, "seal": golden._seal(rest)}), "here").call
        for value in call.tensors.values():
            decode(value)
        for value in call.arguments.values():
            untag(value)
    except AdjointError:
        return True
    except (KeyError, TypeError):  # it breaks: that is no refusal
        return False
    return False


def worker_is_refused(answer):
    """Tell whether an answer, of a real worker, does not start it or breaks the protocol."""
    return said_of(json.dumps(answer), "outcome" not in answer and "id" not in answer) != ""


@pytest.mark.parametrize(("name", "message", "taken"), MUTANTS.values(), ids=MUTANTS)
def test_what_breaks_a_rule_is_refused_by_the_schema_and_by_the_harness(name, message, taken):
    assert problem(name, message) != ""
    assert harness_refuses(name, message) == (not taken)


@pytest.mark.parametrize(("name", "message"), UNSEEN.values(), ids=UNSEEN)
def test_what_only_the_harness_sees(name, message):
    assert problem(name, message) == ""
    assert harness_refuses(name, message)


@pytest.mark.parametrize("answer", [STARTED, RETURNED, RAISED, UNSUPPORTED], ids=str)
def test_what_is_right_the_harness_takes(answer):
    assert not worker_is_refused(answer)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_json_has_not_is_refused_before_any_schema_is_asked(number):
    """Python writes NaN and Infinity all the same, and so the harness is sent them."""
    assert worker_is_refused({**RETURNED, "more": float(number)})


# --- the lists in the schemas are those of the harness


def consts(rows):
    return [row["const"] for row in rows if "const" in row]


def test_the_closed_lists_are_those_of_the_harness():
    of_call, of_answer, of_tensor = (schema(name)["$defs"] for name in ("call", "answer", "tensor"))
    known = {"output", "gradient-input", "gradient-kernel", "gradient-bias", "between", "again", "later"}
    known |= {*PLAIN, *BY_WEIGHT, *ATTRIBUTES, *(name for names in OBSERVED_BY.values() for name in names)}
    known |= {"collected_losses"}
    assert set(consts(of_call["observation"]["anyOf"])) == known == set(of_answer["observed"]["properties"])
    assert of_tensor["dtype"]["enum"] == list(DTYPES)
    assert of_tensor["layout"]["enum"] == list(LAYOUTS)
    assert of_call["callable"]["properties"]["$callable"]["enum"] == list(FUNCTIONS)
    assert of_answer["raised"]["properties"]["stage"]["enum"] == list(STAGES)
    assert set(of_answer["arithmetic"]["properties"]) == set(ARITHMETIC)
    assert schema("golden")["$defs"]["check"]["properties"]["kind"]["enum"] == list(KINDS)
    for name, values in ARITHMETIC.items():
        field = of_answer["arithmetic"]["properties"][name]
        assert field.get("enum", [True, False]) == list(values)
