"""Is the bound on transforms what its derivation says?  Its constants, its norms, and what it still sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np
import pytest

from adjoint.reference.answer import Answer
from adjoint.reference.bound import Claim, Interval, accepted, accepted_output
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry
from adjoint.reference.transform import AMPLIFICATION, factor, norms
from adjoint.reference.translation import gradients, output
from tests.right import Implementation
from tests.rounded_calls import Rounded, drawn, tensor
from tests.summing import ROUNDINGS, Numbers
from tests.transforms import WINOGRAD, by_fft, by_winograd, gradients_by_fft

HELD = {"float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64"}
CALLS = range(30)
each_dtype = pytest.mark.parametrize("dtype", HELD)


def outside(seen: Numbers, interval: Interval) -> int:
    low, high = (np.array(end).reshape(seen.shape) for end in (interval.low, interval.high))
    return int(np.count_nonzero(~((low <= seen) & (seen <= high))))


def gradient(call: Rounded) -> Numbers:
    """Draw a gradient of the call's output."""
    shape = (len(call.x), call.w.shape[1] * call.groups, *call.geometry.output)
    return ROUNDINGS[call.dtype](np.random.default_rng(3).normal(size=shape))


@pytest.mark.parametrize("m", WINOGRAD)
def test_winograds_matrices_amplify_by_less_than_the_bound_takes(m: int) -> None:
    a, g, b = (np.array(matrix) for matrix in WINOGRAD[m])
    d, taps = np.arange(m + 2.0) ** 2 + 1, np.array([3.0, -5, 7])
    assert np.allclose(a @ ((g @ taps) * (b @ d)), np.correlate(d, taps, "valid"))
    sizes = np.linalg.norm(g, axis=1) * np.linalg.norm(b, axis=1)
    assert (np.abs(a) @ sizes).max() < AMPLIFICATION


def test_for_the_kernels_gradient_they_amplify_by_little_less() -> None:
    points = np.array([0, 1, -1, 2, -2.0])
    scale = np.array([4, -6, -6, 24, 24])[:, np.newaxis]
    last = np.eye(1, 4, 3)
    a = np.concatenate([np.vander(points, 3, increasing=True), [[0, 0, 1]]]).T
    g = np.concatenate([np.vander(points, 4, increasing=True) / scale, last])
    b = np.array(WINOGRAD[4][2])
    d, taps = np.arange(6.0) ** 2 + 1, np.array([3.0, -5, 7, 2])
    assert np.allclose(a @ ((g @ taps) * (b @ d)), np.correlate(d, taps, "valid"))
    sizes = np.linalg.norm(g, axis=1) * np.linalg.norm(b, axis=1)
    assert AMPLIFICATION - 1 < (np.abs(a) @ sizes).max() < AMPLIFICATION


def test_norms_are_rounded_up_and_hardly() -> None:
    for numbers in ((3, 4), (1, 1), (0, 0), (-7, 0), (1 << 80, 1)):
        square = sum(value * value for value in numbers)
        (found,) = norms(Tensor("float32", (1, 1, 2), numbers, -3)).integers
        assert found**2 >= square << 40
        assert (found - 1) ** 2 < square << 40 or found == square == 0


