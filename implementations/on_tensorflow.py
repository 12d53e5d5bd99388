"""TensorFlow: tf.nn.conv_transpose, run eagerly on the CPU."""

from typing import Any, Callable, Dict

import tensorflow as tf

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
            "apis": ["tf.nn.conv_transpose"],
            "dtypes": ["bool", "int32", "int64", "float32", "float64"],
            "systems": {"tensorflow": tf.__version__},
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function that the API names."""
    assert api == "tf.nn.conv_transpose", api
    given = {name: tf.constant(array) for name, array in tensors.items()}
    stage("call")
    output = tf.nn.conv_transpose(**given, **arguments)
    stage("observe")
    return {"output": output.numpy()}
