"""Does adjoint.fast answer as the reference does, and refuse what it refuses?  On calls drawn from a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest

from adjoint.fast import (
    keras_layers,
    plain,
    tf_keras_layers,
    tf_layers,
    tf_nn,
    torch_functional,
    torch_modules,
)
from adjoint.fast.operation import conv_transpose
from adjoint.reference.answer import Refused, Unspecified
from adjoint.reference.apis import APIS, answer
from adjoint.reference.exact import FORMATS, Tensor
from adjoint.spec import load

CALLS = 1200  # of each API
LARGEST = {
    "float16": 4,
    "bfloat16": 1,
    "float32": 300,
    "float64": 10**6,
}  # keeps sums of up to 90 terms exact

Call = tuple[dict[str, Any], dict[str, Any]]
"""Tensors and arguments, by name."""


def draw(random: Random, shape: tuple[int, ...], dtype: str) -> Any:
    largest = LARGEST.get(dtype, 1)
    flat = [random.randint(-largest, largest) for _ in range(int(np.prod(shape)))]
    return np.array(flat).reshape(shape).astype(dtype)


def some(random: Random, count: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(random.randint(low, high) for _ in range(count))


def rarely(random: Random, usual: Any, *others: Any) -> Any:
    """Return what is usual, or once in twenty times one of the others."""
    return random.choice(others) if random.random() < 0.05 else usual


def form(random: Random, items: tuple[int, ...]) -> Any:
    """Return a number for each axis, as a list, a tuple or, where they are alike, one number."""
    return random.choice([items, list(items), *items[: len(set(items)) == 1]])


def spoil(random: Random, arguments: dict[str, Any], numbers: dict[str, int]) -> None:
    """Once in four times, give a flaw to one of the numbers, whose least is said, or a foreign argument."""
    if random.random() < 0.75:
        return
    name = random.choice([*numbers, "foreign"])
    least = numbers.get(name, 0)
    arguments[name] = random.choice([least - 1, least + 0.5, [least + 0.5], [least] * 7, (least - 1,)])


def torch_call(random: Random, rank: int) -> Call:
    largest = {1: 6, 2: 4, 3: 3}[rank]
    groups, share = random.choice((1, 1, 2, 3)), random.randint(1, 3)
    channels = rarely(random, groups * random.randint(1, 3 if rank < 3 else 2), 5)
    dtype = random.choice(tuple(FORMATS))
    kernel, size = some(random, rank, 1, 3 if rank > 1 else 5), some(random, rank, 1, largest)
    stride, dilation = (rarely(random, some(random, rank, 1, 3), (1,) * rank) for _ in range(2))
    extras = tuple(random.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True))
    axes = zip(size, kernel, stride, dilation, extras, strict=True)
    most = [((i - 1) * s + (k - 1) * d + e) // 2 for i, k, s, d, e in axes]
    padding = tuple(random.randint(0, min(crop, 4)) for crop in most)
    arguments: dict[str, Any] = {
        "stride": rarely(random, stride, (*stride[:-1], 0), (*stride[:-1], -2)),
        "padding": rarely(random, padding, (*padding[1:], -1), (*padding[1:], most[-1] + 1), "same"),
        "output_padding": rarely(random, extras, (*extras[1:], -1), tuple(map(max, stride, dilation))),
        "dilation": rarely(random, dilation, (*dilation[:-1], 0)),
    }
    defaults = {"padding": 0, "output_padding": 0, "stride": 1, "dilation": 1}
    arguments = {
        name: value if isinstance(value, str) else form(random, value)
        for name, value in arguments.items()
        if set(value) != {defaults[name]} or random.random() < 0.5
    }
    if groups > 1 or random.random() < 0.5:
        arguments["groups"] = rarely(random, groups, 0, -1, 2, 4)
    batch = rarely(random, random.choice([(), (0,), (1,), (2,), (3,)]), (1, 1), (1, 2, 1))
    tensors = {
        "input": draw(random, (*batch, channels, *size), dtype),
        "weight": draw(random, (rarely(random, channels, channels + 1), share, *kernel), dtype),
    }
    if random.random() < 0.5:
        filters = rarely(random, share * groups, share, share * groups + 1)
        tensors["bias"] = draw(random, (filters,), dtype)
    wrong = rarely(random, None, *tensors)
    if wrong is not None:
        tensors[wrong] = tensors[wrong].astype("float64")
    return tensors, arguments


def tf_call(random: Random) -> Call:
    rank = random.choice((1, 2, 2, 3))
    largest = {1: 6, 2: 4, 3: 3}[rank]
    dtype = rarely(random, random.choice(tuple(FORMATS)), "int32", "int64", "bool")
    size, kernel = some(random, rank, 1, largest), some(random, rank, 1, 3 if rank > 1 else 5)
    stride, dilation = some(random, rank, 1, 3), some(random, rank, 1, 3)
    inner, outer, batch = *some(random, 2, 1, 3), random.randint(0, 3)
    padding = rarely(random, random.choice(("VALID", "SAME")), "valid", "Same", "FULL", "")
    lengths = []
    for i, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        lost = (k - 1) * d if padding == "VALID" else 0
        low, high = (i - 1) * s + 1 + lost, i * s + lost
        lengths.append(rarely(random, random.randint(low, high), low - 1, high + 1))
    formats = tf_nn.DATA_FORMATS[rank]
    foreign = ("NHCW", "NWC", "NCHW", "NDHWC", "channels_last")
    data_format = rarely(random, random.choice([None, *formats]), *foreign)
    last = data_format in (None, formats[0])

    def ordered(first: int, channels: int, items: tuple[int, ...] | list[int]) -> list[int]:
        return [first, *items, channels] if last else [first, channels, *items]

    def spread(items: tuple[int, ...]) -> Any:
        one = list(items[:1]) if len(set(items)) == 1 else items
        return rarely(random, random.choice([form(random, items), ordered(1, 1, items), one]), [*one] * 7, [])

    arguments = {"strides": spread(stride), "padding": padding}
    if set(dilation) != {1} or random.random() < 0.5:
        arguments["dilations"] = spread(dilation)
    if data_format is not None:
        arguments["data_format"] = data_format
    shape = ordered(rarely(random, batch, batch + 1), rarely(random, outer, outer + 1), lengths)
    arguments["output_shape"] = rarely(random, shape, [shape], shape[:-1], [*shape, 1])
    filters = (*kernel, outer, rarely(random, inner, inner + 1))
    image = tuple(ordered(batch, inner, size))
    spoil(random, arguments, {"strides": 1, "dilations": 1})
    tensors = {
        "input": draw(random, rarely(random, image, image[1:], (1, *image)), dtype),
        "filters": draw(random, filters, rarely(random, dtype, "float64")),
    }
    axes = rarely(random, rank + 2, 2, 6)
    if axes != rank + 2:
        tensors = {name: draw(random, (1,) * axes, dtype) for name in tensors}
    return tensors, arguments


def plain_call(random: Random) -> Call:
    rank, dtype = random.choice((1, 2, 3)), random.choice(tuple(FORMATS))
    size, kernel = some(random, rank, 1, 4), some(random, rank, 1, 3)
    stride, dilation, extras = some(random, rank, 1, 3), some(random, rank, 1, 3), some(random, rank, 0, 3)
    crop = [[random.randint(0, 2), random.randint(0, 2)] for _ in range(rank)]
    groups, inner, outer, batch = some(random, 4, 1, 3)
    tensors = {
        "input": draw(random, (batch, groups * inner, *size), dtype),
        "kernel": draw(random, (groups * inner, outer, *kernel), dtype),
    }
    numbers = {"stride": list(stride), "dilation": list(dilation), "output_padding": list(extras)}
    return tensors, {**numbers, "crop": crop, "groups": groups}


def layer_call(
    random: Random, rank: int, dilates: bool = True, pads: bool = True, typed: bool = True
) -> Call:
    dtype = random.choice(tuple(FORMATS))
    kernel, filters, channels = some(random, rank, 1, 4 if rank < 3 else 3), *some(random, 2, 1, 3)
    steps, ones = some(random, rank, 1, 4), (1,) * rank
    usual = random.choice([(steps, ones), (ones, steps)]) if dilates else (steps, ones)
    strides, dilation = rarely(random, usual, (steps, some(random, rank, 1, 2)))
    data_format = rarely(random, random.choice([None, "channels_last", "channels_first"]), "NHWC", "last")
    size, batch = some(random, rank, 1, 4 if rank < 3 else 3), random.randint(0, 2)
    inputs = rarely(random, channels, channels + 1)
    shape = (batch, inputs, *size) if data_format == "channels_first" else (batch, *size, inputs)
    tensors = {
        "input": draw(random, rarely(random, shape, shape[1:], (1, *shape)), dtype),
        "kernel": draw(random, (*kernel, filters, channels), dtype),
    }
    arguments: dict[str, Any] = {
        "filters": filters,
        "kernel_size": form(random, kernel),
        "strides": form(random, rarely(random, strides, strides[:1])),
        "padding": rarely(random, random.choice(("valid", "same", "SAME", "Valid")), "causal", "full", ""),
        "activation": random.choice((None, "linear", "relu")),
        "use_bias": random.random() < 0.6,
    }
    if typed:
        arguments["dtype"] = dtype
    if dilates:
        arguments["dilation_rate"] = form(random, dilation)
    if pads and random.random() < 0.6:
        extras = tuple(random.randrange(stride) for stride in strides)
        arguments["output_padding"] = rarely(random, form(random, extras), strides, None)
    if data_format is not None:
        arguments["data_format"] = data_format
    if arguments["use_bias"]:
        tensors["bias"] = draw(random, (filters,), dtype)
    spoil(random, arguments, {name: least for name, least in LEAST_OF_A_LAYER.items() if name in arguments})
    return tensors, arguments


def module_call(random: Random, rank: int) -> Call:
    tensors, arguments = torch_call(random, rank)
    weight, groups = tensors["weight"], arguments.get("groups", 1)
    arguments |= {
        "in_channels": weight.shape[0],
        "out_channels": rarely(random, weight.shape[1] * groups, weight.shape[1] * groups + 1),
        "kernel_size": form(random, weight.shape[2:]),
        "bias": "bias" in tensors,
        "padding_mode": rarely(random, "zeros", "reflect"),
    }
    if random.random() < 0.4 and arguments.get("padding") != "same":
        given = {"stride": 1, "padding": 0, "dilation": 1, **arguments, "output_padding": 0}
        stride, padding, dilation = (spread(given[name], rank) for name in ("stride", "padding", "dilation"))
        axes = zip(tensors["input"].shape[-rank:], weight.shape[2:], stride, padding, dilation, strict=True)
        more = rarely(random, tuple(random.randrange(max(s, 1)) for s in stride), (-1,) * rank, (7,) * rank)
        least = [(i - 1) * s + (k - 1) * d + 1 - 2 * p for i, k, s, p, d in axes]
        wanted = tuple(low + extra for low, extra in zip(least, more, strict=True))
        shape = (*tensors["input"].shape[: -rank - 1], weight.shape[1] * groups)
        size = rarely(random, random.choice((wanted, [*shape, *wanted])), wanted[1:], [1] * 7)
        if min(least) > 0:  # below, the reference refuses what PyTorch answers
            arguments |= {"output_padding": 0, "output_size": size}
    spoil(random, arguments, {"in_channels": 0, "out_channels": 1, "kernel_size": 1, **LEAST_OF_TORCH})
    return tensors, arguments


def function_call(random: Random, rank: int) -> Call:
    tensors, arguments = torch_call(random, rank)
    weight = tensors["weight"]
    tensors["weight"] = rarely(random, weight, weight[..., 0], weight[np.newaxis], weight[..., :0])
    spoil(random, arguments, LEAST_OF_TORCH)
    return tensors, arguments


def spread(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,) * rank


LEAST_OF_A_LAYER = {"filters": 1, "kernel_size": 1, "strides": 1, "dilation_rate": 1, "output_padding": 0}
LEAST_OF_TORCH = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}


def layer(kind: Any, tensors: dict[str, Any], arguments: dict[str, Any]) -> Any:
    made = kind(**arguments)
    made.build(tensors["input"].shape)
    made.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    return made(tensors["input"])


def layer_by_call(kind: Any, tensors: dict[str, Any], arguments: dict[str, Any]) -> Any:
    """Build a layer by its first input, whose dtype it takes."""
    made = kind(**arguments)
    made(np.zeros_like(tensors["input"]))
    made.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    return made(tensors["input"])


def module(kind: Any, tensors: dict[str, Any], arguments: dict[str, Any]) -> Any:
    own = {name: value for name, value in arguments.items() if name != "output_size"}
    made = kind(**own)
    for name in ("weight", "bias"):
        if name in tensors:
            setattr(made, name, tensors[name])
    return made(tensors["input"], arguments.get("output_size"))


def function(kind: Any, tensors: dict[str, Any], arguments: dict[str, Any]) -> Any:
    return kind(**tensors, **arguments)


Perform = Callable[[dict[str, Any], dict[str, Any]], Any]
PAIRS: dict[str, tuple[Callable[[Random], Call], Perform]] = {
    "operation": (plain_call, partial(function, plain.operation)),
    "tf.nn.conv_transpose": (tf_call, partial(function, tf_nn.conv_transpose)),
    "tf.layers.Conv2DTranspose": (
        partial(layer_call, rank=2, dilates=False, pads=False, typed=False),
        partial(layer_by_call, tf_layers.Conv2DTranspose),
    ),
}
for n in (1, 2, 3):
    name = f"Conv{n}DTranspose"
    PAIRS |= {
        f"keras.layers.{name}": (
            partial(layer_call, rank=n, pads=n != 2),
            partial(layer, getattr(keras_layers, name)),
        ),
        f"tf.keras.layers.{name}": (
            partial(layer_call, rank=n),
            partial(layer, getattr(tf_keras_layers, name)),
        ),
        f"torch.nn.functional.conv_transpose{n}d": (
            partial(function_call, rank=n),
            partial(function, getattr(torch_functional, f"conv_transpose{n}d")),
        ),
        f"torch.nn.ConvTranspose{n}d": (
            partial(module_call, rank=n),
            partial(module, getattr(torch_modules, f"ConvTranspose{n}d")),
        ),
    }
each_api = pytest.mark.parametrize("api", PAIRS)


def calls(api: str) -> Iterator[Call]:
    random = Random(api)
    for _ in range(CALLS):
        yield PAIRS[api][0](random)


def referred(api: str, tensors: dict[str, Any], arguments: dict[str, Any]) -> Any:
    """Return what the reference answers: the outputs that it allows, or the clause that refuses."""
    try:
        demanded = answer(api, {name: Tensor.from_array(array) for name, array in tensors.items()}, arguments)
    except Refused as refused:
        return refused.clause
    except Unspecified:
        return None
    assert max(demanded.magnitude.integers, default=0) <= 2 ** FORMATS[demanded.values.dtype].precision
    return [values.to_array() for values in demanded.readings.values() or [demanded.values]]


def fast(api: str, tensors: dict[str, Any], arguments: dict[str, Any]) -> Any:
    """Return the output, or the error that refuses."""
    try:
        return PAIRS[api][1](tensors, arguments)
    except (TypeError, ValueError) as error:
        return error


def said(tensors: dict[str, Any], arguments: dict[str, Any]) -> str:
    shapes = ", ".join(f"{name}: {array.dtype}{list(array.shape)}" for name, array in tensors.items())
    return f"{shapes}, {arguments}"


def test_every_api_of_the_reference_is_compared() -> None:
    assert set(PAIRS) == set(APIS)


@each_api
def test_both_refuse_or_both_answer_equal(api: str) -> None:
    for tensors, arguments in calls(api):
        demanded, call = referred(api, tensors, arguments), said(tensors, arguments)
        seen = fast(api, tensors, arguments)
        if demanded is None:
            continue
        if isinstance(demanded, str) or isinstance(seen, Exception):
            assert isinstance(demanded, str), f"{call}: refused, with {seen!r}"
            assert isinstance(seen, Exception), f"{call}: answered, against {demanded}"
            continue
        assert {(seen.dtype, seen.shape)} == {(each.dtype, each.shape) for each in demanded}, call
        assert any(np.array_equal(seen, each) for each in demanded), call


@each_api
def test_the_calls_reach_every_refusal_and_many_are_answered(api: str) -> None:
    found = Counter(
        outcome if isinstance(outcome, str) else "answered"
        for outcome in (referred(api, *call) for call in calls(api))
    )
    clauses = [c for c in load().clauses.values() if api in load().document_of(c.id).apis]
    assert set(found) == {
        "answered",
        *(c.id for c in clauses if "raised" in c.observes and c.level != "open"),
    }
    assert found["answered"] > CALLS / 3


@each_api
def test_inputs_and_weights_are_left_as_they_were(api: str) -> None:
    for tensors, arguments in list(calls(api))[:200]:
        before = {name: array.copy() for name, array in tensors.items()}
        for array in tensors.values():
            array.flags.writeable = False
        if isinstance(referred(api, tensors, arguments), list):
            PAIRS[api][1](tensors, arguments)
        assert all(np.array_equal(before[name], array) for name, array in tensors.items())


def test_arrays_of_any_memory_order_give_the_same() -> None:
    random = Random(3)
    x, weight = draw(random, (2, 4, 5, 3), "float32"), draw(random, (4, 3, 2, 3), "float32")
    demanded = torch_functional.conv_transpose2d(x, weight, stride=2, groups=2)
    seen = torch_functional.conv_transpose2d(
        np.asfortranarray(x), weight[::-1].copy()[::-1], stride=2, groups=2
    )
    assert np.array_equal(seen, demanded)
    assert seen.flags.c_contiguous


@pytest.mark.parametrize(("dtype", "large"), [("float16", 2048), ("bfloat16", 256)])
def test_what_has_half_the_bits_is_summed_in_float32_and_rounded_once(dtype: str, large: int) -> None:
    """Of a large number and sixteen halves that meet over the taps, the dtype alone would lose every half."""
    x = np.array([0.5] * 16 + [large], dtype).reshape(1, 1, 17)
    result = torch_functional.conv_transpose1d(x, np.ones((1, 1, 17), dtype))
    assert (result.dtype, result[0, 0, 16]) == (x.dtype, large + 8)


@pytest.mark.parametrize(("dtype", "large"), [("float16", 2048), ("bfloat16", 256)])
def test_a_layer_adds_its_bias_before_it_rounds(dtype: str, large: int) -> None:
    """One more than the large number rounds back to it; with a bias of 1 it is two more, which is exact."""
    layer = keras_layers.Conv1DTranspose(1, 1, dtype=dtype)
    layer.build((1, 1, 2))
    layer.set_weights([np.ones((1, 1, 2)), np.ones(1)])
    x = np.array([large, 1], dtype).reshape(1, 1, 2)
    assert layer(x).item() == large + 2


def test_overflow_is_a_result_and_no_warning() -> None:
    x = np.full((1, 1, 2), 6e4, "float16")
    with np.errstate(all="raise"):
        result = conv_transpose(
            x, np.ones((1, 1, 2), "float16"), stride=(1,), dilation=(1,), crop=(0,), output=(3,)
        )
    assert result.ravel().tolist() == [6e4, np.inf, 6e4]
