"""A stand-in for tensorflow.compat.v1 with layers that keep what a page promises of graphs, and others.

Nothing waits for a session but the losses of the collection: these are what they are when it is looked at.
"""

from types import SimpleNamespace

import numpy as np

from adjoint.fast import regularizers, tf_layers


class Right(tf_layers.Conv2DTranspose):
    graph = None

    def __call__(self, inputs):
        self.given = inputs
        return super().__call__(inputs)

    @property
    def scope_name(self):
        assert self.kernel is not None, "it has no scope before it is called"
        return self.name

    def collected(self):
        super().__call__(self.given)
        return self.losses


class Uncollected(Right):
    def collected(self):
        return []


class OfTheKernel(Right):
    def collected(self):
        return super().collected()[:1] if self.kernel_regularizer else []


class Twice(Right):
    def collected(self):
        return [*super().collected(), *super().collected()]


class OfZeros(Right):
    def collected(self):
        self.set_weights([0 * weight for weight in self.weights])
        return super().collected()


class Unscoped(Right):
    scope_name = ""


class Numbered(Right):
    @property
    def scope_name(self):
        return f"{self.name}_1"


class Lowered(Right):
    @property
    def scope_name(self):
        return self.name.lower()


def tensorflow(kind):
    """Return what stands for the module, whose layers are of a kind."""
    made = []

    def layer(*positional, **named):
        made.append(kind(*positional, **named))
        return made[-1]

    return SimpleNamespace(
        __version__="stand-in",
        GraphKeys=SimpleNamespace(REGULARIZATION_LOSSES="regularization_losses"),
        Session=lambda: SimpleNamespace(run=lambda value: None if value is None else np.asarray(value)),
        disable_eager_execution=lambda: None,
        get_collection=lambda name: made[-1].collected() if name == "regularization_losses" else [],
        global_variables_initializer=lambda: None,
        keras=SimpleNamespace(
            backend=SimpleNamespace(set_session=lambda _: None),
            regularizers=SimpleNamespace(L1L2=regularizers.L1L2),
        ),
        layers=SimpleNamespace(Conv2DTranspose=layer),
        placeholder_with_default=lambda value, _: value,
        zeros=np.zeros,
    )
