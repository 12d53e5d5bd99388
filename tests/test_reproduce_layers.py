"""Does the script of a check that looks at a layer show whether it holds, and see each way to be wrong?"""

import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from adjoint import catalogue, golden
from adjoint.implementations import serving
from adjoint.observations import OBSERVED_BY
from adjoint.reference import objects
from adjoint.reproduce import script
from adjoint.reproduce_layers import FUNCTIONS

API = "keras.layers.Conv1DTranspose"
CASES = [case for case in golden.load() if ".layers." in case.call.api or ".Conv" in case.call.api]
LOOKED = [(case, check) for case in CASES for check in case.checks if check.kind in OBSERVED_BY]
HOLDS, DEVIATES = (0, "holds"), (1, "DEVIATES")


def implementation(target):
    return catalogue.Implementation(target, (), script="function", targets={API: f"promising:{target}"})


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a script here, for a process of its own would mostly import; return its code and its last line."""
    monkeypatch.chdir(Path(__file__).parent)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def ran(text):
        with pytest.raises(SystemExit) if "sys.exit(" in text else nullcontext() as ended:
            exec(compile(text, "script", "exec"), {})
        code = ended.value.code if ended else 0
        return code, capsys.readouterr().out.splitlines()[-1]

    return ran


def looked(kind, api=API, rule=""):
    """Return the golden checks of a kind, of an API and perhaps a clause."""
    return [
        (case, check)
        for case, check in LOOKED
        if check.kind == kind and case.call.api == api and check.clause.endswith(rule)
    ]


@pytest.mark.parametrize(
    "kind",
    ["weights-shape", "initial-weights", "losses", "after-step", "config", "declared-shape", "signature"],
)
def test_a_script_holds_where_a_layer_does_as_it_should(kind, run):
    found = looked(kind)
    assert found
    for case, check in found:
        assert run(script(case, check, implementation("Right"))) in (
            HOLDS,
            (0, "open: nothing is demanded"),
        ), (case.id, check)


@pytest.mark.parametrize(
    ("target", "kind", "rule"),
    [
        ("Transposed", "weights-shape", ".weights"),
        ("Wide", "initial-weights", ".kernel-initializer"),
        ("Wide", "initial-weights", ".bias-initializer-default"),
        ("Narrow", "initial-weights", ".kernel-initializer-default"),
        ("Heavy", "losses", ".kernel-regularizer"),
        ("Silent", "losses", ".activity-regularizer"),
        ("Uphill", "after-step", ".kernel-constraint"),
        ("Forgets", "config", ".config"),
        ("Renames", "config", ".config"),
        ("Doubles", "config", ".config"),
        ("Certain", "declared-shape", ".declared-shape"),
        ("Swapped", "signature", ".signature"),
        ("OtherDefault", "signature", ".signature"),
    ],
)
def test_a_script_deviates_where_a_layer_does_not(target, kind, rule, run):
    ends = {run(script(case, check, implementation(target))) for case, check in looked(kind, rule=rule)}
    assert DEVIATES in ends
    assert ends <= {HOLDS, DEVIATES}


def test_a_script_sees_attributes(run):
    (case, check), *_ = looked("attributes", "tf.keras.layers.Conv1DTranspose", ".layer-arguments")
    for wanted, target, ending in [
        ({"name": "tower"}, "Right", HOLDS),
        ({"name": "tower"}, "Nameless", DEVIATES),
        ({"trainable": 1, "dtypes": ["float32"]}, "Right", HOLDS),
        ({"trainable": 0}, "Right", DEVIATES),
        ({"dtypes": ["float64"]}, "Right", DEVIATES),
        ({"bases": ["Base", "object"]}, "Right", HOLDS),
        ({"bases": ["Right"]}, "Right", DEVIATES),
    ]:
        call = replace(case.call, api=API, observe=("output", *wanted))
        asked = replace(check, demanded=wanted)
        changed = replace(case, call=call, checks=(asked,))
        assert run(script(changed, asked, implementation(target))) == ending


def test_a_signature_may_be_held_to_its_defaults_alone(run):
    (case, check), *_ = looked("signature")
    for wanted, ending in [
        (
            {"defaults": {"strides": [1], "kernel_initializer": "GlorotUniform"}, "required": ["filters"]},
            HOLDS,
        ),
        ({"defaults": {"strides": 2}, "required": []}, DEVIATES),
        ({"defaults": {"not_shown": 2}, "required": []}, HOLDS),
        ({"defaults": {}, "required": ["strides"]}, DEVIATES),
        ({"defaults": {}, "required": ["not_shown"]}, DEVIATES),
    ]:
        asked = replace(check, demanded=wanted)
        assert run(script(case, asked, implementation("Right"))) == ending


def test_settings_of_an_object_in_a_config_are_compared(run):
    case, check = next(
        (case, check)
        for case, check in looked("config")
        if any(isinstance(value, dict) and value["config"] for value in check.demanded["config"].values())
    )
    config = {
        name: {**value, "config": dict.fromkeys(value["config"], 7)} if isinstance(value, dict) else value
        for name, value in check.demanded["config"].items()
    }
    other = replace(check, demanded={**check.demanded, "config": config})
    assert run(script(case, check, implementation("Right"))) == HOLDS
    assert run(script(case, other, implementation("Right"))) == DEVIATES


@pytest.mark.parametrize(
    "name",
    [
        *("keras-torch", "keras-tensorflow", "keras-jax"),
        *("tensorflow", "tensorflow-xla", "tensorflow-1.15", "torch", "fast"),
    ],
)
def test_the_scripts_of_every_framework_are_python(name):
    entry = catalogue.entries()[name]
    command = (name, "serving.py", *entry.module.split())
    of = catalogue.Implementation(name, command, entry.env, entry.script, entry.targets)
    kinds = set()
    for case in CASES:
        for check in case.checks if case.call.api in entry.apis else ():
            if (check.kind, case.call.api[:9]) not in kinds:
                kinds.add((check.kind, case.call.api[:9]))
                compile(script(case, check, of), check.kind, "exec")
    assert {kind for kind, _ in kinds} >= {"weights-shape", "initial-weights", "signature", "repeatable"}


def first(kind, api):
    """Return the first case of an API with such a check, and the check."""
    checks = ((case, check) for case in golden.load() for check in case.checks)
    return next(pair for pair in checks if (pair[1].kind, pair[0].call.api) == (kind, api))


@pytest.mark.parametrize(
    ("name", "option"), [("tensorflow-xla", "jit_compile"), ("tensorflow-2.4-xla", "experimental_compile")]
)
def test_a_script_compiles_where_the_worker_does(name, option):
    entry = catalogue.entries()[name]
    of = catalogue.Implementation(name, ("python", "serving.py", *entry.module.split()), {}, entry.script)
    kinds = ("values", "gradient-input", "gradient-kernel", "repeatable", "inputs-kept")
    for api in ("tf.nn.conv_transpose", "tf.keras.layers.Conv2DTranspose"):
        for kind in kinds:
            text = script(*first(kind, api), of)
            assert text.count(f"@tf.function({option}=True)\n    def compiled(input") == 1
            assert text.count(" = compiled(tf.constant(input)") == 1
            assert text.count("layer(input)" if "layers" in api else f"{api}(") == 1
    (case, check), *_ = looked("config", "tf.keras.layers.Conv2DTranspose")
    assert "tf.function" not in script(case, check, of)


def test_a_script_compiles_a_graph_where_the_worker_does():
    entry = catalogue.entries()["tensorflow-1.15-xla"]
    of = catalogue.Implementation(
        entry.name, ("python", "serving.py", *entry.module.split()), {}, entry.script
    )
    for api in ("tf.nn.conv_transpose", "tf.layers.Conv2DTranspose"):
        for kind in ("values", "gradient-input", "gradient-kernel", "repeatable"):
            text = script(*first(kind, api), of)
            compile(text, kind, "exec")
            assert (
                text.count("def compiled(input") == text.count("tf.xla.experimental.compile(compiled, ") == 1
            )
            assert text.count("layer(input)" if "layers" in api else f"{api}(") == 1
    (case, check), *_ = looked("config", "tf.layers.Conv2DTranspose")
    assert "tf.xla" not in script(case, check, of)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("tensorflow-2.9-no-onednn", 'os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"'),
        ("tensorflow-legacy", 'os.environ["TF_USE_LEGACY_KERAS"] = "1"'),
        ("tensorflow-compat", 'os.environ["TF_USE_LEGACY_KERAS"] = "1"'),
    ],
)
def test_a_script_sets_what_decides_what_tensorflow_does(name, line):
    entry = catalogue.entries()[name]
    of = catalogue.Implementation(name, (name,), entry.env, entry.script)
    case = next(case for case in CASES if case.call.api in entry.apis)
    text = script(case, case.checks[0], of)
    assert text.index(line) < text.index("import tensorflow")
    plain = catalogue.Implementation(name, (name,), {}, entry.script)
    assert "os.environ" not in script(case, case.checks[0], plain)


def test_a_script_writes_objects_and_functions_as_a_person_would():
    entry = catalogue.entries()["keras-jax"]
    keras = catalogue.Implementation("keras-jax", ("python",), entry.env, "keras")
    texts = [script(case, check, keras) for case, check in looked("after-step") + looked("losses")]
    for written in (
        "kernel_constraint=keras.constraints.NonNeg()",
        "_constraint=lambda x: 2 * x",
        "=keras.regularizers.L1(l1=0.5)",
    ):
        assert any(written in text for text in texts), written
    tensorflow = catalogue.Implementation("tensorflow", ("python",), {}, "tensorflow")
    texts = [script(case, check, tensorflow) for case, check in looked("losses", "tf." + API)]
    assert any("=tf.keras.regularizers.L1(l1=0.5)" in text for text in texts)


def test_a_script_computes_what_its_check_needs_and_no_more():
    entry = catalogue.entries()["keras-torch"]
    keras = catalogue.Implementation("keras-torch", ("python",), entry.env, "keras")
    lines = {
        kind: script(*looked(kind)[0], keras) for kind in ("weights-shape", "declared-shape", "signature")
    }
    assert "layer.build" in lines["weights-shape"]
    assert "layer.build" not in lines["declared-shape"]
    assert "layer = " not in lines["signature"]
    for text in lines.values():
        assert "set_weights" not in text
        assert "np.array" not in text


def test_a_function_of_ours_is_one_in_the_reference_in_the_worker_and_in_a_script():
    assert serving.CALLABLES.keys() == FUNCTIONS.keys() == objects.FUNCTIONS.keys()
    for name, text in FUNCTIONS.items():
        of = (serving.CALLABLES[name], eval(text), objects.FUNCTIONS[name])
        assert len({function(-3) for function in of}) == 1
