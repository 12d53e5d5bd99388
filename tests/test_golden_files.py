"""Are the golden files what the reference demands, sealed, exact, and of data that reveals?"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adjoint import golden, tensors
from adjoint.call import GRADIENTS
from adjoint.cases.write import golden_files
from adjoint.errors import GoldenError
from adjoint.golden import Case
from adjoint.observations import OBSERVED_BY
from adjoint.spec import load

PRECISION = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
CASES = list(golden.load())
VALUED = [case for case in CASES if any(check.kind == "values" for check in case.checks)]
SAMPLE = next(case for case in VALUED if "make" in case.call.tensors["input"])


def demands(case: Case) -> list[dict[str, Any]]:
    """Return what is demanded of a case's values, in each reading."""
    (values,) = (check.demanded for check in case.checks if check.kind == "values")
    return list(values.get("readings", {"": values}).values())


ROUNDED = [case for case in VALUED if any("low" in demanded for demanded in demands(case))]
# Rounded data that reach no element of the output are neither.
EXACT = [case for case in VALUED if case not in ROUNDED and not case.why.endswith("rounded data")]
FILLED = [case for case in EXACT if case.call.arrays()["input"].size]
each_exact_case = pytest.mark.parametrize("case", FILLED, ids=[case.id for case in FILLED])
each_rounded_case = pytest.mark.parametrize("case", ROUNDED, ids=[case.id for case in ROUNDED])


@cache
def written() -> dict[str, str]:
    return golden_files()


def test_the_files_are_what_the_reference_demands_byte_for_byte() -> None:
    held = {path.name: path.read_bytes() for path in golden.folder().iterdir()}
    assert held.keys() == written().keys()
    for name, text in written().items():
        assert held[name] == text.encode("ascii"), name


def test_a_line_read_and_written_is_the_same_line() -> None:
    texts = [text for name, text in sorted(written().items()) if name.endswith(".jsonl")]
    lines = [line for text in texts for line in text.splitlines(keepends=True)]
    assert len(lines) == len(CASES) >= 156
    assert [case.to_line() for case in CASES] == lines


def test_every_call_is_made_once() -> None:
    assert len({case.id for case in CASES}) == len({str(case.call.to_json()) for case in CASES}) == len(CASES)


def test_each_check_is_of_a_kind_that_its_clause_observes() -> None:
    wrong = [
        (case.id, check.kind, check.clause)
        for case in CASES
        for check in case.checks
        if check.kind not in load().clauses[check.clause].observes
    ]
    assert not wrong


def test_each_check_speaks_for_a_clause_of_its_own_api() -> None:
    for case in CASES:
        for clause in (*case.clauses(), *case.exercises):
            assert case.call.api in load().document_of(clause).apis, case.id


def test_a_case_demands_a_refusal_or_a_result_and_never_both() -> None:
    for case in CASES:
        kinds = [check.kind for check in case.checks]
        legal = ["returned", "dtype", "shape", "shape-within", "values", *golden.REPEATED]
        in_order = [kind for kind in legal if kind in kinds]
        slopes = [kind for kind in GRADIENTS if kind in kinds]
        looked = [kind for kind in kinds if kind in OBSERVED_BY]
        kept = ["inputs-kept"] if slopes and "inputs-kept" in kinds else []
        alone = (["raised"], ["raised", "raised-type"], [*slopes, *kept])
        assert kinds in alone or kinds == [*in_order, *looked], case.id
        names = [name for name in case.call.observe if name != "output" and name not in slopes]
        if case.call.is_repeated:
            assert case.call == case.call.repeated(), case.id
        elif kept:
            assert names == [f"after-{name}" for name in case.call.tensors], case.id
            assert not looked, case.id
        else:
            assert case.call.observe == ("output", *slopes, *names), case.id
            assert bool(names) == bool(looked), case.id
        assert ("gradient" in case.call.tensors) == bool(slopes or "after-step" in kinds), case.id


