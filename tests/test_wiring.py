"""Do the calls tell every two hypotheses apart, and does each show in a call of each API that it concerns?"""

from functools import cache
from itertools import permutations

import numpy as np
import pytest

from adjoint import hypotheses, supposing
from adjoint.expecting import Expected, difference, expected
from adjoint.guesses import GUESSES
from adjoint.hypotheses import HYPOTHESES
from adjoint.reference.apis import APIS
from adjoint.supposing import Heard
from adjoint.tiny import alike, steps
from adjoint.wiring import causes
from adjoint.writing import has_formats, rank_of

DTYPES = ["float32"]
UNDONE = {
    supposing.as_it_is: lambda array: array,
    hypotheses.byteswapped: lambda array: array.byteswap(),
    hypotheses.from_columns: lambda array: np.reshape(array.ravel(order="F"), array.shape),
    hypotheses.channels_forward: lambda array: np.moveaxis(array, 1, -1),
    hypotheses.channels_back: lambda array: np.moveaxis(array, -1, 1),
}
INTERLEAVED = {
    "interleaves the input's channels",
    "interleaves channels",
    "interleaves filters",
    "interleaves channels and filters",
}
FAMILIES = ("operation", "tf.nn.conv_transpose", "keras.layers", "tf.keras", "tf.layers", "torch")
LACKS = {
    "operation": {"ignores the bias", "ignores the activation"},
    "tf.nn.conv_transpose": {
        *(
            "turns padding",
            "ignores groups",
            *INTERLEAVED,
            "ignores the bias",
            "ignores the activation",
        )
    },
    "layers": {"turns padding", "ignores groups", *INTERLEAVED},
    "torch": {"ignores the activation"},
    "keras.layers.Conv2DTranspose": {"turns output_padding", "ignores output_padding"},  # it has none
    "tf.layers": {"turns dilation", "ignores dilation", "turns output_padding", "ignores output_padding"},
    "Conv1DTranspose": {"ignores dilation"},  # the pages contradict themselves
    "tf.keras.layers.Conv2DTranspose": {"turns dilation"},  # one number for all axes
    "tf.keras.layers.Conv3DTranspose": {"turns dilation", "ignores dilation"},
}
OF_TWO_AXES = {"turns the kernel", "turns strides", "turns dilation", "turns padding", "turns output_padding"}
FIRST = {"answers with channels first", "takes channels first"}
LAST = {"answers with channels last", "takes channels last"}
BOTH_LAST = {"takes and answers with channels last"}


def answered(hypothesis, setting):
    """What a worker with this mistake, and no other, returns; None where it can't."""
    call = hypothesis.call(setting)
    wanted = call and expected(call, doubtful=True)
    if not wanted:
        return None
    array = wanted.readings[0][0]
    if hypothesis.placed is hypotheses.filters_in_turn and setting.groups > 1:
        order = hypotheses.in_turn(array.shape[1], setting.groups)
        array = array[:, np.argsort(order)]
    return UNDONE[hypothesis.wrote](array)


@cache
def explained(api):
    """For each step and each hypothesis whose answer to it is wrong, the names of all causes that fit."""
    found = {}
    for step in steps(api, DTYPES, 1):
        wanted = step.setting and expected(step.call)
        for hypothesis in HYPOTHESES if wanted else ():
            array = answered(hypothesis, step.setting)
            if array is not None and not wanted.accepts(array):
                fitting = causes(Heard(5, step.setting, wanted, array))
                found[step.asks, hypothesis.name] = {cause.name for cause in fitting}
    return found


def lacking(api):
    """The hypotheses that an API gives no room for."""
    names = set().union(*(more for part, more in LACKS.items() if part in api and part != "tf.layers"))
    names |= LACKS["tf.layers"] if api.startswith("tf.layers") else set()
    names -= LACKS["keras.layers.Conv2DTranspose"] if api == "tf.keras.layers.Conv2DTranspose" else set()
    has_formats = api == "tf.nn.conv_transpose" or "layers" in api
    names |= BOTH_LAST if has_formats else {"swaps data formats", *FIRST}
    names |= OF_TWO_AXES if rank_of(api) == 1 else set()
    return names | (set() if api == "operation" else {"crops the other end"})


@pytest.mark.parametrize("api", APIS)
def test_a_hypothesis_is_among_those_that_explain_its_answer(api):
    assert [key for key, fitting in explained(api).items() if key[1] not in fitting] == []


