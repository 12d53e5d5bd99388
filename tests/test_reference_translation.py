"""Do a call's output and gradients come back whole?  Values, S and n, layouts, relu and readings."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, permutations

import numpy as np
import pytest

from adjoint.reference import translation
from adjoint.reference.answer import Answer, Unspecified
from adjoint.reference.exact import Tensor
from adjoint.reference.operation import Geometry
from adjoint.reference.translation import Layout, Translation, channels_first, channels_last, kernel_last
from tests.gathering import Integers
from tests.spaces import SPACES, Example, exact, examples, whole

# How NumPy takes an API's array to the operation's order, beside the layout that must do the same.
LAYOUTS = {
    **{f"channels first, {rank}-D": (channels_first(rank), lambda a: a) for rank in (1, 2, 3)},
    **{
        f"channels last, {rank}-D": (channels_last(rank), lambda a: np.moveaxis(a, -1, 1))
        for rank in (1, 2, 3)
    },
    **{
        f"kernel last, {rank}-D": (kernel_last(rank), lambda a: np.moveaxis(a, (-1, -2), (0, 1)))
        for rank in (1, 2, 3)
    },
    **{
        f"unbatched, channels first, {rank}-D": (
            Layout(channels_first(rank).axes, batched=False),
            lambda a: a[np.newaxis],
        )
        for rank in (1, 2, 3)
    },
    **{
        f"unbatched, channels last, {rank}-D": (
            Layout(channels_last(rank).axes, batched=False),
            lambda a: np.moveaxis(a, -1, 0)[np.newaxis],
        )
        for rank in (1, 2, 3)
    },
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_enters_as_numpy_moves_axes_and_leaves_the_same_way_back(name: str) -> None:
    layout, enter = LAYOUTS[name]
    shape = (2, 3, 5, 7, 11)[: len(layout.axes) - (not layout.batched)]
    given = Tensor("float32", shape, tuple(range(np.prod(shape))), -3)
    entered = layout.enter(given)
    moved = enter(np.arange(np.prod(shape)).reshape(shape))
    assert entered == Tensor("float32", moved.shape, tuple(moved.ravel().tolist()), -3)
    assert layout.leave(entered) == given
    assert layout.enter(layout.leave(entered)) == entered
    assert layout.leave_shape(entered.shape) == list(shape)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if not name.startswith("kernel")])
def test_a_layout_says_along_which_axis_the_filters_lie(name: str) -> None:
    layout, _ = LAYOUTS[name]
    axes = ("batch", "filters", "first", "second", "third")[: len(layout.axes)]
    assert layout.leave_shape(axes)[layout.filters] == "filters"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_every_order_of_axes_is_left_as_it_was_entered(size: int) -> None:
    shape = (2, 3, 4, 1, 2)[:size]
    given = Tensor("float32", shape, tuple(range(np.prod(shape))))
    for axes in permutations(range(size)):
        layout = Layout(axes)
        entered = layout.enter(given)
        assert entered.shape == tuple(shape[axis] for axis in axes)
        assert layout.leave(entered) == given, axes
        assert layout.leave_shape(entered.shape) == list(shape), axes


def call_of(example: Example, **more: object) -> Translation:
    """Return a call of an API that has the channels, and the kernel's filters and channels, at the end."""
    rank = len(example.geometry.input)
    given = {
        "input": exact(example.x),
        "kernel": exact(example.w),
        "bias": exact(example.bias),
        "geometries": {"": example.geometry},
        "layout": channels_last(rank),
        "kernel_layout": kernel_last(rank),
        "dtype": "float64",
        "round_trip": (),
        "groups": example.groups,
    }
    return Translation(**{**given, **more})


def last(array: Integers) -> Integers:
    return np.moveaxis(array, 1, -1)


def kernels_last(array: Integers) -> Integers:
    return np.moveaxis(array, (0, 1), (-1, -2))


def holds(answer: Answer, values: Integers, magnitude: Integers, terms: Integers) -> bool:
    pairs = ((answer.values, values), (answer.magnitude, magnitude), (answer.terms, terms))
    return all(np.array_equal(whole(found), demanded) for found, demanded in pairs)


@pytest.mark.parametrize("space", SPACES)
def test_output_comes_with_the_sum_of_the_absolute_values_of_its_terms_and_their_number(space: str) -> None:
    for example in examples(space):
        said, _, gathering, x, y, w, bias = example
        filters = (len(bias), *(1,) * (y.ndim - 2))
        terms = gathering.output_terms(x, w)
        count = gathering.output_terms(np.ones_like(x), np.ones_like(w)).sum(axis=-1).reshape(y.shape)
        values = terms.sum(axis=-1).reshape(y.shape)
        magnitude = np.abs(terms).sum(axis=-1).reshape(y.shape)
        sums = (values + bias.reshape(filters), magnitude + np.abs(bias).reshape(filters), count + 1)
        assert holds(translation.output(call_of(example)), *map(last, sums)), said


