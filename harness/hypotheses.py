"""What may be made of a call that should not be?  Each mistake, as a change of the call or of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.supposing import Hypothesis
from adjoint.tensors import Array
from adjoint.writing import Setting, has_formats


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


def _input_from_last(s: Setting) -> Setting | None:
    return _where_channels_are_second(replace(s, input=channels_forward(s.input)))


def _input_from_second(s: Setting) -> Setting | None:
    return _where_channels_are_last(replace(s, input=channels_back(s.input)))


def _input_from_last_always(s: Setting) -> Setting | None:
    """Take channels to be last where nothing is said of formats; where it is, that is to swap them."""
    return None if has_formats(s.api) else _input_from_last(s)


def _swapped(s: Setting) -> Setting:
    return replace(s, kernel=s.kernel.swapaxes(0, 1))


def _flipped(s: Setting) -> Setting:
    return replace(s, kernel=np.flip(s.kernel, tuple(range(2, s.kernel.ndim))))


def _turned(s: Setting) -> Setting:
    return replace(s, kernel=s.kernel.transpose(0, 1, *reversed(range(2, s.kernel.ndim))))


def in_turn(channels: int, groups: int) -> Array:
    """Return the channels group by group, where channel c is of group c % groups."""
    return np.arange(channels).reshape(-1, groups).T.ravel()


def _input_in_turn(s: Setting) -> Setting | None:
    if s.input.shape[1] % s.groups:
        return None
    return replace(s, input=s.input[:, in_turn(s.input.shape[1], s.groups)])


def _channels_in_turn(s: Setting) -> Setting | None:
    if s.input.shape[1] % s.groups or s.input.shape[1] != s.kernel.shape[0]:
        return None
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
    Hypothesis(
        "takes channels last",
        "it takes its input's channels to be last, where they are second",
        _input_from_last,
    ),
    Hypothesis(
        "takes channels first",
        "it takes its input's channels to be second, where they are last",
        _input_from_second,
    ),
    Hypothesis(
        "takes and answers with channels last",
        "it takes its input's channels to be last, and answers so, where they are second",
        _input_from_last_always,
        wrote=channels_forward,
        of_python="it takes its input's channels to be last, and returns them last, where they are second",
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