@pytest.mark.parametrize("api", APIS)
def test_each_hypothesis_shows_where_there_is_room_for_it(api):
    shown = {name for _, name in explained(api)}
    missing = {hypothesis.name for hypothesis in HYPOTHESES} - shown - lacking(api)
    first_is_doubtful = api == "tf.keras.layers.Conv1DTranspose"
    assert missing == (LAST if first_is_doubtful else set())


@pytest.mark.parametrize("api", APIS)
def test_every_two_causes_are_told_apart_by_some_call(api):
    """For each hypothesis there is a call that it alone explains: no other can be meant."""
    table = explained(api)
    names = {name for _, name in table}
    alone = {name for (_, name), fitting in table.items() if fitting == {name}}
    assert names - alone == set()


@pytest.mark.parametrize("api", APIS)
def test_the_first_call_tells_what_is_on_the_wire(api):
    for (asks, name), fitting in explained(api).items():
        if asks == "a first call":
            assert fitting == {name}


def test_two_that_fit_the_same_answer_are_both_named():
    """With 'same' padding, a forward convolution is the transposed one of the kernel turned round."""
    fitting = explained("tf.nn.conv_transpose")["padding", "flips the kernel"]
    assert fitting == {"flips the kernel", "correlates"}


def test_what_explained_before_is_all_that_is_named():
    (step,) = [step for step in steps("tf.nn.conv_transpose", DTYPES, 1) if step.asks == "padding"]
    flips = next(hypothesis for hypothesis in HYPOTHESES if hypothesis.name == "flips the kernel")
    heard = Heard(5, step.setting, expected(step.call), answered(flips, step.setting))
    assert set(causes(heard, [flips])) == {flips}


@pytest.mark.parametrize("api", ["operation", "torch.nn.functional.conv_transpose2d"])
def test_two_at_once_can_be_tried_on_groups(api):
    """One may leave the other as many channels as can't be shared out."""
    (step,) = [step for step in steps(api, DTYPES, 1) if step.asks == "groups"]
    pairs = list(permutations(HYPOTHESES, 2))
    made = [first.beside(second).call(step.setting) for first, second in pairs]
    assert None in made
    assert len(made) > made.count(None)


@pytest.mark.parametrize("api", APIS)
def test_a_mistaken_layout_makes_some_call_one_that_can_not_be_answered(api):
    (setting,) = [step.setting for step in steps(api, DTYPES, 1) if step.asks == "axes of different sizes"]
    forbidding = {hypothesis.name for hypothesis in HYPOTHESES if hypothesis.forbids(setting)}
    formats = {"takes channels first", "swaps data formats"}
    of_first = {"takes channels last", "takes and answers with channels last"}
    plainly = set() if rank_of(api) == 3 else of_first  # whose last axis has two elements
    assert forbidding == {"swaps kernel channels"} | (formats if has_formats(api) else plainly)
    assert not any(hypothesis.forbids(alike(setting)) for hypothesis in HYPOTHESES)


def test_names_and_sentences_are_distinct():
    names = [cause.name for cause in (*HYPOTHESES, *GUESSES)]
    assert len(set(names)) == len(names)
    assert len({hypothesis.sentence for hypothesis in HYPOTHESES}) == len(HYPOTHESES)


@pytest.mark.parametrize("api", APIS)
def test_no_two_calls_are_answered_alike(api):
    """Else a stale answer would pass for a right one."""
    known = [(step, expected(step.call)) for step in steps(api, DTYPES, 1) if step.setting]
    known = [(step, wanted) for step, wanted in known if wanted]
    for step, wanted in known:
        array = wanted.readings[0][0]
        assert [other.asks for other, due in known if due.accepts(array)] == [step.asks]


@pytest.mark.parametrize("api", sorted(set(APIS) - {"operation"}))
def test_the_illegal_call_is_refused_by_a_clause(api):
    step = list(steps(api, DTYPES, 1))[-1]
    assert step.setting is None
    assert expected(step.call) is None


def test_a_difference_is_said_shortly():
    array = np.arange(6.0).reshape(2, 3)
    wanted = Expected("float64", ((array, array),))
    assert difference(wanted, array + (array == 2)) == (
        "1 of 6 numbers differ: at [0, 2] 2 is demanded, 3 came back"
    )
    assert difference(wanted, array[0]) == "shape [2, 3] is demanded, [3] came back"


def test_not_a_number_is_not_accepted():
    array = np.arange(6.0)
    assert not Expected("float64", ((array, array),)).accepts(np.full(6, np.nan))