def test_only_an_open_clause_demands_nothing() -> None:
    for case in CASES:
        for check in case.checks:
            held_to_others = check.kind in ("returned", "raised", "inputs-kept", "output-kept")
            nothing = check.demanded is None and not held_to_others
            assert not nothing or load().clauses[check.clause].level == "open", case.id


def test_only_open_clauses_have_readings() -> None:
    found = 0
    for case in VALUED:
        (check,) = [check for check in case.checks if check.kind == "values"]
        assert ("readings" in check.demanded) == (load().clauses[check.clause].level == "open"), case.id
        found += "readings" in check.demanded
    assert found


# --- edits by hand ---------------------------------------------------------------------------------------


@pytest.fixture
def reread(tmp_path: Path) -> Callable[[str], list[Case]]:
    """Return what puts a line between two good ones of a file, and loads it."""
    good = [case.to_line() for case in CASES[:2]]

    def load_with(line: str) -> list[Case]:
        text = good[0] + line.removesuffix("\n") + "\n" + good[1]
        (tmp_path / "some.jsonl").write_text(text, encoding="utf-8")
        return list(golden.load(tmp_path))

    return load_with


def test_three_good_lines_are_three_cases_and_other_files_none(
    reread: Callable[[str], list[Case]], tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("not a golden file")
    assert reread(SAMPLE.to_line()) == [CASES[0], SAMPLE, CASES[1]]


def edited(change: Callable[[dict[str, Any]], Any]) -> str:
    data = json.loads(SAMPLE.to_line())
    change(data)
    return json.dumps(data, separators=(",", ":"))


def values_of(data: dict[str, Any]) -> dict[str, Any]:
    return next(check["demanded"] for check in data["checks"] if check["kind"] == "values")


EDITS = {
    "the call": lambda data: data["call"]["arguments"].update(note=1),
    "a seed": lambda data: data["call"]["tensors"]["input"]["make"].update(seed=1),
    "what is demanded": lambda data: values_of(data).update(data="A" + values_of(data)["data"][:-1]),
    "a demanded shape": lambda data: data["checks"][2]["demanded"].reverse(),
    "a clause": lambda data: data["checks"][0].update(clause=data["checks"][1]["clause"]),
    "a check less": lambda data: data["checks"].pop(),
    "the reason": lambda data: data.update(why="because"),
    "the coverage": lambda data: data["exercises"].append("tf-nn.values"),
    "the id": lambda data: data.update(id="0" * 12),
    "a key more": lambda data: data.update(more=1),
    "a key less": lambda data: data.pop("exercises"),
    "the seal": lambda data: data.update(seal="0" * 16),
    "no seal": lambda data: data.pop("seal"),
    "a number that JSON lacks": lambda data: values_of(data).update(dtype=float("nan")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_line_is_refused_by_file_and_line(edit: str, reread: Callable[[str], list[Case]]) -> None:
    line = edited(EDITS[edit])
    assert json.loads(line) != json.loads(SAMPLE.to_line())
    with pytest.raises(GoldenError, match=r"some\.jsonl, line 2\b"):
        reread(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "not JSON",
        SAMPLE.to_line()[:200],
        "{}",
        "[]",
        "[1, 2]",
        "null",
        "7",
        '"text"',
        '{"seal": "", "format": 1}',
        '{"seal": "", "format": 1, "interpretation": "1.0"}',
        '{"seal": "", "format": 1, "interpretation": 1}',
        '{"seal": "", "format": 1, "interpretation": null}',
        '{"event": "open", "format": "csv", "interpretation": "none", "seal": null}',
    ],
    ids=range(14),
)
def test_a_foreign_line_is_refused_by_file_and_line(line: str, reread: Callable[[str], list[Case]]) -> None:
    with pytest.raises(GoldenError, match=r"some\.jsonl, line 2\b"):
        reread(line)


@pytest.mark.parametrize(
    ("name", "value"), [("FORMAT", 3), ("INTERPRETATION", "2.0"), ("INTERPRETATION", "10.0")]
)
def test_a_sealed_line_of_another_format_or_interpretation_is_refused(
    name: str, value: Any, reread: Callable[[str], list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setattr(golden, name, value)
        line = SAMPLE.to_line()
    with pytest.raises(GoldenError, match=rf"some\.jsonl, line 2\b.*{value}"):
        reread(line)


def test_a_sealed_line_of_a_later_minor_interpretation_is_read(
    reread: Callable[[str], list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(golden, "INTERPRETATION", "1.7")
        line = SAMPLE.to_line()
    assert '"interpretation":"1.7"' in line
    assert reread(line)[1] == SAMPLE


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with the golden files, to be damaged."""
    for name, text in written().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(list(golden.load(tmp_path))) == len(CASES)
    return tmp_path


def test_a_lost_line_is_missed_by_file(copied: Path) -> None:
    path = copied / "tf_nn.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(GoldenError, match=r"tf_nn\.jsonl"):
        list(golden.load(copied))


def test_a_lost_file_is_missed_by_name(copied: Path) -> None:
    (copied / "tf_nn.jsonl").unlink()
    with pytest.raises(GoldenError, match=r"tf_nn\.jsonl"):
        list(golden.load(copied))


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "3", '{"tf_nn.jsonl": "many"}'])
def test_a_foreign_manifest_is_refused(copied: Path, text: str) -> None:
    (copied / golden.MANIFEST).write_text(text)
    with pytest.raises(GoldenError):
        list(golden.load(copied))


def test_a_file_that_is_no_text_is_refused(copied: Path) -> None:
    (copied / "tf_nn.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(GoldenError):
        list(golden.load(copied))


# --- data that reveals -----------------------------------------------------------------------------------


def kernel_of(case: Case) -> Any:
    """Return the kernel with the axes (channels, filters of a group, *spatial)."""
    arrays = case.call.arrays()
    if "weight" in arrays or case.call.api == "operation":
        return arrays["weight" if "weight" in arrays else "kernel"]
    kernel = arrays["filters"] if "filters" in arrays else arrays["kernel"]
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def input_of(case: Case) -> Any:
    """Return the input with the axes (batch, channels, *spatial), or without the first."""
    array, form = case.call.arrays()["input"], str(case.call.values.get("data_format")).upper()
    first = (
        "weight" in case.call.tensors
        or case.call.api == "operation"
        or form.startswith(("NC", "CHANNELS_FIRST"))
    )
    return array if first else np.moveaxis(array, -1, 1)


def told_twice(array: Any, span: int) -> list[str]:
    """Return where an array has parts twice that numbers out of `span` could tell apart.

    Parts are slices along an axis, and rows along the last; exchanged, or flipped, two alike show nothing.
    A fifth of those that are possible must be left over: else no draw avoids it.
    """
    parts = {f"axis {j}": np.moveaxis(array, j, 0).reshape(n, -1) for j, n in enumerate(array.shape)}
    if array.shape[-1] > 1:
        parts["rows"] = array.reshape(-1, array.shape[-1])
    return [
        where
        for where, found in parts.items()
        if 4 * span ** found.shape[1] >= 5 * len(found) and len(np.unique(found, axis=0)) < len(found)
    ]


def span_of(specification: Any, array: Any) -> int:
    """Return out of how many numbers a tensor was drawn; of one that is given, as far as it shows."""
    made = specification.get("make") or {"high": int(np.abs(array).max()), "low": -int(np.abs(array).max())}
    return int(made["high"] - made["low"] + 1)


@each_exact_case
def test_no_kernel_is_constant(case: Case) -> None:
    kernel = kernel_of(case)
    assert kernel.size == 1 or len(np.unique(kernel)) > 1


@each_exact_case
def test_no_tensor_has_a_part_twice(case: Case) -> None:
    arrays = case.call.arrays()
    ordered = [("input", arrays["input"], input_of(case))]
    ordered += [
        (name, arrays[name], kernel_of(case)) for name in ("filters", "kernel", "weight") if name in arrays
    ]
    ordered += [("bias", arrays["bias"], arrays["bias"])] if "bias" in arrays else []
    for name, array, turned in ordered:
        if case.call.tensors[name].get("layout") == "broadcast":  # alike along its first axis, in that alone
            (turned,) = np.unique(array, axis=0)
        assert told_twice(turned, span_of(case.call.tensors[name], array)) == [], name


@pytest.mark.parametrize(
    ("array", "span", "where"),
    [
        ([[1, 2], [3, 4], [1, 2]], 9, ["axis 0", "rows"]),
        ([[1, 2, 1], [3, 4, 3]], 9, ["axis 1"]),
        ([[[1, 2], [3, 4]], [[5, 6], [1, 2]]], 3, ["rows"]),
        ([[[1, 2], [3, 4]], [[5, 6], [1, 2]]], 1, []),
        ([[5, 5]], 3, ["axis 1"]),
        ([[5, 5]], 1, []),
        ([[1, 2], [3, 4]], 9, []),
    ],
)
def test_a_part_that_is_there_twice_is_told(array: Any, span: int, where: list[str]) -> None:
    assert told_twice(np.array(array), span) == where


def spatial(value: Any, rank: int, channels_last: bool) -> tuple[int, ...]:
    """Return the spatial items of an int, or of 1, N or N+2 of them."""
    items = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(items) == rank + 2:
        items = items[1:-1] if channels_last else items[2:]
    return items * rank if len(items) == 1 else items


def largest_sum(case: Case) -> int:
    """Return the largest sum of absolute values of any output element, those cropped away counted too."""
    arrays = {name: np.abs(array).astype(np.int64) for name, array in case.call.arrays().items()}
    values = case.call.values
    kernel = np.abs(kernel_of(case)).astype(np.int64)
    rank, groups = kernel.ndim - 2, values.get("groups", 1)
    default = "channels_last" if case.call.api.startswith("tf.layers") else case.call.image_data_format
    placed = str(values.get("data_format") or default)
    last = (
        "weight" not in arrays
        and case.call.api != "operation"
        and not placed.startswith(("NC", "channels_first"))
    )
    x = np.moveaxis(arrays["input"], -1, 1) if last else arrays["input"]
    x = x if x.ndim == kernel.ndim else x[np.newaxis]
    stride = spatial(values.get("stride", values.get("strides", 1)), rank, last)
    spread = [values.get(name) for name in ("dilation", "dilations", "dilation_rate")]
    dilation = spatial(next((d for d in spread if d), 1), rank, last)
    ends = [(i - 1) * s + 1 for i, s in zip(x.shape[2:], stride, strict=True)]
    reach = [(k - 1) * d for k, d in zip(kernel.shape[2:], dilation, strict=True)]
    largest = 0
    for part, taps in zip(np.split(x, groups, axis=1), np.split(kernel, groups), strict=True):
        total = np.zeros((taps.shape[1], len(x), *np.add(ends, reach)), np.int64)
        for tap in np.ndindex(*kernel.shape[2:]):
            corners = np.multiply(tap, dilation)
            places = tuple(slice(c, c + e, s) for c, e, s in zip(corners, ends, stride, strict=True))
            total[:, :, *places] += np.tensordot(taps[:, :, *tap], part, (0, 1))
        largest = max(largest, int(total.max(initial=0)))
    return largest + int(arrays["bias"].max()) if "bias" in arrays else largest


@each_exact_case
def test_every_order_of_summation_is_exact(case: Case) -> None:
    assert largest_sum(case) <= 2 ** PRECISION[case.call.dtype]


@each_exact_case
def test_the_numbers_are_nearly_as_large_as_exactness_lets(case: Case) -> None:
    """The larger the range, the more a pass is worth; nine bits are for the terms of a sum, and for luck."""
    bits = PRECISION[case.call.dtype]
    assert largest_sum(case) >= 2 ** (bits - 9)


def specifications() -> Iterator[dict[str, Any]]:
    for case in CASES:
        yield from case.call.to_json()["tensors"].values()
    for case in VALUED:
        for demanded in demands(case):
            ends = [demanded[name] for name in ("low", "high", "exact", "unit") if name in demanded]
            yield from ends or [demanded]


@each_exact_case
def test_what_is_demanded_are_whole_numbers_of_the_demanded_dtype_and_shape(case: Case) -> None:
    held = {check.kind: check.demanded for check in case.checks}
    for reading in demands(case):
        array = tensors.decode(reading)
        assert array.dtype.name == held.get("dtype", case.call.dtype)
        assert list(array.shape) == held.get("shape", list(array.shape))
        assert np.array_equal(array, np.rint(array))


@each_rounded_case
def test_what_is_demanded_between_two_ends_holds_the_exact_value(case: Case) -> None:
    held = {check.kind: check.demanded for check in case.checks}
    for reading in demands(case):
        low, high = (tensors.decode(reading[end]) for end in ("low", "high"))
        exact, unit = (tensors.decode(reading[name]) for name in ("exact", "unit"))
        assert low.dtype.name == high.dtype.name == held["dtype"]
        assert list(low.shape) == list(high.shape) == held["shape"] == list(exact.shape) == list(unit.shape)
        ends = [end.astype(np.float64) for end in (low, high)]
        special = ~np.isfinite(ends[0])
        assert np.array_equal(ends[0][special], ends[1][special], equal_nan=True)
        assert np.all((ends[0] <= exact) & (exact <= ends[1]) | special)
        assert np.all(unit >= 0)


# --- the generator ---------------------------------------------------------------------------------------


def splitmix64(seed: int, count: int) -> list[int]:
    """Return the generator's first values, in Python's integers."""
    values, mask = [], 2**64 - 1
    for j in range(1, count + 1):
        z = (seed + j * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        values.append(z ^ (z >> 31))
    return values


PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
"""The first values of SplitMix64 from the seed 1234567, as published (Rosetta Code, Splitmix64)."""


@cache
def serving() -> ModuleType:
    """Return the worker's serving loop, which shares no code with the harness."""
    with as_file(files("adjoint.implementations") / "serving.py") as path:
        spec = importlib.util.spec_from_file_location("serving_by_path", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def test_the_generator_is_splitmix64() -> None:
    assert splitmix64(1234567, 5) == PUBLISHED
    recipe = {"kind": "integers", "low": 0, "high": 2**63 - 1, "seed": 1234567}
    demanded = [value % 2**63 for value in PUBLISHED]
    assert tensors.make(recipe, (5,), "int64").tolist() == demanded
    assert serving().integers(recipe, (5,)).tolist() == demanded


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (0, 1), (-255, 255), (3, 9), (-(2**40), 2**40 - 1), (-9, -3)]
)
def test_harness_and_worker_draw_the_same_integers(low: int, high: int, seed: int) -> None:
    recipe = {"kind": "integers", "low": low, "high": high, "seed": seed}
    demanded = [low + value % (high - low + 1) for value in splitmix64(seed, 24)]
    made = tensors.make(recipe, (2, 3, 4), "float64")
    assert made.shape == (2, 3, 4)
    assert made.ravel().tolist() == demanded
    drawn = serving().integers(recipe, (2, 3, 4))
    assert drawn.shape == (2, 3, 4)
    assert drawn.ravel().tolist() == demanded


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,)])
def test_harness_and_worker_agree_on_shapes_without_much_in_them(shape: tuple[int, ...]) -> None:
    recipe = {"kind": "integers", "low": -5, "high": 5, "seed": 3}
    assert np.array_equal(tensors.make(recipe, shape, "int64"), serving().integers(recipe, shape))


def test_harness_and_worker_read_every_tensor_of_the_golden_files_alike() -> None:
    count = 0
    for specification in specifications():
        here, there = tensors.decode(specification), serving().decode(specification)
        assert (here.dtype, here.shape, here.tobytes()) == (there.dtype, there.shape, there.tobytes())
        count += 1
    assert count > 2 * len(CASES)
