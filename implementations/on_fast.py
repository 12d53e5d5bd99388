"""Our own fast implementation: adjoint.fast, in NumPy."""

from importlib.metadata import version
from typing import Any, Callable, Dict, Tuple

import numpy as np

from adjoint.fast import keras_layers, tf_keras_layers, tf_layers, tf_nn, torch_functional, torch_modules

FUNCTIONS: Dict[str, Callable[..., Any]] = {
    "tf.nn.conv_transpose": tf_nn.conv_transpose,
    "torch.nn.functional.conv_transpose1d": torch_functional.conv_transpose1d,
    "torch.nn.functional.conv_transpose2d": torch_functional.conv_transpose2d,
    "torch.nn.functional.conv_transpose3d": torch_functional.conv_transpose3d,
}
GRADIENTS: Dict[str, Callable[..., Any]] = {
    api: tf_nn.gradients if api.startswith("tf") else torch_functional.gradients for api in FUNCTIONS
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
            "observes": ["output", "gradient-input", "gradient-kernel", "gradient-bias"],
            "arithmetic": {name: {"accumulator": "float32"} for name in ("float16", "bfloat16")},
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function, or take the layer or module through its stages, and take gradients if asked."""
    passed = {name: array for name, array in tensors.items() if name != "gradient"}
    call, made = prepare(api, arguments, passed, stage)
    stage("call")
    seen = {"output": call(passed)}
    stage("observe")
    if "gradient" not in tensors:
        return seen
    if made is None:
        found = GRADIENTS[api](tensors["gradient"], **passed, **arguments)
    else:
        found = made.gradients(passed["input"], tensors["gradient"], **at_call(api, arguments))
    return {**seen, **{"gradient-" + of: array for of, array in vars(found).items()}}


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return the arrays: they are what is taken."""
    return tensors


def to_numpy(output: Any) -> Any:
    """Return the array: it is what is returned."""
    return output


def prepare(
    api: str, arguments: Dict[str, Any], given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return what calls the function, or the layer or module once it is built; and that, if there is one."""
    if api in FUNCTIONS:
        return lambda given: FUNCTIONS[api](**given, **arguments), None
    call = at_call(api, arguments)
    kept = {name: value for name, value in arguments.items() if name not in call}
    made = {**LAYERS, **MODULES}[api](**kept)
    if api in MODULES:
        stage("weights")
        for name in ("weight", "bias"):
            if name in given:
                setattr(made, name, given[name])
        return lambda given: made(given["input"], **call), made
    stage("build")
    if api.startswith("tf.layers"):  # it has the dtype of its first input
        made(np.zeros(built_for(given, arguments), given["input"].dtype))
    else:
        made.build(built_for(given, arguments))
    stage("weights")
    made.set_weights([given[name] for name in ("kernel", "bias") if name in given])
    return lambda given: made(given["input"]), made


def at_call(api: str, arguments: Dict[str, Any]) -> Dict[str, Any]:
    """Return the arguments of a module's call, not of its constructor."""
    return {name: value for name, value in arguments.items() if api in MODULES and name == "output_size"}


def built_for(tensors: Dict[str, Any], arguments: Dict[str, Any]) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as the kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
