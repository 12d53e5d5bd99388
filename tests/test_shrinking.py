"""Does a failure shrink to the smallest call that shows it?  Faults are planted in the fast room."""

from random import Random

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase

from adjoint.cases import strategies
from adjoint.cases.settings import call_of
from adjoint.fast import operation
from adjoint.implementations import on_fast
from adjoint.implementations.serving import Arguments
from adjoint.reference.apis import APIS, answer
from adjoint.reference.exact import Tensor
from adjoint.reference.tf_nn import API as TF_NN

CORRECT = operation.conv_transpose
FUNCTION = "torch.nn.functional.conv_transpose{}d"
MOST_TRIES = 600
"""At some milliseconds each, a few seconds."""


def strides_swapped(x, w, *, stride, **given):
    return CORRECT(x, w, stride=stride[::-1], **given)


def dilation_ignored_on_the_last_axis(x, w, *, dilation, **given):
    return CORRECT(x, w, dilation=(*dilation[:-1], 1), **given)


def bias_of_the_first_group_for_all(x, w, *, groups, bias=None, **given):
    if bias is not None:
        bias = np.tile(bias[: w.shape[1]], groups)
    return CORRECT(x, w, groups=groups, bias=bias, **given)


def output_padding_at_the_start(x, w, *, crop, **given):
    extras = np.subtract(given["output"], stamped(x, w, **given)) + 2 * np.array(crop)
    return CORRECT(x, w, crop=tuple(np.subtract(crop, extras)), **given)


def odd_crop_at_the_start(x, w, *, crop, **given):
    odd = np.maximum(np.subtract(stamped(x, w, **given), given["output"]), 0) % 2
    return CORRECT(x, w, crop=tuple(np.add(crop, odd)), **given)


def kernel_flipped_when_dilated(x, w, *, dilation, **given):
    if max(dilation) > 1:
        w = np.flip(w, tuple(range(2, w.ndim)))
    return CORRECT(x, w, dilation=dilation, **given)


def first_sample_for_all(x, w, **given):
    return CORRECT(np.repeat(x[:1], len(x), 0), w, **given)


def elements_beyond_the_fourth_dropped(x, w, **given):
    return CORRECT(np.where(np.arange(x.shape[-1]) < 4, x, 0), w, **given)


def elements_beyond_a_tile_dropped(x, w, **given):
    return CORRECT(np.where(np.arange(x.shape[-1]) < 32, x, 0), w, **given)


def channels_of_a_group_beyond_the_sixteenth_dropped(x, w, *, groups=1, **given):
    w = w.copy()
    w.reshape(groups, -1, *w.shape[1:])[:, 16:] = 0
    return CORRECT(x, w, groups=groups, **given)


def taps_beyond_the_stride_dropped(x, w, *, stride, **given):
    w = w.copy()
    w[..., stride[-1] :] = 0
    return CORRECT(x, w, stride=stride, **given)


def stride_multiplies_dilation(x, w, *, stride, dilation, **given):
    return CORRECT(x, w, stride=stride, dilation=tuple(np.multiply(stride, dilation)), **given)


def filters_of_groups_interleaved(x, w, *, groups, **given):
    y = CORRECT(x, w, groups=groups, **given)
    return y.reshape(len(y), groups, w.shape[1], *y.shape[2:]).swapaxes(1, 2).reshape(y.shape)


def axes_of_the_kernel_swapped_if_square(x, w, **given):
    return CORRECT(x, w.swapaxes(2, 3) if w.shape[2] == w.shape[3] else w, **given)


def stamped(x, w, *, stride, dilation, **_):
    """Return how many elements all stamps span, for each axis."""
    axes = zip(x.shape[2:], w.shape[2:], stride, dilation, strict=True)
    return [(n - 1) * s + (k - 1) * d + 1 for n, k, s, d in axes]


def conforms(setting):
    call = call_of(setting)
    tensors = call.arrays()
    exact = {name: Tensor.from_array(array) for name, array in tensors.items()}
    demanded = answer(call.api, exact, call.values).values.to_array()
    returned = on_fast.perform(call.api, Arguments(call.values), tensors, [].append)["output"]
    return np.array_equal(demanded, returned)


def smallest(api, most=1000):
    """Return what a failure shrinks to, and how many settings were tried."""
    tried = []

    def fails(setting):
        tried.append(setting)
        return not conforms(setting)

    found = hypothesis.find(
        strategies.settings(api, "exact", ("float32", "float64")),
        fails,
        settings=hypothesis.settings(
            database=None,
            deadline=None,
            max_examples=most,
            phases=[Phase.generate, Phase.shrink],  # in the phase that explains, `find` loses the smallest
            suppress_health_check=list(HealthCheck),
        ),
        random=Random(0),
    )
    return found, len(tried)


@pytest.mark.parametrize("api", APIS)
def test_without_a_fault_nothing_is_found(api):
    with pytest.raises(hypothesis.errors.NoSuchExample):
        smallest(api, 30)


@pytest.mark.parametrize(
    ("fault", "api", "elements"),
    [
        (strides_swapped, FUNCTION.format(2), 2 + 1),
        (strides_swapped, FUNCTION.format(3), 2 + 1),
        (strides_swapped, "keras.layers.Conv2DTranspose", 2 + 1),
        (dilation_ignored_on_the_last_axis, FUNCTION.format(2), 1 + 2),
        (dilation_ignored_on_the_last_axis, "tf.keras.layers.Conv3DTranspose", 1 + 2),
        (dilation_ignored_on_the_last_axis, TF_NN, 1 + 2),
        (stride_multiplies_dilation, FUNCTION.format(3), 1 + 2),
        (stride_multiplies_dilation, TF_NN, 1 + 2),
        (bias_of_the_first_group_for_all, FUNCTION.format(1), 2 + 2 + 2),
        (filters_of_groups_interleaved, "torch.nn.ConvTranspose2d", 2 + 4),
        (output_padding_at_the_start, FUNCTION.format(3), 1 + 1),
        (odd_crop_at_the_start, TF_NN, 1 + 2),
        (odd_crop_at_the_start, "tf.layers.Conv2DTranspose", 1 + 2),
        (kernel_flipped_when_dilated, FUNCTION.format(2), 1 + 2),
        (taps_beyond_the_stride_dropped, "keras.layers.Conv1DTranspose", 1 + 2),
        (axes_of_the_kernel_swapped_if_square, "keras.layers.Conv2DTranspose", 1 + 4),
        (first_sample_for_all, "tf.layers.Conv2DTranspose", 2 + 1),
        (elements_beyond_the_fourth_dropped, FUNCTION.format(2), 5 + 1),
        (elements_beyond_a_tile_dropped, "keras.layers.Conv1DTranspose", 33 + 1),
        (elements_beyond_a_tile_dropped, "keras.layers.Conv3DTranspose", 33 + 1),
        (channels_of_a_group_beyond_the_sixteenth_dropped, FUNCTION.format(2), 17 + 17),
        (channels_of_a_group_beyond_the_sixteenth_dropped, TF_NN, 17 + 17),
    ],
)
def test_a_fault_shrinks_to_the_smallest_call_that_shows_it(fault, api, elements, monkeypatch):
    monkeypatch.setattr(operation, "conv_transpose", fault)
    found, tries = smallest(api)
    assert call_of(found).size == elements, str(call_of(found))
    assert tries < MOST_TRIES
