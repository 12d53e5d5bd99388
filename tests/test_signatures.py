"""Are the signatures those of the pages?  Against the pages' own text, where they are here and show one."""

from __future__ import annotations

import inspect
import re
from inspect import Parameter, Signature

import pytest

from adjoint.reference.answer import Unspecified
from adjoint.reference.signatures import bound, signatures, unlisted
from adjoint.spec import load
from tests.test_sources import DOCUMENTS

EMPTY = Parameter.empty
# The order of their pages' arguments, and what a page says of defaults: worked by hand.
LAYER = ["filters", "kernel_size", "strides", "padding"]
OBJECTS = [
    *("activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer"),
    *("bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"),
]
FUNCTION = ["input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"]
MODULE = [
    *("in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "groups", "bias"),
    *("dilation", "padding_mode", "device", "dtype"),
]
ORDERS = {
    "tf.nn.conv_transpose": [
        *("input", "filters", "output_shape", "strides", "padding", "data_format", "dilations", "name")
    ],
    "keras.layers.Conv1DTranspose": [
        *LAYER,
        "output_padding",
        "data_format",
        "dilation_rate",
        *OBJECTS,
        "kwargs",
    ],
    "operation": ["input", "kernel", "stride", "dilation", "crop", "output_padding", "groups"],
    "keras.layers.Conv2DTranspose": [*LAYER, "data_format", "dilation_rate", *OBJECTS, "kwargs"],
    "keras.layers.Conv3DTranspose": [
        *LAYER,
        "data_format",
        "output_padding",
        "dilation_rate",
        *OBJECTS,
        "kwargs",
    ],
    **{
        f"tf.keras.layers.Conv{rank}DTranspose": [
            *(*LAYER, "output_padding", "data_format", "dilation_rate"),
            *(*OBJECTS, "kwargs"),
        ]
        for rank in (1, 2, 3)
    },
    "tf.layers.Conv2DTranspose": [*LAYER, "data_format", *OBJECTS, "trainable", "name", "kwargs"],
    **{f"torch.nn.functional.conv_transpose{rank}d": FUNCTION for rank in (1, 2, 3)},
    **{f"torch.nn.ConvTranspose{rank}d": MODULE for rank in (1, 2, 3)},
}
DEFAULTS = {
    "strides": 1,
    "dilation_rate": 1,
    "padding": "valid",
    "output_padding": None,
    "data_format": None,
    "use_bias": True,
    "kernel_initializer": "glorot_uniform",
    "bias_initializer": "zeros",
}
TORCH = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
PAGES = {
    "001": "keras.layers.Conv2DTranspose",
    "003": "tf.keras.layers.Conv3DTranspose",
    "004": "tf.layers.Conv2DTranspose",
}


def test_every_documented_api_has_a_signature_and_no_other() -> None:
    assert set(signatures()) == set(ORDERS) == set(load().apis())


@pytest.mark.parametrize("api", ORDERS)
def test_parameters_have_their_names_in_their_order(api: str) -> None:
    parameters = signatures()[api].parameters
    assert list(parameters) == ORDERS[api]
    kinds = {name: parameter.kind for name, parameter in parameters.items()}
    assert kinds.pop("kwargs", Parameter.VAR_KEYWORD) is Parameter.VAR_KEYWORD
    assert set(kinds.values()) == {Parameter.POSITIONAL_OR_KEYWORD}


def default_of(api: str, name: str) -> object:
    """Return the default that the page gives, or the value that stands for none."""
    if api == "tf.nn.conv_transpose":
        required = {"input", "filters", "output_shape", "strides"}
        return EMPTY if name in required else "SAME" if name == "padding" else None
    if api == "operation":
        return EMPTY
    if api.startswith("torch"):
        if name in ("input", "weight", "in_channels", "out_channels", "kernel_size"):
            return EMPTY
        named = {"padding_mode": "zeros", "bias": None if "functional" in api else True}
        return {**TORCH, **named}.get(name)
    if name in ("filters", "kernel_size", "kwargs"):
        return EMPTY
    if api == "tf.layers.Conv2DTranspose":
        own = {"data_format": "channels_last", "kernel_initializer": None, "trainable": True}
        return {**DEFAULTS, **own, "strides": (1, 1)}.get(name)
    rank = int(api[-11])
    value = DEFAULTS.get(name)
    return (1,) * rank if name in ("strides", "dilation_rate") and rank > 1 else value


@pytest.mark.parametrize("api", ORDERS)
def test_parameters_have_their_defaults(api: str) -> None:
    for name, parameter in signatures()[api].parameters.items():
        assert parameter.default == default_of(api, name), name
        assert type(parameter.default) is type(default_of(api, name)), name


@pytest.mark.parametrize("page", PAGES)
def test_signatures_are_the_pages_own(page: str) -> None:
    found = list(DOCUMENTS.glob(f"{page}_*.txt"))
    if not found:
        pytest.skip("the documents are not here: their signatures can't be compared")
    api = PAGES[page]
    shown = re.search(
        rf"{re.escape(api)}(\(.*?\*\*kwargs\s*\))", found[0].read_text(encoding="utf-8"), re.DOTALL
    )
    assert shown
    names: dict[str, object] = {}
    exec(f"def api{shown[1].replace('tf.zeros_initializer()', repr('zeros'))}: pass", names)
    assert signatures()[api] == inspect.signature(names["api"])  # type: ignore[arg-type]


def test_a_page_without_a_signature_lists_its_arguments_in_our_order() -> None:
    found = list(DOCUMENTS.glob("000_*.txt"))
    if not found:
        pytest.skip("the documents are not here: their arguments can't be compared")
    listed = re.findall(r"(?m)^([a-z_]+) [AaiFRIoBC]", found[0].read_text(encoding="utf-8"))
    ours = ORDERS["tf.keras.layers.Conv2DTranspose"][:-1]
    assert [name for name in listed if name in ours] == ours


@pytest.mark.parametrize("api", ORDERS)
def test_a_call_is_bound_to_its_arguments_and_the_defaults_of_the_rest(api: str) -> None:
    parameters = signatures()[api].parameters
    required = {name: 7 for name in parameters if parameters[name].default is EMPTY and name != "kwargs"}
    defaults = {name: p.default for name, p in parameters.items() if p.default is not EMPTY}
    assert bound(api, required) == {**defaults, **required}
    changed = {**required, next(iter(defaults), "groups"): "given", "stirdes": 2}
    assert bound(api, changed) == {**defaults, **changed}
    for name in required:
        with pytest.raises(Unspecified, match=name):
            bound(api, {other: 7 for other in required if other != name})
    assert "kwargs" not in bound(api, required)


@pytest.mark.parametrize("api", ORDERS)
def test_arguments_that_a_page_does_not_list_are_told_in_their_order(api: str) -> None:
    listed = [name for name in ORDERS[api] if name != "kwargs"]
    assert unlisted(api, dict.fromkeys(listed)) == []
    assert unlisted(api, {"zebra": 1, listed[0]: 2, "kwargs": 3, "ant": 4}) == ["zebra", "kwargs", "ant"]


def test_signatures_are_pythons_own() -> None:
    assert all(isinstance(signature, Signature) for signature in signatures().values())
