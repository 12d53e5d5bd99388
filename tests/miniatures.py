"""Small implementations of conv_transpose2d, each named for how it misbehaves.

The first half are functions, for ``miniatures:NAME --api torch.nn.functional.conv_transpose2d``.  The second
half misbehave on the protocol itself, and are run as ``python miniatures.py NAME``.  Those that do it once
do it on calls of more than three groups, of which the golden cases have a few.
"""

import json
import os
import pathlib
import sys
import time

import numpy as np
from numpy.lib.stride_tricks import as_strided

from adjoint import tensors
from adjoint.fast.torch_functional import conv_transpose2d

API = "torch.nn.functional.conv_transpose2d"


def always_right(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments)


def off_by_one_crop(input, weight, padding=0, **arguments):
    output = conv_transpose2d(input, weight, padding=padding, **arguments)
    return np.roll(output, 1, axis=-1) if np.any(padding) else output


def flipped_kernel(input, weight, **arguments):
    return conv_transpose2d(input, weight[..., ::-1, ::-1], **arguments)


def ignores_output_padding(input, weight, output_padding=0, **arguments):
    conv_transpose2d(input, weight, output_padding=output_padding, **arguments)  # refuses what is illegal
    return conv_transpose2d(input, weight, **arguments)


def two_faults(input, weight, stride=1, **arguments):
    output = ignores_output_padding(input, weight, stride=stride, **arguments)
    return -output if np.any(np.greater(stride, 1)) else output


