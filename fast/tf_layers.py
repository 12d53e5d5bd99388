"""What does `tf.layers.Conv2DTranspose` of TensorFlow 1 return for these arguments and weights?"""

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from numpy.typing import DTypeLike

from adjoint.fast import layer_features, layers
from adjoint.fast.arguments import Array, float_array
from adjoint.fast.layer_settings import Activation, Settings, checked


@dataclass(eq=False)
class Conv2DTranspose:
    """Transposed convolution over two spatial axes: activation(conv(inputs) + bias).

    Parameters
    ----------
    filters
        The number of output channels.
    kernel_size, strides
        An int, or a tuple or list of two of them.
    padding
        "valid" or "same", in any case of letters.
    data_format
        "channels_last" (also None) or "channels_first", in any case of letters.
    activation
        None, "linear", "relu" or a callable from array to array.
    use_bias
        Whether a bias is added.
    kernel_initializer, bias_initializer
        What the weights hold once built: "glorot_uniform", "zeros", "ones" or "constant",
        in any spelling; an object of `initializers`; or a callable from shape and `dtype`
        to array. None is the default.
    kernel_regularizer, bias_regularizer, activity_regularizer
        What kernel, bias and result add to `losses`: None, "l1", "l2" (each times 0.01) or
        "l1_l2", an object of `regularizers`, or a callable from array to number. That of
        the result is divided by the size of the batch.
    kernel_constraint, bias_constraint
        What becomes of a weight after a `step`: None, "non_neg", an object of
        `constraints`, or a callable from array to array.
    trainable
        Whether a `step` changes the weights.
    name
        Any string; None is "conv2d_transpose".
    dtype
        "float16", "bfloat16", "float32" or "float64", of weights and result; None is that of
        the first input, or "float32" where `build` comes first.

    Attributes
    ----------
    kernel
        Shape [height, width, filters, in], or None before `build`.
    bias
        Shape [filters], or None before `build` or without `use_bias`.
    weights, trainable_weights
        A list of kernel and bias; that of those that a `step` changes.
    losses
        What the regularizers make of kernel, bias and the last result, in this order.

    Raises
    ------
    TypeError
        If a number is not an integer, or a keyword is unknown.
    ValueError
        If a value is not allowed.
    NotImplementedError
        If TensorFlow may allow the activation or dtype, but this layer does not have it.
    """

    filters: int
    kernel_size: object
    strides: object = (1, 1)
    padding: str = "valid"
    data_format: str | None = "channels_last"
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: object = None
    bias_initializer: object = "zeros"
    kernel_regularizer: object = None
    bias_regularizer: object = None
    activity_regularizer: object = None
    kernel_constraint: object = None
    bias_constraint: object = None
    trainable: bool = True
    name: str | None = None
    _: KW_ONLY
    dtype: DTypeLike | None = None
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)
    activity_loss: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments, and take a name if none is given."""
        forms = {form.upper(): form for form in ("channels_last", "channels_first")}
        form = forms.get(str(self.data_format).upper(), self.data_format)
        self.settings = checked({**vars(self), "data_format": form}, axes=2)
        self.name = self.name or "conv2d_transpose"

    build = layers.build
    set_weights = layers.set_weights
    gradients = layers.gradients
    compute_output_shape = layers.compute_output_shape
    weights = property(layer_features.weights)
    trainable_weights = property(layer_features.trainable_weights)
    losses = property(layer_features.losses)
    step = layer_features.step
    get_config = layer_features.get_config
    from_config = classmethod(layer_features.from_config)

    def __call__(self, inputs: Array) -> Array:
        """Return what `layers.call` does; without a dtype, the first input gives the layer its own."""
        if self.kernel is None and self.dtype is None:
            self.settings = replace(self.settings, dtype=float_array("inputs", inputs, (4,)).dtype)
        return layers.call(self, inputs)
