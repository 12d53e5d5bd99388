"""Is each way to be wired wrongly named by its own sentence, and is what is right left alone?"""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from adjoint import catalogue
from adjoint.errors import WorkerDidNotStart
from adjoint.smoke import checklist
from adjoint.smoke_words import PROTOCOL, PYTHON
from adjoint.talk import Talk
from adjoint.worker import GREETING

HERE = Path(__file__).parent
TORCH = "torch.nn.functional.conv_transpose2d"
MODULE = "torch.nn.ConvTranspose2d"
KERAS = "keras.layers.Conv2DTranspose"
TF = "tf.nn.conv_transpose"
BACKWARDS = "tensors in the wrong byte order (big-endian)"
RECIPE = "a tensor's `make` recipe is not understood"

FUNCTIONS = {
    "kernel_channels_swapped": (TORCH, "the kernel's two channel axes are swapped"),
    "kernel_flipped": (
        TORCH,
        "the kernel is flipped: it computes a convolution with the kernel turned by 180",
    ),
    "kernel_height_and_width_swapped": (TORCH, "the kernel's spatial axes are in the wrong order"),
    "forward_correlation": (TORCH, "it computes the correlation (the convolution of a forward layer)"),
    "strides_swapped": (TORCH, "the strides are in the wrong order (height and width swapped)"),
    "stride_ignored": (TORCH, "the stride is ignored"),
    "dilation_ignored": (TORCH, "the dilation is ignored"),
    "padding_ignored": (TORCH, "the padding, or crop, is ignored"),
    "output_padding_ignored": (TORCH, "the output_padding, or output_shape, is ignored"),
    "groups_ignored": (TORCH, "groups is ignored"),
    "input_interleaved": (
        TORCH,
        "the input's channels are interleaved between the groups, the kernel's are not",
    ),
    "channels_interleaved": (
        TORCH,
        "the channels are interleaved between the groups: channel c of input and",
    ),
    "filters_interleaved": (
        TORCH,
        "the output's channels are interleaved between the groups: filter f is one",
    ),
    "all_interleaved": (
        TORCH,
        "all channels are interleaved between the groups: channel c is taken for one of",
    ),
    "input_and_filters_interleaved": (TORCH, "group c % groups, and the output's channels are interleaved"),
    "bias_ignored": (TORCH, "the bias is ignored"),
    "dtype_float64": (TORCH, "it returns float64 where float32 is due"),
    "dtype_unheard_of": (TORCH, "it returns complex64 where float32 is due"),
    "nothing_returned": (TORCH, "it returned None, where one array is wanted"),
    "a_list": (TORCH, "it returned a list of 2, where one array is wanted"),
    "a_tuple_of_one": (TORCH, "it returned a tuple of 1, where one array is wanted"),
    "no_readable_array": (
        TORCH,
        "what it returned is no array that can be read: RuntimeError: it lies on another device",
    ),
    "columns_first": (TORCH, "the elements of what it returns are in column-major (Fortran) order"),
    "zeros": (TORCH, "it returns zeros"),
    "its_input": (TORCH, "it returns its input as it is"),
    "one_axis_too_many": (
        TORCH,
        "the numbers are right, but their shape is [2, 3, 4, 4, 1] where [2, 3, 4, 4]",
    ),
    "channels_last_answer": (TORCH, "what it returns has its channels last, where they should be second"),
    "channels_last": (
        TORCH,
        "it takes its input's channels to be last, and returns them last, where they are second",
    ),
    "channels_last_input": (TORCH, "it takes its input's channels to be last, where they are second"),
    "no_bias_argument": (TORCH, "it raises TypeError at call: no_bias_argument() got an unexpected keyword"),
    "lists_only": (TORCH, "the tuple (2, 3) as `stride` was not understood: the stride is ignored"),
    "plain_ints_only": (
        TORCH,
        "the number numpy.int64(2) as `stride` was not understood: it raises TypeError at call: the stride",
    ),
    "input_written_to": (TORCH, "it changes its input"),
    "buffer_returned": (TORCH, "the array that it returned is changed by later calls, or with its inputs"),
    "off_by_one": (TORCH, "it returns what a call before had to return: that of 'a first call'"),
    "ignores_output_shape": (TF, "the output_padding, or output_shape, is ignored"),
    "crop_ends_swapped": ("operation", "the crop's beginning and end are swapped"),
    "SwapsDataFormats": (KERAS, "it takes channels_last for channels_first, or the other way round"),
    "IgnoresActivation": (KERAS, "a function as `activation` was not understood: the activation is ignored"),
    "SetsNoWeights": (KERAS, "the numbers are those of random weights: weights were not set"),
    "HasNoWeight": (MODULE, "the numbers are those of random weights: weights were not set"),
}
WORKERS = {
    "reads_big_endian": f"it reads {BACKWARDS}",
    "writes_big_endian": f"it writes {BACKWARDS}",
    "big_endian": f"it reads and writes {BACKWARDS}",
    "reads_fortran": "it reads a tensor's data as column-major (Fortran order)",
    "writes_fortran": "the answer's data is column-major (Fortran order)",
    "fortran": "it reads and writes data as column-major (Fortran order)",
    "makes_from_zero": f"{RECIPE}: it counts elements from 0",
    "makes_without_high": f"{RECIPE}: it leaves out `high`",
    "makes_without_low": f"{RECIPE}: it leaves out `low`",
    "makes_anyhow": f"{RECIPE} (SplitMix64 differs): the first numbers must be -23, 42, 48, -37, and are -37",
    "knows_no_make": f"{RECIPE}: it raises KeyError at construct: 'data'",
    "knows_no_tuple": 'a tagged argument, {"$tuple": [2, 3]}, was not understood: it raises TypeError',
    "claims_unknown_api": "in its claims is no API that is known here; did it mean 'torch.nn.functional",
    "claims_unknown_dtype": "'float46' in its claims is no dtype that is known here; did it mean 'float64'?",
    "claims_no_dtype": "it claims no dtype, so no call can be put to it",
    "claims_unknown_observation": "'gradients' in its claims is no observation that is known here",
    "answers_with_the_id_before": "it answers call 3 with call 2's id",
    "answers_with_texts_as_ids": "it answers call 1 with the id '1', where 1 is due",
    "answers_without_ids": "the answer to call 1 has no id",
    "answers_twice": "call 3 is answered twice",
    "prints_beside": "beside the protocol, 2 lines: 'Loading the library ...', 'debug: groups = 1'",
    "a_line_short": "the answer is a line short: call 1 is answered once call 2 is sent",
    "flushes_nothing": "answers come only once its input ends: each must be flushed when it is written",
    "ends_no_line": "an answer must end with a line feed",
    "exits_after_the_first_call": "it exits after its first answer (exit code 0)",
    "dies_of_groups": "it dies of this call: exit code 1; its last words: segmentation fault, or so",
    "dies_of_errors": "last words: ValueError: stride",
    "hangs": "call 2 has no answer within 8 seconds",
    "does_not_stop": "it does not stop on `stop`: it was killed after 8 seconds",
    "doubles_the_bytes": "its answer breaks the protocol: a tensor of shape (2, 3, 4, 4) and dtype float32",
    "names_no_reason": "names 'no-groups', which is not among the claims' `unsupported`",
    "swaps_gradients": "gradient-input is what gradient-kernel must be",
    "ignores_the_gradient": "gradient-input is that of the output's sum: the tensor `gradient` is ignored",
}
NOT_STARTED = {
    "dies_at_start": "it did not start: exit code 1; its last words: OSError: libconv.so: cannot open",
    "says_nothing_at_start": "no answer within 8 seconds, nor anything on its standard output",
    "claims_nothing": "its answer to `start` can't be read: the answer to start has no claims",
    "ends_not_even_the_first_line": "an answer must end with a line feed",
}
QUICK = {"a_line_short", "hangs", "does_not_stop", "flushes_nothing", "ends_no_line", *NOT_STARTED}


