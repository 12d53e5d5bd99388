"""A layer that keeps what the page of Conv1DTranspose promises beside its output, and others that do not.

For scripts, which import it from this folder and go by its names alone.
"""

import numpy as np

from adjoint.fast import keras_layers

OPERATION = ("filters", "kernel_size", "strides", "padding", "output_padding", "data_format", "dilation_rate")


def made(value):
    """Return a regularizer or a constraint as a function, from its name or what Keras writes down."""
    if not isinstance(value, dict):
        return {"non_neg": rectified, "l1": penalty(l1=0.01), "l2": penalty(l2=0.01)}.get(value, value)
    return rectified if value["class_name"] == "NonNeg" else penalty(**value["config"])


def rectified(weight):
    return np.maximum(weight, 0)


def penalty(l1=0, l2=0):
    return lambda weight: np.float32(l1) * np.sum(np.abs(weight)) + np.float32(l2) * np.sum(weight * weight)


class Base:
    pass


class Right(Base):
    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        told = {name: value for name, value in locals().items() if name not in ("self", "kwargs")}
        self.arguments = {**told, **kwargs}
        for name, value in told.items():
            setattr(self, name, made(value) if name.endswith(("regularizer", "constraint")) else value)
        self.name, self.trainable = kwargs.get("name", "one"), kwargs.get("trainable", True)
        passed = {name: told[name] for name in (*OPERATION, "activation", "use_bias")}
        self.inner = keras_layers.Conv1DTranspose(**passed, **kwargs)

    def build(self, shape):
        self.inner.build(shape)
        self.kernel = self.start(self.kernel_initializer or "glorot_uniform", self.inner.kernel.shape)
        self.bias = self.start(self.bias_initializer or "zeros", (self.filters,)) if self.use_bias else None

    def start(self, initializer, shape):
        settings = {}
        if isinstance(initializer, dict):
            initializer, settings = initializer["class_name"].lower(), initializer["config"]
        if initializer in ("zeros", "ones", "constant"):
            value = {"zeros": 0, "ones": 1}.get(initializer, settings.get("value"))
            return np.full(shape, value, np.float32)
        limit = np.sqrt(6 / ((shape[-1] + shape[-2]) * shape[0]))
        return np.random.default_rng(0).uniform(-limit, limit, shape).astype(np.float32)

    def set_weights(self, weights):
        self.kernel, self.bias = weights if self.use_bias else (*weights, None)

    def __call__(self, input):
        weights = {"kernel": self.kernel, "bias": self.bias}
        held = {name: weight for name, weight in weights.items() if weight is not None}
        self.inner.set_weights(list(held.values()))
        output = self.inner(input)
        self.losses = []
        if self.activity_regularizer is not None:
            self.losses.append(self.activity_regularizer(output) / np.float32(len(output)))
        for name, weight in held.items():
            regularizer = getattr(self, f"{name}_regularizer")
            if regularizer is not None:
                self.losses.append(regularizer(weight))
        return output

    def gradients(self, input, gradient):
        self(input)
        return self.inner.gradients(input, gradient)

    @property
    def trainable_weights(self):
        return [weight for weight in (self.kernel, self.bias) if weight is not None and self.trainable]

    def get_config(self):
        filled = {"data_format": self.data_format or "channels_last", "name": self.name}
        return {**self.arguments, **filled}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def compute_output_shape(self, shape):
        sizes = (self.kernel_size, self.strides, self.dilation_rate, self.output_padding)
        kernel, stride, dilation, more = (size[0] if isinstance(size, tuple) else size for size in sizes)
        first, extent = self.data_format == "channels_first", dilation * (kernel - 1) + 1
        length = shape[2 if first else 1]
        if length is not None and more is not None:
            length = (
                (length - 1) * stride + extent + more - (2 * (extent // 2) if self.padding == "same" else 0)
            )
        elif length is not None:
            length = length * stride + (0 if self.padding == "same" else max(extent - stride, 0))
        return (shape[0], self.filters, length) if first else (shape[0], length, self.filters)


class Transposed(Right):
    def build(self, shape):
        super().build(shape)
        self.kernel = np.swapaxes(self.kernel, -1, -2)


class Wide(Right):
    def start(self, initializer, shape):
        return 2 * super().start(initializer, shape) + 1


class Narrow(Right):
    def start(self, initializer, shape):
        return super().start(initializer, shape) / 2


class Heavy(Right):
    def __call__(self, input):
        output = super().__call__(input)
        self.losses = [2 * loss for loss in self.losses]
        return output


class Silent(Right):
    def __call__(self, input):
        output = super().__call__(input)
        self.losses = self.losses[1:]
        return output


class Uphill(Right):
    def gradients(self, input, gradient):
        return super().gradients(input, -gradient)


class Forgets(Right):
    def get_config(self):
        return {name: value for name, value in super().get_config().items() if name != "dilation_rate"}


class Renames(Right):
    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "name": "other"})


class Doubles(Right):
    def set_weights(self, weights):
        super().set_weights([2 * weight for weight in weights])


class Certain(Right):
    def compute_output_shape(self, shape):
        return tuple(size or 1 for size in super().compute_output_shape(shape))


class Swapped(Right):
    def __init__(self, kernel_size, filters, *positional, **kwargs):
        super().__init__(filters, kernel_size, *positional, **kwargs)


class OtherDefault(Right):
    def __init__(self, filters, kernel_size, strides=1, padding="same", **kwargs):
        super().__init__(filters, kernel_size, strides, padding, **kwargs)


class Nameless(Right):
    def __init__(self, *positional, **kwargs):
        super().__init__(*positional, **kwargs)
        self.name = "none"
