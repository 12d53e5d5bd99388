"""Is what separates two sets of calls found, if it is simple, and nothing claimed if it is not?"""

from __future__ import annotations

import pytest

from adjoint.deviations import Deviation
from adjoint.predicates import Predicate, separating


def call(**parameters):
    known = {name.replace("__", "."): value for name, value in parameters.items()}
    return {"api": "f", "given": sorted(set(parameters) - {"input__shape", "bias__shape"}), **known}


def first(failing, conforming):
    return next(iter(separating(failing, conforming)), None)


STRIDES = [call(stride=n, input__shape=[1, 2, n]) for n in range(1, 8)]


@pytest.mark.parametrize(
    ("failing", "conforming", "where", "when"),
    [
        ([call(padding="SAME")], [call(padding="VALID")], {"padding": "SAME"}, ""),
        ([call(stride=[2, 1])], [call(stride=[1, 2]), call(stride=[2, 2])], {"stride": [2, 1]}, ""),
        ([call(a="x"), call(a="y")], [call(b="z"), call()], {}, "'a' in given"),
        ([call(a="x"), call(a="y")], [call(a="z"), call(a="w")], {}, "a == 'x' or a == 'y'"),
        ([call(a=n) for n in "pqrst"], [call(a="z")], {}, "a != 'z'"),
        (STRIDES[2:], STRIDES[:2], {}, "stride >= 3"),
        (STRIDES[:5], STRIDES[5:], {}, "stride <= 5"),
        ([call()], [call(bias__shape=[3])], {}, "not bias_shape"),
        ([call(bias__shape=[3]), call(bias__shape=[4])], [call()], {}, "bias_shape"),
        ([call(), call(a=2)], [call(b=1), call(b=3, a=1)], {}, "'b' not in given"),
        (
            [call(d=[1, 2]), call(d=[3, 1]), call(d=[5, 2]), call(d=[9, 7]), call(d=[8, 6])],
            [call(d=[n, n]) for n in range(1, 9)],
            {},
            "d[0] != d[1]",
        ),
        (
            [call(a="x", b=1)],
            [call(a="x", b=2), call(a="y", b=1)],
            {"a": "x", "b": 1},
            "",
        ),
    ],
    ids=str,
)
def test_the_simplest_predicate_is_found(failing, conforming, where, when):
    assert first(failing, conforming) == Predicate(where, when)


def test_a_pair_is_found_where_no_single_parameter_separates():
    failing = [call(stride=n, groups=m) for n in (3, 5, 7, 9, 11) for m in (2, 4, 6, 8, 10)]
    conforming = [call(stride=1, groups=m) for m in range(1, 11)] + [call(stride=n, groups=1) for n in (3, 9)]
    assert first(failing, conforming) == Predicate({}, "groups >= 2 and stride >= 3")


@pytest.mark.parametrize(
    ("failing", "conforming"),
    [
        ([call(a=1)], [call(a=1)]),
        ([call(a=n, b=m) for n in (1, 9) for m in (1, 9)], [call(a=5, b=m) for m in (0, 1, 5, 9, 10)]),
    ],
)
def test_where_nothing_simple_separates_nothing_is_said(failing, conforming):
    found = first(failing, conforming)
    if found is not None:  # then it does separate
        row = Deviation("mine", "c", "", where=found.where, when=found.when)
        assert not any(row.matches("c", "values", one) for one in conforming)


def test_calls_that_are_alike_are_not_told_apart():
    assert first([call(a=1)], [call(a=1)]) is None


def test_an_argument_is_liked_better_than_a_shape():
    failing = [call(stride=3, input__shape=[1, 2, 3])]
    conforming = [call(stride=1, input__shape=[2, 2, 3])]
    assert first(failing, conforming) == Predicate({"stride": 3}, "")


def test_what_was_seen_of_a_call_is_no_predicate():
    assert first([{**call(), "becomes": "nan"}], [{**call(), "becomes": ""}]) is None


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1 << 70, [None], {"a": 1}])
def test_a_value_that_toml_cant_say_is_not_said(value):
    for predicate in separating([call(a=value)], [call(b=1)]):
        assert "a" not in predicate.where


def test_every_predicate_means_the_same_as_a_declaration():
    failing = [
        call(stride=[n, 2 * n], padding=p, groups=n, input__shape=[n, 3, 4]) for n in (2, 3) for p in ("a", 1)
    ]
    conforming = [
        *(call(stride=n, padding="a", input__shape=[1, 3]) for n in (1, 2, 3)),
        *(call(stride=[n, n], groups=1, bias__shape=[3], input__shape=[n, 3, 4]) for n in (1, 4)),
    ]
    found = list(separating(failing, conforming))
    assert len(found) > 20
    for predicate in found:
        row = Deviation("mine", "c", "", where=predicate.where, when=predicate.when)
        assert all(row.matches("c", "values", one) for one in failing), predicate
        assert not any(row.matches("c", "values", one) for one in conforming), predicate
