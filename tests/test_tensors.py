"""Does a tensor come out of its specification as it went in, and does a bad specification say what is bad?"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from adjoint.errors import MessageError
from adjoint.tensors import DTYPES, LAYOUTS, decode, encode

PLAIN = np.array([[0, 1, 2], [3, 4, 5]])
MAKE = {"kind": "integers", "low": 0, "high": 999, "seed": 0}


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Equal to the last bit, NaN included, whatever the byte order."""
    native = right.astype(right.dtype.newbyteorder("="))
    return (left.dtype, left.shape, left.tobytes()) == (native.dtype, native.shape, native.tobytes())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_every_dtype_survives_from_either_byte_order(dtype, order):
    array = PLAIN.astype(np.dtype(dtype).newbyteorder(order))
    assert same(decode(encode(array)), array)


@pytest.mark.parametrize(
    "array",
    [PLAIN.T, PLAIN[:, ::2], PLAIN[::-1], np.float32(2.5), np.zeros((2, 0, 3)), np.array([])],
    ids=["transposed", "sliced", "reversed", "0-d", "empty", "empty 1-d"],
)
def test_every_layout_survives(array):
    assert same(decode(encode(array)), np.asarray(array))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_in_memory_changes_no_element(layout):
    assert same(decode({**encode(PLAIN), "layout": layout}), PLAIN)


@pytest.mark.parametrize("layout", ["diagonal", 1, ["offset"], {}])
def test_an_unknown_layout_is_refused(layout):
    with pytest.raises(MessageError, match=r"layout is .*; it must be one of transposed, strided"):
        decode({**encode(PLAIN), "layout": layout})


def test_special_values_survive_bit_by_bit():
    odd = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 5e-324, np.finfo(np.float64).max])
    assert same(decode(encode(odd)), odd)


def test_every_bit_pattern_of_bfloat16_survives_as_the_upper_half_of_a_float32():
    patterns = np.arange(1 << 16, dtype=np.uint16)
    data = base64.b64encode(patterns.astype("<u2").tobytes()).decode()
    specification = {"dtype": "bfloat16", "shape": [1 << 16], "data": data}
    array = decode(specification)
    assert array.dtype.name == "bfloat16"
    wide = (patterns.astype(np.uint32) << 16).view(np.float32)
    assert np.array_equal(array.astype(np.float32), wide, equal_nan=True)
    assert encode(array) == specification


def test_a_specification_is_little_endian_and_row_major():
    assert encode(np.array([[1, 2]], ">i4").T) == {"dtype": "int32", "shape": [2, 1], "data": "AQAAAAIAAAA="}


def test_a_decoded_array_can_be_written_to():
    assert decode(encode(PLAIN)).flags.writeable


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"dtype": "float128"}, "dtype is 'float128'"),
        ({"dtype": ">f4"}, "dtype is '>f4'"),
        ({"dtype": None}, "dtype is None"),
        ({"dtype": ["int32"]}, "dtype is"),
        ({"shape": 2}, "shape is 2"),
        ({"shape": [2, -1]}, r"shape is \[2, -1\]"),
        ({"shape": [2.0]}, r"shape is \[2.0\]"),
        ({"shape": [True, 2]}, r"shape is \[True, 2\]"),
        ({"shape": [3]}, "needs 12 bytes, its data has 8"),
        ({"shape": []}, "needs 4 bytes, its data has 8"),
        ({"shape": [10**30]}, "shape"),
        ({"shape": [10**30, 0], "data": ""}, "shape"),
        ({"shape": [1] * 99 + [2]}, "shape"),
        ({"data": ""}, "its data has 0"),
        ({"data": None}, "data is not base64"),
        ({"data": 7}, "data is not base64"),
        ({"data": "AQAA*AAIAAAA="}, "data is not base64"),
        ({"data": "AQAAAAIAAAA"}, "data is not base64"),
        ({"data": "é"}, "data is not base64"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_malformed_specification_is_refused_by_its_part(changes, part):
    good = {"dtype": "int32", "shape": [2], "data": "AQAAAAIAAAA="}
    assert decode(good).tolist() == [1, 2]
    with pytest.raises(MessageError, match=part):
        decode({**good, **changes})


@pytest.mark.parametrize("specification", [None, "int32", [1, 2], 3], ids=repr)
def test_what_is_no_object_is_refused(specification):
    with pytest.raises(MessageError, match="a tensor must be an object, not"):
        decode(specification)


def made(shape: list[int], dtype: str = "int64", **changes: Any) -> np.ndarray:
    return decode({"dtype": dtype, "shape": shape, "make": {**MAKE, **changes}})


def test_made_integers_are_those_of_splitmix64():
    """Its first three numbers from seed 0, as published, end in 535, 700 and 679."""
    assert made([3]).tolist() == [535, 700, 679]


def test_made_integers_follow_the_flat_index_and_the_dtype():
    assert same(made([2, 2], "float32"), made([4]).astype(np.float32).reshape(2, 2))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_made_integers_are_exact_in_half_the_bits(dtype):
    array = made([50], dtype, low=-255, high=255)
    assert array.dtype.name == dtype
    assert array.astype(int).tolist() == made([50], low=-255, high=255).tolist()


def test_made_integers_reach_both_ends_and_no_further():
    assert set(made([200], low=-2, high=1).tolist()) == {-2, -1, 0, 1}


def test_a_seed_is_added_to_the_index_of_the_generator():
    """A step of the generator is the odd constant of SplitMix64."""
    assert made([2], seed=0x9E3779B97F4A7C15).tolist() == [700, 679]


@pytest.mark.parametrize(
    "make",
    [
        None,
        {},
        {**MAKE, "kind": "floats"},
        {**MAKE, "low": "a"},
        {**MAKE, "low": 1000},
        {**MAKE, "low": 1001},
        {**MAKE, "seed": -1},
    ],
    ids=["null", "nothing", "kind", "text", "low = high + 1", "low > high", "negative seed"],
)
@pytest.mark.filterwarnings("error")
def test_a_malformed_recipe_is_refused(make):
    with pytest.raises(MessageError, match="make"):
        decode({"dtype": "int32", "shape": [2], "make": make})


def test_a_made_tensor_that_no_memory_holds_is_refused():
    with pytest.raises(MessageError, match=r"shape|make"):
        made([10**15])
