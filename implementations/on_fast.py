"""Our own fast implementation: adjoint.fast, in NumPy."""

from importlib.metadata import version
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from adjoint.fast import (
    constraints,
    initializers,
    keras_layers,
    plain,
    regularizers,
    tf_keras_layers,
    tf_layers,
    tf_nn,
    torch_functional,
    torch_modules,
)

FUNCTIONS: Dict[str, Callable[..., Any]] = {
    "operation": plain.operation,
    "tf.nn.conv_transpose": tf_nn.conv_transpose,
    "torch.nn.functional.conv_transpose1d": torch_functional.conv_transpose1d,
    "torch.nn.functional.conv_transpose2d": torch_functional.conv_transpose2d,
    "torch.nn.functional.conv_transpose3d": torch_functional.conv_transpose3d,
}
GRADIENTS: Dict[str, Callable[..., Any]] = {
    "operation": plain.gradients,
    "tf.nn.conv_transpose": tf_nn.gradients,
    **dict.fromkeys([api for api in FUNCTIONS if api.startswith("torch")], torch_functional.gradients),
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


OBJECTS: Dict[str, Tuple[type, ...]] = {
    "initializer": initializers.KINDS,
    "regularizer": regularizers.KINDS,
    "constraint": constraints.KINDS,
}
OUTPUTS = ["output", "gradient-input", "gradient-kernel", "gradient-bias"]
FEATURES = [
    *("shapes", "initial", "losses", "stepped", "config", "remade", "declared", "signature"),
    *("convolution_op", "convolution_op_signature", "name", "trainable", "dtypes", "devices"),
]


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    return {
        "name": "fast",
        "version": version("adjoint"),
        "claims": {
            "apis": sorted([*FUNCTIONS, *LAYERS, *MODULES]),
            "dtypes": ["bool", "int32", "int64", "float16", "bfloat16", "float32", "float64"],
            "observes": OUTPUTS + FEATURES,
            "arithmetic": {name: {"accumulator": "float32"} for name in ("float16", "bfloat16")},
            "python_errors": True,
            "by_position": True,
        },
    }


def perform(
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
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


def look(
    api: str,
    arguments: Any,
    tensors: Dict[str, Any],
    stage: Callable[[str], None],
    wanted: Tuple[str, ...],
    input_shape: Optional[Tuple[Optional[int], ...]],
) -> Dict[str, Any]:
    """Return what is wanted of a call, by name; only so much is done as that needs."""
    if api in FUNCTIONS:
        returned = perform(api, arguments, tensors, stage) if set(wanted) & set(OUTPUTS) else {}
        return {**returned, "signature": FUNCTIONS[api]}
    initializers.set_random_seed(0)  # weights are drawn alike in each run
    made = constructed(api, arguments)
    shape = input_shape or (tensors["input"].shape if "input" in tensors else None)
    seen = {name: CONSTRUCTED[name](made, shape) for name in wanted if name in CONSTRUCTED}
    if not set(wanted) - set(CONSTRUCTED):
        return seen
    passed = {name: array for name, array in tensors.items() if name != "gradient"}
    build(made, api, arguments, passed, stage)
    seen.update({name: BUILT[name](made) for name in wanted if name in BUILT})
    stage("weights")
    set_weights(made, api, passed)
    call = at_call(api, arguments)
    stage("call")
    if "output" in wanted or "losses" in wanted:
        seen["output"] = made(passed["input"], **call)
    if "convolution_op" in wanted:
        seen["convolution_op"] = made.convolution_op(passed["input"], passed["kernel"])
    if "remade" in wanted:
        again = type(made).from_config(made.get_config())
        build(again, api, arguments, passed, lambda _: None)
        set_weights(again, api, passed)
        seen["remade"] = again(passed["input"])
    stage("observe")
    if "losses" in wanted:
        seen["losses"] = made.losses
    if set(wanted) & set(OUTPUTS[1:]):
        found = made.gradients(passed["input"], tensors["gradient"], **call)
        seen.update({"gradient-" + of: array for of, array in vars(found).items()})
    if "stepped" in wanted:
        made.step(passed["input"], tensors["gradient"])
        seen["stepped"] = named_weights(made)
    return seen


def configs(made: Any) -> Dict[str, Any]:
    """Return the config of a layer, and that of the layer made from it."""
    config = made.get_config()
    return {"config": config, "again": type(made).from_config(config).get_config()}


def weights_of(made: Any) -> List[Any]:
    """Return the weights of a layer or module."""
    weights: List[Any] = made.parameters() if hasattr(made, "parameters") else made.weights
    return weights


def named_weights(made: Any) -> Dict[str, Any]:
    """Return the weights of a layer or module by name, as they are now."""
    names = ("weight" if hasattr(made, "weight") else "kernel", "bias")
    return {name: np.array(weight) for name, weight in zip(names, weights_of(made))}


CONSTRUCTED: Dict[str, Callable[[Any, Any], Any]] = {
    "config": lambda made, _: configs(made),
    "declared": lambda made, input_shape: made.compute_output_shape(input_shape),
    "signature": lambda made, _: type(made).__init__,
    "convolution_op_signature": lambda made, _: made.convolution_op,
    "name": lambda made, _: made.name,
}
BUILT: Dict[str, Callable[[Any], Any]] = {
    "shapes": lambda made: [weight.shape for weight in weights_of(made)],
    "initial": named_weights,
    "trainable": lambda made: len(getattr(made, "trainable_weights", weights_of(made))),
    "dtypes": lambda made: [weight.dtype.name for weight in weights_of(made)],
    "devices": lambda made: ["cpu" for _ in weights_of(made)],
}
"""What may be seen of a layer or module once it is constructed, for a shape of inputs, and once built."""


def make(argument: str, class_name: str, settings: Dict[str, Any]) -> Any:
    """Return an object for an argument, such as the L2 of kernel_regularizer."""
    kinds = {kind.__name__: kind for kind in OBJECTS[argument.split("_")[-1]]}
    return kinds[class_name](**settings)


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return the arrays: they are what is taken."""
    return tensors


def to_numpy(output: Any) -> Any:
    """Return the array: it is what is returned."""
    return output


def prepare(
    api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return what calls the function, or the layer or module once it is built; and that, if there is one."""
    if api in FUNCTIONS:
        return lambda given: arguments.to(FUNCTIONS[api], **given), None
    call, made = at_call(api, arguments), constructed(api, arguments)
    build(made, api, arguments, given, stage)
    stage("weights")
    set_weights(made, api, given)
    return lambda given: made(given["input"], **call), made


def constructed(api: str, arguments: Any) -> Any:
    """Return the layer or module."""
    return arguments.but(*at_call(api, arguments)).to({**LAYERS, **MODULES}[api])


def build(made: Any, api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]) -> None:
    """Build a layer for the tensors; a module is built."""
    if api in MODULES:
        return
    stage("build")
    if api.startswith("tf.layers"):  # it has the dtype of its first input
        made(np.zeros(built_for(given, arguments), given["input"].dtype))
    else:
        made.build(built_for(given, arguments))


def set_weights(made: Any, api: str, given: Dict[str, Any]) -> None:
    """Set the weights that are among the tensors."""
    if api in MODULES:
        for name in ("weight", "bias"):
            if name in given:
                setattr(made, name, given[name])
    elif "kernel" in given:
        made.set_weights([given[name] for name in ("kernel", "bias") if name in given])


def at_call(api: str, arguments: Any) -> Dict[str, Any]:
    """Return the arguments of a module's call, not of its constructor."""
    return {name: value for name, value in arguments.items() if api in MODULES and name == "output_size"}


def built_for(tensors: Dict[str, Any], arguments: Any) -> Any:
    """Return the shape to build a layer for: the input's, with the channels of the kernel, if any."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    if "kernel" in tensors:
        shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)
