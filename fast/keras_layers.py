"""What does `Conv2DTranspose` of Keras 3 return for these arguments and weights?"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from adjoint.fast import operation
from adjoint.fast.arguments import Array, float_array, integer, one_of, per_axis

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda y: y,
    "relu": lambda y: np.maximum(y, y.dtype.type(0)),
}


class Conv2DTranspose:
    """Transposed convolution over two spatial axes: activation(conv(inputs) + bias).

    Parameters
    ----------
    filters
        The number of output channels.
    kernel_size, strides, dilation_rate
        An int, or a tuple or list of one or two of them.
    padding
        "valid" or "same", in any case of letters.
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
    **kwargs
        `dtype`: "float32" (default) or "float64", of weights and result; `name`.

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
        If a value is not allowed, or a stride and a dilation rate both exceed 1.
    NotImplementedError
        If Keras may allow what is asked for, but this layer does not have it yet.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: object,
        strides: object = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: object = (1, 1),
        activation: str | Callable[[Array], Array] | None = None,
        use_bias: bool = True,
        kernel_initializer: str | None = "glorot_uniform",
        bias_initializer: str | None = "zeros",
        kernel_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        bias_constraint: None = None,
        **kwargs: Any,
    ) -> None:
        self.filters = integer("filters", filters, 1)
        self.kernel_size = per_axis("kernel_size", kernel_size, 2, 1)
        self.strides = per_axis("strides", strides, 2, 1)
        self.dilation_rate = per_axis("dilation_rate", dilation_rate, 2, 1)
        _check_strides_and_dilation(self.strides, self.dilation_rate)
        self.padding = _padding(padding)
        self.data_format = one_of(
            "data_format",
            "channels_last" if data_format is None else data_format,
            ("channels_last", "channels_first"),
        )
        self.activation = _activation(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = _only("kernel_initializer", kernel_initializer, "glorot_uniform")
        self.bias_initializer = _only("bias_initializer", bias_initializer, "zeros")
        self.kernel_regularizer = _only("kernel_regularizer", kernel_regularizer)
        self.bias_regularizer = _only("bias_regularizer", bias_regularizer)
        self.activity_regularizer = _only("activity_regularizer", activity_regularizer)
        self.kernel_constraint = _only("kernel_constraint", kernel_constraint)
        self.bias_constraint = _only("bias_constraint", bias_constraint)
        self.dtype = _dtype(kwargs.pop("dtype", None))
        self.name = kwargs.pop("name", None) or "conv2d_transpose"
        if kwargs:
            raise TypeError(f"{kwargs} is unknown: beside the documented arguments, give dtype or name.")
        self.kernel: Array | None = None
        self.bias: Array | None = None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights, as zeros: initializers come later.

        Parameters
        ----------
        input_shape
            Four lengths in the order of `data_format`; all but the channels may be None.

        Raises
        ------
        ValueError
            If there are not four, or the channels are unknown or none.
        """
        if len(input_shape) != 4:
            raise ValueError(f"input_shape={input_shape!r}: give four lengths.")
        channels = input_shape[self._channel]
        if channels is None:
            raise ValueError(f"input_shape={input_shape!r}: give the channels a number.")
        inner = integer("input_shape's channels", channels, 1)
        self.kernel = np.zeros((*self.kernel_size, self.filters, inner), self.dtype)
        self.bias = np.zeros(self.filters, self.dtype) if self.use_bias else None

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Replace the weights.

        Parameters
        ----------
        weights
            The kernel, shape [height, width, filters, in], and with `use_bias` the bias,
            shape [filters]; cast to the layer's dtype.

        Raises
        ------
        ValueError
            If the layer is not built, or number or shapes are not those of its weights.
        """
        held = [weight for weight in (self.kernel, self.bias) if weight is not None]
        if not held:
            raise ValueError("weights: build the layer before you set them.")
        given = [np.array(weight, self.dtype) for weight in weights]
        shapes = [weight.shape for weight in given]
        right = [weight.shape for weight in held]
        if shapes != right:
            raise ValueError(f"weights have shapes {shapes}: give {right}.")
        self.kernel = given[0]
        self.bias = given[1] if self.use_bias else None

    def __call__(self, inputs: Array) -> Array:
        """Return activation(conv_transpose(inputs, kernel) + bias).

        Parameters
        ----------
        inputs
            Shape [batch, height, width, in], or [batch, in, height, width] for
            channels_first; floats, cast to the layer's dtype. The first ones build it.

        Returns
        -------
        Array
            Shape [batch, new_height, new_width, filters], or [batch, filters,
            new_height, new_width]. A new length is length * stride, and for padding
            "valid" what the kernel, dilated, exceeds the stride by on top of it.

        Raises
        ------
        TypeError
            If the inputs are no array of floats.
        ValueError
            If they have not four axes, or not the channels that the layer was built for.
        """
        x = float_array("inputs", inputs, (4,)).astype(self.dtype, copy=False)
        if self.kernel is None:
            self.build(x.shape)
        assert self.kernel is not None
        if x.shape[self._channel] != self.kernel.shape[-1]:
            raise ValueError(
                f"inputs has shape {x.shape}: give {self.kernel.shape[-1]} channels, "
                f"which the layer was built for, on axis {self._channel}."
            )
        x = np.moveaxis(x, self._channel, 1)
        crop, output = self._crop_and_output(x.shape[2:])
        y = operation.conv_transpose(
            x,
            self.kernel.transpose(3, 2, 0, 1),
            stride=self.strides,
            dilation=self.dilation_rate,
            crop=crop,
            output=output,
            bias=self.bias,
        )
        return self.activation(np.ascontiguousarray(np.moveaxis(y, 1, self._channel)))

    @property
    def _channel(self) -> int:
        return 3 if self.data_format == "channels_last" else 1

    def _crop_and_output(self, lengths: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return, for each spatial axis, what is cut off at the start, and the length of the result."""
        axes = zip(self.kernel_size, self.strides, self.dilation_rate, strict=True)
        overhang = tuple(max((k - 1) * d + 1 - s, 0) for k, s, d in axes)
        base = tuple(length * stride for length, stride in zip(lengths, self.strides, strict=True))
        if self.padding == "same":
            return tuple(extra // 2 for extra in overhang), base
        return (0, 0), tuple(length + extra for length, extra in zip(base, overhang, strict=True))


def _check_strides_and_dilation(strides: tuple[int, ...], dilation_rate: tuple[int, ...]) -> None:
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ValueError(
            f"strides={strides} and dilation_rate={dilation_rate}: only one of them may exceed 1."
        )


def _padding(value: object) -> str:
    name = value.lower() if isinstance(value, str) else value
    return one_of("padding", name, ("valid", "same"))


def _activation(value: object) -> Callable[[Array], Array]:
    if value is None:
        return ACTIVATIONS["linear"]
    if isinstance(value, str):
        if value not in ACTIVATIONS:
            raise NotImplementedError(
                f"activation={value!r} is not implemented: give None, 'linear', 'relu' or a callable."
            )
        return ACTIVATIONS[value]
    if not callable(value):
        raise ValueError(f"activation={value!r}: give None, 'linear', 'relu' or a callable.")
    return value


def _only(name: str, value: object, default: str | None = None) -> str | None:
    """Return None or the default; anything else is not implemented yet."""
    if value is None:
        return None
    if isinstance(value, str) and value == default:
        return value
    allowed = "None" if default is None else f"None or {default!r}"
    raise NotImplementedError(f"{name}={value!r} is not implemented yet: give {allowed}.")


def _dtype(value: DTypeLike | None) -> np.dtype[Any]:
    try:
        name = np.dtype("float32" if value is None else value).name
    except TypeError:
        name = str(value)
    if name not in ("float32", "float64"):
        raise NotImplementedError(f"dtype={value!r} is not implemented: give 'float32' or 'float64'.")
    return np.dtype(name)
