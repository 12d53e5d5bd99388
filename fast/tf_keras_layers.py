"""What do the transposed convolutions of `tf.keras.layers` of TensorFlow 2 return?"""

from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from numpy.typing import DTypeLike

from adjoint.fast import layer_features, layers
from adjoint.fast.arguments import Array
from adjoint.fast.layer_settings import Activation, Settings, checked


@dataclass(eq=False)
class Conv1DTranspose:
    """Transposed convolution over one spatial axis: activation(conv(inputs) + bias).

    Parameters
    ----------
    filters
        The number of output channels.
    kernel_size, strides, dilation_rate
        An int, or a tuple or list of N of them, N = 1 being the number of spatial axes.
    padding
        "valid" or "same", in any case of letters.
    output_padding
        None, or an int, or a tuple or list of N: less than the stride of each axis.
    data_format
        "channels_last" (also None) or "channels_first".
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
    input_shape
        None, or the N + 1 lengths of a sample, unknown ones None: for the first layer of a
        model, of which there is none here, so it is checked and kept.
    dtype
        "float16", "bfloat16", "float32" (also None) or "float64", of weights and result.
    name
        Any string; None is that of the class, such as "conv1d_transpose".
    trainable
        Whether a `step` changes the weights.

    Attributes
    ----------
    kernel
        Shape [length, filters, in], or None before `build`.
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
        If a value is not allowed, a stride and a dilation rate both exceed 1, or output
        padding reaches the stride of its axis.
    NotImplementedError
        If Keras may allow the activation or dtype, but this layer does not have it.
    """

    filters: int
    kernel_size: object
    strides: object = 1
    padding: str = "valid"
    output_padding: object = None
    data_format: str | None = None
    dilation_rate: object = 1
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: object = "glorot_uniform"
    bias_initializer: object = "zeros"
    kernel_regularizer: object = None
    bias_regularizer: object = None
    activity_regularizer: object = None
    kernel_constraint: object = None
    bias_constraint: object = None
    _: KW_ONLY
    input_shape: tuple[int | None, ...] | None = None
    dtype: DTypeLike | None = None
    name: str | None = None
    trainable: bool = True
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)
    activity_loss: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments, and take a name if none is given."""
        self.settings = checked(vars(self), axes=1)
        self.name = self.name or "conv1d_transpose"

    build = layers.build
    set_weights = layers.set_weights
    __call__ = layers.call
    gradients = layers.gradients
    compute_output_shape = layers.compute_output_shape
    weights = property(layer_features.weights)
    trainable_weights = property(layer_features.trainable_weights)
    losses = property(layer_features.losses)
    step = layer_features.step
    get_config = layer_features.get_config
    from_config = classmethod(layer_features.from_config)


@dataclass(eq=False)
class Conv2DTranspose:
    """Transposed convolution over two spatial axes: activation(conv(inputs) + bias).

    Parameters, attributes and errors are those of `Conv1DTranspose`, for N = 2 and a
    kernel of shape [height, width, filters, in].
    """

    filters: int
    kernel_size: object
    strides: object = (1, 1)
    padding: str = "valid"
    output_padding: object = None
    data_format: str | None = None
    dilation_rate: object = (1, 1)
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: object = "glorot_uniform"
    bias_initializer: object = "zeros"
    kernel_regularizer: object = None
    bias_regularizer: object = None
    activity_regularizer: object = None
    kernel_constraint: object = None
    bias_constraint: object = None
    _: KW_ONLY
    input_shape: tuple[int | None, ...] | None = None
    dtype: DTypeLike | None = None
    name: str | None = None
    trainable: bool = True
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)
    activity_loss: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments, and take a name if none is given."""
        self.settings = checked(vars(self), axes=2)
        self.name = self.name or "conv2d_transpose"

    build = layers.build
    set_weights = layers.set_weights
    __call__ = layers.call
    gradients = layers.gradients
    compute_output_shape = layers.compute_output_shape
    weights = property(layer_features.weights)
    trainable_weights = property(layer_features.trainable_weights)
    losses = property(layer_features.losses)
    step = layer_features.step
    get_config = layer_features.get_config
    from_config = classmethod(layer_features.from_config)


@dataclass(eq=False)
class Conv3DTranspose:
    """Transposed convolution over three spatial axes: activation(conv(inputs) + bias).

    Parameters, attributes and errors are those of `Conv1DTranspose`, for N = 3 and a
    kernel of shape [depth, height, width, filters, in]; and it has the method
    `convolution_op`.
    """

    filters: int
    kernel_size: object
    strides: object = (1, 1, 1)
    padding: str = "valid"
    output_padding: object = None
    data_format: str | None = None
    dilation_rate: object = (1, 1, 1)
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: object = "glorot_uniform"
    bias_initializer: object = "zeros"
    kernel_regularizer: object = None
    bias_regularizer: object = None
    activity_regularizer: object = None
    kernel_constraint: object = None
    bias_constraint: object = None
    _: KW_ONLY
    input_shape: tuple[int | None, ...] | None = None
    dtype: DTypeLike | None = None
    name: str | None = None
    trainable: bool = True
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)
    activity_loss: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments, and take a name if none is given."""
        self.settings = checked(vars(self), axes=3)
        self.name = self.name or "conv3d_transpose"

    build = layers.build
    set_weights = layers.set_weights
    __call__ = layers.call
    gradients = layers.gradients
    convolution_op = layers.convolution_op
    compute_output_shape = layers.compute_output_shape
    weights = property(layer_features.weights)
    trainable_weights = property(layer_features.trainable_weights)
    losses = property(layer_features.losses)
    step = layer_features.step
    get_config = layer_features.get_config
    from_config = classmethod(layer_features.from_config)
