"""TensorFlow as in version 1: tf.layers.Conv2DTranspose and tf.nn.conv_transpose, with graph and session.

Each call has a graph of its own, whose placeholders have the shapes of the tensors, and may be compiled by
XLA.  Where there is a later TensorFlow, it is `tensorflow.compat.v1`.
"""

from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

np.sctypeDict.setdefault("bfloat16", tf.bfloat16.as_numpy_dtype)  # older ones keep the name to themselves
tf.logging.set_verbosity(tf.logging.ERROR)

LAYERS = ["tf.layers.Conv2DTranspose"]
GRADIENTS = ["gradient-input", "gradient-kernel", "gradient-bias"]
WEIGHTS = ("kernel", "bias")

UNSUPPORTED = [
    (
        "cpu-dilation",
        "InvalidArgumentError",
        "implementations? do(es)? not yet support dilation rates larger than 1",
        "no CPU kernel for dilation in this dtype",
    ),
    (
        "cpu-channels-first",
        "OpError",
        "only supports N(D)?HWC",
        "no CPU kernel for channels first in this dtype",
    ),
    (
        "cpu-bfloat16",
        "NotFoundError",
        "Could not find device for node: .*T=DT_BFLOAT16",
        "no CPU kernel for bfloat16",
    ),
]


OPTIONS: List[str] = []
"""`xla` where the calls are compiled."""


def start(*options: str) -> Dict[str, Any]:
    """Return name, version and claims.

    With the option `xla` each call is compiled.  Then no layer is looked at: but for what it returns, and the
    gradients, it is what it is without.
    """
    OPTIONS[:] = options
    return {
        "name": "tensorflow",
        "version": tf.__version__,
        "claims": {
            "apis": ["tf.nn.conv_transpose", *LAYERS],
            "dtypes": ["bool", "int32", "int64", "float16", "bfloat16", "float32", "float64"],
            "observes": ["output", *GRADIENTS, *([] if options else LOOKED)],
            "systems": {"tensorflow": tf.__version__},
            "python_errors": True,
            "by_position": True,
        },
    }


