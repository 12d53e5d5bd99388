"""Is each seeded fault one?  Its witness is a call on which it shows, and the right one does not."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest

from adjoint import tensors
from adjoint.call import GRADIENTS, Call
from adjoint.cases.write import laid_out, with_gradients
from adjoint.demand import demand
from adjoint.golden import Case, Check, load
from adjoint.implementations import serving
from adjoint.judge import judge
from adjoint.outcome import parse
from adjoint.reference.answer import Refused
from adjoint.reference.bound import Claim
from adjoint.reference.exact import FORMATS
from adjoint.spec import load as load_spec
from tests.faults import loading

FAULTS = loading.faults()
OF_OUTPUTS = {name: fault for name, fault in FAULTS.items() if "observe" not in fault.witness}
OF_FEATURES = {name: fault for name, fault in FAULTS.items() if "observe" in fault.witness}
LARGEST = 9
NONE = {"$none": True}


def without_none(value: Any) -> Any:
    """Return an argument with JSON's null where TOML, which has none, says `$none`."""
    if value == NONE:
        return None
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items()}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def made(name: str, shape: list[int], dtype: str, witness: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tensor of a witness: integers, or fractions that fill the dtype's precision."""
    seed = int(hashlib.sha256(f"{name} {shape}".encode()).hexdigest()[:8], 16)
    fractions = witness.get("data") == "fractions"
    most = (1 << FORMATS[dtype].precision) - 1 if fractions else LARGEST
    numbers = tensors.make({"low": -most, "high": most, "seed": seed}, tuple(shape), "int64")
    array = (numbers / (most + 1 if fractions else 1)).astype(dtype)
    put = witness.get("put", {}).get(name, [])
    array.reshape(-1)[: len(put)] = [float(number) for number in put]
    return tensors.encode(array)


def call_of(witness: Mapping[str, Any]) -> Call:
    dtype, others = witness.get("dtype", "float32"), witness.get("other_dtypes", {})
    given = {
        name: made(name, shape, others.get(name, dtype), witness)
        for name, shape in witness["tensors"].items()
    }
    for name, layout in witness.get("layouts", {}).items():
        given[name] = laid_out(given[name], layout)
    call = Call(witness["api"], without_none(witness.get("arguments", {})), given)
    if witness.get("gradients"):
        kinds = GRADIENTS[: 2 + ("bias" in given)]
        own = "gradient" in given
        sloped = replace(call, observe=("output", *kinds)) if own else with_gradients(call, kinds)
        return sloped.keeping()
    return call.repeated() if witness.get("repeated") else call


def case_of(call: Call, claims: Mapping[str, Any]) -> Case:
    """Return what the clauses demand of a witness, whatever clauses they are."""
    document = next(d for d in load_spec().documents.values() if call.api in d.apis)
    closed = next(
        c.id for c in load_spec().clauses.values() if c.document == document.id and c.level != "open"
    )
    claim = Claim(**{"accumulator": call.dtype, **claims["arithmetic"].get(call.dtype, {})})
    try:
        wanted = demand(call, claim)
    except Refused as refused:
        types = [check for check in TYPES if check.clause == refused.clause]
        return Case(call, (Check("raised", refused.clause), *types[:1]), "a witness")
    assert not wanted.doubt, "the witness is of an open clause"
    demanded = {"returned": None, "dtype": wanted.dtype, "shape": wanted.shape, "values": wanted.values[""]}
    if call.is_repeated:
        other = demand(call.opposite(), claim).values[""]
        demanded |= {"inputs-kept": None, "repeatable": other, "output-kept": None}
    demanded |= wanted.gradients
    demanded |= {"inputs-kept": None} if wanted.gradients else {}
    return Case(call, tuple(Check(kind, closed, what) for kind, what in demanded.items()), "a witness")


TYPES = [check for case in load() for check in case.checks if check.kind == "raised-type"]
RIGHT = {blocked: loading.system(blocked=blocked) for blocked in (False, True)}


def verdicts(system: Any, case: Case) -> set[str]:
    answer = serving.performed(system, case.call.to_json())
    return {verdict.verdict for verdict in judge(case, parse(answer, case.call.observe), python_errors=True)}


def same_numbers(_: Any = None) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(1))


