"""Are the clauses well formed, covered by cases and answered by the reference; and is a bad file refused?"""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from adjoint import golden
from adjoint.reference.apis import APIS
from adjoint.spec import SpecError, clauses, load

GOOD = """
[document]
id = "page"
title = "a page"
source = "a version"
apis = ["a.b"]
own = { system = ">=1" }

[[clause]]
id = "page.rule"
level = "stated"
observes = ["values"]
text = "It is so."
source = "first line"
"""


def text_of(package: str, ending: str) -> str:
    paths = [path for path in files(package).iterdir() if path.name.endswith(ending)]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_a_good_file_is_read() -> None:
    spec = clauses.read({"page.toml": GOOD})
    (document,), (clause,) = spec.documents.values(), spec.clauses.values()
    assert (document.id, document.apis, document.own) == ("page", ("a.b",), {"system": ">=1"})
    assert (document.title, document.source) == ("a page", "a version")
    assert clause == clauses.Clause("page.rule", "stated", "It is so.", "first line", ("values",), "page")


def refusal(line: str, instead: str) -> str:
    """Return what is said of the good file with one line changed."""
    assert line in GOOD
    with pytest.raises(SpecError) as error:
        clauses.read({"page.toml": GOOD.replace(line, instead)})
    return str(error.value)


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('level = "stated"', 'level = "certain"', "certain"),
        ('level = "stated"', 'level = "open"', "evidence"),
        ('level = "stated"', 'level = "customary"', "evidence"),
        ('level = "stated"', "", "level"),
        ('text = "It is so."', "", "text"),
        ('text = "It is so."', 'txt = "It is so."', "txt"),
        ('observes = ["values"]', "", "observes"),
        ('observes = ["values"]', "observes = []", "observes"),
        ('observes = ["values"]', "observes = 3", "3"),
        ('observes = ["values"]', 'observes = ["value"]', "value"),
        ('observes = ["values"]', 'observes = [["values"]]', "values"),
    ],
)
def test_a_bad_clause_is_refused_by_file_and_clause(line: str, instead: str, said: str) -> None:
    message = refusal(line, instead)
    assert message.startswith("page.toml: clause 'page.rule'")
    assert said in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("id_", "named"),
    [
        ('id = "other.rule"', "'other.rule'"),
        ('id = "pagerule"', "'pagerule'"),
        ("id = 7", "7"),
        ("", "(no id)"),
    ],
)
def test_an_id_that_does_not_start_with_its_documents_is_refused(id_: str, named: str) -> None:
    message = refusal('id = "page.rule"', id_)
    assert message.startswith("page.toml: clause ")
    assert named in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        (GOOD, "not TOML"),
        (GOOD, ""),
        (GOOD, 'document = "page"\nclause = []'),
        ('id = "page"', ""),
        ('own = { system = ">=1" }', ""),
        ('apis = ["a.b"]', ""),
        ('title = "a page"', 'titel = "a page"'),
        ("[[clause]]", "[clause]"),
        ("[[clause]]", "[[clauses]]"),
        ("[[clause]]", "[more]\n[[clause]]"),
    ],
)
def test_a_bad_document_is_refused_by_file(line: str, instead: str) -> None:
    assert re.fullmatch(r"page\.toml: .+\.", refusal(line, instead))


def test_the_files_of_the_folder_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clauses, "files", lambda _: tmp_path)
    (tmp_path / "notes.txt").write_text("not a document")
    (tmp_path / "page.toml").write_text(GOOD)
    assert set(load.__wrapped__().clauses) == {"page.rule"}


def test_an_id_used_twice_is_refused_by_file_and_clause() -> None:
    with pytest.raises(SpecError, match=r"^page\.toml: .*'page\.rule'.*\.$"):
        clauses.read({"page.toml": GOOD + GOOD[GOOD.index("[[clause]]") :]})


def test_a_document_id_used_twice_is_refused_by_file() -> None:
    with pytest.raises(SpecError, match=r"^zweite\.toml: .*'page'.*\.$"):
        clauses.read({"page.toml": GOOD, "zweite.toml": GOOD.replace("page.rule", "page.other")})


SIBLING = """
[document]
id = "sibling"
title = "another page"
source = "a version"
apis = ["a.c"]
own = {}

[[clause]]
id = "sibling.rule"
as = "page.rule"
source = "last line"
"""


def test_a_sibling_shares_what_it_does_not_give_itself() -> None:
    spec = clauses.read({"page.toml": GOOD, "sibling.toml": SIBLING})
    shared = clauses.Clause("sibling.rule", "stated", "It is so.", "last line", ("values",), "sibling")
    assert spec.clauses["sibling.rule"] == shared
    spec = clauses.read({"page.toml": GOOD, "sibling.toml": SIBLING + 'level = "implied"'})
    assert spec.clauses["sibling.rule"].level == "implied"


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('as = "page.rule"', 'as = "page.other"', "as is 'page.other'"),
        ('as = "page.rule"', 'as = "sibling.rule"', "as is 'sibling.rule'"),
        ('source = "last line"', "", "source"),
    ],
)
def test_a_sibling_of_nothing_is_refused(line: str, instead: str, said: str) -> None:
    with pytest.raises(SpecError, match=r"^sibling\.toml: clause 'sibling\.rule'.*\.$") as error:
        clauses.read({"page.toml": GOOD, "sibling.toml": SIBLING.replace(line, instead)})
    assert said in str(error.value)


def test_every_id_is_written_once_and_starts_with_its_documents() -> None:
    written = Counter(re.findall(r'(?m)^id = "(.+)"$', text_of("adjoint.spec", ".toml")))
    assert set(written.values()) == {1}
    assert set(written) == set(load().clauses) | set(load().documents)
    assert all(
        clause.id.startswith(load().document_of(clause.id).id + ".") for clause in load().clauses.values()
    )


def test_no_clause_was_removed() -> None:
    counts = Counter(clause.document for clause in load().clauses.values())
    assert counts >= Counter(
        {
            "keras-conv1d": 73,
            "keras-conv2d": 63,
            "keras-conv3d": 75,
            "tf-keras-conv1d": 78,
            "tf-keras-conv2d": 75,
            "tf-keras-conv3d": 82,
            "tf-layers-conv2d": 72,
            "tf-nn": 51,
            "operation": 18,
            "torch-functional": 46,
            "torch-modules": 66,
        }
    )


def test_every_clause_has_a_golden_case_and_every_case_a_clause() -> None:
    covered = {clause for case in golden.load() for clause in (*case.clauses(), *case.exercises)}
    assert covered == set(load().clauses)


def test_every_documented_api_is_answered_by_the_reference_and_no_other() -> None:
    assert load().apis() == tuple(sorted(APIS))


def test_every_clause_that_the_reference_names_exists() -> None:
    """In full, as `tf-nn.values`, or by its last part where several pages have it, as `.values`."""
    text = text_of("adjoint.reference", ".py")
    named = set(re.findall(rf"\b(?:{'|'.join(load().documents)})\.[a-z0-9-]*[a-z0-9]\b(?!-?{{)", text))
    assert len(named) > 20
    assert named <= set(load().clauses)
    short = set(re.findall(r"(?<=[ `(])\.([a-z][a-z0-9-]*[a-z0-9])", text))
    assert len(short) > 40
    assert short <= {clause.split(".")[1] for clause in load().clauses}