def crashes_when_large(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    if output.size > 20:
        os.abort()
    return output


def wrong_shape(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments)[..., np.newaxis]


def wrong_dtype(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments).astype("float64")


def writes_to_its_input(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    if input.flags.writeable:
        input *= 2
    return output


def turns_the_weight_and_back_next_time(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    if weight.flags.writeable:
        weight *= -1
    return output


BUFFERS = {}


def returns_its_buffer(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    buffer = BUFFERS.setdefault((output.shape, output.dtype), output.copy())
    buffer[...] = output
    return buffer


def returns_its_input_where_it_may(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    if output.shape == input.shape and output.dtype == input.dtype and input.flags.writeable:
        input[...] = output
        return input
    return output


CACHE = {}


def looks_up_by_shape(input, weight, **arguments):
    output = conv_transpose2d(input, weight, **arguments)
    if input.shape[:2] == (2, 2):
        return CACHE.setdefault((str(weight.ravel()), input.shape, str(arguments)), output)
    return output


BEFORE = [np.zeros((0, 0))]


def adds_what_a_larger_call_left(input, weight, **arguments):
    """Add to the output what the call before left in a buffer, if that was of twice the batch."""
    output = conv_transpose2d(input, weight, **arguments)
    before = BEFORE.pop()
    BEFORE.append(output)
    is_half = before.shape == (2 * len(output), *output.shape[1:])
    return output + before[: len(output)] if is_half and before.dtype == output.dtype else output


def as_if_contiguous(array):
    """Return the elements of the memory that an array starts in, in order, as far as it reaches."""
    return as_strided(array, array.shape, np.empty(array.shape, array.dtype).strides)


def ignores_strides(input, weight, **arguments):
    within = min(input.strides, default=0) >= 0 and 0 not in input.strides
    return conv_transpose2d(as_if_contiguous(input) if within else input, weight, **arguments)


def starts_at_the_buffer(input, weight, **arguments):
    base = input.base if isinstance(input.base, np.ndarray) else input
    whole = base.ravel()[: input.size] if base.ndim == 1 else input
    return conv_transpose2d(whole.reshape(input.shape), weight, **arguments)


def refuses_what_is_read_only(input, weight, **arguments):
    if not input.flags.writeable:
        raise ValueError("output array is read-only")
    return conv_transpose2d(input, weight, **arguments)


def raises_on_everything(**_):
    raise RuntimeError("not today")


def returns_nothing(**_):
    pass


def returns_complex(input, weight, **arguments):
    return conv_transpose2d(input, weight, **arguments).astype("complex64")


CALLS = []


def dies_now_and_then(input, weight, **arguments):
    CALLS.append(1)
    if len(CALLS) == 30:
        os.abort()
    return conv_transpose2d(input, weight, **arguments)


def dies_once(input, weight, groups=1, **arguments):
    """Die of a call as long as there is no file of the name in MINIATURES_MARK, and ignore output_padding."""
    mark = pathlib.Path(os.environ["MINIATURES_MARK"])
    if groups > 3 and not mark.exists():
        mark.touch()
        os.abort()
    return ignores_output_padding(input, weight, groups=groups, **arguments)


def dies_of_everything(**_):
    os.abort()


def crashes(input, weight, groups=1, **arguments):
    if groups > 3:
        os.abort()
    return conv_transpose2d(input, weight, groups=groups, **arguments)


def hangs(input, weight, groups=1, **arguments):
    if groups > 3:
        time.sleep(3600)
    return conv_transpose2d(input, weight, groups=groups, **arguments)


def eats_memory(input, weight, groups=1, **arguments):
    hoard = []
    while groups > 3:
        hoard.append(np.ones(1 << 22))
    return conv_transpose2d(input, weight, groups=groups, **arguments)


def prints_on_stdout(input, weight, **arguments):
    print('{"id": 0, "outcome": "returned"}', flush=True)
    os.write(1, b"hello\n")
    return conv_transpose2d(input, weight, **arguments)


def answers():
    """Yield each message with the answer that a sound worker gives."""
    from adjoint.implementations import serving

    class System:
        @staticmethod
        def perform(_api, arguments, tensors, _stage):
            return {"output": always_right(**tensors, **arguments)}

    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "start":
            claims = {"apis": [API], "dtypes": ["float32", "float64"], "python_errors": True}
            yield message, {"name": "miniature", "version": "1", "claims": claims}
        elif message["do"] == "perform":
            yield message, {**serving.performed(System, message["call"]), "id": message["id"]}


def one_further(message, answer):
    """Let the numbers of float16 that are sums of several, and are rounded, be the next ones."""
    if message["do"] != "perform" or answer["outcome"] != "returned":
        return answer
    arrays = {name: tensors.decode(spec) for name, spec in message["call"]["tensors"].items()}
    several = arrays["weight"].shape[0] > 2 * groups_of(message)
    if not several or arrays["input"].dtype != "float16" or np.all(arrays["input"] % 1 == 0):
        return answer
    output = tensors.decode(answer["observed"]["output"])
    further = np.nextafter(output, np.float16(np.inf))
    return {**answer, "observed": {"output": tensors.encode(np.where(output == 0, output, further))}}


def strays_in_float16():
    for message, answer in answers():
        if message["do"] == "start":
            answer["claims"]["dtypes"] = ["float16", "float32"]
        say(one_further(message, answer))


def claims_to_stray_less():
    for message, answer in answers():
        if message["do"] == "start":
            answer["claims"] |= {
                "dtypes": ["float16", "float32"],
                "arithmetic": {"float16": {"accumulator": "float32"}},
            }
        say(one_further(message, answer))


def say(answer):
    print(json.dumps(answer), flush=True)


def groups_of(message):
    groups = message["call"]["arguments"].get("groups", 1)
    return groups if isinstance(groups, int) else 1


def in_many_groups(message):
    return message["do"] == "perform" and groups_of(message) > 3


def floods_stdout():
    for message, answer in answers():
        while in_many_groups(message):
            sys.stdout.write("a line that never ends, " * 4096)
        say(answer)


def answers_nonsense():
    for message, answer in answers():
        say("nonsense" if in_many_groups(message) else answer)


def answers_out_of_order():
    held = []
    for message, answer in answers():
        if in_many_groups(message):
            held.append(answer)
        else:
            say(answer)
            while held:
                say(held.pop())


HOSTILE = (
    "<script>alert(1)</script>]]>\x1b[31m\x00\x07\u200f\u202eevil\ud800\ufffe\"'><img src=x>`|*\r\n"
    "adjoint: passed"
)


def means_harm():
    """Be hostile wherever text may stand: in claims, errors, last words, dtypes; a megabyte now and then."""
    counted = 0
    for message, answer in answers():
        if message["do"] == "start":
            answer["name"] = answer["version"] = answer["python"] = HOSTILE * 20_000
            answer["claims"]["systems"] = {HOSTILE: HOSTILE, "torch": HOSTILE}
            answer["claims"]["unsupported"] = {HOSTILE: HOSTILE}
            say(answer)
            continue
        counted += 1
        text = HOSTILE * (20_000 if counted % 7 == 0 else 1)
        if groups_of(message) == 4:
            answer = {"outcome": text}
        elif groups_of(message) > 4:
            sys.stderr.buffer.write(text.encode("utf-8", errors="surrogatepass") + b"\xff\x1b[2J")
            sys.stderr.flush()
            os.abort()
        elif counted % 6 == 1:
            answer = {"outcome": "raised", "stage": "call", "types": [text, text], "message": text}
        elif counted % 6 == 2:
            answer = {"outcome": "unsupported", "unsupported": text, "reason": text}
        elif counted % 6 == 3 and answer["outcome"] == "returned":
            answer["observed"] = {name: {"dtype": "<script>", "shape": [1]} for name in answer["observed"]}
        say({**answer, "id": message["id"]})


def means_harm_at_start():
    sys.stderr.buffer.write(HOSTILE.encode("utf-8", errors="surrogatepass"))
    sys.exit(1)


def dies_at_start():
    sys.exit("the library could not be loaded")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
