"""Does each axis of the space of calls tell the levels of a call apart, whatever the API's words?"""

from __future__ import annotations

from typing import Any

import pytest

from adjoint.cases.settings import Axis, Setting, call_of, legal
from adjoint.features import features_of

TF_NN = "tf.nn.conv_transpose"
KERAS = "keras.layers.Conv2DTranspose"
TF_KERAS = "tf.keras.layers.Conv2DTranspose"
TF_LAYERS = "tf.layers.Conv2DTranspose"
FUNCTION = "torch.nn.functional.conv_transpose2d"
MODULE = "torch.nn.ConvTranspose2d"
USUAL = (Axis(5, 3), Axis(4, 3))


def features(api: str, axes: tuple[Axis, ...] = USUAL, **more: Any) -> dict[str, str]:
    setting = Setting(api, axes, **more)
    translated = legal(setting)
    assert translated is not None
    return features_of(call_of(setting), translated)


PLAIN = {
    "rank": "2",
    "kernel": "multiple",
    "strides": "one",
    "dilation": "none",
    "padding": "valid",
    "bias": "none",
    "channels": "one",
    "filters": "one",
    "batch": "1",
    "size": "odd",
    "form": "tuple",
    "dtype": "float32",
    "data": "exact",
}


@pytest.mark.parametrize(
    ("api", "own"),
    [
        (TF_NN, {"form": "list", "data_format": "last", "output_shape": "least"}),
        (KERAS, {"data_format": "last", "output_padding": "not given", "activation": "linear"}),
        (TF_KERAS, {"data_format": "last", "output_padding": "not given", "activation": "linear"}),
        (TF_LAYERS, {"data_format": "last", "activation": "linear"}),
        (FUNCTION, {"form": "number", "padding": "none", "output_padding": "zero", "groups": "one"}),
        (MODULE, {"padding": "none", "output_padding": "zero", "groups": "one"}),
    ],
)
def test_a_plain_call_has_the_axes_of_its_api_alone(api: str, own: dict[str, str]) -> None:
    assert features(api) == PLAIN | own


@pytest.mark.parametrize(
    ("api", "change", "levels"),
    [
        (MODULE, {"axes": (Axis(5, 2, 3), Axis(4, 6, 2))}, {"kernel": "less", "strides": "mixed"}),
        (MODULE, {"axes": (Axis(5, 2, 2), Axis(4, 3, 3))}, {"kernel": "equal", "strides": "mixed"}),
        (MODULE, {"axes": (Axis(5, 2, 2), Axis(4, 3, 2))}, {"kernel": "equal", "strides": "equal"}),
        (MODULE, {"axes": (Axis(5, 4, 2), Axis(4, 3, 2))}, {"kernel": "multiple", "strides": "equal"}),
        (MODULE, {"axes": (Axis(5, 3, 2), Axis(4, 4, 2))}, {"kernel": "more", "strides": "equal"}),
        (MODULE, {"axes": (Axis(5, 1), Axis(4, 3))}, {"kernel": "equal"}),
        (MODULE, {"axes": (Axis(5, 3), Axis(4, 3, 1, 2))}, {"dilation": "mixed"}),
        (MODULE, {"axes": (Axis(5, 3, 1, 2), Axis(4, 3, 1, 2))}, {"dilation": "equal"}),
        (MODULE, {"axes": (Axis(5, 3), Axis(4, 3, crop=1))}, {"padding": "cropped"}),
        (
            MODULE,
            {"axes": (Axis(5, 3), Axis(4, 3, 1, 3, 1, 2))},
            {"padding": "cropped", "dilation": "mixed", "output_padding": "some"},
        ),
        (TF_NN, {"same": True}, {"padding": "same"}),
        (TF_KERAS, {"same": True}, {"padding": "same"}),
        (TF_LAYERS, {"first": True}, {"data_format": "first"}),
        (TF_NN, {"first": True}, {"data_format": "first"}),
        (TF_KERAS, {"pads_output": True}, {"output_padding": "zero"}),
        (
            TF_KERAS,
            {"pads_output": True, "axes": (Axis(5, 3), Axis(4, 3, 2, extra=1))},
            {"output_padding": "some", "strides": "mixed", "kernel": "more"},
        ),
        (
            TF_NN,
            {"axes": (Axis(5, 3, 2), Axis(4, 3, 2))},
            {"output_shape": "least", "kernel": "more", "strides": "equal"},
        ),
        (
            TF_NN,
            {"axes": (Axis(5, 3, 2), Axis(4, 3, 2, extra=1)), "same": True},
            {"output_shape": "more", "kernel": "more", "strides": "equal", "padding": "same"},
        ),
        (MODULE, {"bias": True}, {"bias": "given"}),
        (TF_KERAS, {"activation": "relu"}, {"activation": "relu"}),
        (MODULE, {"channels": 2, "filters": 4}, {"channels": "few", "filters": "few"}),
        (MODULE, {"channels": 5, "filters": 6}, {"channels": "prime", "filters": "other"}),
        (MODULE, {"channels": 9, "filters": 11}, {"channels": "other", "filters": "prime"}),
        (
            MODULE,
            {"channels": 4, "filters": 6, "groups": 2},
            {"channels": "few", "filters": "other", "groups": "several"},
        ),
        (
            MODULE,
            {"channels": 3, "filters": 6, "groups": 3},
            {"channels": "few", "filters": "other", "groups": "depthwise"},
        ),
        (MODULE, {"batch": 0}, {"batch": "0"}),
        (MODULE, {"batch": 3}, {"batch": "more"}),
        (MODULE, {"batched": False}, {"batch": "none"}),
        (MODULE, {"axes": (Axis(1, 1), Axis(4, 3))}, {"size": "one", "kernel": "equal"}),
        (MODULE, {"axes": (Axis(3, 3), Axis(5, 3))}, {"size": "within the kernel"}),
        (MODULE, {"axes": (Axis(4, 3), Axis(5, 3))}, {"size": "even"}),
        (MODULE, {"form": "number"}, {"form": "number"}),
        (MODULE, {"form": "list"}, {"form": "list"}),
        (MODULE, {"dtype": "bfloat16"}, {"dtype": "bfloat16"}),
        (MODULE, {"dtype": "float64", "data": "rounded"}, {"dtype": "float64", "data": "rounded"}),
        (MODULE, {"dtype": "float16", "data": "special"}, {"dtype": "float16", "data": "special"}),
    ],
)
def test_a_change_shows_on_its_axis_and_on_no_other(
    api: str, change: dict[str, Any], levels: dict[str, str]
) -> None:
    assert features(api, **change) == features(api) | levels


@pytest.mark.parametrize("rank", [1, 3])
def test_the_rank_is_how_many_axes_are_spatial(rank: int) -> None:
    found = features(f"torch.nn.ConvTranspose{rank}d", (Axis(5, 3),) * rank, form="number")
    assert found == features(MODULE, form="number") | {"rank": str(rank)}


def test_one_channel_in_one_group_is_not_depthwise() -> None:
    assert features(MODULE, channels=1)["groups"] == "one"
    assert features(MODULE, channels=9, filters=6, groups=3)["groups"] == "several"


def test_a_crop_has_a_form_too() -> None:
    axes = (Axis(5, 3, crop=1), Axis(4, 3))
    assert features(FUNCTION, axes, form="list") == features(FUNCTION) | {
        "padding": "cropped",
        "form": "list",
    }