@pytest.mark.parametrize("space", SPACES)
def test_without_a_bias_the_output_has_one_term_less(space: str) -> None:
    for example in islice(examples(space), 0, None, 7):
        said, _, gathering, x, y, w, _ = example
        terms = gathering.output_terms(x, w)
        count = gathering.output_terms(np.ones_like(x), np.ones_like(w))
        sums = (part.sum(axis=-1).reshape(y.shape) for part in (terms, np.abs(terms), count))
        assert holds(translation.output(call_of(example, bias=None)), *map(last, sums)), said


@pytest.mark.parametrize("space", SPACES)
def test_gradients_come_with_the_sum_of_the_absolute_values_of_their_terms_and_their_number(
    space: str,
) -> None:
    for example in examples(space):
        said, _, gathering, x, y, w, bias = example
        ones = np.ones_like(x), np.ones_like(y), np.ones_like(w)
        found = translation.gradients(call_of(example), exact(last(y)))
        assert list(found) == ["input", "kernel", "bias"]

        terms, counted = gathering.input_terms(y, w), gathering.input_terms(*ones[1:])
        sums = [part.sum(axis=-1).reshape(x.shape) for part in (terms, np.abs(terms), counted)]
        assert holds(found["input"], *map(last, sums)), said

        terms, counted = gathering.kernel_terms(x, y), gathering.kernel_terms(*ones[:2])
        sums = [part.sum(axis=-1) for part in (terms, np.abs(terms), counted)]
        assert holds(found["kernel"], *map(kernels_last, sums)), said

        parts = [np.moveaxis(part, 1, 0).reshape(len(bias), -1) for part in (y, np.abs(y), ones[1])]
        assert holds(found["bias"], *(part.sum(axis=1) for part in parts)), said


@pytest.mark.parametrize("space", SPACES)
def test_relu_keeps_what_is_positive_and_passes_gradients_there_alone(space: str) -> None:
    for example in islice(examples(space), 0, None, 7):
        said, _, gathering, x, y, w, bias = example
        before = gathering.transposed(x, w) + bias.reshape(len(bias), *(1,) * (y.ndim - 2))
        assert before.all(), said
        call, plain = call_of(example, activation="relu"), call_of(example)
        kept = translation.output(plain)
        positive = exact(last(np.maximum(before, 0)))
        assert translation.output(call) == Answer(positive, kept.magnitude, kept.terms), said
        passed = translation.gradients(plain, exact(last(np.where(before > 0, y, 0))))
        assert translation.gradients(call, exact(last(y))) == passed, said


@pytest.mark.parametrize("space", SPACES)
def test_relu_has_no_gradient_where_one_element_of_its_output_is_zero(space: str) -> None:
    random = np.random.default_rng(6)
    for example in islice(examples(space), 0, None, 7):
        _, _, gathering, x, y, w, bias = example
        n, f, *o = (random.integers(size) for size in y.shape)
        spoilt = np.where(np.arange(len(bias)) == f, -gathering.transposed(x, w)[n, f, *o], bias)
        call = call_of(example, activation="relu", bias=exact(spoilt))
        with pytest.raises(Unspecified, match="relu has no derivative at zero"):
            translation.gradients(call, exact(last(y)))
        assert min(translation.output(call).values.integers) == 0


def test_nothing_is_demanded_of_gradients_behind_a_function_of_ours() -> None:
    _, _, _, _, y, _, _ = example = next(iter(examples(next(iter(SPACES)))))
    with pytest.raises(Unspecified, match="the activation is double"):
        translation.gradients(call_of(example, activation="double"), exact(last(y)))


def test_relu_looks_at_the_sum_with_the_bias() -> None:
    geometry = Geometry((1,), (3,), (3,), (1,), (1,), (0,))
    layout = channels_first(1)
    x, w, g = (exact(np.array([[row]])) for row in ([1], [2, -3, 5], [7, 11, 13]))
    for bias, by_input, by_kernel, by_bias in (
        (-4, 13 * 5, [0, 0, 13], 13),  # -2, -7, 1
        (-1, 7 * 2 + 13 * 5, [7, 0, 13], 20),  # 1, -4, 4
        (4, 7 * 2 - 11 * 3 + 13 * 5, [7, 11, 13], 31),  # 6, 1, 9
        (-6, 0, [0, 0, 0], 0),  # -4, -9, -1
    ):
        given = (x, w, exact(np.array([bias])), {"": geometry}, layout, layout, "float32", ())
        found = translation.gradients(Translation(*given, activation="relu"), g)
        assert {of: answer.values.integers for of, answer in found.items()} == {
            "input": (by_input,),
            "kernel": tuple(by_kernel),
            "bias": (by_bias,),
        }


