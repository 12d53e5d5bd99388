"""Are the pairs of levels of the calls that were judged counted, each once?"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from adjoint.cases.settings import Axis, Setting, call_of
from adjoint.coverage import Coverage

ONE = Setting("tf.nn.conv_transpose", (Axis(3, 2, 2),))
OTHER = Setting("tf.nn.conv_transpose", (Axis(3, 2, 2), Axis(4, 2, 1)))


def test_each_pair_is_counted_once_a_call() -> None:
    coverage = Coverage()
    features = [coverage.note(call_of(setting)) for setting in (ONE, replace(ONE, seed=1), OTHER)]
    assert coverage.note(call_of(ONE)) == features[0]  # of its gradients, say: it is counted already
    (api,) = table = coverage.table()
    assert api == "tf.nn.conv_transpose"
    counted = {
        (axis, level, other, its): count
        for axis, levels in table[api].items()
        for level, others in levels.items()
        for other, counts in others.items()
        for its, count in counts.items()
    }
    assert sum(counted.values()) == sum(len(list(combinations(found, 2))) for found in features)
    assert counted["rank", "1", "strides", "equal"] == 2
    assert counted["rank", "2", "strides", "mixed"] == 1
    assert ("rank", "1", "strides", "mixed") not in counted
    assert all(axis < other for axis, _, other, _ in counted)