def test_the_bound_is_the_factor_times_the_norms_of_the_planes_that_meet() -> None:
    for seed in CALLS:
        call = drawn("float32", seed, batch=3, groups=2)
        g, where = gradient(call), call.geometry
        x, y, w = (
            np.sqrt((array.reshape(*array.shape[:2], -1) ** 2).sum(axis=2)) for array in (call.x, g, call.w)
        )
        x, y, w = x.reshape(3, 2, -1), y.reshape(3, 2, -1), w.reshape(2, -1, w.shape[1])
        answers = gradients(call.translation(), tensor(g, "float32"))
        channels, filters = w.shape[1:]
        for answer, met, summed, pairs in (
            (output(call.translation()), np.einsum("ngc,gcf->ngf", x, w), where.kernel, channels),
            (answers["input"], np.einsum("ngf,gcf->ngc", y, w), where.kernel, filters),
            (answers["kernel"], np.einsum("ngc,ngf->gcf", x, y), where.input, 3),
        ):
            assert answer.mixed is not None
            found = np.array(answer.mixed.integers, float) * 2.0**answer.mixed.exponent
            demanded = np.repeat(met.ravel() * factor(where, summed, pairs), found.size // met.size)
            assert np.allclose(found, demanded, rtol=1e-4, atol=0), seed
        assert "bias" not in answers or answers["bias"].mixed is None


def test_the_factor_grows_with_what_is_transformed() -> None:
    def of(size: int, kernel: int, rank: int, planes: int, stride: int = 1) -> int:
        axes = ((size,), (kernel,), (size + kernel - 1,), (stride,), (1,), (0,))
        return factor(Geometry(*(axis * rank for axis in axes)), (kernel,) * rank, planes)

    assert of(8, 3, 1, 1) == 21 * 2 * (14 + 1 + 2)
    assert of(8, 2, 2, 5) == 21**2 * (28 + 1 + 5)
    assert of(8, 3, 2, 1, stride=3) == 21**2 * 3 * (28 + 1 + 9)
    assert of(1000, 2, 1, 1) == 8 * (2 + 10) * (3 + 1) + 3 + 1  # here an FFT strays farther
    assert of(8, 3, 2, 2) > of(8, 3, 2, 1)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "output", "crop"),
    [(511, 2, 1, 1, 1, 0), (74, 1, 7, 1, 1, 0), (300, 2, 1, 212, 1, 0), (1, 1, 1, 1, 500, 12)],
)
def test_what_is_transformed_is_the_output_before_it_is_cropped(
    size: int, kernel: int, stride: int, dilation: int, output: int, crop: int
) -> None:
    """512 elements are a power of two more than 511."""

    def of(size: int, crop: int) -> int:
        axis = (size,), (kernel,), (output,), (stride,), (dilation,), (crop,)
        return factor(Geometry(*axis), (kernel,), 1)

    assert of(size, crop) == 8 * (2 + 10) * (3 + 1) + 3 + 1
    assert of(max(size - 1, 1), max(crop - 1, 0)) == 8 * (2 + 9) * (3 + 1) + 3 + 1


WAYS: dict[str, Implementation] = {
    "FFT": by_fft,
    **{f"F({m}, 3)": partial(by_winograd, m=m) for m in WINOGRAD},
}


@pytest.mark.parametrize("way", WAYS)
@each_dtype
def test_no_transform_is_accused_where_it_is_claimed_and_each_is_where_it_is_not(
    dtype: str, way: str
) -> None:
    accused = 0
    for seed in CALLS:
        call = drawn(dtype, seed)
        seen, translation = WAYS[way](call), call.translation()
        claim = Claim(HELD[dtype], algorithm="transform")
        assert outside(seen, accepted_output(translation, claim)[""]) == 0, seed
        accused += outside(seen, accepted_output(translation, Claim(HELD[dtype]))[""])
    assert accused > 0


@each_dtype
def test_no_gradient_by_fft_is_accused_where_it_is_claimed(dtype: str) -> None:
    accused = 0
    for seed in CALLS:
        call = drawn(dtype, seed)
        g = gradient(call)
        answers = gradients(call.translation(), tensor(g, dtype))
        for of, seen in gradients_by_fft(call, g).items():
            claim = Claim(HELD[dtype], algorithm="transform")
            assert outside(seen, accepted(answers[of], claim)) == 0, (seed, of)
            accused += outside(seen, accepted(answers[of], Claim(HELD[dtype])))
    assert accused > 0


def without_a_tap(w: Numbers) -> Numbers:
    """Lose the largest tap of each kernel."""
    flat = w.reshape(*w.shape[:2], -1).copy()
    np.put_along_axis(flat, np.abs(flat).argmax(axis=2)[..., np.newaxis], 0, axis=2)
    return flat.reshape(w.shape)


def flipped(w: Numbers) -> Numbers:
    return np.flip(w, axis=tuple(range(2, w.ndim)))


@pytest.mark.parametrize("fault", [without_a_tap, flipped])
@each_dtype
def test_a_lost_tap_and_a_flipped_kernel_are_still_seen(
    dtype: str, fault: Callable[[Numbers], Numbers]
) -> None:
    calls = [call for call in map(partial(drawn, dtype), CALLS) if prod(call.geometry.kernel) > 1]
    claim = Claim(HELD[dtype], algorithm="transform")
    caught = 0
    for call in calls:
        seen = by_fft(replace(call, w=fault(call.w)))
        caught += outside(seen, accepted_output(call.translation(), claim)[""]) > 0
    assert caught >= len(calls) - 3  # of three, the crop leaves no output that an input reaches


def test_a_transform_in_halves_is_vacuous_and_one_in_float32_is_not() -> None:
    call = drawn("float16", 1).translation()
    assert accepted_output(call, Claim("float16", algorithm="transform"))[""].vacuous
    assert not accepted_output(call, Claim("float32", algorithm="transform"))[""].vacuous
    assert not accepted_output(call, Claim("float16"))[""].vacuous


def test_answers_are_alike_whatever_a_transform_would_mix() -> None:
    one = Tensor("float32", (1, 1, 1), (3,))
    assert Answer(one, one, one) == Answer(one, one, one, mixed=one)
