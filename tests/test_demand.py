"""Does a check hold what the reference answers, in the form that its data ask for?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adjoint import golden, tensors
from adjoint.call import Call
from adjoint.cases.demanded import case_of
from adjoint.cases.settings import Axis, Setting, call_of
from adjoint.claimed import under
from adjoint.comparing import compare
from adjoint.demand import _between, demand, operation_of
from adjoint.golden import Check
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.apis import translate
from adjoint.reference.bound import Claim, Interval, accepted, accepted_output
from adjoint.reference.exact import Tensor
from adjoint.reference.special import accepted_special
from adjoint.reference.translation import gradients, output

SETTING = Setting(
    "torch.nn.functional.conv_transpose2d", (Axis(3, 2, 2), Axis(4, 3, 1, 2)), 2, 4, 6, 2, bias=True, seed=5
)
SAME = Setting("keras.layers.Conv1DTranspose", (Axis(4, 3, 2, extra=1),), same=True, pads_output=True)


def made(data: str, **changes: Any) -> Call:
    return call_of(replace(SETTING, data=data, **changes))


def ends(values: Any) -> list[list[float]]:
    return [tensors.decode(values[name]).ravel().tolist() for name in ("low", "high", "exact", "unit")]


def ends_of(allowed: Interval) -> list[list[float]]:
    """Return the parts of an interval as they are demanded: units in half the bits."""
    units = [float(np.float32(unit)) for unit in allowed.unit]
    return [*(list(part) for part in (allowed.low, allowed.high, allowed.exact)), units]


def test_of_exact_data_the_very_numbers_are_demanded() -> None:
    call = made("exact")
    wanted = demand(call)
    assert (wanted.dtype, wanted.shape) == ("float32", [2, 6, 6, 8])
    assert wanted.within == [[2, 2], [6, 6], [6, 7], [8, 8]]
    assert set(wanted.values[""]) == {"dtype", "shape", "data"}
    exact = {name: Tensor.from_array(array) for name, array in call.arrays().items()}
    answered = output(translate(call.api, exact, call.values))
    assert np.array_equal(tensors.decode(wanted.values[""]), answered.values.to_array())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_of_rounded_data_an_interval_is_demanded(dtype: str) -> None:
    call = made("rounded", dtype=dtype)
    wanted = demand(call).values[""]
    exact = {name: Tensor.from_array(array) for name, array in call.arrays().items()}
    allowed = accepted_output(translate(call.api, exact, call.values), Claim(dtype))[""]
    assert ends(wanted) == ends_of(allowed)
    assert wanted["low"]["dtype"] == dtype


def test_of_special_data_nan_and_infinities_are_demanded_where_they_reach() -> None:
    call = made("special")
    wanted = demand(call).values[""]
    allowed = accepted_special(call.api, call.arrays(), call.values, Claim("float32"))[""]
    assert np.array_equal(ends(wanted)[0], allowed.low, equal_nan=True)
    assert not np.isfinite(ends(wanted)[0]).all()
    assert np.isfinite(ends(wanted)[0]).any()


def test_a_claim_of_a_better_accumulator_narrows_and_of_rounded_inputs_widens() -> None:
    half, exact = made("rounded", dtype="float16"), made("exact")
    plain, better = (ends(demand(half, Claim(name)).values[""]) for name in ("float16", "float32"))
    assert all(a <= b for a, b in zip(plain[0], better[0], strict=True))
    assert plain[0] != better[0]
    (rounded,) = demand(exact, Claim("float32", input_rounding="tf32")).values.values()
    assert "low" in rounded
    assert "low" in demand(exact, Claim("float32", algorithm="transform")).values[""]
    assert "low" not in demand(exact, Claim("float32", flush=True)).values[""]


def test_where_terms_are_too_many_for_the_dtype_the_demand_is_vacuous() -> None:
    many = Setting("torch.nn.functional.conv_transpose1d", (Axis(1, 1),), channels=300, data="rounded")
    assert demand(call_of(replace(many, dtype="bfloat16"))).values[""]["vacuous"] is True
    assert "vacuous" not in demand(call_of(replace(many, dtype="float32"))).values[""]


def test_a_check_is_demanded_anew_under_a_claim() -> None:
    case = case_of(replace(SETTING, data="rounded", dtype="float16"))
    held = {check.kind: check for check in case.checks}
    claim = Claim("float32")
    assert under([held["shape"]], case.call, claim) == (held["shape"],)
    shape, anew = under([held["shape"], held["values"]], case.call, claim)
    assert shape is held["shape"]
    assert ends(anew.demanded) == ends(demand(case.call, claim).values[""])
    assert anew.clause == held["values"].clause
    nothing = Check("values", "keras-conv2d.same-odd", None)
    assert under([nothing], case.call, claim) == (nothing,)


def test_readings_stay_readings_under_a_claim() -> None:
    case = case_of(SAME)
    values = next(check for check in case.checks if check.kind == "values")
    assert values.clause == "keras-conv1d.output-padding-same"
    (anew,) = under([values], case.call, Claim("float32", input_rounding="tf32"))
    assert anew.demanded["readings"].keys() == values.demanded["readings"].keys()
    for reading in values.demanded["readings"].values():
        assert compare(anew.demanded, tensors.decode(reading)).held


def test_a_call_that_is_refused_demands_nothing() -> None:
    call = made("exact")
    wrong = Call(call.api, {**call.arguments, "stride": 0}, call.tensors)
    for asked in (demand, operation_of):
        with pytest.raises(Refused):
            asked(wrong)


def test_what_a_transform_makes_of_nan_and_a_worse_accumulator_of_whole_numbers_is_not_held() -> None:
    special = demand(made("special"), Claim("float32", algorithm="transform")).values[""]
    assert special["vacuous"] is True
    exact = made("exact", dtype="float64")
    assert "low" in demand(exact, Claim("float32")).values[""]
    assert "low" not in demand(made("exact"), Claim("float64")).values[""]


RELU = Setting("keras.layers.Conv1DTranspose", (Axis(3, 2),), 2, 2, 3, bias=True, activation="relu")
"""A layer whose gradients are known where its numbers are all above or below zero before relu."""


def with_numbers(call: Call, **numbers: Any) -> Call:
    """Return the call with the first of some tensors' numbers replaced."""
    changed = {}
    for name, value in numbers.items():
        array = tensors.decode(call.tensors[name])
        array.reshape(-1)[:] = value
        changed[name] = tensors.encode(array)
    return replace(call, tensors={**call.tensors, **changed})


