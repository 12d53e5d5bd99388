"""Does an implementation's text stay text?"""

from __future__ import annotations

import pytest

from adjoint.reports.text import code, inert, is_web_address, prose


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "`a\\|b`"),
        ("a\nb", "`a b`"),
        ("a `` b", "```a `` b```"),
        ("`a`", "`` `a` ``"),
        ("`a", "`` `a ``"),
        ("", "`  `"),
    ],
)
def test_code_is_one_span_of_one_table_cell(text: str, shown: str) -> None:
    assert code(text) == shown


def test_code_is_cut_where_it_is_long() -> None:
    assert code("x" * 50, most=10) == "`" + "x" * 9 + "…`"


def test_prose_means_itself() -> None:
    assert prose("*a* <b> [c](https://d) e_f\n| $g$") == r"\*a\* \<b\> \[c\](https\://d) e\_f \| \$g\$"


def test_visible_text_is_left_alone() -> None:
    assert inert("naïve ≤ 3 “quoted”\n\tindented") == "naïve ≤ 3 “quoted”\n\tindented"
    assert inert("\u200f\r\U000e0001") == r"\u200f\x0d\U000e0001"


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        *(("https://a.example", True), ("http://a.example", True), ("httpx://a.example", False)),
        *(("https:evil", False), ("javascript:alert(1)", False), (" https://a.example", False)),
    ],
)
def test_only_an_address_of_the_web_is_a_link(link: str, leads: bool) -> None:
    assert is_web_address(link) == leads