def perform(
    api: str, arguments: Any, tensors: Dict[str, Any], stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Build the graph of a call and run it; take gradients if asked."""
    with tf.Graph().as_default(), tf.Session() as session:
        places = {name: tf.placeholder(array.dtype, array.shape) for name, array in tensors.items()}
        output, layer = laid(api, arguments, tensors, places, stage)
        if layer:
            set_weights(layer, tensors, session, stage)
        stage("call")
        seen = {"output": session.run(output, fed(places, tensors))}
        stage("observe")
        if "gradient" not in tensors:
            return seen

        def gradients(given: Dict[str, Any]) -> Any:
            operands = [given["input"], *(variables(layer) if layer else [given["filters"]])]
            return tf.gradients(called(arguments, layer, given), operands, given["gradient"])

        found = session.run(compiled(gradients, places), fed(places, tensors))
        return dict(seen, **dict(zip(GRADIENTS, found)))


def compiled(function: Callable[[Dict[str, Any]], Any], places: Dict[str, Any]) -> Any:
    """Return what a function lays of the placeholders; as XLA compiles it, if this worker was started so."""
    if not OPTIONS:
        return function(places)
    laid = tf.xla.experimental.compile(
        lambda *given: function(dict(zip(places, given))), list(places.values())
    )
    return laid if len(laid) > 1 else laid[0]


def called(arguments: Any, layer: Any, given: Dict[str, Any]) -> Any:
    """Call the layer, or the function where there is none."""
    if layer is not None:
        return layer(given["input"])
    tensors = {name: given[name] for name in given if name != "gradient"}
    return arguments.to(tf.nn.conv_transpose, **tensors)


def given(tensors: Dict[str, Any]) -> Dict[str, Any]:
    """Return the arrays: they are what a session is fed."""
    return tensors


def to_numpy(output: Any) -> Any:
    """Return the array: it is what a session returns."""
    return output


def prepare(
    api: str, arguments: Any, given: Dict[str, Any], stage: Callable[[str], None]
) -> Tuple[Callable[[Dict[str, Any]], Any], Any]:
    """Return what runs the graph of a call, of a layer with a batch of any size; and the layer, if any."""
    with tf.Graph().as_default() as graph:
        free = ["input"] if api in LAYERS else []
        shapes = {
            name: [None, *array.shape[1:]] if name in free else array.shape for name, array in given.items()
        }
        places = {name: tf.placeholder(array.dtype, shapes[name]) for name, array in given.items()}
        output, layer = laid(api, arguments, given, places, stage)
        session = tf.Session(graph=graph)
        if layer:
            set_weights(layer, given, session, stage)
    return lambda given: session.run(output, fed(places, given)), layer


def laid(
    api: str,
    arguments: Any,
    tensors: Dict[str, Any],
    places: Dict[str, Any],
    stage: Callable[[str], None],
) -> Tuple[Any, Any]:
    """Lay a call into the current graph; return its output and the layer, if any."""
    if api == "tf.nn.conv_transpose":
        return compiled(lambda given: called(arguments, None, given), places), None
    assert api in LAYERS, api
    layer = arguments.to(tf.layers.Conv2DTranspose)
    stage("build")
    shape = built_for(tensors, arguments)
    if OPTIONS or shape != tensors["input"].shape:  # compiled, or the kernel is for other channels
        layer(tf.zeros(shape, tensors["input"].dtype))
        stage("call")
    return compiled(lambda given: called(arguments, layer, given), places), layer


def set_weights(
    layer: Any, tensors: Dict[str, Any], session: Any, stage: Callable[[str], None]
) -> Dict[str, Any]:
    """Initialize the weights of a layer, and set those that are given; return what they were between."""
    stage("weights")
    session.run([weight.initializer for weight in layer.weights])
    initial = held(layer, session)
    for name in WEIGHTS:
        if name in tensors:
            getattr(layer, name).load(tensors[name], session)
    return initial


def held(layer: Any, session: Any) -> Dict[str, Any]:
    """Return the weights of a layer, by name."""
    found = {name: getattr(layer, name) for name in WEIGHTS}
    return {name: session.run(weight) for name, weight in found.items() if weight is not None}


def variables(layer: Any) -> List[Any]:
    """Return the weights of a layer in the order of their names' use."""
    return [weight for weight in (layer.kernel, layer.bias) if weight is not None]


def fed(places: Dict[str, Any], tensors: Dict[str, Any]) -> Dict[Any, Any]:
    """Return what each placeholder is fed; some may be of no consequence to what is run."""
    return {place: tensors[name] for name, place in places.items()}


def make(argument: str, class_name: str, settings: Dict[str, Any]) -> Any:
    """Return an object for an argument, whose last word names Keras' module: an initializer, a constraint."""
    module = getattr(tf.keras, argument.rsplit("_", 1)[-1] + "s")
    return (getattr(module, class_name, None) or module.L1L2)(
        **settings
    )  # at first there was no L1 and no L2


def look(
    api: str,
    arguments: Any,
    tensors: Dict[str, Any],
    stage: Callable[[str], None],
    wanted: Tuple[str, ...],
    input_shape: Optional[Tuple[Optional[int], ...]],
) -> Dict[str, Any]:
    """Return what is wanted of the function, or of the layer, taken through its stages."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(0)  # weights are drawn alike in each run
        places = {name: tf.placeholder(array.dtype, array.shape) for name, array in tensors.items()}
        output, layer = laid(api, arguments, tensors, places, stage)
        feed = fed(places, tensors)
        if layer is None:
            stage("call")
            seen = {"signature": tf.nn.conv_transpose, "node": output.op.name.split("/")[0]}
            seen["output"] = session.run(output, feed)
            stage("observe")
            return seen
        seen = {"initial": set_weights(layer, tensors, session, stage)}
        stage("call")
        seen["output"] = session.run(output, feed)
        stage("observe")
        seen.update((name, SHOWN[name](layer)) for name in wanted if name in SHOWN)
        if "losses" in wanted:
            seen["losses"] = session.run(layer.losses, feed)
        if "collected_losses" in wanted:
            collected = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
            seen["collected_losses"] = session.run(collected, feed)
        if "declared" in wanted:
            declared = layer.compute_output_shape(tf.TensorShape(input_shape or tensors["input"].shape))
            seen["declared"] = tf.TensorShape(declared).as_list()
        if "config" in wanted or "remade" in wanted:
            config = layer.get_config()
            again = type(layer).from_config(config)
            seen["config"] = {"config": config, "again": again.get_config()}
        if "remade" in wanted:
            remade = again(places["input"])
            set_weights(again, tensors, session, stage)
            seen["remade"] = session.run(remade, feed)
        if "stepped" in wanted:
            loss = tf.reduce_sum(output * places["gradient"])
            session.run(tf.train.GradientDescentOptimizer(1.0).minimize(loss), feed)
            seen["stepped"] = held(layer, session)
        return seen


def held_as_graph(held: Any) -> str:
    """Return what a layer in the current graph holds as its graph, in words."""
    if held is None:
        return "nothing"
    return "its graph" if held is tf.get_default_graph() else type(held).__name__


def built_for(tensors: Dict[str, Any], arguments: Any) -> Any:
    """Return the shape to build a layer for: the input's, with as many channels as a given kernel takes."""
    shape = list(tensors["input"].shape)
    first = str(arguments.get("data_format")).lower() == "channels_first"
    if "kernel" in tensors:
        shape[1 if first else -1] = tensors["kernel"].shape[-1]
    return tuple(shape)


SHOWN: Dict[str, Callable[[Any], Any]] = {
    "shapes": lambda layer: [weight.shape.as_list() for weight in layer.weights],
    "signature": lambda layer: type(layer).__init__,
    "name": lambda layer: layer.name,
    "bases": lambda layer: [kind.__name__ for kind in type(layer).__mro__[1:]],
    "trainable": lambda _: len(tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)),
    "dtypes": lambda layer: [weight.dtype.base_dtype.name for weight in layer.weights],
    "graph": lambda layer: held_as_graph(layer.graph),
    "scope_name": lambda layer: layer.scope_name,
}
LOOKED = [
    *SHOWN,
    *("losses", "collected_losses", "initial", "stepped", "config", "remade", "declared", "node"),
]
