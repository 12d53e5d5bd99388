"""Keras 3: keras.layers.Conv1DTranspose, 2D and 3D, on the back end that KERAS_BACKEND names."""

import importlib
import itertools
import re
import sys
from typing import Any, Callable, Dict, List, Optional, Tuple

import keras
import numpy as np

UNSUPPORTED = [
    (
        "tensorflow-cpu-dilation",
        "InvalidArgumentError",
        "implementations? do(es)? not yet support dilation rates larger than 1",
        "no CPU kernel of TensorFlow for a dilated gradient in this dtype",
    ),
    (
        "tensorflow-cpu-channels-first",
        "InvalidArgumentError",
        "only supports N(D)?HWC",
        "no CPU kernel of TensorFlow for channels first in this dtype",
    ),
    (
        "openvino-bfloat16-not-finite",
        "RuntimeError",
        "(nan|inf) assigned value out of range for bf16",
        "OpenVINO makes no constant of bfloat16 that is not finite",
    ),
]


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    backend = keras.backend.backend()
    behind = importlib.import_module(backend)
    return {
        "name": "keras-" + backend,
        "version": keras.__version__,
        "claims": {
            "apis": ["keras.layers.Conv%dDTranspose" % n for n in (1, 2, 3)],
            "dtypes": [
                "float16",
                "bfloat16",
                "float32",
                *(["float64"] if has_float64(backend, behind) else []),
            ],
            "observes": ["output", *LOOKED, *([*NAMES, "stepped"] if backend in GRADIENTS else [])],
            "systems": {"keras": keras.__version__, backend: re.split("[+-]", behind.__version__)[0]},
            "python_errors": True,
            "by_position": True,
        },
    }


def has_float64(backend: str, behind: Any) -> bool:
    """Tell whether a layer of float64 computes in it.

    On every back end but TensorFlow's, `keras.backend.result_type` makes float32 of float64.  NumPy's casts
    the inputs by it, and then refuses a kernel of another dtype; OpenVINO's convolves in float32, and casts
    the sum with the bias by it.  JAX has float64 where it is told to.
    """
    if backend == "jax":
        return bool(behind.config.jax_enable_x64)
    return backend not in ("numpy", "openvino")


