"""Do numbers have the levels that a row names?"""

from __future__ import annotations

import pytest

from adjoint.cases.concrete import setting_of
from adjoint.cases.settings import call_of, legal
from adjoint.features import features_of

MODULE = "torch.nn.ConvTranspose3d"
ROW = {
    "rank": "3",
    "kernel": "more",
    "strides": "mixed",
    "dilation": "mixed",
    "padding": "cropped",
    "output_padding": "some",
    "groups": "several",
    "bias": "given",
    "channels": "few",
    "filters": "other",
    "batch": "more",
    "size": "odd",
    "form": "list",
    "dtype": "float16",
    "data": "exact",
}
CHANGES = [
    {},
    {"kernel": "less"},
    {"kernel": "equal"},
    {"kernel": "multiple"},
    {"strides": "equal"},
    {"dilation": "none"},
    {"dilation": "equal"},
    {"padding": "none"},
    {"output_padding": "zero"},
    {"groups": "one", "channels": "one"},
    {"groups": "depthwise"},
    {"filters": "few"},
    {"groups": "one", "channels": "prime", "filters": "one"},
    {"batch": "0"},
    {"batch": "none"},
    {"size": "one"},
    {"size": "within the kernel"},
    {"size": "even"},
    {"strides": "equal", "dilation": "equal", "form": "number"},
    {"data": "special", "dtype": "bfloat16"},
    {"data": "rounded", "dtype": "float64"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_numbers_of_a_row_have_its_levels(change: dict[str, str]) -> None:
    row = {**ROW, **change}
    setting = setting_of(MODULE, row)
    translated = legal(setting)
    assert translated is not None
    assert features_of(call_of(setting), translated) == row
    assert setting == setting_of(MODULE, dict(reversed(row.items())))


def test_the_numbers_of_a_row_stay_what_they_are() -> None:
    """Golden files are made of them: a change of this line changes every call of the arrays."""
    assert str(call_of(setting_of(MODULE, ROW))) == (
        "torch.nn.ConvTranspose3d(input: float16[2, 4, 5, 1, 1], weight: float16[4, 5, 2, 2, 5], "
        "bias: float16[10], in_channels=4, out_channels=10, kernel_size=[2, 2, 5], stride=[1, 1, 2], "
        "padding=[1, 2, 1], output_padding=[0, 1, 0], dilation=[2, 3, 1], groups=2, dtype='float16')"
    )


def test_counts_are_distinct() -> None:
    setting = setting_of(
        "torch.nn.ConvTranspose2d", {**ROW, "rank": "2", "groups": "one", "batch": "1", "filters": "few"}
    )
    sizes = [axis.size for axis in setting.axes]
    assert len({setting.channels, setting.filters, *sizes}) == 4
    assert len({axis.kernel for axis in setting.axes}) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"strides": "one"},
        {"groups": "several", "channels": "prime"},
        {"groups": "depthwise", "filters": "few", "channels": "prime"},
        {"rank": "1"},
        {"form": "number"},
        {"batch": "0", "data": "special"},
    ],
    ids=str,
)
def test_levels_that_no_legal_call_has_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"no legal call of torch\.nn\.ConvTranspose3d was found with"):
        setting_of(MODULE, {**ROW, **change})
