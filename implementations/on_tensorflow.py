"""TensorFlow: tf.nn.conv_transpose and tf.keras.layers.Conv1DTranspose, 2D and 3D, on the CPU.

They are run eagerly, or compiled by XLA.
"""

from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import tensorflow as tf

np.sctypeDict.setdefault("bfloat16", tf.bfloat16.as_numpy_dtype)  # older ones keep the name to themselves

LAYERS = ["tf.keras.layers.Conv%dDTranspose" % n for n in (1, 2, 3)]
GRADIENTS = ["gradient-input", "gradient-kernel", "gradient-bias"]

UNSUPPORTED = [
    (
        "cpu-dilation",
        "InvalidArgumentError",
        "implementations? do(es)? not yet support dilation rates larger than 1",
        "no CPU kernel for a dilated gradient in this dtype",
    ),
    (
        "cpu-channels-first",
        "InvalidArgumentError",
        "only supports N(D)?HWC",
        "no CPU kernel for channels first in this dtype",
    ),
    (
        "cpu-bfloat16",
        "NotFoundError",
        "Could not find device for node: .*T=DT_BFLOAT16",
        "no CPU kernel for bfloat16",
    ),
]


OPTIONS: Dict[str, bool] = {}
"""What tf.function is given where it compiles the calls."""


def start(option: str = "") -> Dict[str, Any]:
    """Return name, version and claims.

    An option of tf.function has each call compiled: ``jit_compile`` or, up to 2.4, ``experimental_compile``.
    Then no layer is looked at: but for what it returns, and the gradients, it is what it is without.
    """
    OPTIONS.clear()
    OPTIONS.update({option: True} if option else {})
    return {
        "name": "tensorflow",
        "version": tf.__version__,
        "claims": {
            "apis": ["tf.nn.conv_transpose", *LAYERS],
            "dtypes": ["bool", "int32", "int64", "float16", "bfloat16", "float32", "float64"],
            "observes": ["output", *GRADIENTS, *([] if option else LOOKED)],
            "systems": {"tensorflow": tf.__version__},
            "python_errors": True,
            "by_position": True,
        },
    }


