"""Is a record read back as it was written, and refused in one sentence when it is anything else?"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from adjoint.errors import RecordError, UsageError
from adjoint.record import FORMAT, RecordWriter, read

HEADER = {
    "implementation": "mine",
    "version": "1.2",
    "systems": {"torch": "2.9"},
    "claims": {"apis": ["tf.nn.conv_transpose"], "dtypes": ["int32"]},
    "python": "3.11.7",
    "platform": "Linux",
    "adjoint": "0.1.0",
    "interpretation": "1.0",
    "started": "2026-01-02T03:04:05+00:00",
    "planned": 3,
    "drawn": 0,
    "profile": "smoke",
    "seed": 7,
    "arrays": [],
    "levels": ["stated"],
    "drift": False,
    "selection": "",
}
CHECK = {
    "case": "0123456789ab",
    "why": "unequal strides",
    "api": "tf.nn.conv_transpose",
    "call": "tf.nn.conv_transpose()",
    "size": 7,
    "kind": "values",
    "clause": "tf-nn.values",
    "level": "stated",
    "own": True,
    "verdict": "conforms",
    "gated": True,
    "held": True,
    "claimed": False,
    "declared": None,
}
CHECKS = (
    CHECK,
    {**CHECK, "verdict": "deviates", "seen": "é\u2028\ud800\x1b\n", "demanded": "{}[]\\"},
    {**CHECK, "case": "ba9876543210"},
)


def write(path: Path, *checks: dict[str, Any]) -> Path:
    with RecordWriter(path, {**HEADER, "planned": len(checks)}) as writer:
        for line in checks:
            writer.check(line)
        writer.footer("ran", 1.23456, "because", ("one problem.",), {"tf.nn.conv_transpose": {}})
    return path


def refusal(path: Path) -> str:
    """The error of reading a file: one sentence that names it."""
    with pytest.raises(RecordError) as caught:
        read(path)
    text = str(caught.value)
    assert str(path) in text
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_record_is_read_back_whole(tmp_path):
    record = read(write(tmp_path / "r.jsonl", *CHECKS))
    assert record.header == {"record": FORMAT, **HEADER}
    assert record.checks == CHECKS
    assert record.footer == {
        "footer": True,
        "status": "ran",
        "reason": "because",
        "problems": ["one problem."],
        "checks": 3,
        "verdicts": {"conforms": 2, "deviates": 1},
        "seconds": 1.235,
        "coverage": {"tf.nn.conv_transpose": {}},
    }
    assert record.name == "mine"


def test_a_record_without_checks_is_a_record(tmp_path):
    assert read(write(tmp_path / "r.jsonl")).checks == ()


def test_every_line_is_on_disk_as_soon_as_it_is_written(tmp_path):
    path = tmp_path / "r.jsonl"
    with RecordWriter(path, HEADER) as writer:
        for number, line in enumerate(CHECKS, start=2):
            writer.check(line)
            assert len(path.read_text().splitlines()) == number


def test_a_record_is_one_ascii_line_a_check(tmp_path):
    lines = write(tmp_path / "r.jsonl", *CHECKS).read_bytes().decode("ascii").splitlines()
    assert [json.loads(line) for line in lines[1:-1]] == list(CHECKS)


def test_a_record_cut_off_at_any_byte_is_refused(tmp_path):
    whole = write(tmp_path / "r.jsonl", *CHECKS).read_bytes()
    cut = tmp_path / "cut.jsonl"
    for size in range(len(whole) - 1):  # without its last byte, a newline, it is still whole
        cut.write_bytes(whole[:size])
        refusal(cut)


def test_a_record_cut_off_behind_its_header_is_called_truncated(tmp_path):
    whole = write(tmp_path / "r.jsonl", *CHECKS).read_bytes()
    cut = tmp_path / "cut.jsonl"
    for size in range(whole.index(b"\n"), len(whole) - 1):
        cut.write_bytes(whole[:size])
        assert "truncated" in refusal(cut)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_record_that_lost_a_line_is_refused(tmp_path, lost):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:lost] + lines[lost + 1 :]))
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("line", ["7", "null", "[]", json.dumps(CHECK), '{"checks": 3}'])
def test_a_record_with_another_line_for_a_footer_is_refused(tmp_path, line):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:-1], line, "\n"]))
    assert "truncated" in refusal(path)


def test_two_records_in_one_file_are_refused(tmp_path):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    path.write_text(path.read_text() * 2)
    refusal(path)


FOREIGN = {
    "empty": b"",
    "blank": b"\n\n",
    "text": b"All tests passed.\n",
    "a list": b"[1, 2]\n",
    "a number": b"1\n",
    "an object": b'{"implementation": "mine"}\n{"footer": true, "checks": 0}\n',
    "a golden case": b'{"format": 1, "checks": []}\n',
    "junit": b"<?xml version='1.0'?>\n<testsuites/>\n",
    "binary": bytes(range(256)) * 40,
    "latin-1": "é".encode("latin-1"),
    "utf-16": json.dumps({"record": FORMAT}).encode("utf-16"),
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_no_record(tmp_path, content):
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    assert "is not a record" in refusal(path)


@pytest.mark.parametrize("line", [b"\xff\xfe\x00\n", b"null\n", b"7\n", b"{}\n", b"not json\n"], ids=repr)
def test_a_damaged_line_is_refused(tmp_path, line):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], line, *lines[3:]]))
    refusal(path)


@pytest.mark.parametrize("key", [*CHECK, "a verdict that is none"])
def test_a_check_that_lacks_a_part_is_refused(tmp_path, key):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    lines = path.read_text().splitlines(keepends=True)
    damaged = {**CHECKS[2], "verdict": "fine"} if key not in CHECK else {**CHECKS[2]}
    damaged.pop(key, None)
    path.write_text("".join([*lines[:3], json.dumps(damaged), "\n", lines[4]]))
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("key", list(HEADER))
def test_a_header_that_lacks_a_part_is_refused(tmp_path, key):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    _, *lines = path.read_text().splitlines(keepends=True)
    header = {name: value for name, value in HEADER.items() if name != key}
    path.write_text("".join([json.dumps({"record": FORMAT, **header}), "\n", *lines]))
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(
    "key", ["status", "reason", "problems", "checks", "verdicts", "seconds", "coverage", "an unknown status"]
)
def test_a_footer_that_lacks_a_part_is_refused(tmp_path, key):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    *lines, last = path.read_text().splitlines(keepends=True)
    footer = json.loads(last)
    footer.pop(key, None)
    if key not in json.loads(last):
        footer["status"] = "done"
    path.write_text("".join([*lines, json.dumps(footer), "\n"]))
    assert "damaged" in refusal(path)


def test_a_run_that_did_not_come_to_all_of_its_checks_did_not_run(tmp_path):
    path = tmp_path / "r.jsonl"
    with RecordWriter(path, HEADER) as writer:
        writer.check(CHECK)
        writer.footer("ran", 1.0)
    footer = read(path).footer
    assert footer["status"] == "stopped"
    assert footer["reason"].startswith("2 of 3 checks were not made")


@pytest.mark.parametrize("status", ["stopped", "not-run", "unavailable"])
def test_a_run_that_says_why_it_stopped_is_believed(tmp_path, status):
    path = tmp_path / "r.jsonl"
    with RecordWriter(path, HEADER) as writer:
        writer.footer(status, 1.0, "because")
    footer = read(path).footer
    assert (footer["status"], footer["reason"]) == (status, "because")


def test_drawn_lines_are_no_golden_checks_and_a_missing_item_stops_the_run(tmp_path):
    path = tmp_path / "r.jsonl"
    for items, status in (([CHECKS], "stopped"), ([CHECKS, []], "ran")):
        with RecordWriter(path, {**HEADER, "planned": 1, "drawn": 2}) as writer:
            writer.check(CHECK)
            for lines in items:
                writer.drawn(lines)
            writer.footer("ran", 1.0)
        record = read(path)
        assert len(record.checks) == 1 + len(CHECKS)
        assert record.footer["status"] == status
    with RecordWriter(path, {**HEADER, "drawn": 2}) as writer:
        writer.footer("ran", 1.0)
    assert read(path).footer["reason"] == "3 of 3 checks were not made, nor 2 of 2 drawn items; see the log."


def test_a_missing_file_is_refused(tmp_path):
    assert "can't be read: No such file or directory" in refusal(tmp_path / "none.jsonl")


def test_a_folder_is_refused(tmp_path):
    assert "can't be read: Is a directory" in refusal(tmp_path)


@pytest.mark.parametrize("other", [0, FORMAT + 1, "1", None], ids=repr)
def test_another_format_is_refused_by_its_number(tmp_path, other):
    path = write(tmp_path / "r.jsonl", *CHECKS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(json.dumps({**HEADER, "record": other}) + "\n" + "".join(lines[1:]))
    assert f"has format {other}; this adjoint reads {FORMAT}" in refusal(path)


def test_a_truncated_record_of_another_format_is_refused_by_its_number(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"record": 99}\n{"new": tr')
    assert "has format 99" in refusal(path)


@pytest.mark.parametrize("where", ["none/r.jsonl", "", "file/r.jsonl"])
def test_a_path_that_cant_be_written_is_a_usage_error(tmp_path, where):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught:
        RecordWriter(tmp_path / where, HEADER)
    assert str(caught.value).startswith(f"the record {tmp_path / where} can't be written: ")
    assert not isinstance(caught.value, RecordError)


def test_a_record_of_an_interrupted_run_is_refused(tmp_path):
    path = tmp_path / "r.jsonl"
    with contextlib.suppress(KeyboardInterrupt), RecordWriter(path, HEADER) as writer:
        writer.check(CHECKS[0])
        raise KeyboardInterrupt
    assert "truncated" in refusal(path)
