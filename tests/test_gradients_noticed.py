"""Is each way to get a gradient wrong noticed, in that gradient alone, and never in what is right?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from adjoint import golden, tensors
from adjoint.call import GRADIENTS
from adjoint.cases.demanded import case_of
from adjoint.cases.settings import Axis, Setting
from adjoint.claimed import under
from adjoint.fast import gradients as right
from adjoint.fast import layers, tf_nn, torch_functional
from adjoint.golden import Case
from adjoint.implementations import on_fast, serving
from adjoint.judge import Verdict, judge
from adjoint.outcome import parse
from adjoint.reference.bound import Claim
from adjoint.spec import load

INPUT, KERNEL, BIAS = GRADIENTS
Fault = Callable[..., right.Gradients]


@cache
def cases() -> list[Case]:
    return [case for case in golden.load() if set(case.call.observe) & set(GRADIENTS)]


def answered(case: Case) -> list[Verdict]:
    """Return the verdicts on what the worker of `fast` answers, under what it claims."""
    outcome = parse(serving.performed(on_fast, case.call.to_json()), case.call.observe)
    claimed = on_fast.start()["claims"]["arithmetic"].get(case.call.dtype, {"accumulator": case.call.dtype})
    checks = under(case.checks, case.call, Claim(**claimed))
    return judge(replace(case, checks=checks), outcome, python_errors=True)


def found(some: list[Case]) -> dict[str, set[str]]:
    """Return the kinds that deviate, by the last part of their clause; no other verdict is allowed.

    After a gradient that does, whether it wrote to what it was given is not asked.
    """
    made: dict[str, set[str]] = {}
    for verdict in (verdict for case in some for verdict in answered(case)):
        after = verdict.verdict == "not-reached" and verdict.check.kind == "inputs-kept"
        assert after or verdict.verdict in ("conforms", "deviates"), verdict
        if verdict.verdict == "deviates":
            made.setdefault(verdict.check.clause.split(".")[1], set()).add(verdict.check.kind)
    return made


def plant(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    for module in (layers, tf_nn, torch_functional):
        monkeypatch.setattr(module, "gradients_of", fault)


def cropped_at_the_end(y: Any, x: Any, w: Any, **given: Any) -> right.Gradients:
    axes = zip(
        x.shape[2:],
        w.shape[2:],
        y.shape[2:],
        *(given[name] for name in ("stride", "dilation", "crop")),
        strict=True,
    )
    ends = tuple(max((i - 1) * s + (k - 1) * d + 1 - o - c, 0) for i, k, o, s, d, c in axes)
    return right.gradients(y, x, w, **{**given, "crop": ends})


def with_one(name: str, y: Any, x: Any, w: Any, **given: Any) -> right.Gradients:
    return right.gradients(y, x, w, **{**given, name: (1,) * (x.ndim - 2)})


def changed(change: Callable[..., dict[str, Any]], y: Any, x: Any, w: Any, **given: Any) -> right.Gradients:
    held = right.gradients(y, x, w, **given)
    return replace(held, **change(held, x, given.get("groups", 1)))


def flipped(array: Any) -> Any:
    return np.flip(array, tuple(range(2, array.ndim)))


def with_flipped_kernel(y: Any, x: Any, w: Any, **given: Any) -> right.Gradients:
    held = right.gradients(y, x, w, **given)
    return replace(held, input=right.gradients(y, x, flipped(w), **given).input)


def of_the_first_sample(y: Any, x: Any, w: Any, **given: Any) -> right.Gradients:
    held = right.gradients(y, x, w, **given)
    return replace(held, kernel=right.gradients(y[:1], x[:1], w, **given).kernel)


def in_float64(held: right.Gradients, _x: Any, _groups: int) -> dict[str, Any]:
    return {name: array.astype("float64") for name, array in vars(held).items()}


CHANGES: dict[str, tuple[set[str], Callable[..., dict[str, Any]]]] = {
    "kernel transposed": (
        {KERNEL},
        lambda held, _x, _groups: {"kernel": held.kernel.swapaxes(0, 1).reshape(held.kernel.shape)},
    ),
    "kernel flipped": ({KERNEL}, lambda held, _x, _groups: {"kernel": flipped(held.kernel)}),
    "groups exchanged": (
        {KERNEL},
        lambda held, _x, groups: {"kernel": np.roll(held.kernel, len(held.kernel) // groups, 0)},
    ),
    "bias averaged over the batch": (
        {BIAS},
        lambda held, x, _groups: {"bias": (held.bias / x.dtype.type(max(len(x), 1))).astype(x.dtype)},
    ),
    "input negated": ({INPUT}, lambda held, _x, _groups: {"input": -held.input}),
    "all in float64": ({INPUT, KERNEL, BIAS}, in_float64),
}
FAULTS: dict[str, tuple[set[str], Fault]] = {
    "cropped at the end instead of the start": ({INPUT, KERNEL}, cropped_at_the_end),
    "stride ignored": ({INPUT, KERNEL}, partial(with_one, "stride")),
    "dilation ignored": ({INPUT, KERNEL}, partial(with_one, "dilation")),
    "convolved with the flipped kernel": ({INPUT}, with_flipped_kernel),
    "of the first sample alone": ({KERNEL}, of_the_first_sample),
    **{name: (kinds, partial(changed, change)) for name, (kinds, change) in CHANGES.items()},
}


def test_fast_has_the_gradients_that_are_demanded() -> None:
    assert len(cases()) > 150
    assert found(cases()) == {}


def test_each_clause_of_gradients_is_held_by_cases_of_each_dtype_and_each_api() -> None:
    dtypes = ["bfloat16", "float16", "float32", "float64"]
    seen = {(case.call.api, case.call.dtype) for case in cases()}
    assert seen == {(api, dtype) for api in load().apis() for dtype in dtypes}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed_by_the_clause_of_gradients_and_where_it_is(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds, planted = FAULTS[fault]
    plant(monkeypatch, planted)
    assert found(cases()) == {"gradients": kinds}


def test_a_mask_of_relu_that_is_ignored_is_noticed_wherever_there_is_relu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    through = [case for case in cases() if case.call.values.get("activation") == "relu"]
    monkeypatch.setattr(layers, "BEFORE", dict.fromkeys(layers.BEFORE, lambda gradient, _: gradient))
    assert len(through) > 20
    for case in through:
        assert {BIAS} <= found([case])["gradients"], case.call
    assert found([case for case in cases() if case not in through]) == {}


def drawn(dtype: str, **changes: Any) -> Case:
    axes = (Axis(6, 3, 2, 1, 1, 1), Axis(5, 2, 1, 2))
    api = "torch.nn.functional.conv_transpose2d"
    setting = Setting(api, axes, 3, 2, 3, bias=True, dtype=dtype, data="rounded", gradients=True)
    return case_of(replace(setting, **changes))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("data", ["exact", "rounded"])
def test_gradients_of_drawn_calls_conform(dtype: str, data: str) -> None:
    for seed in range(8):
        assert found([drawn(dtype, data=data, seed=seed)]) == {}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_of_gradients_in_half_precision_are_noticed_where_better_ones_are_claimed(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def badly(y: Any, x: Any, w: Any, **given: Any) -> right.Gradients:
        held = right.gradients(y, x, w, **given)
        total = np.zeros_like(held.bias)
        for part in np.moveaxis(y, 1, -1).reshape(-1, y.shape[1]):
            total = (total + part).astype(y.dtype)
        return replace(held, bias=total)

    plant(monkeypatch, badly)
    seen = [found([drawn(dtype, seed=seed)]) for seed in range(8)]
    assert {"gradients": {BIAS}} in seen
    assert all(each in ({}, {"gradients": {BIAS}}) for each in seen)


def test_a_gradient_that_is_missing_breaks_the_protocol() -> None:
    (case, *_) = cases()
    answer = serving.performed(on_fast, case.call.to_json())
    del answer["observed"][KERNEL]
    with pytest.raises(Exception, match="observed must hold"):
        parse(answer, case.call.observe)


def test_only_what_is_observed_is_sent() -> None:
    (case, *_) = cases()
    call = {**case.call.to_json(), "observe": ["output", BIAS]}
    assert set(serving.performed(on_fast, call)["observed"]) == {"output", BIAS}
    shape = tensors.decode(case.call.tensors["gradient"]).shape
    assert tensors.decode(serving.performed(on_fast, call)["observed"]["output"]).shape == shape
