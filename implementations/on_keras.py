"""Keras 3: keras.layers.Conv1DTranspose, 2D and 3D, on the back end that KERAS_BACKEND names."""

import importlib
import re
from typing import Any, Callable, Dict

import keras

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
            "systems": {"keras": keras.__version__, backend: re.split("[+-]", behind.__version__)[0]},
            "python_errors": True,
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
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Construct the layer, build it, set its weights, call it."""
    passed = given(tensors)
    call = prepare(api, arguments, passed, stage)
    stage("call")
    output = call(passed)
    stage("observe")
    return {"output": to_numpy(output)}


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return the input as a tensor; weights are set from arrays."""
    return dict(tensors, input=keras.ops.convert_to_tensor(tensors["input"]))


def to_numpy(output: Any) -> Any:
    """Return a tensor as an array."""
    return keras.ops.convert_to_numpy(output)


def prepare(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Callable[[Dict[str, Any]], Any]:
    """Construct the layer, build it, set its weights; return what calls it."""
    layer = getattr(keras.layers, api.rsplit(".", 1)[1])(**arguments)
    stage("build")
    layer.build(built_for(tensors, arguments))
    stage("weights")
    layer.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    return lambda given: layer(given["input"])


def built_for(tensors: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
