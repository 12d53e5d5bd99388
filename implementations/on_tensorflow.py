"""TensorFlow: tf.nn.conv_transpose and tf.keras.layers.Conv1DTranspose, 2D and 3D, run eagerly on the CPU."""

from typing import Any, Callable, Dict, Tuple

import tensorflow as tf

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
]


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    return {
        "name": "tensorflow",
        "version": tf.__version__,
        "claims": {
            "apis": ["tf.nn.conv_transpose", *LAYERS],
            "dtypes": ["bool", "int32", "int64", "float16", "bfloat16", "float32", "float64"],
            "observes": ["output", *GRADIENTS],
            "systems": {"tensorflow": tf.__version__},
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function that the API names, or the layer; take gradients if asked."""
    passed = given(tensors)
    gradient = passed.pop("gradient", None)
    call, layer = prepare(api, arguments, passed, stage)
    stage("call")
    if gradient is None:
        output = call(passed)
        stage("observe")
        return {"output": to_numpy(output)}
    with tf.GradientTape() as tape:
        weights = [weight.value for weight in layer.trainable_weights] if layer else [passed["filters"]]
        operands = [passed["input"], *weights]
        tape.watch(operands)
        output = call(passed)
    stage("observe")
    found = tape.gradient(output, operands, output_gradients=tf.constant(gradient))
    return dict(zip(GRADIENTS, map(to_numpy, found)), output=to_numpy(output))


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return tensors; the weights of a layer are set from arrays."""
    passed = ["input"] if "kernel" in tensors else list(tensors)
    return dict(tensors, **{name: tf.constant(tensors[name]) for name in passed})


def to_numpy(output: Any) -> Any:
    """Return a tensor as an array."""
    return output.numpy() if tf.is_tensor(output) else output


def prepare(
    api: str, arguments: Dict[str, Any], given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return what calls the function, or the layer once its weights are set; and the layer, if any."""
    if api == "tf.nn.conv_transpose":
        return lambda given: tf.nn.conv_transpose(**given, **arguments), None
    assert api in LAYERS, api
    layer = getattr(tf.keras.layers, api.rsplit(".", 1)[1])(**arguments)
    stage("build")
    layer.build(built_for(given, arguments))
    stage("weights")
    layer.set_weights([given[name] for name in ("kernel", "bias") if name in given])
    return lambda given: layer(given["input"]), layer


def built_for(tensors: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
