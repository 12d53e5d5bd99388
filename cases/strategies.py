"""Which settings does Hypothesis draw?  Legal ones, small, with much happening at once.

Legal by construction: a draw narrows the choices of those after it, and none is thrown away.  Hypothesis
brings each draw to its first choice where it can, early ones first; so choices begin with the simplest, and
tensors come before arguments.  Each setting of an API takes the same draws in the same order, needed or not:
then one can shrink without moving the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import prod
from typing import Any, NamedTuple, Protocol, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from adjoint.cases.settings import Axis, Setting
from adjoint.drawing import FLOATS
from adjoint.reference.plain import API as PLAIN
from adjoint.reference.round_trip import extent
from adjoint.reference.tf_nn import API as TF_NN

_T = TypeVar("_T")
Numbers = tuple[int, ...]

TERMS = 255
"""The most products in one sum: bfloat16 holds the sum of as many ones, and of a bias."""
WORK = 20_000
"""About how many multiplications a call may cost."""
CHEAP = 2_000
"""As of `WORK`, of a call whose gradients are observed: each costs as much as its output."""

NO_YES = (False, True)
OFTEN = (False, True, True)
SELDOM = (False, True, False)
SEEDS = range(16)
BATCHES = (1, 2, 3)
GROUPS = (1, 2, 3, 5, 6, 1, 1)
FEW = (1, 2, 3, 4, 5, 6, 7, 8, 1)
FEW_OF_A_GROUP = (1, 2, 3, 4, 1)
MANY = (1, 2, 17, 33)
KERNELS = (1, 2, 3, 4, 5, 4, 3, 4)
STRIDES = (1, 2, 3, 4, 2, 1, 2)
DILATIONS = (1, 2, 3)
LONGEST = 70
MOST_CROPPED = 5
MOST_PADDED = 4


class Page(NamedTuple):
    """What a layer's page lists and does not leave open; only that is drawn.

    Attributes
    ----------
    rank : int
    dilates, pads : bool
        Whether there are dilation and output padding.
    same_strides : bool
        Whether "same" has a size with strides, if no output padding is given.
    first : bool
        Whether the channels may come first.
    empty : bool
        Whether the batch may be empty.
    relu : bool
        Whether an activation may be named.
    """

    rank: int
    dilates: bool = True
    pads: bool = True
    same_strides: bool = True
    first: bool = True
    empty: bool = False
    relu: bool = True


PAGES = {
    "keras.layers.Conv1DTranspose": Page(1, dilates=False, same_strides=False),
    "keras.layers.Conv2DTranspose": Page(2, pads=False),
    "keras.layers.Conv3DTranspose": Page(3),
    "tf.keras.layers.Conv1DTranspose": Page(1, dilates=False, same_strides=False, first=False),
    "tf.keras.layers.Conv2DTranspose": Page(2),
    "tf.keras.layers.Conv3DTranspose": Page(3, same_strides=False),
    "tf.layers.Conv2DTranspose": Page(2, dilates=False, pads=False, empty=True, relu=False),
}
DILATES_IF_SAME = "tf.keras.layers.Conv3DTranspose"  # and without output padding; otherwise the size is open


class Pick(Protocol):
    """What makes one draw."""

    def __call__(self, name: str, choices: Sequence[_T]) -> _T:
        """Return one of the choices."""
        ...


class Shape(NamedTuple):
    """The sizes of a call's tensors; in each group, `inner` channels make `share` filters.

    Where its axes are `alike`, the arguments are the same on each: then they may be written as one number.
    """

    alike: bool
    batch: int
    groups: int
    inner: int
    share: int
    kernels: Numbers
    sizes: Numbers


@st.composite
def settings(
    draw: DrawFn, api: str, data: str, dtypes: Sequence[str] = FLOATS, gradients: bool = False
) -> Setting:
    """Return the strategy of an API's legal settings.

    Parameters
    ----------
    api : str
        Full name.
    data : str
        ``exact``, ``rounded`` or ``special``.
    dtypes : sequence of str
        Those to draw from, the simplest first.
    gradients : bool
        Whether to observe those of calls that cost little.
    """

    def pick(name: str, choices: Sequence[_T]) -> _T:
        drawn: tuple[str, _T] = draw(_named(name, tuple(choices)))
        return drawn[1]

    return picked(pick, api, data, dtypes, gradients)


def picked(pick: Pick, api: str, data: str, dtypes: Sequence[str], gradients: bool) -> Setting:
    """Return the setting that the picks make; its arguments are those of `settings`."""
    words = {PLAIN: _plain, TF_NN: _tf_nn}.get(api, _torch if api.startswith("torch") else _layer)
    drawn = words(pick, api, data != "special")
    setting = Setting(api=api, data=data, dtype=pick("dtype", dtypes), seed=pick("seed", SEEDS), **drawn)
    wanted = gradients and pick("gradients", OFTEN) and _has_cheap_gradients(setting)
    return replace(setting, gradients=wanted)


def _has_cheap_gradients(setting: Setting) -> bool:
    """Tell whether gradients take little, and are known: of finite numbers, through relu of exact ones."""
    work = setting.batch * setting.channels * setting.filters // setting.groups
    work *= prod(axis.size * axis.kernel for axis in setting.axes)
    exact = setting.data == "exact"
    return work <= CHEAP and (exact or (setting.data == "rounded" and setting.activation == "linear"))


@cache
def _named(name: str, choices: tuple[_T, ...]) -> SearchStrategy[tuple[str, _T]]:
    """Return a draw unlike any of another name.

    Of draws that are alike, Hypothesis copies one to another, and makes five such examples of each that is
    new; they would reach far fewer interactions.
    """
    named = [(name, choice) for choice in choices]
    return st.sampled_from(named if len(named) > 1 else named * 2)  # of one, it would record no draw


def _layer(pick: Pick, api: str, finite: bool) -> dict[str, Any]:
    """Draw what a setting of a layer of Keras or TensorFlow has, beside its data."""
    page = PAGES[api]
    shape = _shape(pick, page.rank, page.empty and finite, (1,))
    dilates = pick("dilates", NO_YES) and page.dilates
    same, pads = pick("same", NO_YES), pick("pads", OFTEN) and page.pads
    if dilates and api == DILATES_IF_SAME:
        same, pads = True, False
    dilations, strides = _steps(pick, "dilation", shape, DILATIONS), _steps(pick, "stride", shape, STRIDES)
    one = (1,) * page.rank
    strides = one if dilates or (same and not pads and not page.same_strides) else strides
    dilations = dilations if dilates else one
    if same and pads:  # an even extent must be padded, by less than the stride, or become odd
        even = [kernel % 2 == 0 for kernel in shape.kernels]
        strides = tuple(max(s, 1 + (e and not dilates)) for s, e in zip(strides, even, strict=True))
        dilations = tuple(2 if e and dilates else d for d, e in zip(dilations, even, strict=True))
    least = [int(same and extent(k, d) % 2 == 0) for k, d in zip(shape.kernels, dilations, strict=True)]
    padded = [range(low, s) if pads else (0,) for low, s in zip(least, strides, strict=True)]
    extras = _each(pick, "extra", padded, shape.alike)
    return {
        "axes": _axes(shape, strides, dilations, extras),
        "batch": shape.batch,
        "channels": shape.inner,
        "filters": shape.share,
        "same": same,
        "pads_output": pads,
        "first": pick("first", NO_YES) and page.first,
        "bias": pick("bias", NO_YES),
        # what relu makes of NaN, no clause says
        "activation": pick("activation", ("linear", "relu") if page.relu and finite else ("linear",)),
        "form": _form(pick, shape),
    }


def _tf_nn(pick: Pick, api: str, finite: bool) -> dict[str, Any]:
    """Draw what a setting of tf.nn.conv_transpose has, beside its data."""
    del api
    rank = pick("rank", (1, 2, 3))
    shape = _shape(pick, rank, finite, (1,))
    same, more = pick("same", NO_YES), pick("more", OFTEN)
    dilations, strides = _steps(pick, "dilation", shape, DILATIONS), _steps(pick, "stride", shape, STRIDES)
    extras = _each(pick, "extra", [range(stride if more else 1) for stride in strides], shape.alike)
    return {
        "axes": _axes(shape, strides, dilations, extras),
        "batch": shape.batch,
        "channels": shape.inner,
        "filters": shape.share,
        "same": same,
        "first": pick("first", NO_YES),
        "form": _form(pick, shape),
    }


def _torch(pick: Pick, api: str, finite: bool) -> dict[str, Any]:
    """Draw what a setting of a function or a module of PyTorch has, beside its data."""
    rank = int(api[-2])
    shape = _shape(pick, rank, finite, GROUPS)
    pads, is_cropped = pick("pads", OFTEN), pick("cropped", OFTEN)
    batched = not pick("unbatched", SELDOM)
    dilations, strides = _steps(pick, "dilation", shape, DILATIONS), _steps(pick, "stride", shape, STRIDES)
    padded = [range(max(steps) if pads else 1) for steps in zip(strides, dilations, strict=True)]
    extras = _each(pick, "extra", padded, shape.alike)
    axes = zip(shape.sizes, shape.kernels, strides, dilations, extras, strict=True)
    whole = [(n - 1) * s + extent(k, d) + extra for n, k, s, d, extra in axes]
    cropped = [range(1 + (min((size - 1) // 2, MOST_CROPPED) if is_cropped else 0)) for size in whole]
    crops = _each(pick, "crop", cropped, shape.alike)
    return {
        "axes": _axes(shape, strides, dilations, extras, crops),
        "batch": shape.batch if batched else 1,
        "channels": shape.groups * shape.inner,
        "filters": shape.groups * shape.share,
        "groups": shape.groups,
        "batched": batched,
        "bias": pick("bias", NO_YES),
        "form": _form(pick, shape),
    }


def _plain(pick: Pick, api: str, finite: bool) -> dict[str, Any]:
    """Draw what a setting of the plain operation has, beside its data."""
    del api, finite
    rank = pick("rank", (1, 2, 3))
    shape = _shape(pick, rank, False, GROUPS)
    pads, is_cropped = pick("pads", OFTEN), pick("cropped", OFTEN)
    dilations, strides = _steps(pick, "dilation", shape, DILATIONS), _steps(pick, "stride", shape, STRIDES)
    extras = _each(pick, "extra", [range(MOST_PADDED if pads else 1)] * rank, shape.alike)
    axes = zip(shape.sizes, shape.kernels, strides, dilations, extras, strict=True)
    whole = [(n - 1) * s + extent(k, d) + extra for n, k, s, d, extra in axes]
    most = [min((size - 1) // 2, MOST_CROPPED) if is_cropped else 0 for size in whole]
    crops = _each(pick, "crop", [range(1 + n) for n in most], shape.alike)
    left = [min(size - 1 - 2 * crop, n) for size, crop, n in zip(whole, crops, most, strict=True)]
    tails = _each(pick, "tail", [range(1 + n) for n in left], shape.alike)
    return {
        "axes": _axes(shape, strides, dilations, extras, crops, tails),
        "batch": shape.batch,
        "channels": shape.groups * shape.inner,
        "filters": shape.groups * shape.share,
        "groups": shape.groups,
    }


def _shape(pick: Pick, rank: int, empty: bool, groups: Numbers) -> Shape:
    """Draw the sizes of the tensors: usual ones, many channels on one element, or one long axis."""
    kind = pick("kind", ("usual",) * 8 + ("wide", "long"))
    alike = pick("alike", SELDOM)
    batch, group = pick("batch", (*BATCHES, 0) if empty else BATCHES), pick("groups", groups)
    channels = MANY if kind == "wide" else FEW if group == 1 else FEW_OF_A_GROUP
    inner, share = pick("inner", channels), pick("share", channels)
    products = max(batch, 1) * group * inner * share
    fitting = [kernel for kernel in KERNELS if kernel**rank <= min(TERMS // inner, WORK // products)]
    kernels = _each(pick, "kernel", [fitting] * rank, alike)
    left = WORK // (products * prod(kernels))
    most = {"usual": (7,) * rank, "wide": (1,) * rank, "long": (LONGEST,) + (1,) * (rank - 1)}[kind]
    sizes: list[int] = []
    for j, size in enumerate(most):
        sizes.append(pick(f"size {j}", range(1, 1 + min(size, left // prod(sizes)))))
    turn = pick("turn", range(rank))  # which axis had the first choice
    return Shape(alike, batch, group, inner, share, kernels, (*sizes[turn:], *sizes[:turn]))


def _steps(pick: Pick, name: str, shape: Shape, choices: Numbers) -> Numbers:
    """Draw strides or dilations: all one, all the same, or each for itself."""
    rank = len(shape.kernels)
    pattern = pick(f"{name} pattern", ("one", "mixed", "equal", "mixed", "equal"))
    steps = _each(pick, name, [choices] * rank, shape.alike)
    return {"one": (1,) * rank, "mixed": steps, "equal": steps[:1] * rank}[pattern]


def _each(pick: Pick, name: str, choices: Sequence[Sequence[int]], alike: bool) -> Numbers:
    """Draw a number for each axis; if alike, the least for all: setting them free then changes little."""
    drawn = tuple(pick(f"{name} {j}", some) for j, some in enumerate(choices))
    return (min(drawn),) * len(drawn) if alike else drawn


def _axes(
    shape: Shape,
    strides: Numbers,
    dilations: Numbers,
    extras: Numbers,
    crops: Numbers = (0, 0, 0),
    tails: Numbers = (0, 0, 0),
) -> tuple[Axis, ...]:
    columns = (shape.sizes, shape.kernels, strides, dilations, crops, extras, tails)
    return tuple(Axis(*row) for row in zip(*columns, strict=False))


def _form(pick: Pick, shape: Shape) -> str:
    return pick("form", ("number", "tuple", "list", "number") if shape.alike else ("tuple", "list"))
