"""Are the sizes of a setting written as its API takes them?"""

import pytest

from adjoint.cases.settings import TF_NN, Axis, Setting, call_of


@pytest.mark.parametrize("form", ["number", "tuple", "list"])
@pytest.mark.parametrize(
    "axes", [(Axis(2, 2, stride=2, dilation=2),) * 2, (Axis(2, 2), Axis(2, 2, stride=2, dilation=2))]
)
def test_tf_nn_is_given_numbers_or_lists_and_no_tuples(axes, form):
    given = call_of(Setting(TF_NN, axes, form=form)).values
    strides = [axis.stride for axis in axes]
    alone = form == "number" and len(set(strides)) == 1
    assert given["strides"] == given["dilations"] == (strides[0] if alone else strides)
