"""What may be made of a call that should not be?  Each mistake, as a change of the call or of the answer.

A hypothesis says what is made of a call: another setting, other arrays out of the same bytes, or an answer in
other bytes than it should have.  What such a worker would return is computed with the reference, as what is
demanded is; where what came back is accepted as that, the hypothesis fits, and its sentence is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adjoint.call import Call
from adjoint.expecting import Expected, expected
from adjoint.reference.bound import Claim
from adjoint.tensors import Array, decode, encode
from adjoint.writing import Setting, has_formats, written


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
    earlier : sequence of (int, str, Expected)
        What was demanded of the calls before, by their numbers and names.
    claim : Claim, optional
        What the worker claims of its arithmetic in this dtype.
    in_python : bool
        Whether it is said of a function or class, in the words of arguments and return values.
    """

    number: int
    setting: Setting
    wanted: Expected
    seen: Array
    earlier: Sequence[tuple[int, str, Expected]] = ()
    claim: Claim | None = None
    in_python: bool = False


def as_it_is(value: Array) -> Array:
    """Return an array itself."""
    return value


def unchanged(setting: Setting) -> Setting:
    """Return a setting itself."""
    return setting


def where_it_is(_: Setting, value: Array) -> Array:
    """Return an output itself."""
    return value


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
    placed : callable
        The same, where it depends on the call.
    of_python : str
        The sentence of a function or class, where the other speaks of the protocol.
    """

    name: str
    sentence: str
    setting: Callable[[Setting], Setting | None] = unchanged
    read: Callable[[Array], Array] = as_it_is
    wrote: Callable[[Array], Array] = as_it_is
    placed: Callable[[Setting, Array], Array] = where_it_is
    of_python: str = ""

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
        had = self.had(heard)
        if call is None or (call == written(heard.setting) and had is heard.seen):
            return ""
        wanted = expected(call, heard.claim, doubtful=True)
        sentence = self.of_python or self.sentence if heard.in_python else self.sentence
        return sentence if wanted and wanted.accepts(had) else ""

    def refuted(self, right: Heard) -> bool:
        """Tell whether a worker with this mistake would not have answered rightly where this one did."""
        call = self.call(right.setting)
        wanted = expected(call, right.claim, doubtful=True) if call else None
        return wanted is not None and not wanted.accepts(self.had(right))

    def had(self, heard: Heard) -> Array:
        """Return the output that the worker had, of the one that came back."""
        return self.placed(heard.setting, self.wrote(heard.seen))

    def beside(self, other: Hypothesis) -> Hypothesis:
        """Return the hypothesis that both are so."""
        return Hypothesis(
            f"{self.name}, {other.name}",
            f"{self.sentence}, and {other.sentence}",
            lambda setting: (made := self.setting(setting)) and other.setting(made),
            _after(self.read, other.read),
            _after(self.wrote, other.wrote),
            lambda setting, array: other.placed(setting, self.placed(setting, array)),
            f"{self.of_python or self.sentence}, and {other.of_python or other.sentence}",
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


def in_turn(channels: int, groups: int) -> Array:
    """Return the channels group by group, where channel c is of group c % groups."""
    return np.arange(channels).reshape(-1, groups).T.ravel()


def _input_in_turn(s: Setting) -> Setting:
    return replace(s, input=s.input[:, in_turn(s.input.shape[1], s.groups)])


def _channels_in_turn(s: Setting) -> Setting:
    order = in_turn(s.input.shape[1], s.groups)
    return replace(s, input=s.input[:, order], kernel=s.kernel[order])


def filters_in_turn(s: Setting, output: Array) -> Array:
    """Return an output whose filter f is of group f % groups, group by group."""
    if s.groups == 1 or output.ndim < 2 or output.shape[1] % s.groups:
        return output
    return output[:, in_turn(output.shape[1], s.groups)]


def byteswapped(array: Array) -> Array:
    """Return an array with the bytes of each element reversed."""
    return array.byteswap()


def from_columns(array: Array) -> Array:
    """Take the elements as if the first axis ran fastest."""
    return np.reshape(array.ravel(), array.shape, order="F")


def channels_forward(array: Array) -> Array:
    """Return an array whose last axis became the second."""
    return np.moveaxis(array, -1, 1)


def channels_back(array: Array) -> Array:
    """Return an array whose second axis became the last."""
    return np.moveaxis(array, 1, -1)


HYPOTHESES = (
    Hypothesis(
        "reads bytes backwards",
        "it reads tensors in the wrong byte order (big-endian)",
        read=byteswapped,
        of_python="it takes its arrays with the bytes of each element reversed (big-endian)",
    ),
    Hypothesis(
        "writes bytes backwards",
        "it writes tensors in the wrong byte order (big-endian)",
        wrote=byteswapped,
        of_python="it returns an array with the bytes of each element reversed (big-endian)",
    ),
    Hypothesis(
        "reads and writes bytes backwards",
        "it reads and writes tensors in the wrong byte order (big-endian)",
        read=byteswapped,
        wrote=byteswapped,
        of_python="it takes and returns arrays with the bytes of each element reversed (big-endian)",
    ),
    Hypothesis(
        "reads columns",
        "it reads a tensor's data as column-major (Fortran order)",
        read=from_columns,
        of_python="it takes the elements of its arrays in column-major (Fortran) order",
    ),
    Hypothesis(
        "writes columns",
        "the answer's data is column-major (Fortran order)",
        wrote=from_columns,
        of_python="the elements of what it returns are in column-major (Fortran) order",
    ),
    Hypothesis(
        "reads and writes columns",
        "it reads and writes data as column-major (Fortran order)",
        read=from_columns,
        wrote=from_columns,
        of_python="it takes and returns elements in column-major (Fortran) order",
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
        wrote=channels_forward,
        of_python="what it returns has its channels last, where they should be second",
    ),
    Hypothesis(
        "answers with channels first",
        "the answer has its channels second, where they should be last",
        _where_channels_are_last,
        wrote=channels_back,
        of_python="what it returns has its channels second, where they should be last",
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
        "interleaves the input's channels",
        "the input's channels are interleaved between the groups, the kernel's are not: "
        "channel c of the input is taken for one of group c % groups",
        _input_in_turn,
    ),
    Hypothesis(
        "interleaves channels",
        "the channels are interleaved between the groups: "
        "channel c of input and kernel is taken for one of group c % groups",
        _channels_in_turn,
    ),
    Hypothesis(
        "interleaves filters",
        "the output's channels are interleaved between the groups: filter f is one of group f % groups",
        placed=filters_in_turn,
    ),
    Hypothesis(
        "interleaves channels and filters",
        "all channels are interleaved between the groups: "
        "channel c is taken for one of group c % groups, and filter f is one of group f % groups",
        _channels_in_turn,
        placed=filters_in_turn,
    ),
    Hypothesis("ignores the bias", "the bias is ignored", _with("bias", lambda _: None)),
    Hypothesis("ignores the activation", "the activation is ignored", _with("doubled", lambda _: False)),
)