def lines(implementation, seconds=30.0):
    words = PYTHON if implementation.name.startswith("miswired:") else PROTOCOL
    talk = Talk(implementation.command, implementation.env, seconds)
    try:
        return list(checklist(talk, "adjoint run it", words))
    finally:
        talk.close()


def of_worker(name):
    worker = catalogue.from_command(f"{sys.executable} {HERE / 'miswired_workers.py'} {name}")
    return lines(worker, 8.0 if name in QUICK else 30.0)


def of_function(name, api, monkeypatch, dtypes=None):
    monkeypatch.chdir(HERE)
    return lines(catalogue.resolve(f"miswired:{name}", api, dtypes=dtypes))


def wrong(found):
    return [f"{line.asks}: {line.says}" for line in found if line.state == "wrong"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_wired_wrongly_is_told_how(name, monkeypatch):
    api, sentence = FUNCTIONS[name]
    found = wrong(of_function(name, api, monkeypatch))
    assert any(sentence in text for text in found), found
    assert not any("no known mistake" in text for text in found), found


def test_what_right_answers_before_speak_against_is_not_said(monkeypatch):
    """Zeros in the wrong byte order are zeros too, but the order was right before."""
    found = wrong(of_function("nothing_where_padded", TORCH, monkeypatch))
    assert found == ["padding: it returns zeros"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_wired_wrongly_is_told_how(name):
    found = wrong(of_worker(name))
    assert any(WORKERS[name] in text for text in found), found
    assert not any("no known mistake" in text for text in found), found


@pytest.mark.parametrize("name", NOT_STARTED)
def test_one_that_does_not_start_is_told_why(name):
    with pytest.raises(WorkerDidNotStart) as told:
        of_worker(name)
    assert NOT_STARTED[name] in str(told.value)


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("strides_swapped", {"strides", "a longer output", "a tuple as argument"}),
        ("bias_ignored", {"a bias"}),
        ("dilation_ignored", {"dilation"}),
        ("padding_ignored", {"padding"}),
        ("output_padding_ignored", {"a longer output"}),
        ("groups_ignored", {"groups"}),
        ("all_interleaved", {"groups"}),
        ("no_bias_argument", {"a bias"}),
        ("lists_only", {"a tuple as argument"}),
        ("plain_ints_only", {"a NumPy int as argument"}),
        ("input_written_to", {"a call made again"}),
        ("buffer_returned", {"a call made again"}),
    ],
)
def test_one_mistake_crosses_no_other_step(name, asks, monkeypatch):
    found = of_function(name, TORCH, monkeypatch)
    assert {line.asks for line in found if line.state == "wrong"} == asks


