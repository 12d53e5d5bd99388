"""Does a row of a family's file make the case that it says, for each API that it concerns?"""

from __future__ import annotations

from typing import Any

import pytest

from adjoint.cases import family

KERAS = [f"keras.layers.Conv{n}DTranspose" for n in (1, 2, 3)]


def rows(apis: list[str], **row: Any) -> list[dict[str, Any]]:
    return list(family.rows({"apis": apis, "case": [{"why": "so", **row}]}))


def test_sizes_and_arguments_are_cut_to_the_axes_that_the_api_has() -> None:
    arguments = {"strides": {"$axes": [2, 3, 4]}, "padding": "same"}
    made = rows(
        KERAS, rule="strides", size=[5, 6, 7], kernel=[2, 3, 4], channels=8, filters=9, arguments=arguments
    )
    assert [row["api"] for row in made] == KERAS
    assert [row["tensors"]["input"] for row in made] == [[1, 5, 8], [1, 5, 6, 8], [1, 5, 6, 7, 8]]
    assert [row["tensors"]["kernel"] for row in made] == [[2, 9, 8], [2, 3, 9, 8], [2, 3, 4, 9, 8]]
    strides = [2, {"$tuple": [2, 3]}, {"$tuple": [2, 3, 4]}]
    assert [row["arguments"]["strides"] for row in made] == strides
    assert [row["arguments"]["kernel_size"] for row in made] == [2, {"$tuple": [2, 3]}, {"$tuple": [2, 3, 4]}]
    assert all(row["arguments"]["use_bias"] is False for row in made)


def test_channels_first_moves_the_channels_of_the_input() -> None:
    (made,) = rows(KERAS[:1], rule="data-format", channels=8, arguments={"data_format": "channels_first"})
    assert made["tensors"] == {"input": [1, 8, 3], "kernel": [2, 3, 8]}


def test_modules_take_their_sizes_as_arguments_and_functions_do_not() -> None:
    apis = ["torch.nn.functional.conv_transpose1d", "torch.nn.ConvTranspose1d"]
    function, module = rows(
        apis, rule="groups", channels=4, filters=6, bias=True, unbatched=True, arguments={"groups": 2}
    )
    assert function["tensors"] == module["tensors"] == {"input": [4, 3], "weight": [4, 3, 2], "bias": [6]}
    assert function["arguments"] == {"groups": 2}
    assert module["arguments"] == {"in_channels": 4, "out_channels": 6, "kernel_size": 2, "groups": 2}
    assert (function["clause"], module["clause"]) == ("torch-functional.groups", "torch-modules.groups")


def test_a_row_concerns_the_documents_that_have_its_rule_and_that_it_names() -> None:
    assert [row["clause"] for row in rows(KERAS, rule="output-padding")] == [
        "keras-conv1d.output-padding",
        "keras-conv3d.output-padding",
    ]
    assert [row["api"] for row in rows(KERAS, rule="values", but=["keras-conv2d"])] == [KERAS[0], KERAS[2]]
    assert [row["api"] for row in rows(KERAS, rule="values", only=["keras-conv2d"])] == [KERAS[1]]
    assert [row["api"] for row in rows(KERAS, rule="values", api=KERAS[2])] == [KERAS[2]]


def test_a_rule_of_no_document_is_refused() -> None:
    with pytest.raises(ValueError, match="'vallues' is the rule of no API: so"):
        rows(KERAS, rule="vallues")


@pytest.mark.parametrize(
    ("api", "arguments", "shape"),
    [
        (KERAS[2], {}, "keras-conv3d.valid-shape"),
        (KERAS[2], {"padding": "SAME"}, "keras-conv3d.same-stride-1"),
        (KERAS[2], {"padding": "same", "strides": 2}, "keras-conv3d.same-shape"),
        (KERAS[2], {"output_padding": 1, "strides": 2}, "keras-conv3d.output-length"),
        ("tf.keras.layers.Conv3DTranspose", {"dilation_rate": 2}, "tf-keras-conv3d.dilated-shape"),
        (
            "tf.keras.layers.Conv3DTranspose",
            {"output_padding": 1, "strides": 2, "padding": "same"},
            "tf-keras-conv3d.output-length-same",
        ),
        ("torch.nn.ConvTranspose2d", {}, "torch-modules.output-size"),
    ],
)
def test_the_shape_speaks_for_the_clause_that_gives_it(
    api: str, arguments: dict[str, Any], shape: str
) -> None:
    (made,) = rows([api], rule="values", arguments=arguments)
    assert made["shape"] == shape


def test_the_layout_of_the_kernel_is_that_of_pytorchs_weight() -> None:
    layouts = {"input": "offset", "kernel": "strided"}
    apis = ["torch.nn.ConvTranspose1d", *KERAS[:1]]
    torch, keras = rows(apis, rule="views", layouts=layouts, repeated=True)
    assert torch["layouts"] == {"input": "offset", "weight": "strided"}
    assert (keras["layouts"], keras["repeated"]) == (layouts, True)


def test_a_shape_that_is_asked_about_is_cut_and_ordered_like_the_input() -> None:
    asked = {"input_shape": [-1, 5, -1, 7, 2]}
    made = rows(KERAS, rule="declared-shape", **asked)
    assert [row["input_shape"] for row in made] == [[-1, 5, 2], [-1, 5, -1, 2], [-1, 5, -1, 7, 2]]
    (first,) = rows(KERAS[1:2], rule="declared-shape", arguments={"data_format": "channels_first"}, **asked)
    assert first["input_shape"] == [-1, 2, 5, -1]


def test_what_is_given_by_position_is_the_beginning_of_the_signature() -> None:
    apis = ["torch.nn.functional.conv_transpose1d", "torch.nn.ConvTranspose1d", KERAS[0]]
    function, module = rows(apis[:2], rule="signature", positional=True, bias=True, arguments={"stride": 2})
    assert function["positional"] == ["input", "weight", "bias", "stride"]
    assert module["positional"] == ["in_channels", "out_channels", "kernel_size", "stride"]
    (layer,) = rows(apis[2:], rule="positional", positional=True, bias=True, arguments={"strides": 2})
    assert layer["positional"] == ["filters", "kernel_size", "strides"]
    with pytest.raises(ValueError, match="takes filters, kernel_size, strides first, not"):
        rows(apis[2:], rule="positional", positional=True, bias=True, arguments={"padding": "same"})
