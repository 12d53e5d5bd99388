"""A whole worker in plain Python: torch.nn.functional.conv_transpose1d, in float32 and float64."""

import array
import base64
import json
import sys
from itertools import product
from math import prod

API = "torch.nn.functional.conv_transpose1d"
CODES = {"float32": "f", "float64": "d"}


def main():
    """Answer each line, in order, until there is no more to do."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "stop":
            break
        if message["do"] == "start":
            claims = {"interpretation": "1.0", "apis": [API], "dtypes": list(CODES)}
            answer = {"name": "plain", "version": "1", "claims": claims}
        else:
            answer = {"id": message["id"], **performed(message["call"])}
        print(json.dumps(answer), flush=True)


def performed(call):
    """Return what came of a call: any error is what it raised."""
    try:
        tensors = {name: read(tensor) for name, tensor in call["tensors"].items()}
        arguments = {name: untag(value) for name, value in call["arguments"].items()}
        output = written(*conv_transpose1d(**tensors, **arguments))
        return {"outcome": "returned", "observed": {"output": output}}
    except Exception as error:
        return {"outcome": "raised", "stage": "call", "types": [type(error).__name__], "message": str(error)}


def read(tensor):
    """Return a tensor as its dtype, its shape and a list of its elements."""
    count = prod(tensor["shape"])
    if "make" in tensor:
        return tensor["dtype"], tensor["shape"], [float(drawn(tensor["make"], j)) for j in range(count)]
    elements = array.array(CODES[tensor["dtype"]], base64.b64decode(tensor["data"]))
    return tensor["dtype"], tensor["shape"], list(elements)


def written(dtype, shape, elements):
    """Return a tensor as an answer gives it."""
    data = array.array(CODES[dtype], elements).tobytes()  # little-endian, as nearly every machine is
    return {"dtype": dtype, "shape": shape, "data": base64.b64encode(data).decode()}


def drawn(make, j):
    """Return element j of a tensor that is to be made: SplitMix64."""
    z = (make["seed"] + (j + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    z = z ^ (z >> 31)
    return make["low"] + z % (make["high"] - make["low"] + 1)


def untag(value):
    """Return the value of an argument that may be tagged."""
    if isinstance(value, list):
        return [untag(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, inner), *_) = sorted(value.items())
    if tag == "$tuple":
        return tuple(untag(item) for item in inner)
    return {"$int": int, "$float": float}[tag](inner)


def number(name, value, least):
    """Return an argument that is one number, or a list of one."""
    if isinstance(value, (list, tuple)):
        (value,) = value
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{name} is {value!r}; it must be an integer, at least {least}")
    return value


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Return the output, after refusing what the page refuses."""
    dtype, (*batch, channels, length), x = input
    _, (rows, filters, kernel), w = weight
    stride, dilation = number("stride", stride, 1), number("dilation", dilation, 1)
    padding, more = number("padding", padding, 0), number("output_padding", output_padding, 0)
    size = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1
    if weight[0] != dtype or rows != channels or len(batch) > 1:
        raise ValueError("input and weight do not go together")
    if channels % number("groups", groups, 1) or (bias and bias[1] != [groups * filters]):
        raise ValueError("groups must divide the channels, and the bias have a number for each filter")
    if more >= max(stride, dilation) or size < 0 or kernel == 0:
        raise ValueError("output_padding is too large, or the kernel or the output has no size")
    y = [[0.0] * (groups * filters * size) for _ in range(prod(batch))]
    share = channels // groups  # of the channels, for each group
    for n, c, f, i, k in product(*map(range, (len(y), channels, filters, length, kernel))):
        o = i * stride + k * dilation - padding
        if 0 <= o < size:
            at = (c // share * filters + f) * size + o
            y[n][at] += x[(n * channels + c) * length + i] * w[(c * filters + f) * kernel + k]
    flat = [value + (bias[2][j // size] if bias else 0) for row in y for j, value in enumerate(row)]
    return dtype, [*batch, groups * filters, size], flat


if __name__ == "__main__":
    main()
