"""PyTorch: torch.nn.functional.conv_transpose1d, 2d and 3d, on the CPU."""

from typing import Any, Callable, Dict

import torch

FUNCTIONS = {"torch.nn.functional.conv_transpose%dd" % n: n for n in (1, 2, 3)}


def start() -> Dict[str, Any]:
    """Return name, version and claims."""
    version = torch.__version__.split("+")[0]
    return {
        "name": "torch",
        "version": version,
        "claims": {
            "apis": sorted(FUNCTIONS),
            "dtypes": ["int32", "int64", "float32", "float64"],
            "systems": {"torch": version},
            "python_errors": True,
        },
    }


def perform(
    api: str, arguments: Dict[str, Any], tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Call the function that the API names."""
    function = getattr(torch.nn.functional, api.rsplit(".", 1)[1])
    given = {name: torch.from_numpy(array.copy()) for name, array in tensors.items()}
    stage("call")
    output = function(**given, **arguments)
    stage("observe")
    return {"output": output.numpy()}
