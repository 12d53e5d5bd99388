"""What may be looked at beside a call's output?  The closed list, what it serves, and its form on the wire.

`Call` says what each of the output, the gradients and the observations of a call made again is.  Of a layer
or module, once it is built:

- ``shapes``: of its weights, in its own order; ``initial``: its weights before they are set, by name;
- ``losses``: what it reports as losses after the call; ``collected_losses``: what then is in the collection
  REGULARIZATION_LOSSES of a graph that holds the layer and the call alone; ``stepped``: its weights, by name,
  after one step of plain SGD at rate 1 on the sum of output * gradient, constraints included;
- ``config``: its `config`, and that `again` of the layer made from it; ``remade``: what that layer returns,
  with the same weights;
- ``declared``: what compute_output_shape says of the call's `input_shape`, None being unknown, or without
  one of the shape of its input;
- ``signature``: the parameters of its constructor, or of a function, each with its `name`, its `kind` as
  Python's inspect has it, and its `default` unless it has none; ``convolution_op_signature`` likewise, of the
  method convolution_op; ``convolution_op``: what that returns for input and kernel;
- and its attributes: ``name``; ``bases``, the names of its base classes; ``trainable``, how many of its
  weights are; ``dtypes`` and ``devices`` of its weights; of a layer in a graph, once it is called, ``graph``,
  what its attribute of that name holds: ``its graph``, ``nothing``, or the name of another class; and
  ``scope_name``; of a function, ``node``, the name in a new graph of its operation, or of the scope of its
  operations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

ATTRIBUTES = ("name", "bases", "trainable", "dtypes", "devices", "graph", "scope_name", "node")
OBSERVED_BY = {
    "weights-shape": ("shapes",),
    "initial-weights": ("initial",),
    "losses": ("losses",),
    "after-step": ("stepped",),
    "config": ("config", "remade"),
    "declared-shape": ("declared",),
    "signature": ("signature",),
    "attributes": ATTRIBUTES,
    "convolution-op": ("convolution_op",),
}
"""From the kinds of check that look at a layer, or at a function itself, to what they may look at."""

BY_WEIGHT = ("initial", "stepped")
"""What goes over the wire as a tensor for each weight, by its name."""


def _are(kind: type, value: object) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)


def _are_parameters(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict) and isinstance(item.get("name"), str) and isinstance(item.get("kind"), str)
        for item in value
    )


def _are_configs(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), dict) for name in ("config", "again"))


PLAIN: dict[str, Callable[[object], bool]] = {
    "shapes": lambda value: isinstance(value, list) and all(_are(int, shape) for shape in value),
    "config": _are_configs,
    "declared": lambda value: isinstance(value, list) and {type(n) for n in value} <= {int, type(None)},
    "signature": _are_parameters,
    "convolution_op_signature": _are_parameters,
    "name": lambda value: isinstance(value, str),
    "bases": partial(_are, str),
    "trainable": lambda value: type(value) is int,
    "dtypes": partial(_are, str),
    "devices": partial(_are, str),
    "graph": lambda value: isinstance(value, str),
    "scope_name": lambda value: isinstance(value, str),
    "node": lambda value: isinstance(value, str),
}
"""What goes over the wire as JSON, and what it must be; all else is a tensor."""
