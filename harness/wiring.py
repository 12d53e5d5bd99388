"""What is wrong with the wiring, where an answer is not the one that is demanded?  Hypotheses, tried in turn.

A hypothesis says what a worker makes of a call: another setting, other arrays out of the same bytes, or an
answer in other bytes than it should have.  What such a worker would return is computed with the reference, as
what is demanded is; where what came back is accepted as that, the hypothesis fits, and its sentence is said.
`GUESSES` are those that no changed call expresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from math import prod
from typing import Any

import numpy as np

from adjoint.call import Call
from adjoint.demand import demand
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.bound import Claim
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.reference.operation import Geometry, conv
from adjoint.tensors import Array, decode, encode, make
from adjoint.tiny import Setting, has_formats, written

SHOWN = 4
"""How many numbers are quoted."""


@dataclass(frozen=True)
class Expected:
    """What is accepted: under one of the readings, the numbers between two ends, in the ends' shape."""

    dtype: str
    readings: tuple[tuple[Array, Array], ...]

    def accepts(self, seen: Array) -> bool:
        """Tell whether an array is accepted, whatever its dtype."""
        with np.errstate(invalid="ignore"):
            return any(
                seen.shape == low.shape and bool(np.all((low <= seen) & (seen <= high)))
                for low, high in self.readings
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first reading."""
        return tuple(self.readings[0][0].shape)


def expected(call: Call, claim: Claim | None = None, doubtful: bool = False) -> Expected | None:
    """Return what is accepted of a call's output, or None where no clause says it.

    What only an open clause says is returned with `doubtful`.
    """
    try:
        with np.errstate(all="ignore"):
            demanded = demand(replace(call, observe=("output",)), claim)
    except (Refused, Unspecified):
        return None
    if demanded.doubt and not doubtful:
        return None
    return Expected(demanded.dtype, tuple(ends(values) for values in demanded.values.values()))


def ends(values: object) -> tuple[Array, Array]:
    """Return both ends of what is demanded: a tensor's specification, or an interval's two."""
    assert isinstance(values, dict)
    low, high = (decode(values.get(end, values)) for end in ("low", "high"))
    return low, high


@dataclass(frozen=True, eq=False)
class Heard:
    """An answer that is not the one that is demanded.

    Attributes
    ----------
    number : int
        Of the call.
    setting : Setting
    wanted : Expected
    seen : Array
    earlier : sequence of (int, Expected)
        What was demanded of the calls before, by their numbers.
    claim : Claim, optional
        What the worker claims of its arithmetic in this dtype.
    """

    number: int
    setting: Setting
    wanted: Expected
    seen: Array
    earlier: Sequence[tuple[int, Expected]] = ()
    claim: Claim | None = None


def as_it_is(value: Array) -> Array:
    """Return an array itself."""
    return value


def unchanged(setting: Setting) -> Setting:
    """Return a setting itself."""
    return setting


@dataclass(frozen=True)
class Hypothesis:
    """A mistake in the wiring, and how it shows.

    Attributes
    ----------
    name : str
    sentence : str
    setting : callable
        From the call, to the one that is made instead; to None where this can't be.
    read : callable
        From each array that is sent, to what the worker takes it for.
    wrote : callable
        From the array that came back, to what the worker had.
    """

    name: str
    sentence: str
    setting: Callable[[Setting], Setting | None] = unchanged
    read: Callable[[Array], Array] = as_it_is
    wrote: Callable[[Array], Array] = as_it_is

    def call(self, setting: Setting) -> Call | None:
        """Return the call that the worker makes of a setting, or None where there is none."""
        made = self.setting(setting)
        call = written(made) if made else None
        if call is None or self.read is as_it_is:
            return call
        tensors = {name: encode(self.read(decode(tensor))) for name, tensor in call.tensors.items()}
        return replace(call, tensors=tensors)

    def said(self, heard: Heard) -> str:
        """Return the sentence if a worker with this mistake answers so, and not as it should."""
        call = self.call(heard.setting)
        had = self.wrote(heard.seen)
        if call is None or (call == written(heard.setting) and had is heard.seen):
            return ""
        wanted = expected(call, heard.claim, doubtful=True)
        return self.sentence if wanted and wanted.accepts(had) else ""

    def refuted(self, right: Heard) -> bool:
        """Tell whether a worker with this mistake would not have answered rightly where this one did."""
        call = self.call(right.setting)
        wanted = expected(call, right.claim, doubtful=True) if call else None
        return wanted is not None and not wanted.accepts(self.wrote(right.seen))

    def beside(self, other: Hypothesis) -> Hypothesis:
        """Return the hypothesis that both are so."""
        return Hypothesis(
            f"{self.name}, {other.name}",
            f"{self.sentence}, and {other.sentence}",
            lambda setting: (made := self.setting(setting)) and other.setting(made),
            _after(self.read, other.read),
            _after(self.wrote, other.wrote),
        )


def _after(first: Callable[[Array], Array], second: Callable[[Array], Array]) -> Callable[[Array], Array]:
    if first is as_it_is:
        return second
    return first if second is as_it_is else lambda array: second(first(array))


def _with(name: str, of: Callable[[Setting], Any]) -> Callable[[Setting], Setting]:
    return lambda setting: replace(setting, **{name: of(setting)})


def _backwards(name: str) -> Callable[[Setting], Setting]:
    return _with(name, lambda setting: getattr(setting, name)[::-1])


def _other_format(s: Setting) -> Setting | None:
    """Take channels_last for channels_first, or the other way round, in the arrays as they are."""
    if not has_formats(s.api):
        return None
    if s.last is False:
        return replace(s, input=np.moveaxis(s.input, -1, 1), last=True)
    return replace(s, input=np.moveaxis(s.input, 1, -1), last=False)


def _where_channels_are_last(s: Setting) -> Setting | None:
    return s if has_formats(s.api) and s.last is not False else None


def _where_channels_are_second(s: Setting) -> Setting | None:
    return None if has_formats(s.api) and s.last is not False else s


def _swapped(s: Setting) -> Setting | None:
    return replace(s, kernel=s.kernel.swapaxes(0, 1)) if s.groups == 1 else None


def _flipped(s: Setting) -> Setting:
    return replace(s, kernel=np.flip(s.kernel, tuple(range(2, s.kernel.ndim))))


def _turned(s: Setting) -> Setting:
    return replace(s, kernel=s.kernel.transpose(0, 1, *reversed(range(2, s.kernel.ndim))))


def _interleaved(s: Setting) -> Setting:
    """Let channel c be of group c % groups."""
    order = np.arange(s.input.shape[1]).reshape(-1, s.groups).T.ravel()
    return replace(s, input=s.input[:, order])


def _byteswapped(array: Array) -> Array:
    return array.byteswap()


def _from_columns(array: Array) -> Array:
    """Take the elements as if the first axis ran fastest."""
    return np.reshape(array.ravel(), array.shape, order="F")


def _channels_forward(array: Array) -> Array:
    return np.moveaxis(array, -1, 1)


def _channels_back(array: Array) -> Array:
    return np.moveaxis(array, 1, -1)


HYPOTHESES = (
    Hypothesis(
        "reads bytes backwards",
        "it reads tensors in the wrong byte order (big-endian)",
        read=_byteswapped,
    ),
    Hypothesis(
        "writes bytes backwards",
        "it writes tensors in the wrong byte order (big-endian)",
        wrote=_byteswapped,
    ),
    Hypothesis(
        "reads and writes bytes backwards",
        "it reads and writes tensors in the wrong byte order (big-endian)",
        read=_byteswapped,
        wrote=_byteswapped,
    ),
    Hypothesis(
        "reads columns", "it reads a tensor's data as column-major (Fortran order)", read=_from_columns
    ),
    Hypothesis("writes columns", "the answer's data is column-major (Fortran order)", wrote=_from_columns),
    Hypothesis(
        "reads and writes columns",
        "it reads and writes data as column-major (Fortran order)",
        read=_from_columns,
        wrote=_from_columns,
    ),
    Hypothesis(
        "swaps data formats",
        "it takes channels_last for channels_first, or the other way round",
        _other_format,
    ),
    Hypothesis(
        "answers with channels last",
        "the answer has its channels last, where they should be second",
        _where_channels_are_second,
        wrote=_channels_forward,
    ),
    Hypothesis(
        "answers with channels first",
        "the answer has its channels second, where they should be last",
        _where_channels_are_last,
        wrote=_channels_back,
    ),
    Hypothesis("swaps kernel channels", "the kernel's two channel axes are swapped", _swapped),
    Hypothesis(
        "flips the kernel",
        "the kernel is flipped: it computes a convolution with the kernel turned by 180 degrees",
        _flipped,
    ),
    Hypothesis("turns the kernel", "the kernel's spatial axes are in the wrong order", _turned),
    Hypothesis(
        "turns strides", "the strides are in the wrong order (height and width swapped)", _backwards("stride")
    ),
    Hypothesis("ignores strides", "the stride is ignored", _with("stride", lambda s: (1,) * len(s.stride))),
    Hypothesis("turns dilation", "the dilation is in the wrong order", _backwards("dilation")),
    Hypothesis(
        "ignores dilation",
        "the dilation is ignored",
        _with("dilation", lambda s: (1,) * len(s.dilation)),
    ),
    Hypothesis(
        "turns padding", "the padding is in the wrong order (height and width swapped)", _backwards("crop")
    ),
    Hypothesis(
        "ignores padding",
        "the padding, or crop, is ignored",
        _with("crop", lambda s: ((0, 0),) * len(s.crop)),
    ),
    Hypothesis(
        "crops the other end",
        "the crop's beginning and end are swapped",
        _with("crop", lambda s: tuple(pair[::-1] for pair in s.crop)),
    ),
    Hypothesis("turns output_padding", "the output_padding is in the wrong order", _backwards("more")),
    Hypothesis(
        "ignores output_padding",
        "the output_padding, or output_shape, is ignored",
        _with("more", lambda s: (0,) * len(s.more)),
    ),
    Hypothesis("ignores groups", "groups is ignored", _with("groups", lambda _: 1)),
    Hypothesis(
        "interleaves groups",
        "the channels of a group are not neighbours: channel c is taken for one of group c % groups",
        _interleaved,
    ),
    Hypothesis("ignores the bias", "the bias is ignored", _with("bias", lambda _: None)),
    Hypothesis("ignores the activation", "the activation is ignored", _with("doubled", lambda _: False)),
)


def stale(heard: Heard) -> str:
    """Is it what an earlier call should have had?"""
    for number, wanted in heard.earlier:
        if wanted.accepts(heard.seen):
            return f"call {heard.number}'s answer is that of call {number}"
    return ""


def nothing_but_zeros(heard: Heard) -> str:
    """Is it zero throughout?"""
    return "" if np.any(heard.seen) or not heard.seen.size else "it returns zeros"


def input_again(heard: Heard) -> str:
    """Is it what it was given?"""
    call = written(heard.setting)
    assert call
    for name, tensor in call.tensors.items():
        if name != "gradient" and np.array_equal(decode(tensor), heard.seen) and not heard.setting.recipe:
            return f"it returns its {name} as it is"
    return ""


def correlation(heard: Heard) -> str:
    """Is it the forward operation, with either of the kernel's channel axes summed over?"""
    s = heard.setting
    if s.recipe or s.groups > 1:
        return ""
    axes = zip(s.input.shape[2:], s.kernel.shape[2:], s.stride, s.dilation, s.crop, strict=True)
    sizes = tuple((n + sum(ends) - (k - 1) * d - 1) // t + 1 for n, k, t, d, ends in axes)
    if min(sizes) < 1:
        return ""
    geometry = Geometry(
        sizes, s.kernel.shape[2:], s.input.shape[2:], s.stride, s.dilation, tuple(c for c, _ in s.crop)
    )
    for kernel in (s.kernel, s.kernel.swapaxes(0, 1)):
        if kernel.shape[1] != s.input.shape[1]:
            continue
        given = Tensor.from_array(s.input), Tensor.from_array(kernel)
        y = _numbers(conv(*given, geometry))
        total = _numbers(conv(given[0].absolute(), given[1].absolute(), geometry))
        terms = prod(kernel.shape[1:])
        spread = total * terms * 2.0 ** -FORMATS[s.dtype].precision
        for order in (as_it_is, _channels_back):
            low, high = order(y - spread), order(y + spread)
            if Expected(s.dtype, ((low, high),)).accepts(heard.seen):
                return "it computes the correlation (the convolution of a forward layer), not its transpose"
    return ""


def _numbers(tensor: Tensor) -> Array:
    return np.array([float(n) * 2.0**tensor.exponent for n in tensor.integers]).reshape(tensor.shape)


def recipe(heard: Heard) -> str:
    """Are the numbers that were to be made others, by a known mistake?  The call returns its input."""
    asked, dtype, shape = heard.setting.recipe, heard.wanted.dtype, heard.wanted.shape
    if not asked or heard.seen.shape != shape:
        return ""
    low, high, seed = (int(asked[name]) for name in ("low", "high", "seed"))
    mistakes = {
        "it counts elements from 0, where element j takes seed + (j + 1) * 0x9E3779B97F4A7C15": {
            "low": low,
            "high": high,
            "seed": (seed - 0x9E3779B97F4A7C15) % 2**64,
        },
        "it leaves out `high`, which is one of the numbers": {"low": low, "high": high - 1, "seed": seed},
        "it leaves out `low`, which is to be added": {"low": 0, "high": high - low, "seed": seed},
    }
    for words, mistaken in mistakes.items():
        if np.array_equal(make(mistaken, shape, dtype), heard.seen):
            return f"a tensor's `make` recipe is not understood: {words}"
    return ""


def other_shape(heard: Heard) -> str:
    """Are the numbers right, in another shape?"""
    same_size = heard.seen.size == prod(heard.wanted.shape) and heard.seen.shape != heard.wanted.shape
    if same_size and heard.wanted.accepts(heard.seen.reshape(heard.wanted.shape)):
        return (
            f"the numbers are right, but their shape is {list(heard.seen.shape)} "
            f"where {list(heard.wanted.shape)} is due"
        )
    return ""


@dataclass(frozen=True)
class Guess:
    """A mistake that is recognised by what came back alone."""

    name: str
    said: Callable[[Heard], str]


GUESSES = (
    Guess("is stale", stale),
    Guess("returns zeros", nothing_but_zeros),
    Guess("returns what it is given", input_again),
    Guess("makes other numbers", recipe),
    Guess("correlates", correlation),
    Guess("returns another shape", other_shape),
)
Cause = Hypothesis | Guess


def causes(heard: Heard, known: Sequence[Cause] = ()) -> dict[Cause, str]:
    """Return every cause that explains an answer, with its sentence.

    Parameters
    ----------
    heard : Heard
    known : sequence of Cause
        What explained answers before: where one of these does again, nothing else is looked for.
    """
    for tried in (known, (*HYPOTHESES, *GUESSES)):
        with np.errstate(all="ignore"):
            found = {cause: text for cause in tried if (text := cause.said(heard))}
        if found:
            return found
    return {}


def both(heard: Heard, known: Sequence[Cause]) -> dict[Cause, str]:
    """Return two mistakes at once that explain an answer, with their sentence; parameters as of `causes`."""
    for first, second in _pairs([cause for cause in known if isinstance(cause, Hypothesis)], heard):
        if text := first.beside(second).said(heard):
            return {first: text, second: text}
    return {}


def _pairs(known: Sequence[Hypothesis], heard: Heard) -> Iterator[tuple[Hypothesis, Hypothesis]]:
    """Yield two at once, one of which is known, if any is; in three dimensions others take too long."""
    if known:
        yield from ((first, second) for first in known for second in HYPOTHESES if second is not first)
    elif heard.setting.rank < 3:
        yield from permutations(HYPOTHESES, 2)


def difference(wanted: Expected, seen: Array) -> str:
    """Say shortly what is demanded and what was seen."""
    low, high = wanted.readings[0]
    if seen.shape != low.shape:
        return f"shape {list(low.shape)} is demanded, {list(seen.shape)} came back"
    wrong = ~((low <= seen) & (seen <= high))
    place = [int(axis[0]) for axis in np.nonzero(wrong)]
    due, came = (_number(array[tuple(place)]) for array in (low, seen))
    return f"{int(wrong.sum())} of {seen.size} numbers differ: at {place} {due} is demanded, {came} came back"


def quoted(array: Array) -> str:
    """Return the first numbers of an array."""
    return ", ".join(_number(value) for value in array.ravel()[:SHOWN])


def _number(value: object) -> str:
    return f"{float(str(value)):.6g}"
