"""Is what a layer leaves in its graph told right from wrong, by the judge and by a script alike?"""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from adjoint import catalogue, golden
from adjoint.judge import judge
from adjoint.outcome import Returned
from adjoint.reproduce import script
from tests import graphs

CASES = {
    rule: [case for case in golden.load() if f"tf-layers-conv2d.{rule}" in case.clauses()]
    for rule in ("graph", "losses-collection", "scope-name")
}
WRONG = [
    ("losses-collection", graphs.Uncollected, 4),
    ("losses-collection", graphs.OfTheKernel, 3),
    ("losses-collection", graphs.Twice, 4),
    ("losses-collection", graphs.OfZeros, 4),
    ("scope-name", graphs.Unscoped, 2),
    ("scope-name", graphs.Numbered, 2),
    ("scope-name", graphs.Lowered, 1),
]


def judged(case, kind):
    """Return the verdict on the last check of a case, of what a layer of a kind shows."""
    regularizers = graphs.tensorflow(kind).keras.regularizers
    arguments = {
        name: regularizers.L1L2(**value.settings) if name.endswith("regularizer") else value
        for name, value in case.call.values.items()
    }
    layer, given = kind(**arguments), case.call.arrays()
    layer(given["input"])
    layer.set_weights([given[name] for name in ("kernel", "bias") if name in given])
    observed = {"output": layer(given["input"]), "graph": "nothing", "scope_name": layer.scope_name}
    losses = {"collected_losses": np.array(layer.collected(), np.float32)}
    shown = {**observed, **losses}
    return judge(case, Returned({name: shown[name] for name in case.call.observe}), True)[-1]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the script of a case's last check with a stand-in for TensorFlow; return its code and last line."""

    def ran(case, kind):
        tensorflow = graphs.tensorflow(kind)
        compat = SimpleNamespace(v1=tensorflow)
        names = {"tensorflow": SimpleNamespace(compat=compat), "tensorflow.compat": compat}
        for name, module in {**names, "tensorflow.compat.v1": tensorflow}.items():
            monkeypatch.setitem(sys.modules, name, module)
        entry = catalogue.entries()["tensorflow-1.15"]
        of = catalogue.Implementation("tensorflow-1.15", (), {}, entry.script)
        code = 0
        try:
            exec(compile(script(case, case.checks[-1], of), "script", "exec"), {})
        except SystemExit as ended:
            code = ended.code
        return code, capsys.readouterr().out.splitlines()[-1]

    return ran


@pytest.mark.parametrize("rule", ["losses-collection", "scope-name"])
def test_what_a_page_promises_of_graphs_conforms_and_a_script_holds(rule, run):
    assert CASES[rule]
    for case in CASES[rule]:
        assert judged(case, graphs.Right).verdict == "conforms"
        assert run(case, graphs.Right) == (0, "holds")


@pytest.mark.parametrize(("rule", "kind", "least"), WRONG)
def test_anything_else_deviates_and_its_script_says_so(rule, kind, least, run):
    ends = [(judged(case, kind).verdict, run(case, kind)) for case in CASES[rule]]
    assert set(ends) <= {("conforms", (0, "holds")), ("deviates", (1, "DEVIATES"))}
    assert sum(verdict == "deviates" for verdict, _ in ends) >= least


def test_what_is_held_as_a_graph_is_observed(run):
    for case in CASES["graph"]:
        found = judged(case, graphs.Right)
        assert (found.verdict, found.seen) == ("observed", "graph: nothing")
        assert run(case, graphs.Right) == (0, "open: nothing is demanded")
