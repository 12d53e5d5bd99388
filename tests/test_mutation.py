"""Are the tables of the mutation run in order?  (The run itself, `tox -e mutation`, takes hours.)"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import mutation
from tests.mutation import HERE, ROOT, Mutation, Row, complaints, explained, plan, table

LOST = Mutation("a.py", "f", "return a + b", "return a - b")
KNOWN = Mutation("a.py", "", "SIZE = 1", "SIZE = 2")


def test_every_module_of_the_reference_is_in_the_table():
    assert {f"reference/{path.name}" for path in (ROOT / "reference").glob("*.py")} - set(plan().tests) == {
        "reference/__init__.py"
    }


def test_what_the_table_names_is_there():
    tests = {name for names in plan().tests.values() for name in names}
    assert all((ROOT / module).is_file() for module in plan().tests)
    assert all((HERE / f"{name}.py").is_file() for name in tests)


def test_every_explanation_speaks_of_a_line_that_is_there():
    for mutation_, why in explained().items():
        lines = (ROOT / mutation_.module).read_text(encoding="utf-8").splitlines()
        assert mutation_.module in plan().tests
        assert mutation_.line in {line.strip() for line in lines}, mutation_
        assert mutation_.line != mutation_.becomes
        assert why.endswith("."), mutation_


def test_the_table_counts():
    rows = [Row("a.py", 4, 1, (KNOWN, LOST), 2.0), Row("b.py", 1, 0, (), 1.0)]
    assert list(table(rows, [KNOWN]))[2:] == [
        "| a.py | 4 | 2 | 1 | 1 | 1 |",
        "| b.py | 1 | 1 | 0 | 0 | 0 |",
        "| all | 5 | 3 | 1 | 1 | 1 |",
    ]


def test_a_survivor_without_an_explanation_and_an_explanation_without_a_survivor_are_complained_of():
    rows = [Row("a.py", 4, 1, (LOST,), 2.0)]
    elsewhere = Mutation("b.py", "", "SIZE = 1", "SIZE = 2")
    assert list(complaints(rows, [KNOWN, elsewhere])) == [
        "No test sees a.py, in f: `return a + b` -> `return a - b`.",
        "Stale in mutation_survivors.toml, as no such mutant survives: a.py, in no function: "
        "`SIZE = 1` -> `SIZE = 2`.",
    ]


def test_a_survivor_that_is_explained_is_not_complained_of():
    assert not list(complaints([Row("a.py", 1, 0, (KNOWN,), 1.0)], [KNOWN]))


def test_a_mutation_is_named_by_the_function_around_it():
    source = (
        "SIZE = 1\n\nclass A:\n    def f(self):\n        return SIZE\n\n    def g(self):\n        return 2\n"
    )
    assert mutation._mutation("a.py", source, source.replace("return 2", "return 3")) == Mutation(
        "a.py", "A.g", "return 2", "return 3"
    )
    assert mutation._mutation("a.py", source, source.replace("= 1", "= 2")).within == ""


def test_annotations_mean_nothing_and_the_rest_does():
    source = "def f(a: int | None = 1) -> int | None:\n    b: int | None = a\n    return b\n"
    assert mutation._meaning(source) == mutation._meaning(source.replace("|", "&"))
    assert mutation._meaning(source) != mutation._meaning(source.replace("= 1", "= 2"))


@pytest.mark.parametrize(
    ("was", "becomes", "seconds", "code"),
    [
        ("", "", None, 0),
        ("return fits, ", "return not fits, ", None, 1),
        ("def judge", "while True:\n    pass\n\n\ndef judge", 5, None),
    ],
)
def test_the_tests_run_on_the_source_that_is_planted(was, becomes, seconds, code):
    """In a process of its own: only there may one fork, with nothing of the package imported yet."""
    script = (
        "from tests.mutation import ROOT, outcome\n"
        f"source = (ROOT / 'harness/judge.py').read_text(encoding='utf-8').replace({was!r}, {becomes!r})\n"
        f"print(outcome('harness/judge.py', source, ('test_judge',), {seconds!r}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    assert run.stdout.strip() == str(code)
