"""Are versions of one system found, and put in order, whatever the implementations are called?"""

from __future__ import annotations

from adjoint.record import Record
from adjoint.reports.column import Column, column_of
from adjoint.reports.versions import lines, newest, newest_first
from tests.records import check, record


def of(name: str, **systems: str) -> Column:
    return column_of(record(check("conforms"), name=name, systems=systems))


def names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]


OLD = of("tensorflow-1.15", tensorflow="1.15.5")
PAGE = of("tensorflow-2.4", tensorflow="2.4.4")
NINE = of("tensorflow-2.9", tensorflow="2.9.3")
LATER = of("tensorflow-2.15", tensorflow="2.15.1")
NEW = of("tensorflow", tensorflow="2.21.0")
PLAIN = of("tensorflow-no-onednn", tensorflow="2.21.0")
XLA = of("tensorflow-xla", tensorflow="2.21.0")
PAGE_XLA = of("tensorflow-2.4-xla", tensorflow="2.4.4")
NINE_PLAIN = of("tensorflow-2.9-no-onednn", tensorflow="2.9.3")


def test_a_line_goes_from_the_oldest_to_the_newest() -> None:
    (line,) = lines([NEW, NINE, OLD, LATER, PAGE])
    assert names(line) == [
        "tensorflow-1.15",
        "tensorflow-2.4",
        "tensorflow-2.9",
        "tensorflow-2.15",
        "tensorflow",
    ]


def test_names_are_of_no_importance_where_the_versions_tell() -> None:
    (line,) = lines([of("b", mine="2.0"), of("c", mine="10.0"), of("a", mine="2.0.1")])
    assert names(line) == ["b", "a", "c"]


def test_a_setting_makes_a_line_of_its_own() -> None:
    found = {
        tuple(names(line))
        for line in lines(
            [NEW, PLAIN, XLA, NINE, NINE_PLAIN, PAGE_XLA, of("tensorflow-x", tensorflow="2.21.0")]
        )
    }
    assert found == {
        ("tensorflow-2.9", "tensorflow"),
        ("tensorflow-2.9-no-onednn", "tensorflow-no-onednn"),
        ("tensorflow-2.4-xla", "tensorflow-xla"),
    }


def test_a_back_end_makes_a_line_of_its_own() -> None:
    columns = [
        of("keras-torch", keras="3.15.1", torch="2.13.0"),
        of("keras-jax", keras="3.15.1", jax="0.9"),
        of("keras-torch-3.0", keras="3.0.5", torch="2.13.0"),
        of("keras-torch-3.9", keras="3.9.0", torch="2.13.0"),
        of("torch", torch="2.13.0"),
    ]
    (line,) = lines(columns)
    assert names(line) == ["keras-torch-3.0", "keras-torch-3.9", "keras-torch"]


def test_one_version_or_none_is_no_line() -> None:
    nightly = of("nightly", tensorflow="of today")
    assert lines([NEW, PLAIN, of("fast"), of("other"), nightly]) == ()
    assert newest([NEW, PLAIN, of("fast"), nightly]) == ()


def test_the_newest_come_first_and_what_has_no_system_last() -> None:
    torch = of("torch", torch="2.13.0")
    columns = [of("fast"), LATER, torch, OLD, NEW, NINE]
    assert names(newest_first(columns)) == [
        *("tensorflow", "tensorflow-2.15", "tensorflow-2.9", "tensorflow-1.15"),
        *("torch", "fast"),
    ]
    assert names(newest([OLD, PLAIN, NINE, NEW, torch])) == ["tensorflow-no-onednn", "tensorflow"]


def test_a_record_that_never_ran_has_no_version() -> None:
    missing: Record = record(name="tensorflow-1.15", status="not-run", reason="no python3.7", systems={})
    assert lines([NEW, column_of(missing)]) == ()