@pytest.mark.parametrize("data", ["exact", "rounded"])
def test_of_each_gradient_that_is_observed_the_references_answer_is_demanded(data: str) -> None:
    call = made(data, gradients=True)
    assert call.gradient is not None
    wanted = demand(call).gradients
    assert list(wanted) == ["gradient-input", "gradient-kernel", "gradient-bias"]
    exact = {name: Tensor.from_array(array) for name, array in call.arrays().items()}
    answers = gradients(translate(call.api, exact, call.values), Tensor.from_array(call.gradient))
    for kind, demanded in wanted.items():
        answer = answers[kind.removeprefix("gradient-")]
        if data == "exact":
            assert np.array_equal(tensors.decode(demanded), answer.values.to_array())
        else:
            allowed = accepted(answer, Claim("float32"))
            assert ends(demanded) == ends_of(allowed)
    assert list(demand(replace(call, observe=("output", "gradient-bias"))).gradients) == ["gradient-bias"]
    assert demand(made(data)).gradients == {}


def test_gradients_are_demanded_anew_under_a_claim() -> None:
    case = case_of(replace(SETTING, data="rounded", dtype="float16", gradients=True), Claim)
    held = [check for check in case.checks if check.kind.startswith("gradient")]
    anew = under(held, case.call, Claim("float32"))
    assert [check.kind for check in anew] == [check.kind for check in held]
    assert all(ends(new.demanded) != ends(old.demanded) for new, old in zip(anew, held, strict=True))
    assert {check.kind: check.demanded for check in anew} == demand(case.call, Claim("float32")).gradients


