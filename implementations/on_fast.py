"""Our own fast implementation: adjoint.fast, in NumPy."""

from importlib.metadata import version
from typing import Any, Callable, Dict

import numpy as np

from adjoint.fast import keras_layers, tf_keras_layers, tf_layers, tf_nn, torch_functional, torch_modules

FUNCTIONS: Dict[str, Callable[..., Any]] = {
    "tf.nn.conv_transpose": tf_nn.conv_transpose,
    "torch.nn.functional.conv_transpose1d": torch_functional.conv_transpose1d,
    "torch.nn.functional.conv_transpose2d": torch_functional.conv_transpose2d,
    "torch.nn.functional.conv_transpose3d": torch_functional.conv_transpose3d,
}
LAYERS: Dict[str, Any] = {
    "keras.layers.Conv1DTranspose": keras_layers.Conv1DTranspose,
    "keras.layers.Conv2DTranspose": keras_layers.Conv2DTranspose,
    "keras.layers.Conv3DTranspose": keras_layers.Conv3DTranspose,
    "tf.keras.layers.Conv1DTranspose": tf_keras_layers.Conv1DTranspose,
    "tf.keras.layers.Conv2DTranspose": tf_keras_layers.Conv2DTranspose,
    "tf.keras.layers.Conv3DTranspose": tf_keras_layers.Conv3DTranspose,
    "tf.layers.Conv2DTranspose": tf_layers.Conv2DTranspose,
}
MODULES: Dict[str, Any] = {
    "torch.nn.ConvTranspose1d": torch_modules.ConvTranspose1d,
    "torch.nn.ConvTranspose2d": torch_modules.ConvTranspose2d,
    "torch.nn.ConvTranspose3d": torch_modules.ConvTranspose3d,
}


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    return {
        "name": "fast",
        "version": version("adjoint"),
        "claims": {
            "apis": sorted([*FUNCTIONS, *LAYERS, *MODULES]),
            "dtypes": ["bool", "int32", "int64", "float16", "bfloat16", "float32", "float64"],
            "arithmetic": {name: {"accumulator": "float32"} for name in ("float16", "bfloat16")},
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function, or take the layer or module through its stages."""
    call = prepare(api, arguments, tensors, stage)
    stage("call")
    return {"output": call(tensors)}


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return the arrays: they are what is taken."""
    return tensors


def to_numpy(output: Any) -> Any:
    """Return the array: it is what is returned."""
    return output


def prepare(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Callable[[Dict[str, Any]], Any]:
    """Return what calls the function, or the layer or module once it is built."""
    if api in FUNCTIONS:
        return lambda given: FUNCTIONS[api](**given, **arguments)
    if api in MODULES:
        return prepared_module(MODULES[api], arguments, tensors, stage)
    layer = LAYERS[api](**arguments)
    stage("build")
    if api.startswith("tf.layers"):  # it has the dtype of its first input
        layer(np.zeros(built_for(tensors, arguments), tensors["input"].dtype))
    else:
        layer.build(built_for(tensors, arguments))
    stage("weights")
    layer.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    return lambda given: layer(given["input"])


def prepared_module(
    kind: Any, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Callable[[Dict[str, Any]], Any]:
    """Return what calls a module of PyTorch's kind; `output_size` is an argument of its call."""
    call = {name: value for name, value in arguments.items() if name == "output_size"}
    module = kind(**{name: value for name, value in arguments.items() if name not in call})
    stage("weights")
    for name in ("weight", "bias"):
        if name in tensors:
            setattr(module, name, tensors[name])
    return lambda given: module(given["input"], **call)


def built_for(tensors: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
