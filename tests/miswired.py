"""Small functions and classes, each named for how it is wired wrongly, for ``miswired:NAME --api API``."""

import numpy as np

from adjoint.fast import keras_layers, plain, tf_nn
from adjoint.fast.torch_functional import conv_transpose2d
from adjoint.fast.torch_modules import ConvTranspose2d


def always_right(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments)


def operation(input, kernel, stride, dilation, crop, output_padding, groups):
    """The sum as the page of the operation has it, element by element, in NumPy."""
    rank, (batch, channels), filters = input.ndim - 2, input.shape[:2], kernel.shape[1] * groups
    axes = zip(input.shape[2:], kernel.shape[2:], stride, dilation, crop, output_padding, strict=True)
    sizes = [(n - 1) * s + (k - 1) * d + 1 - sum(ends) + more for n, k, s, d, ends, more in axes]
    output = np.zeros((batch, filters, *sizes), input.dtype)
    share, members = filters // groups, channels // groups
    for i in np.ndindex(*input.shape[2:]):
        for k in np.ndindex(*kernel.shape[2:]):
            o = tuple(i[a] * stride[a] + k[a] * dilation[a] - crop[a][0] for a in range(rank))
            if all(0 <= at < size for at, size in zip(o, sizes, strict=True)):
                for g in range(groups):
                    mine = slice(g * members, (g + 1) * members)
                    stamp = input[:, mine, *i] @ kernel[mine, :, *k]
                    output[:, g * share : (g + 1) * share, *o] += stamp
    return output


def kernel_channels_swapped(input, weight, **arguments):
    return conv_transpose2d(input, weight.swapaxes(0, 1), **arguments)


def kernel_flipped(input, weight, **arguments):
    return conv_transpose2d(input, weight[..., ::-1, ::-1], **arguments)


def kernel_height_and_width_swapped(input, weight, **arguments):
    return conv_transpose2d(input, weight.swapaxes(2, 3), **arguments)


def forward_correlation(input, weight, bias=None, **_):
    windows = np.lib.stride_tricks.sliding_window_view(input, weight.shape[2:], (2, 3))
    output = np.einsum("nchwij,fcij->nfhw", windows, weight).astype(input.dtype)
    return output if bias is None else output + bias[:, None, None]


def strides_swapped(input, weight, stride=1, **arguments):
    stride = stride[::-1] if isinstance(stride, (list, tuple)) else stride
    return conv_transpose2d(input, weight, stride=stride, **arguments)


def ignoring(name):
    def function(input, weight, **arguments):
        return conv_transpose2d(input, weight, **{**arguments, **({name: None} if name == "bias" else {})})

    def without(input, weight, **arguments):
        arguments.pop(name, None)
        return function(input, weight, **arguments)

    return without


stride_ignored = ignoring("stride")
dilation_ignored = ignoring("dilation")
padding_ignored = ignoring("padding")
output_padding_ignored = ignoring("output_padding")
groups_ignored = ignoring("groups")
bias_ignored = ignoring("bias")


def in_turn(channels, groups):
    """The channels group by group, where channel c is of group c % groups."""
    return [c for g in range(groups) for c in range(g, channels, groups)]


def input_interleaved(input, weight, groups=1, **arguments):
    return conv_transpose2d(input[:, in_turn(input.shape[1], groups)], weight, groups=groups, **arguments)


def channels_interleaved(input, weight, groups=1, **arguments):
    return input_interleaved(input, weight[in_turn(len(weight), groups)], groups=groups, **arguments)


def interleaving_filters(function):
    def interleaved(input, weight, groups=1, **arguments):
        found = function(input, weight, groups=groups, **arguments)
        output = np.empty_like(found)
        output[:, in_turn(found.shape[1], groups)] = found
        return output

    return interleaved


filters_interleaved = interleaving_filters(conv_transpose2d)
all_interleaved = interleaving_filters(channels_interleaved)
input_and_filters_interleaved = interleaving_filters(input_interleaved)


def dtype_float64(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments).astype("float64")


def dtype_unheard_of(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments).astype("complex64")


def zeros(input, weight, **arguments):
    return 0 * conv_transpose2d(input, weight, **arguments)


def nothing_where_padded(input, weight, padding=0, **arguments):
    output = conv_transpose2d(input, weight, padding=padding, **arguments)
    return output if padding == 0 else 0 * output


def its_input(input, weight, **_):
    del weight
    return input


