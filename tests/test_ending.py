"""Does a run that came to no end say why, with what the worker did and said last?"""

from __future__ import annotations

from adjoint.ending import why
from adjoint.reports import html, junit, markdown, notebook
from tests.records import check, record

HOPELESS = "3 calls in a row ended the worker; the rest was not tried."


def test_a_run_that_came_to_its_end_has_nothing_to_say() -> None:
    assert why(record(check("crashed"))) == ""


def test_a_hopeless_run_tells_how_the_last_call_ended_and_the_last_words() -> None:
    deaths = [
        check("crashed", seen="signal SIGSEGV"),
        check("crashed", seen="exit code 1", stderr="no\nbad\x07\n"),
    ]
    made = record(*deaths, check("conforms"), status="stopped", reason=HOPELESS)
    assert why(made) == f"{HOPELESS} The last time: exit code 1; its last words: bad\\x07"


def test_a_worker_that_said_nothing_has_no_last_words() -> None:
    made = record(check("broken", seen="it answered b'x'."), status="stopped", reason=HOPELESS)
    assert why(made) == f"{HOPELESS} The last time: it answered b'x'"


def test_any_other_reason_stands_alone() -> None:
    assert (
        why(record(check("crashed"), status="stopped", reason="it was interrupted")) == "it was interrupted"
    )
    assert why(record(status="stopped", reason=HOPELESS)) == HOPELESS


def test_every_report_tells_it() -> None:
    death = check("crashed", seen="exit code 1", stderr="no module named gpu")
    made = record(death, status="stopped", reason=HOPELESS)
    for text in (html.render([made]), markdown.render([made]), notebook.render(made, ())):
        assert "The last time: exit code 1; its last words: no module named gpu" in text
    (told,) = [line for line in junit.render([made]).splitlines() if "<error" in line]
    assert "no module named gpu" in told
