"""Are the entries of findings.toml well formed, and is any other one refused in a sentence?"""

from __future__ import annotations

from pathlib import Path

import pytest

from adjoint.errors import UsageError
from adjoint.reports.entries import load, read
from adjoint.reports.text import prose
from tests.found import check, entry

PAGE = Path(__file__).parents[1] / "FINDINGS.md"
GOOD = """
[[finding]]
id = "a"
title = "t"
bug = "silent wrong numbers"
argument = "b"
effect = "e"
implementations = ["x"]
clauses = ["tf-nn.values"]
"""

BAD = {
    "[[finding]\n": "is not TOML",
    "[[finding]]\nid = 'a'": "missing 6 required",
    GOOD + "colour = 'red'": "unexpected keyword argument 'colour'",
    GOOD.replace("silent wrong numbers", "ugly"): "it must be one of silent wrong numbers, ",
    GOOD.replace("tf-nn.values", "tf-nn.valuse"): "there is no clause 'tf-nn.valuse'",
    GOOD.replace('["x"]', '"x"'): "implementations is 'x'; it must be a list of texts",
    GOOD.replace('"e"', "7"): "effect is 7; it must be a text",
    GOOD.replace('"e"', '""'): "none may be empty",
    GOOD.replace('"a"', '"A b"'): "it must be of small letters, digits and hyphens",
    GOOD + "link = 'javascript:alert(1)'": "it must start with https://",
    GOOD + GOOD: "the id 'a' is given to two findings",
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_not_well_formed_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert BAD[text] in str(caught.value)
    assert str(caught.value).startswith("findings.toml")
    assert str(caught.value).endswith(".")


def test_a_good_one_is_read() -> None:
    (only,) = read(GOOD)
    assert (only.id, only.implementations, only.calls_with) == ("a", ("x",), ())
    assert read("") == ()


def test_the_page_in_the_clone_has_every_entry() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert load()
    for one in load():
        assert f'<a id="{one.id}"></a>\n\n### {prose(one.title)}\n' in page, "write it anew: adjoint findings"
        assert prose(one.argument) in page
        assert prose(one.effect) in page


def test_an_entry_speaks_of_its_implementations_its_clauses_and_its_calls() -> None:
    strict = entry(calls_with=("float32[1", "4]"))
    assert strict.covers("mine-2.4", check())
    assert not strict.covers("yours", check())
    assert not strict.covers("mine", check(clause="tf-nn.rank"))
    assert not strict.covers("mine", check(call="f(input: float32[1, 2])"))
