"""Are the tiny calls what their module promises: small, one thing more each, and in the API's own words?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

from adjoint.call import GRADIENTS
from adjoint.expecting import Expected, expected
from adjoint.reference.apis import APIS, LAYERS
from adjoint.tensors import decode, make
from adjoint.tiny import RECIPE, Step, alike, steps, with_gradient
from adjoint.writing import Setting, has_formats, rank_of, written

ANY = pytest.mark.parametrize("api", APIS)
FLOATS = ["float32", "float64", "float16", "bfloat16"]


def returning(api: str, *dtypes: str) -> dict[str, Setting]:
    """Return the settings of the calls that are to return, by what they ask for."""
    return {step.asks: step.setting for step in steps(api, dtypes or ["float32"], 1) if step.setting}


def demanded(step: Step) -> Expected | None:
    return expected(step.call)


@ANY
def test_there_are_about_a_dozen_and_all_are_tiny(api: str) -> None:
    found = list(steps(api, ["float32"], 1))
    assert 8 <= len(found) <= 14
    assert len({step.asks for step in found}) == len(found)
    for step in found:
        assert all(np.prod(tensor["shape"]) <= 300 for tensor in step.call.tensors.values())


@ANY
def test_the_first_call_returns_something_to_who_mixes_axes_up(api: str) -> None:
    """As many channels as filters, and alike on each axis: only the numbers tell."""
    first = next(steps(api, ["float32"], 1)).setting
    assert first is not None
    channels, filters, *taps = first.kernel.shape
    assert channels == filters == first.input.shape[1]
    assert len({*taps}) == len({*first.input.shape[2:]}) == 1
    sizes = first.input.shape
    for one, other in combinations(range(first.kernel.ndim), 2):
        assert not np.array_equal(first.kernel, first.kernel.swapaxes(one, other))
        if sizes[one] == sizes[other]:
            assert not np.array_equal(first.input, first.input.swapaxes(one, other))


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_byte_of_its_numbers_counts_and_backwards_they_are_near_one_too(dtype: str) -> None:
    first = next(steps("operation", [dtype], 1)).setting
    assert first is not None
    for array in (first.input, first.kernel):
        held = np.frombuffer(array.tobytes(), np.uint8).reshape(array.size, -1)
        assert all(len({*column}) > 2 for column in held.T.tolist())
        for numbers in (array, array.byteswap()):
            sizes = np.abs(numbers.astype("float64"))
            assert ((sizes > 2.0**-16) & (sizes < 2.0**17)).all()


@ANY
def test_a_call_like_another_has_as_many_elements_on_all_axes_as_channels_and_is_legal(api: str) -> None:
    for setting in returning(api).values():
        other = alike(setting)
        assert len({*other.input.shape[1:], *other.kernel.shape[:2]}) == 1
        assert other.recipe is None
        kept = ("stride", "dilation", "crop", "more", "groups", "last", "tag", "doubled")
        assert all(getattr(other, name) == getattr(setting, name) for name in kept)
        call, before = written(other), written(setting)
        assert call is not None
        assert before is not None
        legal = expected(before, doubtful=True) is not None
        assert (expected(call, doubtful=True) is not None) is legal


@ANY
def test_the_sums_of_all_others_are_exact(api: str) -> None:
    for step in list(steps(api, ["float32"], 1))[1:]:
        if step.setting and (wanted := demanded(step)):
            assert all(np.array_equal(low, high) for low, high in wanted.readings), step.asks


@ANY
def test_what_is_given_for_axes_of_different_sizes_is_different_on_each(api: str) -> None:
    settings = returning(api)
    for asks, name in (("strides", "stride"), ("dilation", "dilation"), ("a longer output", "more")):
        if rank_of(api) > 1 and asks in settings and not (api.startswith("tf.keras") and asks == "dilation"):
            given = getattr(settings[asks], name)
            assert len({*given}) == len(given)
            assert len({*settings[asks].input.shape[2:]}) == len(given)


def asked(setting: Setting) -> set[str]:
    """Return what a setting asks for beside the plain operation; a stride only where nothing else is."""
    found = {
        "dilation": {*setting.dilation} != {1},
        "crop": bool(np.any(setting.crop)),
        "more": any(setting.more),
        "groups": setting.groups > 1,
        "bias": setting.bias is not None,
        "format": setting.last is not None,
        "tag": setting.tag != "",
        "activation": setting.doubled,
        "recipe": setting.recipe is not None,
    }
    names = {name for name, is_asked in found.items() if is_asked}
    return names or ({"stride"} if {*setting.stride} != {1} else set())


ASKED = {
    "a first call": "",
    "axes of different sizes": "",
    "a bias": "bias",
    "strides": "stride",
    "dilation": "dilation",
    "padding": "crop",
    "a longer output": "more",
    "groups": "groups",
    "channels last": "format",
    "channels first": "format",
    "a $tuple as argument": "tag",
    "a $int as argument": "tag",
    "a $callable as argument": "activation",
    "a tensor to make": "recipe",
}


@ANY
def test_each_asks_for_the_one_thing_that_it_is_named_for(api: str) -> None:
    for asks, setting in returning(api).items():
        assert asked(setting) == {*filter(None, [ASKED[asks]])}, asks


@ANY
def test_each_further_dtype_is_asked_for_once_and_what_is_not_claimed_never(api: str) -> None:
    settings = list(returning(api, "float16", "float32").values())
    assert [setting.dtype for setting in settings].count("float16") == (1 if settings else 0)
    assert {setting.dtype for setting in settings} == {"float32", "float16"}
    assert list(steps(api, ["int32"], 1)) == []


def test_no_two_apis_of_a_checklist_hold_the_same_numbers() -> None:
    one, other = (list(steps("torch.nn.functional.conv_transpose2d", ["float32"], n)) for n in (1, 2))
    for first, second in zip(one, other, strict=True):
        if first.setting and second.setting and not first.setting.recipe:
            assert not np.array_equal(first.setting.input, second.setting.input)
            assert not np.array_equal(first.setting.kernel, second.setting.kernel)


@ANY
def test_a_tensor_to_make_is_sent_as_its_recipe_and_comes_back(api: str) -> None:
    (step,) = (step for step in steps(api, ["float32"], 1) if step.asks == "a tensor to make")
    sent = step.call.tensors["input"]
    assert "data" not in sent
    assert sent["make"] == RECIPE
    wanted = demanded(step)
    assert wanted is not None
    assert wanted.accepts(make(RECIPE, tuple(sent["shape"]), "float32"))


def formats() -> Iterator[tuple[str, str]]:
    for api in filter(has_formats, APIS):
        yield api, "channels last"
        yield api, "channels first"


@pytest.mark.parametrize(("api", "asks"), list(formats()))
def test_a_data_format_lays_the_input_out_as_it_says(api: str, asks: str) -> None:
    setting = returning(api)[asks]
    call = written(setting)
    assert call is not None
    sent = decode(call.tensors["input"])
    assert np.array_equal(sent if asks == "channels first" else np.moveaxis(sent, -1, 1), setting.input)
    said = str(call.arguments["data_format"])
    assert (said in ("channels_first", "NCW", "NCHW", "NCDHW")) is (asks == "channels first")


@pytest.mark.parametrize("api", ["operation", "torch.nn.functional.conv_transpose2d", *LAYERS])
def test_gradients_are_asked_for_by_every_tensor_that_is_given(api: str) -> None:
    settings = returning(api)
    for asks in {"a bias", "axes of different sizes"} & settings.keys():
        shape = decode(with_gradient(settings[asks], (2, 3), 7).call.tensors["gradient"]).shape
        step = with_gradient(settings[asks], (2, 3), 7)
        assert shape == (2, 3)
        slopes = GRADIENTS if asks == "a bias" else GRADIENTS[:2]
        assert step.call.observe == ("output", *slopes)