def looked_at(system: Any, witness: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a system shows of a witness; the numbers that it draws are the same each time."""
    call = call_of(witness)
    arguments = {name: serving.untag_argument(system, name, value) for name, value in call.arguments.items()}
    given = {name: tensors.decode(value) for name, value in call.tensors.items()}
    shape, wanted = without_none(witness.get("input_shape")), tuple(witness["observe"])
    with mock.patch("numpy.random.default_rng", side_effect=same_numbers):
        seen = system.look(call.api, serving.Arguments(arguments), given, lambda _: None, wanted, shape)
    return {name: comparable(seen[name]) for name in wanted}


def comparable(value: Any) -> Any:
    """Return what was seen in a form that tells by == whether it is the same."""
    if isinstance(value, dict):
        return {name: comparable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.name, value.tolist()
    return str(inspect.signature(value)) if callable(value) else value


def test_there_are_many_and_no_two_alike():
    assert len(FAULTS) >= 200
    assert len({(fault.file, fault.old, fault.new) for fault in FAULTS.values()}) == len(FAULTS)
    assert len({fault.about for fault in FAULTS.values()}) == len(FAULTS)


@pytest.mark.parametrize("fault", OF_FEATURES.values(), ids=OF_FEATURES)
def test_the_witness_shows_the_fault_in_all_that_it_looks_at(fault):
    right, wrong = (looked_at(system, fault.witness) for system in (RIGHT[False], loading.system(fault)))
    assert right == looked_at(RIGHT[False], fault.witness)
    assert [name for name in right if right[name] == wrong[name]] == []


@pytest.mark.parametrize("fault", OF_OUTPUTS.values(), ids=OF_OUTPUTS)
def test_the_witness_shows_the_fault_and_nothing_else(fault):
    right = RIGHT[fault.file == "blocked.py"]
    claims = {**right.start()["claims"], **fault.claims}
    case = case_of(call_of(fault.witness), claims)
    assert verdicts(right, case) == {"conforms"}
    assert verdicts(loading.system(fault), case) & {"deviates"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_witness_is_of_an_api_that_the_fault_can_reach(fault):
    assert loading.reached(fault, [fault.witness["api"]])


@pytest.mark.parametrize("blocked", [False, True])
def test_without_a_fault_all_golden_cases_conform(blocked):
    """So what the score counts is the faults alone, whichever of the two forms they are in."""
    unseen = {"bases", "node", "graph", "scope_name", "collected_losses"}  # what it does not claim to show
    known = [
        case
        for case in load()
        if case.call.dtype in FORMATS and case.call.home is None and not unseen & set(case.call.observe)
    ]
    for case in known:
        assert not verdicts(RIGHT[blocked], case) & {"deviates", "crashed"}, case.call


def test_a_fault_whose_place_is_gone_is_said_to_be():
    fault = loading.Fault("x", "gone", "", "operation.py", "no such text", "", {})
    with pytest.raises(ValueError, match=r"gone: its old text is 0 times in operation\.py"):
        loading.system(fault)


def test_who_imports_the_fast_room_later_gets_it_without_a_fault():
    from adjoint.fast import operation
    from adjoint.implementations import on_fast

    assert not hasattr(operation, "TILE")
    assert on_fast.tf_nn.operation is operation
    assert RIGHT[True].tf_nn.operation.TILE == 16
    assert RIGHT[False].tf_nn.operation is not operation


def test_arrays_of_a_witness_are_those_of_its_row():
    witness = {"tensors": {"input": [2, 3]}, "dtype": "float16", "put": {"input": ["nan", "-inf"]}, "api": ""}
    array = call_of(witness).arrays()["input"]
    assert array.dtype == np.float16
    assert np.isnan(array[0, 0])
    assert array[0, 1] == -np.inf
    assert np.isfinite(array.reshape(-1)[2:]).all()
