"""Is a draft a file that says what was found, that is refused until reasons are given, and then holds?"""

from __future__ import annotations

import datetime
import tomllib

import numpy as np
import pytest

from adjoint import deviations, drafting
from adjoint.deviations import Deviation, Ledger, load
from adjoint.errors import UsageError
from adjoint.surveying import MOST, Survey
from tests.records import HOSTILE, check

TODAY = datetime.date(2026, 3, 1)
SEEN = {"call": "f(x)", "size": 3, "verdict": "deviates", "demanded": "peace", "seen": "war"}


def group(failing, conforming=(), **changes):
    calls = {"failing": failing, "conforming": list(conforming)}
    return {"clause": "tf-nn.values", "kind": "values", "smallest": SEEN, **calls, **changes}


def survey(*groups, name="mine", systems=None):
    return {"implementation": name, "systems": systems or {}, "groups": list(groups), "beyond": []}


SAME, VALID = ({"padding": name, "given": ["padding"], "output.shape": [1, 2]} for name in ("SAME", "VALID"))


def filled(text, folder):
    path = folder / "d.toml"
    path.write_text(text.replace('"TODO:', '"known:'), encoding="utf-8")
    return load(path)


def test_a_draft_is_a_declaration_for_each_clause_and_kind(tmp_path):
    made = survey(group([SAME], [VALID]), group([SAME], kind="shape"), systems={"torch": "2.13.0+cpu"})
    rest = {"versions": {"torch": "==2.13.0"}, "expires": TODAY + datetime.timedelta(days=90)}
    rows = filled(drafting.draft([made], TODAY), tmp_path)
    reason = rows[0].reason
    assert rows == [
        Deviation("mine", "tf-nn.values", reason, kind="values", where={"padding": "SAME"}, **rest),
        Deviation("mine", "tf-nn.values", reason, kind="shape", **rest),
    ]
    assert rows[0].applies_to("mine", {"torch": "2.13.0+cpu"})


def test_a_draft_is_refused_until_its_reasons_are_given(tmp_path):
    path = tmp_path / "d.toml"
    path.write_text(drafting.draft([survey(group([SAME], [VALID]))], TODAY), encoding="utf-8")
    with pytest.raises(UsageError, match=r"deviation 1: reason is 'TODO: .*; say there why"):
        load(path)


@pytest.mark.parametrize("conforming", [[], [SAME]])
def test_where_no_predicate_separates_a_comment_says_so(conforming, tmp_path):
    text = drafting.draft([survey(group([SAME], conforming))], TODAY)
    assert ("No predicate of one or two" if conforming else "so there is no predicate") in text
    (row,) = filled(text, tmp_path)
    assert (row.where, row.when) == ({}, "")


def test_a_draft_of_nothing_is_nothing():
    assert drafting.draft([survey()], TODAY) == ""


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("2.13.0+cpu", "==2.13.0"), ("3.0rc1", "==3.0rc1"), ("1!2.0.dev3", "==1!2.0.dev3")],
)
def test_a_draft_is_of_the_version_that_was_run(version, wanted, tmp_path):
    (row,) = filled(drafting.draft([survey(group([SAME]), systems={"mine": version})], TODAY), tmp_path)
    assert row.versions == {"mine": wanted}
    assert row.applies_to("mine", {"mine": version})


@pytest.mark.parametrize("given", [True, False, 3, -2.5, "a", ["b", [1]], {"c d": {"e-f": False}}])
def test_a_value_is_written_as_toml_has_it(given):
    assert tomllib.loads(f"x = {drafting.value(given)}") == {"x": given}


def test_a_version_that_cant_be_read_is_left_out(tmp_path):
    text = drafting.draft([survey(group([SAME]), systems={"mine": "nightly\n[x]"})], TODAY)
    assert "# The version of mine can't be read as one: nightly [x]." in text
    assert filled(text, tmp_path)[0].versions == {}


@pytest.mark.parametrize("name", ["a[0]*?b", 'node "my worker".mjs \\ \x7f\t', HOSTILE])
def test_names_and_messages_are_written_as_toml_has_them(name, tmp_path, monkeypatch):
    monkeypatch.setattr(deviations, "_refuse_strange", lambda _: None)  # no parameter has such a name
    said = {**SEEN, "call": HOSTILE, "demanded": HOSTILE, "seen": HOSTILE + "\n[[deviation]]\r\u2028x"}
    where = {**SAME, "output.shape": [1], 'a "b"': name.replace("\ud800", "")}
    text = drafting.draft([survey(group([where], [VALID], smallest=said), name=name)], TODAY)
    assert len(tomllib.loads(text)["deviation"]) == 1
    (row,) = filled(text, tmp_path)
    if "\ud800" not in name:
        assert row.applies_to(name, {})
        assert not row.applies_to(name + "x", {})


def test_a_survey_keeps_what_fails_and_some_of_what_conforms(tmp_path):
    made = Survey(tmp_path / "s.json")
    assert made.note(check("deviates", size=9), {"a": np.int64(3)})
    assert made.note(check("crashed", size=4, call="small"), {"a": float("nan")})
    assert not made.note(check("deviates", declared={"reason": "", "link": ""}), {"a": 5})
    assert not made.note(check("deviates", own=False, gated=False, held=False), {"a": 6})
    assert not made.note(check("unsupported"), {"a": 7})
    for number in range(MOST + 5):
        assert not made.note(check("conforms"), {"a": number})
    made.write("mine", {"torch": "2"})
    import json

    found = json.loads((tmp_path / "s.json").read_text())
    (only,) = found["groups"]
    assert [str(one["a"]) for one in only["failing"]] == ["3", "nan"]
    assert only["smallest"]["call"] == "small"
    assert len(only["conforming"]) == MOST
    (sentence,) = drafting.beyond(found)
    assert "mine: tf-nn.values unsupported can't be declared" in sentence


def test_a_list_is_compared_with_numpys_numbers_too():
    from adjoint.call import plain

    row = Deviation("mine", "tf-nn.values", "known", where={"stride": [2, 2]})
    assert not row.matches("tf-nn.values", "values", {"stride": plain(np.int64(2))})
    assert Ledger([row], "mine", {}).note("tf-nn.values", "values", {"stride": plain((2, 2))}, "deviates")
