"""Does the page say what the records say, and does it load nothing?"""

from __future__ import annotations

from adjoint.record import VERDICTS as JUDGED
from adjoint.reports import html
from adjoint.reports.matrix import build
from adjoint.reports.ranking import VERDICTS
from adjoint.spec import load
from tests.records import (
    API,
    DECLARED,
    DRIFT,
    KNOWN,
    PICTURE,
    Page,
    check,
    covered,
    drawn,
    hostile,
    invisible,
    record,
)


def test_every_verdict_has_a_rank_a_sign_and_a_place_in_the_legend() -> None:
    assert sorted(VERDICTS) == sorted(JUDGED)
    assert set(VERDICTS) <= set(html.SYMBOLS)
    assert set(VERDICTS) == {word for word, _ in html.LEGEND}


def test_hostile_text_is_inert_in_html() -> None:
    rendered = html.render([hostile()])
    page = Page(rendered)
    shown = check("deviates", picture=PICTURE, units=3.5, features={"dtype": "float32"})
    plain = Page(html.render([covered(record(shown), {API: {"rank": {"2": {"dtype": {"float32": 1}}}}})]))
    assert page.tags["script"] == page.tags["img"] == 0
    assert set(page.tags) <= set(plain.tags) | {"pre"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert not [value for _, _, value in page.attributes if value.startswith("javascript:")]
    assert not invisible(rendered)
    assert r"<script>alert(1)</script>]]>\x1b[31m\x00\u200f\u202eevil\ud800\ufffe" in "".join(page.text)


def test_a_page_loads_nothing() -> None:
    page = Page(html.render([record(DECLARED, check("crashed", stderr="boom")), hostile()]))
    loading = {"script", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "source"}
    assert not loading & set(page.tags)
    for tag, name, value in page.attributes:
        if "://" in value:
            assert (tag, name, value) == ("a", "href", KNOWN["link"])
    assert [value for tag, name, value in page.attributes if tag == "link" and name == "href"] == ["data:,"]
    style = html.render([]).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert ("a", "href", KNOWN["link"]) in page.attributes


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    records = [record(DECLARED, DRIFT, check("deviates")), record(DRIFT, name="other"), hostile()]
    page = Page(html.render(records))
    assert len(page.ids) == len(set(page.ids))
    assert {v[1:] for _, name, v in page.attributes if name == "href" and v.startswith("#")} <= set(page.ids)


def test_a_cell_shows_its_worst_verdict_and_leads_to_its_checks() -> None:
    checks = [check("conforms"), check("not-reached"), check("crashed"), check("deviates"), check("conforms")]
    page = Page(html.render([record(*checks)]))
    (target, said), *more = page.cells.items()
    assert not more
    assert said.split() == ["✗", "crashed", "2/5"]
    assert target[1:] in page.ids


def test_clauses_not_exercised_are_counted_and_named() -> None:
    spec = load()
    matrix = build([record(check("conforms"))], spec)
    assert matrix.exercised == 1
    assert matrix.not_exercised == len(spec.clauses) - 1
    text = "".join(Page(html.render([record(check("conforms"))])).text)
    assert f"{len(spec.clauses) - 1} clauses not exercised" in text
    assert all(clause in text for clause in spec.clauses)


def test_a_clause_of_another_edition_is_shown() -> None:
    page = Page(html.render([record(check("deviates", "tf-nn.gone"))]))
    assert "tf-nn.gone" in "".join(page.text)
    assert len(page.cells) == 1


def test_a_page_shows_what_a_reader_needs_of_a_deviation() -> None:
    stderr = "\n".join(f"line {number}" for number in range(30))
    made = check("crashed", call="f(1)", stderr=stderr, script="import it\nit.fails()", seen="SIGSEGV")
    text = "".join(Page(html.render([record(made, check("conforms"))])).text)
    clause = load().clauses["tf-nn.values"]
    said = [made[key] for key in ("call", "case", "why", "demanded", "seen", "script")]
    assert all(part in text for part in [clause.text, clause.source, *said])
    assert "line 29" in text
    assert "line 9\n" not in text


def test_a_page_tells_what_was_drawn() -> None:
    lines = [
        drawn("conforms", 0.0, 0.5, declared=1),
        drawn("deviates", 9.0, 0.0, 0.0, call="f(1)", case="ab12"),
    ]
    text = " ".join("".join(Page(html.render([record(*lines)])).text).split())
    assert "1 of them met a declared deviation" in text
    assert "The smallest that differs, of 3 drawn calls of rounded data." in text


def test_a_record_without_figures_has_no_place_for_them() -> None:
    page = Page(html.render([record(check("deviates"), check("conforms"))]))
    assert not {"rounding", "coverage"} & set(page.ids)
    assert not {"#rounding", "#coverage"} & {value for _, _, value in page.attributes}
    assert not {"svg", "figure", "caption"} & set(page.tags)