def perform(
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Construct the layer, build it, set its weights, call it; take gradients if asked."""
    passed = given(tensors)
    call, layer = prepare(api, arguments, passed, stage)
    stage("call")
    if "gradient" in tensors:
        gradient = keras.ops.convert_to_tensor(tensors["gradient"])
        found = GRADIENTS[keras.backend.backend()](layer, passed["input"], gradient, stage)
        kept = {"after-input": to_numpy(passed["input"]), "after-gradient": to_numpy(gradient)}
        return dict(kept, **dict(zip(["output", *NAMES], map(to_numpy, found))))
    output = call(passed)
    stage("observe")
    return {"output": to_numpy(output)}


CALLS = itertools.count(1)


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return the input as a tensor; weights are set from arrays."""
    if next(CALLS) % 600 == 0 and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()  # it keeps all that it compiled, some MiB for each shape
    return dict(tensors, input=keras.ops.convert_to_tensor(tensors["input"]))


def to_numpy(output: Any) -> Any:
    """Return a tensor as an array."""
    return keras.ops.convert_to_numpy(output)


def prepare(
    api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Construct the layer, build it, set its weights; return what calls it, and the layer."""
    layer = built(api, arguments, given, stage)
    stage("weights")
    layer.set_weights([given[name] for name in WEIGHTS if name in given])
    return lambda given: layer(given["input"]), layer


def built(api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]) -> Any:
    """Construct the layer and build it."""
    layer = arguments.to(getattr(keras.layers, api.rsplit(".", 1)[1]))
    stage("build")
    layer.build(built_for(given, arguments))
    return layer


def make(argument: str, class_name: str, settings: Dict[str, Any]) -> Any:
    """Return an object for an argument, whose last word names Keras' module: an initializer, a constraint."""
    module = getattr(keras, argument.rsplit("_", 1)[-1] + "s")
    return getattr(module, class_name)(**settings)


def look(
    api: str,
    arguments: Any,
    tensors: Dict[str, Any],
    stage: Callable[[str], None],
    wanted: Tuple[str, ...],
    input_shape: Optional[Tuple[Optional[int], ...]],
) -> Dict[str, Any]:
    """Take the layer through its stages, and return what is wanted of it; what is not, is not done."""
    keras.utils.set_random_seed(0)  # weights are drawn alike in each run
    passed = given(tensors)
    weights = [passed[name] for name in WEIGHTS if name in passed]
    layer = built(api, arguments, passed, stage)
    seen: Dict[str, Any] = {"initial": held(layer)} if "initial" in wanted else {}
    stage("weights")
    if weights:
        layer.set_weights(weights)
    stage("call")
    if "stepped" in wanted:
        gradient = keras.ops.convert_to_tensor(tensors["gradient"])
        output, _, *found = GRADIENTS[keras.backend.backend()](layer, passed["input"], gradient, stage)
    elif "output" in wanted or "losses" in wanted:
        output = layer(passed["input"])
    stage("observe")
    if "output" in wanted:
        seen["output"] = to_numpy(output)
    seen.update((name, SHOWN[name](layer)) for name in wanted if name in SHOWN)
    if "stepped" in wanted:
        step(layer, found)
        seen["stepped"] = held(layer)
    if "declared" in wanted:
        seen["declared"] = layer.compute_output_shape(input_shape or tuple(passed["input"].shape))
    if "config" in wanted or "remade" in wanted:
        config = layer.get_config()
        again = type(layer).from_config(config)
        seen["config"] = {"config": config, "again": again.get_config()}
    if "remade" in wanted:
        again.build(built_for(passed, arguments))
        again.set_weights(weights)
        seen["remade"] = to_numpy(again(passed["input"]))
    return seen


def held(layer: Any) -> Dict[str, Any]:
    """Return copies of the weights of a layer, by name."""
    found = {name: getattr(layer, name) for name in WEIGHTS}
    return {name: np.array(to_numpy(weight)) for name, weight in found.items() if weight is not None}


def step(layer: Any, gradients: List[Any]) -> None:
    """Take one step of plain SGD at rate 1, as Keras' own trainer does on each back end."""
    optimizer = keras.optimizers.SGD(learning_rate=1.0)
    variables = layer.trainable_variables
    if keras.backend.backend() == "jax":
        optimizer.build(variables)
        state = [variable.value for variable in optimizer.variables]
        before = [variable.value for variable in variables]
        after, _ = optimizer.stateless_apply(state, gradients, before)
        for variable, value in zip(variables, after):
            variable.assign(value)
    elif keras.backend.backend() == "torch":
        import torch

        with torch.no_grad():
            optimizer.apply(gradients, variables)
    else:
        optimizer.apply(gradients, variables)


def by_torch(layer: Any, inputs: Any, gradient: Any, stage: Callable[[str], None]) -> List[Any]:
    """Return the output, and what autograd makes of its gradient, for the inputs and each weight."""
    import torch

    output = layer(inputs.requires_grad_())
    stage("observe")
    operands = [inputs, *(weight.value for weight in layer.trainable_weights)]
    found = torch.autograd.grad(output, operands, gradient)
    return [output.detach(), *found]


def by_tensorflow(layer: Any, inputs: Any, gradient: Any, stage: Callable[[str], None]) -> List[Any]:
    """Return the output, and what a tape makes of its gradient, for the inputs and each weight."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = layer(inputs)
    stage("observe")
    operands = [inputs, *(weight.value for weight in layer.trainable_weights)]
    return [output, *tape.gradient(output, operands, output_gradients=gradient)]


def by_jax(layer: Any, inputs: Any, gradient: Any, stage: Callable[[str], None]) -> List[Any]:
    """Return the output, and its gradient pulled back to the inputs and each weight."""
    import jax

    def called(inputs: Any, weights: Any) -> Any:
        return layer.stateless_call(weights, [], inputs)[0]

    output, backwards = jax.vjp(called, inputs, [weight.value for weight in layer.trainable_weights])
    stage("observe")
    by_inputs, by_weights = backwards(gradient)
    return [output, by_inputs, *by_weights]


WEIGHTS = ("kernel", "bias")
SHOWN: Dict[str, Callable[[Any], Any]] = {
    "shapes": lambda layer: [list(weight.shape) for weight in layer.weights],
    "losses": lambda layer: [to_numpy(loss) for loss in layer.losses],
    "signature": lambda layer: type(layer).__init__,
    "name": lambda layer: layer.name,
    "bases": lambda layer: [kind.__name__ for kind in type(layer).__mro__[1:]],
    "trainable": lambda layer: len(layer.trainable_weights),
    "dtypes": lambda layer: [keras.backend.standardize_dtype(weight.dtype) for weight in layer.weights],
}
LOOKED = [*SHOWN, "initial", "config", "remade", "declared"]
NAMES = ["gradient-input", "gradient-kernel", "gradient-bias"]
GRADIENTS = {"torch": by_torch, "tensorflow": by_tensorflow, "jax": by_jax}


def built_for(tensors: Dict[str, Any], arguments: Any) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as a given kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    if "kernel" in tensors:
        shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
