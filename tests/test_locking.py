"""Does a record have one writer at a time?"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TextIO

import pytest

from adjoint import locking
from adjoint.errors import UsageError
from adjoint.locking import locked
from adjoint.record import RecordWriter
from tests.test_record import HEADER

pytest.importorskip("fcntl")


def test_a_second_writer_waits_and_is_then_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.record.jsonl"
    with locked(path) as first:
        first.write("mine\n")
        first.flush()
        with pytest.raises(UsageError) as caught:
            locked(path, patience=0.2)
    assert str(caught.value) == (
        f"the record {path} is being written by another run: let that come to its end, or end it, or write "
        "to another folder."
    )
    assert path.read_text() == "mine\n"


def test_it_has_its_turn_once_the_first_is_done(tmp_path: Path) -> None:
    path = tmp_path / "a.record.jsonl"
    first = locked(path)
    threading.Timer(0.3, first.close).start()
    with RecordWriter(path, HEADER) as writer:
        assert first.closed
        writer.footer("stopped", 0.0)


@pytest.mark.parametrize("step", ["is_regular", "_lock"])
def test_a_file_that_is_removed_before_it_is_locked_is_made_anew(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, done = tmp_path / "a.record.jsonl", getattr(locking, step)
    tried: list[TextIO] = []

    def late(file: TextIO) -> bool:
        tried.append(file)
        if len(tried) == 1:
            path.unlink()
        return bool(done(file))

    monkeypatch.setattr(locking, step, late)
    with locking.locked(path) as file:
        file.write("mine\n")
    assert len(tried) == 2
    assert path.read_text() == "mine\n"


def test_what_is_there_stays_until_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "a.record.jsonl"
    path.write_text("before\n")
    with locked(path):
        assert path.read_text() == "before\n"


def test_a_device_has_many_writers() -> None:
    with locked(Path("/dev/null")), locked(Path("/dev/null"), patience=0.0):
        RecordWriter(Path("/dev/null"), HEADER).footer("ran", 0.0)
