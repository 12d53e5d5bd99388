"""What do PyTorch's modules `ConvTranspose1d`, `2d` and `3d` return for these arguments and weights?"""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import DTypeLike

from adjoint.fast import modules
from adjoint.fast.arguments import Array
from adjoint.fast.modules import Settings


@dataclass(eq=False)
class ConvTranspose1d:
    """Transposed convolution over one spatial axis.

    Parameters
    ----------
    in_channels, out_channels
        The number of channels of input and result.
    kernel_size, stride, padding, output_padding, dilation
        An int, or a tuple or list of one or N of them, N = 1 being the number of
        spatial axes.
    groups
        A divisor of `in_channels` and `out_channels`.
    bias
        Whether a bias is added; the attribute is the bias itself.
    padding_mode
        "zeros".
    device
        None or "cpu".
    dtype
        "float16", "bfloat16", "float32" (also None) or "float64", of weights and result.

    Attributes
    ----------
    weight
        Shape [in_channels, out_channels / groups, *kernel_size]; until it is set, drawn
        evenly within sqrt(k) of zero, k being groups / (out_channels * prod(kernel_size)).
    bias
        Shape [out_channels], drawn as the weight until it is set; None without a bias.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If a value is not allowed.
    NotImplementedError
        If PyTorch may have the device or dtype, but this module does not.
    """

    in_channels: int
    out_channels: int
    kernel_size: object
    stride: object = 1
    padding: object = 0
    output_padding: object = 0
    groups: int = 1
    bias: Any = field(default=True, repr=False)
    dilation: object = 1
    padding_mode: str = "zeros"
    device: str | None = None
    dtype: DTypeLike | None = None
    settings: Settings = field(init=False, repr=False)
    weight: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the arguments and make the weights."""
        self.settings = modules.checked(vars(self), axes=1)
        self.weight, self.bias = modules.drawn(self.settings)

    parameters = modules.parameters
    set_weights = modules.set_weights
    __call__ = modules.call
    gradients = modules.gradients


@dataclass(eq=False)
class ConvTranspose2d:
    """Transposed convolution over two spatial axes.

    Parameters, attributes and errors are those of `ConvTranspose1d`, for N = 2.
    """

    in_channels: int
    out_channels: int
    kernel_size: object
    stride: object = 1
    padding: object = 0
    output_padding: object = 0
    groups: int = 1
    bias: Any = field(default=True, repr=False)
    dilation: object = 1
    padding_mode: str = "zeros"
    device: str | None = None
    dtype: DTypeLike | None = None
    settings: Settings = field(init=False, repr=False)
    weight: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the arguments and make the weights."""
        self.settings = modules.checked(vars(self), axes=2)
        self.weight, self.bias = modules.drawn(self.settings)

    parameters = modules.parameters
    set_weights = modules.set_weights
    __call__ = modules.call
    gradients = modules.gradients


@dataclass(eq=False)
class ConvTranspose3d:
    """Transposed convolution over three spatial axes.

    Parameters, attributes and errors are those of `ConvTranspose1d`, for N = 3.
    """

    in_channels: int
    out_channels: int
    kernel_size: object
    stride: object = 1
    padding: object = 0
    output_padding: object = 0
    groups: int = 1
    bias: Any = field(default=True, repr=False)
    dilation: object = 1
    padding_mode: str = "zeros"
    device: str | None = None
    dtype: DTypeLike | None = None
    settings: Settings = field(init=False, repr=False)
    weight: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the arguments and make the weights."""
        self.settings = modules.checked(vars(self), axes=3)
        self.weight, self.bias = modules.drawn(self.settings)

    parameters = modules.parameters
    set_weights = modules.set_weights
    __call__ = modules.call
    gradients = modules.gradients