@pytest.mark.parametrize("rule", ["sign-of-zero", "subnormal", "repeatable", "gradients"])
def test_under_the_claim_that_a_golden_case_was_written_for_it_is_as_it_is(rule: str) -> None:
    case = next(case for case in golden.load() if f"tf-nn.{rule}" in case.clauses())
    assert under(case.checks, case.call, Claim(case.call.dtype)) == case.checks


def test_through_relu_no_gradient_is_demanded_where_an_element_is_zero() -> None:
    call = call_of(replace(RELU, gradients=True))
    half = with_numbers(call, bias=0.5)
    assert "low" not in demand(half).gradients["gradient-input"]
    with pytest.raises(Unspecified, match="relu"):
        demand(with_numbers(call, input=0, bias=[0, 1, 1]))
    assert case_of(replace(RELU, axes=(Axis(1, 1, 2),), bias=False, gradients=True)).call.gradient is None


def test_through_relu_a_gradient_is_vacuous_where_rounding_may_cross_zero() -> None:
    call = call_of(replace(RELU, gradients=True))
    claim = Claim("float32", input_rounding="tf32")
    large = with_numbers(call, bias=1e9)
    assert not any("vacuous" in each for each in demand(large, claim).gradients.values())
    near = with_numbers(call, input=[1000, -1000] * 6, kernel=1, bias=0.5)
    assert not any("vacuous" in each for each in demand(near).gradients.values())
    small = with_numbers(call, input=[1, -1] * 6, kernel=1, bias=0.5 / 1024)
    for each in (*demand(near, claim).gradients.values(), *demand(small, claim).gradients.values()):
        assert each["vacuous"] is True


def test_a_gradient_is_not_vacuous_where_nothing_bends_or_nothing_rounds() -> None:
    claim = Claim("float32", input_rounding="tf32")
    straight = call_of(replace(RELU, activation="linear", gradients=True))
    near = with_numbers(straight, input=[1000, -1000] * 6, kernel=1, bias=0.5)
    assert not any("vacuous" in each for each in demand(near, claim).gradients.values())
    exact = with_numbers(
        call_of(replace(RELU, gradients=True)), input=[2**19, -(2**19)] * 6, kernel=1, bias=1
    )
    assert not any("vacuous" in each for each in demand(exact).gradients.values())


def test_of_special_data_and_where_the_output_is_open_no_gradient_is_demanded() -> None:
    call = made("exact", gradients=True)
    with pytest.raises(Unspecified, match="finite"):
        demand(with_numbers(call, input=np.nan))
    assert case_of(replace(SAME, gradients=True)).call.observe == ("output",)


@pytest.mark.parametrize(("last", "exact"), [(0, True), (1, False)])
def test_numbers_are_demanded_up_to_where_every_sum_is_exact_and_an_interval_beyond(
    last: int, exact: bool
) -> None:
    x = tensors.encode(np.array([[[2048], [last]]], "float16"))
    call = Call(
        SETTING.api.replace("2d", "1d"),
        {},
        {"input": x, "weight": tensors.encode(np.ones((2, 1, 1), "float16"))},
    )
    assert ("low" not in demand(call).values[""]) is exact


def test_a_unit_that_half_the_bits_can_not_hold_keeps_them_all() -> None:
    small = Interval((0.0,), (1.0,), (0.5,), (2.0**-60,), False)
    for unit, dtype in (
        (2.0**-60, "float32"),
        (0.0, "float32"),
        (2.0**-140, "float64"),
        (2.0**200, "float64"),
    ):
        held = replace(small, unit=(unit,))
        assert _between(held, "float64", [1])["unit"]["dtype"] == dtype
        assert ends(_between(held, "float64", [1]))[-1] == [unit]
