"""Is a misspelt name led to the one that was meant, and nothing to nowhere?"""

from __future__ import annotations

import pytest

from adjoint.nearest import instead, nearest
from adjoint.spec import load

APIS = load().apis()
LAYERS = [f"{package}.Conv2DTranspose" for package in ("keras.layers", "tf.keras.layers", "tf.layers")]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("torch.nn.functional.conv2d_transpose", ["torch.nn.functional.conv_transpose2d"]),
        ("conv_transpose2d", ["torch.nn.functional.conv_transpose2d"]),
        ("TORCH.NN.CONVTRANSPOSE2D", ["torch.nn.ConvTranspose2d"]),
        ("Conv2DTranspose", LAYERS),
        ("operaton", ["operation"]),
        ("softmax", []),
        ("", []),
    ],
)
def test_a_name_is_led_to_what_it_may_mean(name: str, meant: list[str]) -> None:
    assert sorted(nearest(name, APIS)) == meant


def test_it_is_said_as_a_question_and_the_rest_after_it() -> None:
    known = ("smoke", "quick")
    assert instead("smok", known, "it must be one") == ": did you mean 'smoke'? It must be one"
    assert instead("x", known, "it must be one") == "; it must be one"
