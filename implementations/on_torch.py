"""PyTorch: torch.nn.functional.conv_transpose1d, 2d and 3d, and their modules, on the CPU."""

from typing import Any, Callable, Dict

import torch

FUNCTIONS = ["torch.nn.functional.conv_transpose%dd" % n for n in (1, 2, 3)]
MODULES = ["torch.nn.ConvTranspose%dd" % n for n in (1, 2, 3)]


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    version = torch.__version__.split("+")[0]
    return {
        "name": "torch",
        "version": version,
        "claims": {
            "apis": sorted(FUNCTIONS + MODULES),
            "dtypes": ["int32", "int64", "float16", "bfloat16", "float32", "float64"],
            "systems": {"torch": version},
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function that the API names, or take the module through its stages."""
    passed = given(tensors)
    call = prepare(api, arguments, passed, stage)
    stage("call")
    output = call(passed)
    stage("observe")
    return {"output": to_numpy(output)}


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return tensors in the memory of the arrays."""
    return {name: from_numpy(array) for name, array in tensors.items()}


def prepare(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Callable[[Dict[str, Any]], Any]:
    """Return what calls the function, or the module once its weights are set."""
    name = api.rsplit(".", 1)[1]
    if api in FUNCTIONS:
        return lambda given: getattr(torch.nn.functional, name)(**given, **arguments)
    return module(getattr(torch.nn, name), arguments, tensors, stage)


def module(
    kind: Any, arguments: Dict[str, Any], given: Dict[str, Any], stage: Callable[[str], None]
) -> Callable[[Dict[str, Any]], Any]:
    """Construct a module and set its weights; `output_size` is an argument of the call."""
    call = {name: value for name, value in arguments.items() if name == "output_size"}
    made = kind(**{name: own(name, value) for name, value in arguments.items() if name not in call})
    stage("weights")
    made.load_state_dict({name: tensor for name, tensor in given.items() if name != "input"})
    return lambda given: made(given["input"], **call)


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
