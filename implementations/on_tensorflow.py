"""TensorFlow: tf.nn.conv_transpose and tf.keras.layers.Conv1DTranspose, 2D and 3D, run eagerly on the CPU."""

from typing import Any, Callable, Dict

import tensorflow as tf

LAYERS = ["tf.keras.layers.Conv%dDTranspose" % n for n in (1, 2, 3)]

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
            "systems": {"tensorflow": tf.__version__},
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function that the API names, or take the layer through its stages."""
    if api in LAYERS:
        output = layer(getattr(tf.keras.layers, api.rsplit(".", 1)[1]), arguments, tensors, stage)
    else:
        assert api == "tf.nn.conv_transpose", api
        given = {name: tf.constant(array) for name, array in tensors.items()}
        stage("call")
        output = tf.nn.conv_transpose(**given, **arguments)
    stage("observe")
    return {"output": output.numpy()}


def layer(kind: Any, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]) -> Any:
    """Construct a layer, build it, set its weights, call it."""
    made = kind(**arguments)
    stage("build")
    made.build(built_for(tensors, arguments))
    stage("weights")
    made.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    stage("call")
    return made(tf.constant(tensors["input"]))


def built_for(tensors: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
