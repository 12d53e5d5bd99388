"""Small workers and functions, each named for how it is wired wrongly.

The first half are functions and classes, for ``miswired:NAME --api API``.  The second half are workers, run
as ``python miswired.py NAME``: what they claim and compute is right, but for what their name says.
"""

import base64
import json
import os
import sys
import time

import numpy as np

from adjoint.fast import keras_layers, plain, tf_nn
from adjoint.fast.torch_functional import conv_transpose2d
from adjoint.fast.torch_modules import ConvTranspose2d
from adjoint.implementations import serving

TORCH = "torch.nn.functional.conv_transpose2d"
MODULE = "torch.nn.ConvTranspose2d"
KERAS = "keras.layers.Conv2DTranspose"
TF = "tf.nn.conv_transpose"
PLAIN = "operation"


# --- functions and classes


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


def groups_interleaved(input, weight, groups=1, **arguments):
    order = np.arange(input.shape[1]).reshape(-1, groups).T.ravel()
    return conv_transpose2d(input[:, order], weight, groups=groups, **arguments)


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


def one_axis_too_many(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments)[..., np.newaxis]


def channels_last_answer(input, weight, **arguments):
    return np.moveaxis(conv_transpose2d(input, weight, **arguments), 1, -1)


def nobody_knows(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments) + 1


def flipped_and_without_stride(input, weight, **arguments):
    return stride_ignored(input, weight[..., ::-1, ::-1], **arguments)