WIRE = ("$", "recipe", "tagged", "wire", "protocol", "answer", "tensor", "`start`", "`stop`", "worker")
"""Words that whoever wrote a function need not know."""


@pytest.mark.parametrize("name", ["always_right", *FUNCTIONS])
def test_of_a_function_nothing_is_said_in_the_words_of_the_protocol(name, monkeypatch):
    found = of_function(name, FUNCTIONS.get(name, (TORCH,))[0], monkeypatch)
    shown = [f"{line.asks}: {line.says}" for line in found]
    assert [text for text in shown if any(word in text for word in WIRE)] == []
    assert not {"a tensor to make", "standard output", "stop"} & {line.asks for line in found}


def test_a_mistake_is_named_alike_wherever_it_shows(monkeypatch):
    found = [line.says for line in of_function("kernel_flipped", TORCH, monkeypatch) if line.state == "wrong"]
    assert len(found) > 8
    assert set(found) == {
        "the kernel is flipped: it computes a convolution with the kernel turned by 180 degrees"
    }


def test_an_error_that_was_met_before_is_not_laid_to_what_is_new(monkeypatch):
    found = [line for line in of_function("a_list", TORCH, monkeypatch) if line.state == "wrong"]
    assert "a tuple as argument" in {line.asks for line in found}
    assert {line.says for line in found} == {"it returned a list of 2, where one array is wanted"}


