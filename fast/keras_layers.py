"""What do `Conv1DTranspose`, `Conv2DTranspose` and `Conv3DTranspose` of Keras 3 return?"""

from dataclasses import KW_ONLY, dataclass, field

from numpy.typing import DTypeLike

from adjoint.fast import layers
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
        An int, or a tuple or list of one of them.
    padding
        "valid" or "same", in any case of letters.
    output_padding
        None, or an int, or a tuple or list of one: less than the stride.
    data_format
        "channels_last" (also None) or "channels_first".
    activation
        None, "linear", "relu" or a callable from array to array.
    use_bias
        Whether a bias is added.
    kernel_initializer, bias_initializer
        None or the default: others come later, and until then weights start as zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, \
bias_constraint
        None: others come later.
    dtype
        "float16", "bfloat16", "float32" (also None) or "float64", of weights and result.
    name, trainable
        Kept, without effect.

    Attributes
    ----------
    kernel
        Shape [length, filters, in], or None before `build`.
    bias
        Shape [filters], or None before `build` or without `use_bias`.

    Raises
    ------
    TypeError
        If a number is not an integer, or a keyword is unknown.
    ValueError
        If a value is not allowed, a stride and a dilation rate both exceed 1, or output
        padding reaches the stride of its axis.
    NotImplementedError
        If Keras may allow what is asked for, but this layer does not have it yet.
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
    kernel_initializer: str | None = "glorot_uniform"
    bias_initializer: str | None = "zeros"
    kernel_regularizer: None = None
    bias_regularizer: None = None
    activity_regularizer: None = None
    kernel_constraint: None = None
    bias_constraint: None = None
    _: KW_ONLY
    dtype: DTypeLike | None = None
    name: str | None = None
    trainable: bool = True
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments."""
        self.settings = checked(vars(self), axes=1)

    build = layers.build
    set_weights = layers.set_weights
    __call__ = layers.call
    gradients = layers.gradients


@dataclass(eq=False)
class Conv2DTranspose:
    """Transposed convolution over two spatial axes: activation(conv(inputs) + bias).

    Parameters, attributes and errors are those of `Conv1DTranspose`, without output
    padding: `kernel_size`, `strides` and `dilation_rate` are an int, or a tuple or list
    of one or two of them; the kernel has shape [height, width, filters, in].
    """

    filters: int
    kernel_size: object
    strides: object = (1, 1)
    padding: str = "valid"
    data_format: str | None = None
    dilation_rate: object = (1, 1)
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: str | None = "glorot_uniform"
    bias_initializer: str | None = "zeros"
    kernel_regularizer: None = None
    bias_regularizer: None = None
    activity_regularizer: None = None
    kernel_constraint: None = None
    bias_constraint: None = None
    _: KW_ONLY
    dtype: DTypeLike | None = None
    name: str | None = None
    trainable: bool = True
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments."""
        self.settings = checked(vars(self), axes=2, one_item=("kernel_size", "strides", "dilation_rate"))

    build = layers.build
    set_weights = layers.set_weights
    __call__ = layers.call
    gradients = layers.gradients


@dataclass(eq=False)
class Conv3DTranspose:
    """Transposed convolution over three spatial axes: activation(conv(inputs) + bias).

    Parameters, attributes and errors are those of `Conv1DTranspose`, but for their order:
    `kernel_size` and `strides` are an int, or a tuple or list of one or three of them,
    `dilation_rate` and `output_padding` an int, or a tuple or list of three; the kernel
    has shape [depth, height, width, filters, in].
    """

    filters: int
    kernel_size: object
    strides: object = (1, 1, 1)
    padding: str = "valid"
    data_format: str | None = None
    output_padding: object = None
    dilation_rate: object = (1, 1, 1)
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: str | None = "glorot_uniform"
    bias_initializer: str | None = "zeros"
    kernel_regularizer: None = None
    bias_regularizer: None = None
    activity_regularizer: None = None
    kernel_constraint: None = None
    bias_constraint: None = None
    _: KW_ONLY
    dtype: DTypeLike | None = None
    name: str | None = None
    trainable: bool = True
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments."""
        self.settings = checked(vars(self), axes=3, one_item=("kernel_size", "strides"))

    build = layers.build
    set_weights = layers.set_weights
    __call__ = layers.call
    gradients = layers.gradients