def test_values_have_the_dtype_of_the_call_and_all_powers_of_two_are_kept() -> None:
    geometry, layout = Geometry((1,), (1,), (1,), (1,), (1,), (0,)), channels_first(1)
    x, w = Tensor("float32", (1, 1, 1), (3,), -2), Tensor("float32", (1, 1, 1), (-5,), 4)
    bias, g = Tensor("float32", (1,), (7,), 1), Tensor("float32", (1, 1, 1), (11,), -1)
    call = Translation(x, w, bias, {"": geometry}, layout, layout, "bfloat16", ())
    assert translation.output(call) == Answer(
        Tensor("bfloat16", (1, 1, 1), (-23,), 1),
        Tensor("float32", (1, 1, 1), (37,), 1),
        Tensor("float32", (1, 1, 1), (2,)),
    )
    found = {of: answer.values for of, answer in translation.gradients(call, g).items()}
    assert found == {
        "input": Tensor("bfloat16", (1, 1, 1), (-55,), 3),
        "kernel": Tensor("bfloat16", (1, 1, 1), (33,), -3),
        "bias": Tensor("bfloat16", (1,), (11,), -1),
    }
    positive = replace(call, bias=Tensor("float32", (1,), (31,), 1), activation="relu")
    assert {of: answer.values for of, answer in translation.gradients(positive, g).items()} == found


def test_a_call_without_a_bias_has_no_gradient_for_it() -> None:
    example = next(examples("line"))
    found = translation.gradients(call_of(example, bias=None), exact(last(example.y)))
    assert list(found) == ["input", "kernel"]


def test_each_reading_is_what_the_call_would_come_to_under_it_alone() -> None:
    geometries = {
        f"crops {crop}": Geometry((3, 2), (2, 3), (4, 4), (2, 2), (1, 1), (crop, 1)) for crop in (1, 0)
    }
    random = np.random.default_rng(3)
    x, w, bias, g = (
        exact(random.integers(-9, 10, shape)) for shape in ((2, 2, 3, 2), (2, 1, 2, 3), (2,), (2, 4, 4, 2))
    )
    layouts = {"layout": channels_last(2), "kernel_layout": kernel_last(2)}

    def call(readings: dict[str, Geometry]) -> Translation:
        return Translation(x, w, bias, readings, **layouts, dtype="float32", round_trip=(), groups=2)

    alone = [call({"": geometry}) for geometry in geometries.values()]
    outputs = [translation.output(one) for one in alone]
    gradients = [translation.gradients(one, g) for one in alone]
    assert outputs[0].values != outputs[1].values
    both = translation.output(call(geometries))
    answers = [(both, outputs)]
    for of, found in translation.gradients(call(geometries), g).items():
        answers.append((found, [one[of] for one in gradients]))
    assert len(answers) == 4
    for found, (first, second) in answers:
        assert found == Answer(
            first.values,
            first.magnitude,
            first.terms,
            {"crops 1": first.values, "crops 0": second.values},
        )
        assert first.readings == second.readings == {}
    named = translation.output(call({"crops 1": geometries["crops 1"]}))
    assert named.readings == {"crops 1": outputs[0].values}


@pytest.mark.parametrize(
    ("layout", "bounds"),
    [
        (channels_first(2), [[2, 2], [6, 6], [4, 5], [7, 9]]),
        (channels_last(2), [[2, 2], [4, 5], [7, 9], [6, 6]]),
        (Layout(channels_first(2).axes, batched=False), [[6, 6], [4, 5], [7, 9]]),
    ],
)
def test_shapes_that_convolve_back_are_bounded_in_the_apis_order(
    layout: Layout, bounds: list[list[int]]
) -> None:
    x, w = Tensor("float32", (2, 4, 1, 1), (1,) * 8), Tensor("float32", (4, 3, 1, 1), (1,) * 12)
    trip = (range(4, 6), range(7, 10))
    call = Translation(x, w, None, {}, layout, kernel_last(2), "float32", trip, groups=2)
    assert translation.shape_within(call) == bounds