def no_bias_argument(input, weight, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    given = {"output_padding": output_padding, "groups": groups, "dilation": dilation}
    return conv_transpose2d(input, weight, stride=stride, padding=padding, **given)


def lists_only(input, weight, stride=1, **arguments):
    return conv_transpose2d(input, weight, stride=1 if isinstance(stride, tuple) else stride, **arguments)


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


# --- workers


def columns(array):
    return array.reshape(array.shape[::-1]).T  # the same numbers in the same order, the first axis fastest


def backwards(array):
    return array.byteswap()


INTEGERS = serving.integers


def from_zero(make, shape):
    return INTEGERS({**make, "seed": (make["seed"] - 0x9E3779B97F4A7C15) % 2**64}, shape)


def without_high(make, shape):
    return INTEGERS({**make, "high": make["high"] - 1}, shape)


def without_low(make, shape):
    return INTEGERS(make, shape) - make["low"]


def anyhow(make, shape):
    return np.arange(np.prod(shape)).reshape(shape) % 7 + make["low"]


def served(api=TORCH, function=conv_transpose2d, read=None, wrote=None, integers=None, claims=None):
    """Yield each message with the answer that a sound worker gives, but for what is given otherwise."""
    serving.integers = integers or INTEGERS

    class System:
        @staticmethod
        def perform(_api, arguments, tensors, _stage):
            taken = {name: read(array) if read else array for name, array in tensors.items()}
            output = function(**taken, **arguments)
            return {"output": wrote(output) if wrote else output}

    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "stop":
            return
        if message["do"] == "start":
            whole = {"apis": [api], "dtypes": ["float32", "float64"], **(claims or {})}
            yield message, {"name": "miniature", "version": "1", "claims": whole}
        else:
            yield message, {**serving.performed(System, message["call"]), "id": message["id"]}


def say(answer):
    print(json.dumps(answer), flush=True)


def serving_with(**otherwise):
    def worker():
        for _, answer in served(**otherwise):
            say(answer)

    return worker


def rows_first(array):
    return np.ascontiguousarray(array).ravel(order="F").reshape(array.shape)


sound = serving_with()
reads_big_endian = serving_with(read=backwards)
writes_big_endian = serving_with(wrote=backwards)
big_endian = serving_with(read=backwards, wrote=backwards)
reads_fortran = serving_with(read=columns)
writes_fortran = serving_with(wrote=rows_first)
fortran = serving_with(read=columns, wrote=rows_first)
makes_from_zero = serving_with(integers=from_zero)
makes_without_high = serving_with(integers=without_high)
makes_without_low = serving_with(integers=without_low)
makes_anyhow = serving_with(integers=anyhow)
claims_unknown_api = serving_with(claims={"apis": [TORCH, "torch.nn.functional.conv2d_transpose"]})
claims_unknown_dtype = serving_with(claims={"dtypes": ["float32", "float46"]})
claims_no_dtype = serving_with(claims={"dtypes": []})
claims_unknown_observation = serving_with(claims={"observes": ["output", "gradients"]})


def knows_no_make():
    for message, answer in served():
        made = message["do"] == "perform" and any("make" in t for t in message["call"]["tensors"].values())
        error = {"outcome": "raised", "stage": "construct", "types": ["KeyError"], "message": "'data'"}
        say({**error, "id": message["id"]} if made else answer)


def knows_no_tuple():
    for message, answer in served():
        tagged = "$tuple" in json.dumps(message)
        error = {"outcome": "raised", "stage": "construct", "types": ["TypeError"], "message": "a dict"}
        say({**error, "id": message["id"]} if tagged else answer)


def answers_with_the_id_before():
    for message, answer in served():
        say(
            {**answer, "id": message["id"] - 1 if message["id"] == 3 else message["id"]}
            if "id" in message
            else answer
        )


def answers_with_texts_as_ids():
    for message, answer in served():
        say({**answer, "id": str(message["id"])} if "id" in message else answer)


def answers_without_ids():
    for _, answer in served():
        answer.pop("id", None)
        say(answer)


def answers_twice():
    for message, answer in served():
        say(answer)
        if message.get("id") == 3:
            say(answer)


def prints_beside():
    print("Loading the library ...", flush=True)
    for message, answer in served():
        if message.get("id") == 4:
            print("debug: groups = 1", flush=True)
        say(answer)


def a_line_short():
    held = None
    for message, answer in served():
        if message["do"] == "start":
            say(answer)
            continue
        if held:
            say(held)
        held = answer


def flushes_nothing():
    buffer = []
    for message, answer in served():
        if message["do"] == "start":
            say(answer)
        else:
            buffer.append(answer)
    for answer in buffer:
        say(answer)


def ends_no_line():
    for message, answer in served():
        print(json.dumps(answer), end="\n" if message["do"] == "start" else "", flush=True)


def ends_not_even_the_first_line():
    for _, answer in served():
        print(json.dumps(answer), end="", flush=True)


def exits_after_the_first_call():
    for message, answer in served():
        say(answer)
        if message["do"] == "perform":
            return


def dies_of_groups():
    for message, answer in served():
        if message["do"] == "perform" and "groups" in message["call"]["arguments"]:
            sys.exit("segmentation fault, or so")
        say(answer)


def dies_of_errors():
    for _, answer in served():
        if answer.get("outcome") == "raised":
            sys.exit(f"ValueError: {answer['message'][:20]}")
        say(answer)


def hangs():
    for message, answer in served():
        if message.get("id", 0) > 1:
            time.sleep(3600)
        say(answer)


def does_not_stop():
    for _, answer in served():
        say(answer)
    time.sleep(3600)


def dies_at_start():
    sys.exit("OSError: libconv.so: cannot open shared object file")


def says_nothing_at_start():
    time.sleep(3600)


def claims_nothing():
    sys.stdin.readline()
    say({"name": "miniature", "version": "1"})
    sys.stdin.readline()


def doubles_the_bytes():
    for _, answer in served():
        for tensor in answer.get("observed", {}).values():
            array = np.frombuffer(base64.b64decode(tensor["data"]), tensor["dtype"])
            tensor["data"] = base64.b64encode(array.astype("float64").tobytes()).decode()
        say(answer)


def names_no_reason():
    for message, answer in served():
        groups = message["do"] == "perform" and "groups" in message["call"]["arguments"]
        no = {"outcome": "unsupported", "unsupported": "no-groups", "reason": "no groups"}
        say({**no, "id": message["id"]} if groups else answer)


def names_a_reason():
    for message, answer in served(claims={"unsupported": {"no-groups": "there are no groups"}}):
        groups = message["do"] == "perform" and "groups" in message["call"]["arguments"]
        no = {"outcome": "unsupported", "unsupported": "no-groups", "reason": "no groups"}
        say({**no, "id": message["id"]} if groups else answer)


def swaps_gradients():
    sloped(
        lambda seen: {
            **seen,
            "gradient-input": seen["gradient-kernel"],
            "gradient-kernel": seen["gradient-input"],
        }
    )


def ignores_the_gradient():
    sloped(lambda seen: seen, ones=True)


def sloped(changed, ones=False):
    """Serve our own implementation's operation, with gradients."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "stop":
            return
        if message["do"] == "start":
            observes = ["output", "gradient-input", "gradient-kernel"]
            claims = {"apis": [PLAIN], "dtypes": ["float32"], "observes": observes}
            say({"name": "miniature", "version": "1", "claims": claims})
            continue
        call = message["call"]
        arrays = {name: serving.decode(tensor) for name, tensor in call["tensors"].items()}
        gradient = arrays.pop("gradient", None)
        seen = {"output": plain.operation(**arrays, **call["arguments"])}
        if gradient is not None:
            gradient = np.ones_like(gradient) if ones else gradient
            found = plain.gradients(gradient, **arrays, **call["arguments"])
            seen = changed({**seen, "gradient-input": found.input, "gradient-kernel": found.kernel})
        shown = {name: serving.encode(array) for name, array in seen.items()}
        say({"outcome": "returned", "id": message["id"], "observed": shown})


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    os._exit(0)