def nothing_returned(input, weight, **arguments):
    conv_transpose2d(input, weight, **arguments)


def a_list(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments).tolist()


def a_tuple_of_one(input, weight, **arguments):
    return (conv_transpose2d(input, weight, **arguments),)


class Unreadable:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("it lies on another device")


def no_readable_array(input, weight, **arguments):
    del input, weight, arguments
    return Unreadable()


def columns_first(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    return np.reshape(output.ravel(order="F"), output.shape)


def one_axis_too_many(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments)[..., np.newaxis]


def channels_last_answer(input, weight, **arguments):
    return np.moveaxis(conv_transpose2d(input, weight, **arguments), 1, -1)


def channels_last(input, weight, **arguments):
    return channels_last_answer(np.moveaxis(input, -1, 1), weight, **arguments)


def channels_last_input(input, weight, **arguments):
    return conv_transpose2d(np.moveaxis(input, -1, 1), weight, **arguments)


def channels_last_and_strides_swapped(input, weight, **arguments):
    return np.moveaxis(strides_swapped(np.moveaxis(input, -1, 1), weight, **arguments), 1, -1)


def channels_last_without_bias(input, weight, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    output = no_bias_argument(
        np.moveaxis(input, -1, 1), weight, stride, padding, output_padding, groups, dilation
    )
    return np.moveaxis(output, 1, -1)


def channels_first_input(input, filters, *given, **arguments):
    return tf_nn.conv_transpose(np.moveaxis(input, 1, -1), filters, *given, **arguments)


def channels_first(input, filters, *given, **arguments):
    return np.moveaxis(channels_first_input(input, filters, *given, **arguments), -1, 1)


def nobody_knows(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments) + 1


def flipped_and_without_stride(input, weight, **arguments):
    return stride_ignored(input, weight[..., ::-1, ::-1], **arguments)


def no_bias_argument(input, weight, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    given = {"output_padding": output_padding, "groups": groups, "dilation": dilation}
    return conv_transpose2d(input, weight, stride=stride, padding=padding, **given)


def lists_only(input, weight, stride=1, **arguments):
    return conv_transpose2d(input, weight, stride=1 if isinstance(stride, tuple) else stride, **arguments)


def plain_ints_only(input, weight, stride=1, **arguments):
    if isinstance(stride, np.integer):
        raise TypeError("the stride must be an int")
    return conv_transpose2d(input, weight, stride=stride, **arguments)


def input_written_to(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    input[...] = 0
    return output


BUFFERS = {}


def buffer_returned(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    buffer = BUFFERS.setdefault((output.shape, output.dtype), output)
    buffer[...] = output
    return buffer


LAST = [None]


def off_by_one(input, weight, **arguments):
    LAST.append(conv_transpose2d(input, weight, **arguments))
    return LAST[-2] if LAST[-2] is not None else LAST[-1]


def ignores_output_shape(input, filters, output_shape, strides, padding="SAME", **arguments):
    last = not str(arguments.get("data_format")).startswith("NC")
    rank = input.ndim - 2
    spatial = slice(1, -1) if last else slice(2, None)
    strides, dilations = (np.broadcast_to(value, rank) for value in (strides, arguments.get("dilations", 1)))
    sizes = [
        n * s if padding == "SAME" else (n - 1) * s + (k - 1) * d + 1
        for n, k, s, d in zip(input.shape[spatial], filters.shape, strides, dilations, strict=False)
    ]
    output_shape = list(output_shape)
    output_shape[spatial] = sizes
    return tf_nn.conv_transpose(input, filters, output_shape, strides.tolist(), padding, **arguments)


def crop_ends_swapped(crop, **arguments):
    return plain.operation(crop=[ends[::-1] for ends in crop], **arguments)


class SwapsDataFormats(keras_layers.Conv2DTranspose):
    def __init__(self, data_format=None, **arguments):
        first = data_format != "channels_first"
        super().__init__(data_format="channels_first" if first else "channels_last", **arguments)


class IgnoresActivation(keras_layers.Conv2DTranspose):
    def __init__(self, activation=None, **arguments):  # noqa: ARG002 - it is what it does not use
        super().__init__(**arguments)


class SetsNoWeights(keras_layers.Conv2DTranspose):
    def set_weights(self, weights):
        pass


class HasNoWeight(ConvTranspose2d):
    def __setattr__(self, name, value):
        if name != "weight" or "weight" not in vars(self):
            super().__setattr__(name, value)
