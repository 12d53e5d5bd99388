"""Our own fast implementation: adjoint.fast, in NumPy."""

from importlib.metadata import version
from typing import Any, Callable, Dict

from adjoint.fast import keras_layers, tf_nn, torch_functional

FUNCTIONS: Dict[str, Callable[..., Any]] = {
    "tf.nn.conv_transpose": tf_nn.conv_transpose,
    "torch.nn.functional.conv_transpose1d": torch_functional.conv_transpose1d,
    "torch.nn.functional.conv_transpose2d": torch_functional.conv_transpose2d,
    "torch.nn.functional.conv_transpose3d": torch_functional.conv_transpose3d,
}
LAYERS: Dict[str, Any] = {"keras.layers.Conv2DTranspose": keras_layers.Conv2DTranspose}


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    return {
        "name": "fast",
        "version": version("adjoint"),
        "claims": {
            "apis": sorted([*FUNCTIONS, *LAYERS]),
            "dtypes": ["bool", "int32", "int64", "float32", "float64"],
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function, or take the layer through its stages."""
    if api in FUNCTIONS:
        stage("call")
        return {"output": FUNCTIONS[api](**tensors, **arguments)}
    layer = LAYERS[api](**arguments)
    inputs = tensors["input"]
    stage("build")
    layer.build(inputs.shape)
    stage("weights")
    layer.set_weights([tensors[name] for name in ("kernel", "bias") if name in tensors])
    stage("call")
    return {"output": layer(inputs)}
