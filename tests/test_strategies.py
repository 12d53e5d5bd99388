"""Are drawn settings legal, do they reach what they should, and does their data keep its promise?"""

from collections import Counter
from functools import cache
from itertools import combinations, product
from math import prod

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from adjoint.cases import settings, strategies
from adjoint.features import features_of
from adjoint.reference.apis import APIS, answer
from adjoint.reference.exact import FORMATS, Tensor

WORDED = [api for api in APIS if not api.startswith("torch.nn.Conv")]
"""The modules of PyTorch draw what its functions draw."""
DATA = ("exact", "rounded", "special")
DRAWS = 800
LEAST = 2
"""How often each pair of features must come in so many draws of an API."""
CROSSED = ("strides", "dilation", "groups", "output_padding")
"""Axes of PyTorch of which each three must come as often."""

COUNTS = {"one", "few", "prime", "other"}
EVERYWHERE = {
    "kernel": {"less", "equal", "multiple", "more"},
    "channels": COUNTS,
    "filters": COUNTS,
    "size": {"one", "within the kernel", "odd", "even"},
    "dtype": set(strategies.FLOATS),
    "data": set(DATA),
}
NEVER = """
strides=one kernel=less, strides=one kernel=more, strides=one output_shape=more
form=number strides=mixed, form=number dilation=mixed
batch=0 data=special
rank=1 strides=mixed, rank=1 dilation=mixed, rank=1 form=list
groups=several channels=one, groups=several filters=one, groups=several channels=prime
groups=depthwise channels=one, groups=depthwise filters=one
"""
NEVER_OF_LAYERS = """
strides=equal dilation=equal, strides=equal dilation=mixed
strides=mixed dilation=equal, strides=mixed dilation=mixed
kernel=less dilation=equal, kernel=less dilation=mixed, kernel=more dilation=equal, kernel=more dilation=mixed
data=special activation=relu
strides=one output_padding=some, dilation=equal output_padding=some, dilation=mixed output_padding=some
"""
NEVER_OF_TF_KERAS_3D = """
dilation=equal padding=valid, dilation=mixed padding=valid
dilation=equal output_padding=zero, dilation=mixed output_padding=zero
"""


def levels(api):
    """Return the levels that the draws of an API are to reach, by axis."""
    torch, tf_nn, rank = api.startswith("torch"), api.startswith("tf.nn"), rank_of(api)
    mixed = {"mixed"} if rank != 1 else set()
    found = {**EVERYWHERE, "strides": {"one", "equal"} | mixed}
    found["rank"] = {str(rank)} if rank else {"1", "2", "3"}
    if api == "operation":
        found |= {"dilation": {"none", "equal", "mixed"}, "padding": {"none", "cropped", "uneven"}}
        found |= {"output_padding": {"zero", "some"}, "batch": {"1", "more"}}
        return {**found, "groups": {"one", "several", "depthwise"}}
    found["dilation"] = {"none"} if undilated(api) else {"none", "equal"} | mixed
    found["bias"] = {"none"} if tf_nn else {"none", "given"}
    found["form"] = {"number"} if rank == 1 else {"number", "list"} | (set() if tf_nn else {"tuple"})
    found["padding"] = {"none", "cropped"} if torch else {"valid", "same"}
    found["batch"] = {"1", "more"} | ({"0"} if empties(api) else set()) | ({"none"} if torch else set())
    if torch:
        return {**found, "output_padding": {"zero", "some"}, "groups": {"one", "several", "depthwise"}}
    found["data_format"] = {"last"} if api == "tf.keras.layers.Conv1DTranspose" else {"first", "last"}
    if tf_nn:
        return {**found, "output_shape": {"least", "more"}}
    found["activation"] = {"linear"} if api.startswith("tf.layers") else {"linear", "relu"}
    if api.startswith("tf.layers"):
        return found
    padded = set() if api == "keras.layers.Conv2DTranspose" else {"zero", "some"}
    return {**found, "output_padding": {"not given"} | padded}


def rank_of(api):
    """Return the number of spatial axes; 0 if the API has calls of each."""
    return next((int(letter) for letter in api if letter.isdigit()), 0)


def undilated(api):
    """Whether the page has no dilation, or leaves open what it does."""
    return ".layers." in api and (rank_of(api) == 1 or api.startswith("tf.layers"))