SIZED = {
    "channels_last": (TORCH, FUNCTIONS["channels_last"][1], 11),
    "channels_last_input": (TORCH, FUNCTIONS["channels_last_input"][1], 11),
    "kernel_channels_swapped": (TORCH, FUNCTIONS["kernel_channels_swapped"][1], 11),
    "channels_first": (TF, "it takes channels_last for channels_first, or the other way round", 10),
    "channels_first_input": (TF, "it takes its input's channels to be second, where they are last", 10),
}


@pytest.mark.parametrize("name", SIZED)
def test_a_mistake_is_named_too_where_with_it_the_sizes_go_together_no_more(name, monkeypatch):
    api, sentence, count = SIZED[name]
    found = of_function(name, api, monkeypatch, "float32")
    assert len([line for line in found if line.says.startswith(sentence)]) == count
    (sizes,) = (line.says for line in found if line.asks == "axes of different sizes")
    assert sizes.startswith(f"{sentence}; with these sizes it raises ValueError at call: ")


def test_a_second_mistake_is_named_where_the_sizes_do_not_go_together(monkeypatch):
    found = of_function("channels_last_and_strides_swapped", TORCH, monkeypatch)
    (strides,) = (line.says for line in found if line.asks == "strides")
    assert "returns them last, where they are second, and the strides are in the wrong order" in strides


def test_an_error_that_another_cause_has_is_not_laid_to_the_sizes(monkeypatch):
    found = of_function("channels_last_without_bias", TORCH, monkeypatch)
    (bias,) = (line.says for line in found if line.asks == "a bias")
    assert bias.startswith("it raises TypeError at call: channels_last_without_bias() got an unexpected")


def test_two_mistakes_at_once_are_both_named(monkeypatch):
    found = wrong(of_function("flipped_and_without_stride", TORCH, monkeypatch))
    (strides,) = [text for text in found if text.startswith("strides")]
    assert "kernel is flipped" in strides
    assert "the stride is ignored" in strides


def test_what_no_hypothesis_fits_is_shown_and_leads_on(monkeypatch):
    found = wrong(of_function("nobody_knows", TORCH, monkeypatch))
    assert "of 96 numbers differ: at [0, 0, 0, 0] " in found[0]
    assert "`adjoint run it --clause torch-functional.values` shows more" in found[0]


def test_what_is_claimed_away_is_no_cross():
    found = of_worker("names_a_reason")
    assert wrong(found) == []
    assert [line.says for line in found if line.state == "left out"] == ["not offered: no groups"]


def test_only_one_line_says_that_it_exits():
    assert len(wrong(of_worker("exits_after_the_first_call"))) == 1


def test_it_gives_up_where_nothing_is_answered():
    found = wrong(of_worker("hangs"))
    assert "the other calls: it does not answer: the rest is not tried" in found
    assert len(found) == 4


def test_a_sound_worker_and_functions_have_no_cross(monkeypatch):
    assert wrong(of_worker("sound")) == []
    assert wrong(of_function("always_right", TORCH, monkeypatch, "float16,float32,float64")) == []
    assert wrong(of_function("operation", "operation", monkeypatch)) == []


def test_our_own_implementation_has_no_cross_on_any_api():
    found = lines(catalogue.resolve("fast"), 60.0)
    assert wrong(found) == []
    counts = Counter(line.api for line in found if line.api)
    assert set(counts) == set(catalogue.entries()["fast"].apis)
    assert min(counts.values()) >= 12


ASKS_BACK = """
import json, sys
asked = json.loads(sys.stdin.readline())
claims = {"apis": [], "dtypes": []}
print(json.dumps({"version": json.dumps(asked, sort_keys=True), "claims": claims}), flush=True)
"""


def test_a_worker_is_greeted_as_in_a_run():
    talk = Talk((sys.executable, "-S", "-c", ASKS_BACK), {}, 20.0)
    try:
        assert json.loads(talk.start()["version"]) == GREETING
    finally:
        talk.drop()
