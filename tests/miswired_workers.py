"""Small workers, each named for how it is wired wrongly, run as ``python miswired_workers.py NAME``.

What they claim and compute is right, but for what their name says.
"""

import base64
import json
import os
import sys
import time

import numpy as np

from adjoint.fast import plain
from adjoint.fast.torch_functional import conv_transpose2d
from adjoint.implementations import serving

TORCH = "torch.nn.functional.conv_transpose2d"
PLAIN = "operation"


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