def empties(api):
    return api.startswith(("torch", "tf.nn", "tf.layers"))


def never(api):
    """Return the pairs of levels that no legal call of an API has."""
    text = NEVER + (NEVER_OF_LAYERS if ".layers." in api else "")
    text += NEVER_OF_TF_KERAS_3D if api == "tf.keras.layers.Conv3DTranspose" else ""
    pairs = [entry.split() for line in text.strip().splitlines() for entry in line.split(",")]
    return {frozenset(tuple(level.split("=")) for level in pair) for pair in pairs}


def draws(strategy, count):
    """Return what a strategy gives, the same each time."""
    found = []

    @hypothesis.seed(0)
    @hypothesis.settings(
        database=None,
        deadline=None,
        max_examples=count,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(drawn):
        found.append(drawn)

    draw()
    return found


def test_a_draw_is_recorded_of_one_choice_too():
    """Hypothesis ends once it has had every example: of what records no draw there is one alone."""
    assert draws(strategies._named("only", (5,)), 10) == [("only", 5)] * 2
    assert sorted(draws(strategies._named("either", (5, 6)), 10)) == [("either", 5), ("either", 6)]


def of_all_data(api):
    return st.sampled_from(DATA).flatmap(lambda data: strategies.settings(api, data))


@cache
def featured(api):
    """Return the features of draws of an API, with all kinds of data."""
    drawn = [
        (settings.call_of(setting), settings.legal(setting)) for setting in draws(of_all_data(api), DRAWS)
    ]
    return [features_of(*pair) for pair in drawn]


def counted(api, axes=None, together=2):
    """Return how often levels of so many of an API's axes were drawn together."""
    wanted = {axis: found for axis, found in levels(api).items() if axes is None or axis in axes}
    counts = Counter()
    for names in combinations(wanted, together):
        crossed = product(*([(name, level) for level in wanted[name]] for name in names))
        counts.update(dict.fromkeys(map(frozenset, crossed), 0))
        counts.update(frozenset((name, found[name]) for name in names) for found in featured(api))
    return counts


def shown(together):
    return " ".join(sorted(f"{axis}={level}" for axis, level in together))


@pytest.mark.parametrize("api", WORDED)
def test_every_level_of_every_axis_is_drawn_and_no_other(api):
    drawn = {axis: {found[axis] for found in featured(api)} for axis in featured(api)[0]}
    assert drawn == levels(api)


@pytest.mark.parametrize("api", WORDED)
def test_every_legal_pair_of_features_is_drawn_often_enough(api):
    counts = counted(api)
    assert {shown(pair) for pair in counts if not counts[pair]} == {
        shown(pair) for pair in never(api) if pair in counts
    }
    assert {shown(pair): n for pair, n in counts.items() if 0 < n < LEAST} == {}


@pytest.mark.parametrize("api", [api for api in WORDED if api.startswith("torch")])
def test_strides_dilation_groups_and_output_padding_meet_three_by_three(api):
    counts = counted(api, CROSSED, 3)
    seldom = {shown(three) for three, n in counts.items() if n < LEAST}
    assert seldom == {"dilation=none output_padding=some strides=one"}  # it is below the larger of the two


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("data", DATA)
def test_every_draw_is_legal_and_as_asked(api, data):
    for setting in draws(strategies.settings(api, data, dtypes=("float64", "float16")), 40):
        assert settings.legal(setting) is not None, f"{setting} is not legal"
        assert (setting.api, setting.data) == (api, data)
        assert setting.dtype in ("float64", "float16")


@pytest.mark.parametrize("api", APIS)
def test_the_first_of_all_draws_is_the_smallest_call(api):
    first = draws(of_all_data(api), 1)[0]
    axis = settings.Axis(size=1, kernel=1)
    assert first == settings.Setting(api, (axis,) * (rank_of(api) or 1))


def work(setting, batch):
    """Return how many multiplications an output costs."""
    found = batch * setting.channels * setting.filters // setting.groups
    return found * prod(axis.size * axis.kernel for axis in setting.axes)


@pytest.mark.parametrize("api", WORDED)
def test_large_sizes_are_drawn_and_no_call_is_too_large(api):
    drawn = draws(strategies.settings(api, "exact"), 200)
    assert any(max(axis.size for axis in setting.axes) > 32 for setting in drawn)
    assert any(setting.channels >= 17 and setting.filters >= 17 for setting in drawn)
    for setting in drawn:
        assert work(setting, max(setting.batch, 1)) <= 20_000, setting
        terms = prod([setting.channels // setting.groups, *(axis.kernel for axis in setting.axes)])
        assert terms <= 255, setting  # with a bias, bfloat16 holds the sum of so many ones


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(
    "api", ["torch.nn.functional.conv_transpose1d", "keras.layers.Conv2DTranspose", "tf.nn.conv_transpose"]
)
def test_gradients_are_observed_of_most_calls_whose_gradients_are_known_and_cost_little(api, data):
    """Those of special data are not known, nor, as rounding may cross zero, those of rounded ones by relu."""
    drawn = draws(strategies.settings(api, data, gradients=True), 200)
    known = [each for each in drawn if data == "exact" or (data == "rounded" and each.activation == "linear")]
    little = [each for each in known if work(each, each.batch) <= 2_000]
    observed = [each for each in drawn if each.gradients]
    assert all(each in little for each in observed)
    assert 0.5 * len(little) <= len(observed) <= 0.85 * len(little)
    if data != "special":
        assert max(work(each, each.batch) for each in observed) > 1_000
        assert {each.activation for each in observed} == {each.activation for each in known}
        grouped = [work(each, each.batch) for each in observed if each.groups > 1]
        assert max(grouped, default=1_000) >= 1_000
    assert not any(each.gradients for each in draws(strategies.settings(api, data), 40))


@cache
def answered(api, data):
    """Return draws with their tensors, exact, and what the reference demands."""
    found = []
    for setting in draws(strategies.settings(api, data), 20):
        call = settings.call_of(setting)
        tensors = {name: Tensor.from_array(array) for name, array in call.arrays().items()}
        found.append((setting, tensors, answer(api, tensors, call.values)))
    return found


@pytest.mark.parametrize("api", WORDED)
def test_exact_data_are_integers_whose_sums_have_room(api):
    for setting, tensors, demanded in answered(api, "exact"):
        assert all(tensor.exponent == 0 for tensor in tensors.values())
        limit = 1 << FORMATS[setting.dtype].precision
        assert max(demanded.magnitude.integers, default=0) <= limit, setting


@pytest.mark.parametrize("api", WORDED)
def test_rounded_data_stay_inside_the_normal_range(api):
    for setting, tensors, demanded in answered(api, "rounded"):
        form = FORMATS[setting.dtype]
        least, kernel = (
            min((abs(number) for number in floats(tensor) if number), default=1.0)
            for tensor in list(tensors.values())[:2]
        )
        assert min(least, kernel, least * kernel) >= 2.0**form.emin, setting
        assert max(floats(demanded.magnitude), default=0) <= 2.0 ** (form.emax - 1), setting


def test_terms_of_rounded_data_cancel_where_the_seed_is_odd():
    kept = {0: [], 1: []}
    for api in WORDED:
        for setting, _, demanded in answered(api, "rounded"):
            ulp = 2.0 ** -FORMATS[setting.dtype].precision
            if setting.channels // setting.groups % 2 == 0 and not setting.bias:
                pairs = zip(floats(demanded.values), floats(demanded.magnitude), strict=True)
                kept[setting.seed % 2] += [abs(value) / total / ulp for value, total in pairs if total]
    assert 0 < max(kept[1]) <= 8
    assert max(kept[0]) > 2**50
    odd = [setting.seed % 2 for api in WORDED for setting, _, _ in answered(api, "rounded")]
    assert 0.3 < sum(odd) / len(odd) < 0.7


@pytest.mark.parametrize("api", WORDED)
def test_special_data_are_not_finite_in_the_input_alone(api):
    for setting in draws(strategies.settings(api, "special"), 60):
        first, *weights = (array.astype(np.float64) for array in settings.call_of(setting).arrays().values())
        assert not np.isfinite(first).all(), setting
        assert all(np.isfinite(weight).all() for weight in weights), setting
        assert weights[0].size == 1 or 0 in weights[0], setting


def floats(tensor):
    return [value * 2.0**tensor.exponent for value in tensor.integers]
