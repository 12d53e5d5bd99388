"""Are demanded numbers written short, and read back as they were, whatever they are?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from adjoint.compact import compact, expanded
from adjoint.tensors import DTYPES, encode

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@given(st.data(), st.sampled_from([name for name in DTYPES if name != "bfloat16"]), SHAPES)
def test_whatever_is_demanded_is_read_back_bit_by_bit(data, dtype, shape):
    demanded = encode(data.draw(hnp.arrays(dtype, shape)))
    assert expanded(compact(demanded)) == demanded


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "bool"])
def test_integers_are_written_as_such(dtype):
    demanded = encode(np.array([[1, -2], [0, 3]]).astype(dtype))
    short = {"dtype": dtype, "shape": [2, 2], "integers": [1, -2, 0, 3]}
    assert compact(demanded) == short
    assert compact({"readings": {"a": demanded}}) == {"readings": {"a": short}}
    assert expanded([short, {"low": short}]) == [demanded, {"low": demanded}]


@pytest.mark.parametrize("number", [-0.0, 0.5, np.nan, np.inf, -np.inf, 2.0**53, 1e300])
def test_what_is_no_integer_or_would_be_longer_stays(number):
    demanded = encode(np.array([1, number, 2.0]))
    assert compact(demanded) == demanded


def test_what_holds_no_tensor_stays():
    for demanded in (None, 3, "float32", [2, 3], {"config": {"filters": 3, "data": None}}):
        assert compact(demanded) == expanded(demanded) == demanded
