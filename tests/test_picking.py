"""Is a setting legal whatever is picked for it, and is all that is legal there to be picked?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from math import prod
from random import Random
from typing import Any, NamedTuple

import pytest

from adjoint.cases.settings import Axis, Setting, legal
from adjoint.cases.strategies import MOST_CROPPED, PAGES, TERMS, WORK, picked
from adjoint.drawing import FLOATS
from adjoint.reference.apis import APIS
from adjoint.reference.exact import FORMATS
from adjoint.reference.tf_nn import API as TF_NN

TORCH_1D, TORCH_2D, TORCH_3D = (f"torch.nn.functional.conv_transpose{rank}d" for rank in (1, 2, 3))
KERAS_2D, KERAS_3D = "keras.layers.Conv2DTranspose", "keras.layers.Conv3DTranspose"
TF_KERAS_2D = "tf.keras.layers.Conv2DTranspose"
WORDED = [TF_NN, *PAGES, TORCH_1D, TORCH_2D, TORCH_3D]
"""The modules of PyTorch pick what its functions pick."""
OF_ONE_AXIS = [api for api in WORDED if "1" in api]
UNDILATED = ("keras.layers.Conv1DTranspose", "tf.keras.layers.Conv1DTranspose", "tf.layers.Conv2DTranspose")
DATA = ("exact", "rounded", "special")
PICKS = 150


class Picked(NamedTuple):
    """A setting, and what there was to pick from for it, by the name of the draw and in order."""

    setting: Setting
    offered: dict[str, Sequence[Any]]


def picked_by(
    choose: Callable[[str, Sequence[Any]], Any], api: str, data: str = "exact", gradients: bool = False
) -> Picked:
    offered: dict[str, Sequence[Any]] = {}

    def pick(name: str, choices: Sequence[Any]) -> Any:
        assert name not in offered, f"{name} is picked twice"
        offered[name] = choices
        return choose(name, choices)

    return Picked(picked(pick, api, data, FLOATS, gradients), offered)


def given(api: str, data: str = "exact", gradients: bool = False, /, **wanted: Any) -> Picked:
    """Pick what is wanted, by the name of the draw with `_` for a blank, and else the first."""
    left = {name.replace("_", " "): choice for name, choice in wanted.items()}

    def choose(name: str, choices: Sequence[Any]) -> Any:
        choice = left.pop(name, choices[0])
        assert choice in choices, f"{choice} is no {name} of {choices}"
        return choice

    found = picked_by(choose, api, data, gradients)
    assert not left, f"{left} was not picked"
    return found


@cache
def at_random(api: str, data: str) -> list[Picked]:
    random = Random(0)
    return [picked_by(lambda _, choices: random.choice(choices), api, data) for _ in range(PICKS)]


def every(api: str) -> Iterator[Picked]:
    for data in DATA:
        yield from at_random(api, data)


@pytest.mark.parametrize("api", APIS)
def test_the_first_of_everything_is_the_smallest_call(api: str) -> None:
    rank = next((int(letter) for letter in api if letter.isdigit()), 1)
    assert given(api).setting == Setting(api, (Axis(size=1, kernel=1),) * rank)


@pytest.mark.parametrize("api", WORDED)
def test_choices_begin_with_the_simplest(api: str) -> None:
    """Hypothesis brings each draw to its first choice where it can."""
    for name, choices in (draw for each in every(api) for draw in each.offered.items()):
        if isinstance(choices[0], int):
            assert choices[0] == (1 if name == "batch" else min(choices)), name


def test_what_most_calls_should_have_is_picked_more_often_than_not_and_the_rest_seldom() -> None:
    torch, layer, tf_nn = (given(api).offered for api in (TORCH_2D, KERAS_3D, TF_NN))
    for often in (torch["pads"], torch["cropped"], layer["pads"], tf_nn["more"]):
        assert often.count(True) > often.count(False) > 0
    for seldom in (torch["unbatched"], torch["alike"], layer["alike"], tf_nn["alike"]):
        assert seldom.count(False) > seldom.count(True) > 0


@pytest.mark.parametrize("api", WORDED)
def test_each_number_is_picked_from_all_of_its_range(api: str) -> None:
    rank = next((int(letter) for letter in api if letter.isdigit()), 1)
    usual, wide = given(api).offered, given(api, kind="wide").offered
    for name in ("inner", "share"):
        assert set(usual[name]) == set(range(1, 9))
        assert set(wide[name]) == {1, 2, 17, 33}
    assert [name for name in usual if name.startswith("size")] == [f"size {j}" for j in range(rank)]
    for j in range(rank):
        assert set(usual[f"kernel {j}"]) == {1, 2, 3, 4, 5}
        assert set(usual[f"stride {j}"]) == {1, 2, 3, 4}
        assert set(usual[f"dilation {j}"]) == {1, 2, 3}
    if "groups" in usual and len(usual["groups"]) > 1:
        several = given(api, groups=2).offered
        assert all(set(several[name]) == {1, 2, 3, 4} for name in ("inner", "share"))
    if api == TF_NN:
        assert set(usual["rank"]) == {1, 2, 3}


@pytest.mark.parametrize("api", PAGES)
def test_a_stride_or_dilation_that_is_picked_of_a_layer_is_changed_only_where_it_is_not_legal(
    api: str,
) -> None:
    rank, changed_ones = int(api[-len("DTranspose") - 1]), 0
    patterns = {"stride_pattern": "equal", "dilation_pattern": "equal"}
    for same, pads, dilates, kernel, step in product(*[(False, True)] * 3, (1, 2, 3, 4), (1, 2, 3)):
        if (dilates and step == 1) or (dilates and api in UNDILATED):
            continue
        kernels = {f"kernel_{j}": kernel for j in range(rank)}
        steps = {"dilation_0" if dilates else "stride_0": step}
        switches = {"same": same, "pads": pads, "dilates": dilates}
        setting = given(api, **patterns, **kernels, **steps, **switches).setting
        wanted = Axis(1, kernel, 1 if dilates else step, step if dilates else 1)
        if setting.axes[0][:4] != wanted[:4]:
            changed_ones += 1
            for extra in range(step + 1):
                assert not legal(replace(setting, axes=(wanted._replace(extra=extra),) * rank)), setting
    assert bool(changed_ones) is not (api == KERAS_2D or api.startswith("tf.layers"))


@pytest.mark.parametrize("api", WORDED)
def test_whatever_is_picked_is_legal(api: str) -> None:
    for setting, _ in every(api):
        assert legal(setting) is not None, setting


@pytest.mark.parametrize("api", WORDED)
def test_the_same_is_picked_in_the_same_order_needed_or_not(api: str) -> None:
    """Of each rank; tensors before arguments, and what they cost before the data."""
    orders = {len(each.setting.axes): list(each.offered) for each in every(api)}
    for setting, offered in every(api):
        assert list(offered) == orders[len(setting.axes)]


@pytest.mark.parametrize("api", WORDED)
def test_no_call_is_too_large_and_none_has_too_many_terms(api: str) -> None:
    for setting, _ in every(api):
        pairs = setting.channels * setting.filters // setting.groups
        work = max(setting.batch, 1) * pairs * prod(axis.size * axis.kernel for axis in setting.axes)
        assert work <= WORK, setting
        terms = setting.channels // setting.groups * prod(axis.kernel for axis in setting.axes)
        assert terms <= TERMS, setting


SWITCHES = {
    "first": {False, True},
    "bias": {False, True},
    "same": {False, True},
    "activation": {"linear", "relu"},
    "pads_output": {False, True},
    "batched": {True},
    "batch": {1, 2, 3},
    "groups": {1},
}
OF_TORCH = {
    "first": {False},
    "same": {False},
    "activation": {"linear"},
    "pads_output": {False},
    "batched": {False, True},
    "batch": {0, 1, 2, 3},
    "groups": {1, 2, 3, 5, 6},
}
SWITCHED: dict[str, dict[str, set[Any]]] = {
    **dict.fromkeys(PAGES, SWITCHES),
    "keras.layers.Conv2DTranspose": {**SWITCHES, "pads_output": {False}},
    "tf.keras.layers.Conv1DTranspose": {**SWITCHES, "first": {False}},
    "tf.layers.Conv2DTranspose": {
        **SWITCHES,
        "pads_output": {False},
        "activation": {"linear"},
        "batch": {0, 1, 2, 3},
    },
    TF_NN: {
        **SWITCHES,
        "bias": {False},
        "activation": {"linear"},
        "pads_output": {False},
        "batch": {0, 1, 2, 3},
    },
    **{api: {**SWITCHES, **OF_TORCH} for api in (TORCH_1D, TORCH_2D, TORCH_3D)},
}


@pytest.mark.parametrize("api", WORDED)
def test_a_call_may_have_and_may_lack_all_that_its_page_lists(api: str) -> None:
    found = [setting for setting, _ in at_random(api, "exact")]
    assert {field: {getattr(each, field) for each in found} for field in SWITCHES} == SWITCHED[api]
    dilated = {any(axis.dilation > 1 for axis in each.axes) for each in found}
    assert dilated == ({False} if api in UNDILATED else {False, True})
    assert {each.dtype for each in found} == set(FLOATS)
    assert {each.seed for each in found} >= {0, 1}


@pytest.mark.parametrize("api", WORDED)
def test_of_data_that_are_not_finite_there_are_no_empty_batches_and_no_relu(api: str) -> None:
    found = [setting for setting, _ in at_random(api, "special")]
    assert {each.batch for each in found} == {1, 2, 3}
    assert {each.activation for each in found} == {"linear"}


def changed(setting: Setting, **change: int) -> Setting:
    """Return the setting with its one axis changed."""
    return replace(setting, axes=(setting.axes[0]._replace(**change),))


@pytest.mark.parametrize("api", OF_ONE_AXIS)
def test_output_padding_is_picked_from_all_that_is_legal(api: str) -> None:
    """As far as it is: where `pads` is not picked, there is none."""
    for setting, offered in at_random(api, "exact"):
        extras = offered["extra 0"]
        if setting.pads_output or (api == TORCH_1D and len(extras) > 1):
            uncropped = changed(setting, crop=0)
            assert all(legal(changed(uncropped, extra=extra)) for extra in extras)
            assert not legal(changed(uncropped, extra=max(extras) + 1)), setting
            assert min(extras) == 0 or not legal(changed(uncropped, extra=min(extras) - 1)), setting
        else:
            assert list(extras) == [0]


def test_an_output_shape_passes_the_least_by_all_that_convolves_back() -> None:
    for stride in (1, 2, 3, 4):
        wanted = {"stride_pattern": "mixed", "stride_0": stride}
        assert list(given(TF_NN, more=True, **wanted).offered["extra 0"]) == list(range(stride))
        assert list(given(TF_NN, more=False, **wanted).offered["extra 0"]) == [0]
        last = given(TF_NN, more=True, **wanted, extra_0=stride - 1).setting
        assert legal(last)
        assert not legal(changed(last, extra=stride))


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_a_crop_is_picked_from_all_that_leave_an_output_up_to_a_few(kernel: int) -> None:
    for size, stride, extra in product((1, 2, 3, 4), (1, 2, 3), (0, 1)):
        wanted = {"size_0": size, "kernel_0": kernel, "stride_pattern": "mixed", "stride_0": stride}
        wanted |= {"pads": True, "extra_0": extra} if extra < stride else {}
        assert list(given(TORCH_1D, **wanted).offered["crop 0"]) == [0]
        setting, offered = given(TORCH_1D, cropped=True, **wanted)
        most = max(offered["crop 0"])
        assert list(offered["crop 0"]) == list(range(most + 1))
        assert legal(changed(setting, crop=most))
        assert most == MOST_CROPPED or not legal(changed(setting, crop=most + 1)), setting


@pytest.mark.parametrize("name", ["stride", "dilation"])
def test_steps_are_one_or_all_the_same_or_each_for_itself(name: str) -> None:
    drawn = {f"{name}_{j}": step for j, step in enumerate((3, 1, 2))}
    for pattern, steps in {"one": [1, 1, 1], "equal": [3, 3, 3], "mixed": [3, 1, 2]}.items():
        setting = given(TORCH_3D, **{f"{name}_pattern": pattern}, **drawn).setting
        assert [getattr(axis, name) for axis in setting.axes] == steps


def test_numbers_that_are_alike_are_the_least_of_those_picked_and_may_be_written_as_one() -> None:
    wanted = {"kernel_0": 3, "kernel_1": 2, "stride_pattern": "mixed", "stride_0": 2, "stride_1": 3}
    setting, offered = given(TORCH_2D, **wanted)
    assert [axis[1:3] for axis in setting.axes] == [(3, 2), (2, 3)]
    assert set(offered["form"]) == {"tuple", "list"}
    setting, offered = given(TORCH_2D, alike=True, **wanted)
    assert [axis[1:3] for axis in setting.axes] == [(2, 2), (2, 2)]
    assert set(offered["form"]) == {"number", "tuple", "list"}


def test_a_call_has_usual_sizes_or_many_channels_on_one_element_or_one_long_axis() -> None:
    usual, wide, long = (given(TORCH_3D, kind=kind).offered for kind in ("usual", "wide", "long"))
    assert [max(usual[f"size {j}"]) for j in range(3)] == [7, 7, 7]
    assert [max(wide[f"size {j}"]) for j in range(3)] == [1, 1, 1]
    assert [max(long[f"size {j}"]) for j in range(3)] == [70, 1, 1]
    assert [max(each["inner"]) for each in (usual, wide, long)] == [8, 33, 8]
    assert [max(each["share"]) for each in (usual, wide, long)] == [8, 33, 8]


def test_bfloat16_holds_the_sum_of_the_most_terms_each_one_and_of_a_bias() -> None:
    assert 1 << FORMATS["bfloat16"].precision == TERMS + 1


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_any_axis_may_be_the_long_one(turn: int) -> None:
    setting = given(TORCH_3D, kind="long", size_0=70, turn=turn).setting
    assert sorted(axis.size for axis in setting.axes) == [1, 1, 70]
    assert setting.axes[-turn].size == 70


LARGE = [
    {"batch": batch, "groups": groups, "inner": inner, "share": share}
    for batch, groups, inner, share in [
        (1, 1, 1, 1),
        (3, 1, 8, 8),
        (3, 6, 4, 4),
        (2, 6, 3, 4),
        (0, 6, 4, 4),
    ]
]
WIDE = [
    {"kind": "wide", "batch": batch, "groups": groups, "inner": inner, "share": share}
    for batch, groups, inner, share in [
        (1, 1, 33, 33),
        (2, 1, 17, 33),
        (3, 6, 33, 33),
        (3, 6, 17, 33),
        (0, 6, 17, 33),
    ]
]


@pytest.mark.parametrize("wanted", [*LARGE, *WIDE])
@pytest.mark.parametrize("api", [TORCH_1D, TORCH_2D, TORCH_3D])
def test_kernels_are_all_that_make_neither_too_many_terms_nor_too_much_work(
    api: str, wanted: dict[str, Any]
) -> None:
    setting, offered = given(api, **wanted)
    rank, products = len(setting.axes), max(setting.batch, 1) * setting.channels * wanted["share"]
    fitting = {
        kernel
        for kernel in (1, 2, 3, 4, 5)
        if wanted["inner"] * kernel**rank <= TERMS and products * kernel**rank <= WORK
    }
    assert all(set(offered[f"kernel {j}"]) == fitting for j in range(rank))


@pytest.mark.parametrize("wanted", [*LARGE, {**LARGE[1], "kind": "long"}, {**LARGE[2], "kind": "long"}])
@pytest.mark.parametrize("api", [TORCH_1D, TORCH_2D, TORCH_3D])
def test_sizes_are_the_usual_ones_or_as_large_as_a_call_may_cost(api: str, wanted: dict[str, Any]) -> None:
    rank = len(given(api).setting.axes)
    cost = max(wanted["batch"], 1) * wanted["groups"] * wanted["inner"] * wanted["share"]
    for size, kernel in product((1, 3, 7), (1, 2, 3)):
        if kernel not in given(api, **wanted).offered["kernel 0"]:
            continue
        kernels, sizes = {f"kernel_{j}": kernel for j in range(rank)}, {}
        left = WORK // (cost * kernel**rank)
        for j in range(rank):
            offered = given(api, **wanted, **kernels, **sizes).offered[f"size {j}"]
            most = 7 if "kind" not in wanted else 70 if j == 0 else 1
            assert list(offered) == list(range(1, min(most, left) + 1))
            sizes[f"size_{j}"] = min(size, max(offered))
            left //= sizes[f"size_{j}"]


@pytest.mark.parametrize("api", [TORCH_1D, "keras.layers.Conv1DTranspose", "tf.keras.layers.Conv1DTranspose"])
def test_gradients_are_observed_of_calls_that_cost_little_if_they_are_asked_for_and_picked(api: str) -> None:
    large = {"kind": "long", "batch": 2, "inner": 5, "share": 8, "kernel_0": 5}
    for size, cheap in ((1, True), (5, True), (6, False), (50, False)):
        wanted = {**large, "size_0": size}
        for data, known in (("exact", True), ("rounded", True), ("special", False)):
            asked = given(api, data, True, **wanted, gradients=True).setting
            assert asked.gradients is (cheap and known)
            assert not given(api, data, True, **wanted, gradients=False).setting.gradients
            assert not given(api, data, **wanted).setting.gradients


def test_gradients_of_groups_cost_what_each_group_does() -> None:
    wanted = {"batch": 3, "groups": 6, "inner": 4, "share": 4, "kernel_0": 1, "gradients": True}
    for size, cheap in ((6, True), (7, False)):  # 3 * 6 * 4 * 4 * size, of 2,000
        assert given(TORCH_1D, "exact", True, **wanted, size_0=size).setting.gradients is cheap


def test_gradients_through_relu_are_observed_of_exact_numbers_alone() -> None:
    """Rounding may cross zero, where relu's is another."""
    for data, known in (("exact", True), ("rounded", False)):
        relu = given(KERAS_2D, data, True, gradients=True, activation="relu").setting
        assert relu.gradients is known