def perform(
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function that the API names, or the layer; take gradients if asked."""
    passed = given(tensors)
    gradient = passed.pop("gradient", None)
    call, layer = prepared(api, arguments, passed, stage)
    stage("call")
    if gradient is None:
        output = compiled(call)(passed)
        stage("observe")
        return {"output": to_numpy(output)}
    by_output = tf.constant(gradient)
    try:
        output, found = compiled(differentiated(call, layer))(passed, by_output)
    except Exception:
        compiled(call)(passed)  # where this fails too, it is not the gradients that do
        stage("observe")
        raise
    stage("observe")
    seen = {"after-" + name: to_numpy(tensor) for name, tensor in dict(passed, gradient=by_output).items()}
    return dict(seen, output=to_numpy(output), **dict(zip(GRADIENTS, map(to_numpy, found))))


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of tensors as XLA compiles it, if this worker was started so; else as it is."""
    return tf.function(function, autograph=False, **OPTIONS) if OPTIONS else function


def differentiated(call: Callable[[Dict[str, Any]], Any], layer: Any) -> Callable[..., Any]:
    """Return what gives the output of a call, and its gradients by input and weights."""

    def both(passed: Dict[str, Any], by_output: Any) -> Tuple[Any, List[Any]]:
        with tf.GradientTape() as tape:
            weights = variables(layer) if layer else [passed["filters"]]
            operands = [passed["input"], *weights]
            tape.watch(operands)
            output = call(passed)
        return output, tape.gradient(output, operands, output_gradients=by_output)

    return both


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return tensors; the weights of a layer are set from arrays."""
    passed = ["input"] if "kernel" in tensors else list(tensors)
    return dict(tensors, **{name: tf.constant(tensors[name]) for name in passed})


def to_numpy(output: Any) -> Any:
    """Return a tensor as an array."""
    return output.numpy() if tf.is_tensor(output) else output


def prepare(
    api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return what calls the function, or the layer once its weights are set; and the layer, if any."""
    call, layer = prepared(api, arguments, given, stage)
    return compiled(call), layer


def prepared(
    api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return the same, but not compiled."""
    if api == "tf.nn.conv_transpose":
        return lambda given: arguments.to(tf.nn.conv_transpose, **given), None
    layer = built(api, arguments, given, stage)
    stage("weights")
    layer.set_weights([given[name] for name in WEIGHTS if name in given])
    return lambda given: layer(given["input"]), layer


def built(api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]) -> Any:
    """Construct the layer and build it."""
    assert api in LAYERS, api
    layer = arguments.to(getattr(tf.keras.layers, api.rsplit(".", 1)[1]))
    stage("build")
    layer.build(built_for(given, arguments))
    return layer


def variables(layer: Any) -> List[Any]:
    """Return TensorFlow's own variables that a layer trains: those of Keras 3 hold one each."""
    weights = layer.trainable_weights
    return [weight if isinstance(weight, tf.Variable) else weight.value for weight in weights]


def make(argument: str, class_name: str, settings: Dict[str, Any]) -> Any:
    """Return an object for an argument, whose last word names Keras' module: an initializer, a constraint."""
    module = getattr(tf.keras, argument.rsplit("_", 1)[-1] + "s")
    return getattr(module, class_name)(**settings)


def look(
    api: str,
    arguments: Any,
    tensors: Dict[str, Any],
    stage: Callable[[str], None],
    wanted: Tuple[str, ...],
    input_shape: Optional[Tuple[Optional[int], ...]],
) -> Dict[str, Any]:
    """Return what is wanted of the function, or of the layer, taken through its stages."""
    if api in LAYERS:
        return look_at_layer(api, arguments, tensors, stage, wanted, input_shape)
    stage("call")
    seen = {"signature": tf.nn.conv_transpose}
    if "output" in wanted:
        seen["output"] = to_numpy(arguments.to(tf.nn.conv_transpose, **given(tensors)))
    if "node" in wanted:
        with tf.Graph().as_default():
            node = arguments.to(tf.nn.conv_transpose, **given(tensors)).op.name
            seen["node"] = node.split("/")[0]  # on one axis it is several operations, in a scope
    stage("observe")
    return seen


def look_at_layer(
    api: str,
    arguments: Any,
    tensors: Dict[str, Any],
    stage: Callable[[str], None],
    wanted: Tuple[str, ...],
    input_shape: Optional[Tuple[Optional[int], ...]],
) -> Dict[str, Any]:
    """Take the layer through its stages, and return what is wanted of it; what is not, is not done."""
    getattr(tf.keras.utils, "set_random_seed", tf.random.set_seed)(0)  # weights are drawn alike in each run
    passed = dict(tensors, input=tf.constant(tensors["input"]))
    weights = [passed[name] for name in WEIGHTS if name in passed]
    layer = built(api, arguments, passed, stage)
    seen: Dict[str, Any] = {"initial": held(layer)} if "initial" in wanted else {}
    stage("weights")
    if weights:
        layer.set_weights(weights)
    stage("call")
    if "stepped" in wanted:
        with tf.GradientTape() as tape:
            output = layer(passed["input"])
            loss = tf.reduce_sum(output * tf.constant(tensors["gradient"]))
    elif "output" in wanted or "losses" in wanted:
        output = layer(passed["input"])
    stage("observe")
    if "output" in wanted:
        seen["output"] = to_numpy(output)
    seen.update((name, SHOWN[name](layer)) for name in wanted if name in SHOWN)
    if "convolution_op" in wanted:
        seen["convolution_op"] = to_numpy(layer.convolution_op(passed["input"], layer.kernel))
    if "stepped" in wanted:
        found = tape.gradient(loss, variables(layer))
        tf.keras.optimizers.SGD(learning_rate=1.0).apply_gradients(zip(found, layer.trainable_weights))
        seen["stepped"] = held(layer)
    if "declared" in wanted:
        seen["declared"] = list(layer.compute_output_shape(input_shape or tuple(passed["input"].shape)))
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
    return {name: np.array(weight.numpy()) for name, weight in found.items() if weight is not None}


def built_for(tensors: Dict[str, Any], arguments: Any) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as a given kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    if "kernel" in tensors:
        shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)


WEIGHTS = ("kernel", "bias")
SHOWN: Dict[str, Callable[[Any], Any]] = {
    "shapes": lambda layer: [list(weight.shape) for weight in layer.weights],
    "losses": lambda layer: [to_numpy(loss) for loss in layer.losses],
    "signature": lambda layer: type(layer).__init__,
    "convolution_op_signature": lambda layer: layer.convolution_op,
    "name": lambda layer: layer.name,
    "bases": lambda layer: [kind.__name__ for kind in type(layer).__mro__[1:]],
    "trainable": lambda layer: len(layer.trainable_weights),
    "dtypes": lambda layer: [tf.as_dtype(weight.dtype).name for weight in layer.weights],
}
LOOKED = [*SHOWN, "initial", "stepped", "config", "remade", "declared", "convolution_op", "node"]
