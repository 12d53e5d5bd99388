"""PyTorch: torch.nn.functional.conv_transpose1d, 2d and 3d, and their modules, on the CPU."""

from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np
import torch

FUNCTIONS = ["torch.nn.functional.conv_transpose%dd" % n for n in (1, 2, 3)]
MODULES = ["torch.nn.ConvTranspose%dd" % n for n in (1, 2, 3)]
GRADIENTS = ["gradient-input", "gradient-kernel", "gradient-bias"]
SHOWN: Dict[str, Callable[[Any], Any]] = {
    "shapes": lambda made: [list(weight.shape) for weight in made.parameters()],
    "initial": lambda made: {name: np.array(to_numpy(weight)) for name, weight in made.named_parameters()},
    "trainable": lambda made: sum(weight.requires_grad for weight in made.parameters()),
    "dtypes": lambda made: [str(weight.dtype).split(".")[1] for weight in made.parameters()],
    "devices": lambda made: [str(weight.device) for weight in made.parameters()],
    "signature": lambda made: type(made).__init__,
}

UNSUPPORTED = [
    (
        "builtin-signature",
        "ValueError",
        "no signature found for builtin",
        "a function that is built in has no signature that Python could show",
    ),
]


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    version = torch.__version__.split("+")[0]
    return {
        "name": "torch",
        "version": version,
        "claims": {
            "apis": sorted(FUNCTIONS + MODULES),
            "dtypes": ["int32", "int64", "float16", "bfloat16", "float32", "float64"],
            "observes": ["output", *GRADIENTS, *SHOWN],
            "systems": {"torch": version},
            "python_errors": True,
            "by_position": True,
        },
    }


def perform(
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function that the API names, or the module; take gradients if asked."""
    passed = given(tensors)
    gradient = passed.pop("gradient", None)
    call, made = prepare(api, arguments, passed, stage)
    weights = made.parameters() if made else [passed[name] for name in ("weight", "bias") if name in passed]
    operands = [] if gradient is None else [passed["input"], *weights]
    for operand in operands:
        operand.requires_grad_()
    stage("call")
    output = call(passed)
    stage("observe")
    found = torch.autograd.grad(output, operands, gradient) if operands else ()
    seen = {name: to_numpy(tensor) for name, tensor in zip(GRADIENTS, found)}
    return dict(seen, output=to_numpy(output))


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return tensors in the memory of the arrays."""
    return {name: from_numpy(array) for name, array in tensors.items()}


def prepare(
    api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return what calls the function, or the module once its weights are set; and the module, if any.

    `output_size` is an argument of a module's call.
    """
    name = api.rsplit(".", 1)[1]
    if api in FUNCTIONS:
        return lambda given: arguments.to(getattr(torch.nn.functional, name), **given), None
    call = {name: value for name, value in arguments.items() if name == "output_size"}
    made = constructed(api, arguments)
    stage("weights")
    made.load_state_dict({name: tensor for name, tensor in given.items() if name != "input"})
    return lambda given: made(given["input"], **call), made


def constructed(api: str, arguments: Any) -> Any:
    """Return the module, with the weights that it starts with."""
    kept = arguments.but("output_size")
    kept.update((name, own(name, value)) for name, value in kept.items())
    return kept.to(getattr(torch.nn, api.rsplit(".", 1)[1]))


def look(
    api: str,
    arguments: Any,
    tensors: Dict[str, Any],
    stage: Callable[[str], None],
    wanted: Tuple[str, ...],
    input_shape: Optional[Tuple[Optional[int], ...]],
) -> Dict[str, Any]:
    """Return what is wanted of a module as it is constructed, or of a function; and the output."""
    del input_shape  # no module declares a shape
    if api in FUNCTIONS:
        seen = {"signature": getattr(torch.nn.functional, api.rsplit(".", 1)[1])}
    else:
        torch.manual_seed(0)  # weights are drawn alike in each run
        made = constructed(api, arguments)
        seen = {name: SHOWN[name](made) for name in wanted if name in SHOWN}
    if "output" in wanted:
        seen.update(perform(api, arguments, tensors, stage))
    stage("observe")
    return seen


def own(name: str, value: Any) -> Any:
    """Return an argument as PyTorch takes it: a dtype is an object of its own."""
    return getattr(torch, value) if name == "dtype" and isinstance(value, str) else value


def from_numpy(array: Any) -> Any:
    """Return an array as a tensor in its memory; bfloat16, which NumPy lends to no one, by its bits.

    PyTorch has no negative strides: such an array is copied, as whoever uses PyTorch must.
    """
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view("int16")).view(torch.bfloat16)
    return torch.from_numpy(array)


def to_numpy(tensor: Any) -> Any:
    """Return a tensor as an array; bfloat16 by its bits."""
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view("bfloat16")
    return tensor.numpy()
