"""Is nothing in a mapped document left out, and does every clause come from somewhere in it?"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from adjoint.spec import SpecError, load, sources

MAPS = {source.document: source for source in sources.load()}
# The documents are not ours to publish: this says where they are, unless they lie beside the checkout.
BESIDE = Path(__file__).parents[2] / "shared" / "documents"
DOCUMENTS = Path(os.environ.get("ADJOINT_DOCUMENTS", BESIDE))

GOOD = """
document = "page"
file = "000"
length = 11
hash = "x"

[[unit]]
at = [0, 4]
hash = "a"
uncheckable = "a heading"

[[unit]]
at = [5, 11]
hash = "b"
clauses = ["page.rule"]
"""


@pytest.mark.parametrize("name", MAPS)
def test_every_unit_leads_to_clauses_that_exist(name):
    clauses = {clause for unit in MAPS[name].units for clause in unit.clauses}
    assert clauses <= set(load().clauses)


@pytest.mark.parametrize("name", MAPS)
def test_every_clause_of_a_mapped_document_comes_from_a_unit(name):
    mapped = {clause for unit in MAPS[name].units for clause in unit.clauses}
    assert {clause.id for clause in load().clauses.values() if clause.document == name} == mapped


@pytest.mark.parametrize("name", MAPS)
def test_map_fits_its_document(name):
    found = list(DOCUMENTS.glob(f"{MAPS[name].file}_*.txt"))
    if not found:
        pytest.skip("the documents are not here: positions and hashes can't be compared with them")
    assert list(sources.mismatches(MAPS[name], found[0].read_text(encoding="utf-8"))) == []


def test_good_map_is_read():
    first, second = sources.parse(GOOD, "page.toml").units
    assert (first.uncheckable, second.clauses) == ("a heading", ("page.rule",))


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("at = [5, 11]", "at = [6, 11]", "at 6 does not follow the one that ends at 4"),
        ("at = [5, 11]", "at = [3, 11]", "at 3 does not follow"),
        ("at = [5, 11]", "at = [5, 10]", "the units end at 10, the document at 11"),
        ('clauses = ["page.rule"]', "", "at 5 must have either clauses or a reason"),
        ('clauses = ["page.rule"]', 'clauses = ["page.rule"]\nuncheckable = "why"', "must have either"),
        ('hash = "b"', "", "not a source map: 'hash'"),
        ('hash = "b"', 'hash = "b"\nclause = "x"', "unknown keys"),
        ("length = 11", "", "not a source map"),
        ('document = "page"', "document = ", "not a source map"),
    ],
)
def test_bad_map_is_refused_by_name(line, instead, said):
    with pytest.raises(SpecError, match=r"page\.toml: .*") as refused:
        sources.parse(GOOD.replace(line, instead), "page.toml")
    assert said in str(refused.value)


def test_other_text_and_two_sentences_in_a_unit_are_seen():
    text = "Head. Body of it"
    unit = sources.Unit(0, len(text), sources.digest(text), uncheckable="why")
    whole = sources.SourceMap("page", "000", len(text), "x", (unit,))
    first, second = sources.mismatches(whole, text)
    assert "not the one that was mapped" in first
    assert "more than one sentence" in second
    assert any("another text" in problem for problem in sources.mismatches(whole, "Head. Body of us"))


def test_a_character_between_two_units_is_seen():
    text = "Head.Body"
    units = tuple(
        sources.Unit(start, end, sources.digest(text[start:end]), uncheckable="why")
        for start, end in ((0, 4), (5, 9))
    )
    whole = sources.SourceMap("page", "000", len(text), hashlib.sha256(text.encode()).hexdigest(), units)
    assert list(sources.gaps(whole)) == []
    assert list(sources.mismatches(whole, text)) == ["'.', before the unit at 5, is in no unit."]
