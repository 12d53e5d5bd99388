"""What does `tf.layers.Conv2DTranspose` of TensorFlow 1 return for these arguments and weights?"""

from dataclasses import KW_ONLY, dataclass, field, replace

from numpy.typing import DTypeLike

from adjoint.fast import layers
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
        None, or "glorot_uniform" and "zeros": others come later, and until then weights
        start as zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, \
bias_constraint
        None: others come later.
    trainable, name
        Kept, without effect.
    dtype
        "float16", "bfloat16", "float32" or "float64", of weights and result; None is that of
        the first input, or "float32" where `build` comes first.

    Attributes
    ----------
    kernel
        Shape [height, width, filters, in], or None before `build`.
    bias
        Shape [filters], or None before `build` or without `use_bias`.

    Raises
    ------
    TypeError
        If a number is not an integer, or a keyword is unknown.
    ValueError
        If a value is not allowed.
    NotImplementedError
        If TensorFlow may allow what is asked for, but this layer does not have it yet.
    """

    filters: int
    kernel_size: object
    strides: object = (1, 1)
    padding: str = "valid"
    data_format: str | None = "channels_last"
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: str | None = None
    bias_initializer: str | None = "zeros"
    kernel_regularizer: None = None
    bias_regularizer: None = None
    activity_regularizer: None = None
    kernel_constraint: None = None
    bias_constraint: None = None
    trainable: bool = True
    name: str | None = None
    _: KW_ONLY
    dtype: DTypeLike | None = None
    settings: Settings = field(init=False, repr=False)
    kernel: Array | None = field(init=False, repr=False, default=None)
    bias: Array | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Check the arguments."""
        forms = {form.upper(): form for form in ("channels_last", "channels_first")}
        form = forms.get(str(self.data_format).upper(), self.data_format)
        self.settings = checked({**vars(self), "data_format": form}, axes=2)

    build = layers.build
    set_weights = layers.set_weights
    gradients = layers.gradients

    def __call__(self, inputs: Array) -> Array:
        """Return what `layers.call` does; without a dtype, the first input gives the layer its own."""
        if self.kernel is None and self.dtype is None:
            self.settings = replace(self.settings, dtype=float_array("inputs", inputs, (4,)).dtype)
        return layers.call(self, inputs)
