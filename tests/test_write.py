"""Does the writer of golden files refuse a row that demands what the reference can't answer for?"""

from __future__ import annotations

from typing import Any

import pytest

from adjoint.cases import family
from adjoint.cases.write import cases_of
from adjoint.errors import UsageError
from adjoint.golden import Case

HEAD = {"dtypes": ["float32"], "clauses": {}}


def made(api: str, rule: str, **row: Any) -> Case:
    (only,) = family.rows({"apis": [api], "case": [{"rule": rule, "why": "so", **row}]})
    (case,) = cases_of(only, HEAD)
    return case


@pytest.mark.parametrize("rule", ["valid-shape", "shape-round-trip", "values"])
def test_nothing_closed_is_demanded_of_a_size_that_is_open(rule: str) -> None:
    api, spread = "tf.keras.layers.Conv3DTranspose", {"dilation_rate": 2}
    assert made(api, rule)
    with pytest.raises(UsageError, match="open"):
        made(api, rule, arguments=spread)
    observed = made(api, "dilated-shape", arguments=spread, kinds=["returned", "shape"])
    assert [check.clause for check in observed.checks][1] == "tf-keras-conv3d.dilated-shape"


def test_nothing_closed_is_demanded_of_a_call_that_no_clause_speaks_of() -> None:
    api, unsaid = "keras.layers.Conv3DTranspose", {"output_padding": 0, "strides": 2, "padding": "same"}
    even = {"kernel": [2, 2, 2], "arguments": unsaid}
    with pytest.raises(UsageError, match=r"no answer .* \['keras-conv3d\.values'\]"):
        made(api, "values", **even, kinds=["values"])
    observed = made(api, "same-output-padding-zero", **even, kinds=["returned", "shape"])
    assert [check.demanded for check in observed.checks] == [None, None]


def test_a_refused_row_names_the_clause_that_refuses() -> None:
    api = "keras.layers.Conv1DTranspose"
    assert made(api, "refuses-strides", refused=True, arguments={"strides": 0})
    for arguments, said in (
        ({"strides": 0.5}, "refuses-fractions, not by"),
        ({"strides": 2}, "does not refuse"),
    ):
        with pytest.raises(UsageError, match=said):
            made(api, "refuses-strides", refused=True, arguments=arguments)


def test_the_range_of_a_round_trip_and_a_shape_are_demanded_as_the_reference_has_them() -> None:
    arguments = {"strides": 3}
    case = made("keras.layers.Conv1DTranspose", "shape-round-trip", size=[4], kernel=[2], arguments=arguments)
    demanded = {check.kind: check.demanded for check in case.checks}
    assert demanded == {"returned": None, "shape-within": [[1, 1], [11, 13], [3, 3]]}
