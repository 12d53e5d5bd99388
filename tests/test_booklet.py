"""Is the page of clauses what the clauses are, and complete?"""

from __future__ import annotations

from pathlib import Path

from adjoint.spec import load, sources
from adjoint.spec.booklet import booklet

PAGE = Path(__file__).parents[1] / "docs" / "clauses.md"


def test_the_page_is_as_written_from_the_clauses() -> None:
    assert PAGE.read_text(encoding="utf-8") == booklet(), (
        "write it anew: python -m adjoint.spec.booklet docs/clauses.md"
    )


def test_every_clause_stands_in_it_with_its_level_its_text_and_its_source() -> None:
    text = booklet()
    for clause in load().clauses.values():
        assert f"**`{clause.id}`** *{clause.level}*: {clause.text}\n<br>{clause.source}" in text
        assert clause.evidence in text


def test_every_sentence_of_a_mapped_document_stands_in_it() -> None:
    text = booklet()
    for source in sources.load():
        for number, unit in enumerate(source.units, start=1):
            row = f"| {number} | {unit.start}–{unit.end} | "
            names = ", ".join(f"`{clause.split('.', 1)[1]}`" for clause in unit.clauses)
            assert row + (names or f"nothing: {unit.uncheckable}") + " |" in text


def test_a_clause_names_the_sentences_that_led_to_it() -> None:
    (source,) = [source for source in sources.load() if source.document == "tf-nn"]
    led = [str(j) for j, unit in enumerate(source.units, start=1) if "tf-nn.strides-forms" in unit.clauses]
    assert len(led) > 1
    after = booklet().split("**`tf-nn.strides-forms`**")[1]
    assert after.split("\n")[1].startswith(f"<br>Args, strides (sentences {', '.join(led)}).")
