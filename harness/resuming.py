"""What is left of a run that came to no end?  The verdicts in its record, and where it goes on.

An item is a golden case, or a kind of data drawn for an API.  It is finished if all of its lines are there.
What an item adds to the footer beside its verdicts is its `tally`, in its last line: `met`, what became of
declarations, and `deaths`, sentences, where there are any; and of one that drew its calls always `coverage`,
by which it is known to be finished.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adjoint.coverage import STEPS, Coverage
from adjoint.errors import RecordError, UsageError
from adjoint.golden import Case
from adjoint.inert import cut
from adjoint.record import FORMAT, Record, RecordWriter, is_check, is_footer, read

Line = dict[str, Any]
NEVER_BEGUN = ("not-run", "unavailable")
FOLLOWS = ("arrays", "planned", "drawn", "is_function")
"""Of a header, what differs only where something else does: compared last."""


@dataclass(frozen=True)
class Kept:
    """What is kept of a record.

    Attributes
    ----------
    size : int
        How many of its bytes: header and finished items.
    golden : mapping of str to list of dict
        Case to lines, in the order of the record.
    drawn : mapping of (str, str) to list of dict
        Kind of data and API to lines.
    status : str
        That of its footer; empty if it has none.
    """

    size: int = 0
    golden: Mapping[str, list[Line]] = field(default_factory=dict)
    drawn: Mapping[tuple[str, str], list[Line]] = field(default_factory=dict)
    status: str = ""

    def lines(self) -> list[Line]:
        """Return all lines, in the order of the record."""
        return [line for lines in (*self.golden.values(), *self.drawn.values()) for line in lines]


def keep(path: Path, header: Mapping[str, Any], cases: Sequence[Case]) -> Kept:
    """Return what can be kept of a record by a run with such a header, of these cases.

    Raises
    ------
    UsageError
        If the file is no record, or one of another run: the sentence names what differs.
    """
    lines, is_record = _whole_lines(path), _is_record(path)
    if not is_record or not lines:
        return Kept()
    (before, size), *rest = lines
    status = rest.pop()[0]["status"] if rest and is_footer(rest[-1][0]) else ""
    if status in NEVER_BEGUN:
        return Kept()
    if differs := _difference(before, json.loads(json.dumps({"record": FORMAT, **header}))):
        raise UsageError(
            f"the record {path} is of another run: {differs}; run it as it was, or without --resume."
        )
    if status == "ran":
        read(path)
        return Kept(status=status)
    golden: dict[str, list[Line]] = {}
    drawn: dict[tuple[str, str], list[Line]] = {}
    position = 0
    for case in cases:
        own = rest[position : position + len(case.checks)]
        if [_name(line) for line, _ in own] != [(case.id, c.kind, c.clause) for c in case.checks]:
            return Kept(size, golden, drawn, status)
        golden[case.id] = [line for line, _ in own]
        size, position = own[-1][1], position + len(own)
    item: list[Line] = []
    for line, end in rest[position:]:
        item.append(line)
        of = {(line["drawn"]["data"], line["api"]) if "drawn" in line else ("", "") for line in item}
        if len(of) > 1 or of & {("", ""), *drawn}:
            break
        if "coverage" in line.get("tally", {}):
            drawn[of.pop()] = item
            size, item = end, []
    return Kept(size, golden, drawn, status)


def recount(lines: Iterable[Line]) -> tuple[Coverage, list[str]]:
    """Return what was judged together in the calls of these lines, and what is said of deaths."""
    coverage, deaths = Coverage(), list[str]()
    for line in lines:
        tally = line.get("tally", {})
        deaths += tally.get("deaths", [])
        coverage.add(tally.get("coverage", {}))
        if "drawn" not in line and line["kind"] == "values" and "features" in line:
            coverage.count(line["api"], line["features"])
    coverage.take()  # what comes after is another item's
    return coverage, deaths


def seal(path: Path, reason: str) -> Record | None:
    """Return the record of a run that can't go on; one that was cut off gets the footer that it lacks.

    Parameters
    ----------
    path : Path
    reason : str
        Why it can't.

    Returns
    -------
    Record or None
        None if there is no verdict in it.
    """
    with suppress(RecordError):
        record = read(path)
        return record if record.checks else None
    lines = _whole_lines(path) if _is_record(path) else []
    if len(lines) > 1 and is_footer(lines[-1][0]):
        lines.pop()
    if len(lines) < 2 or any(type(lines[0][0].get(name)) is not int for name in ("planned", "drawn")):
        return None
    (header, _), *rest = lines
    coverage, deaths = recount(line for line, _ in rest)
    with RecordWriter(path, header, rest[-1][1]) as writer:
        writer.kept([line for line, _ in rest])
        writer.footer("stopped", 0.0, reason, tuple(deaths), coverage.table())
    return read(path)


def _is_record(path: Path) -> bool:
    """Tell whether there is anything of a record; not if there is nothing at all.

    Raises
    ------
    RecordError
        If there is something else.
    """
    try:
        first, newline, _ = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise RecordError(f"the record {path} can't be read: {error.strerror}.") from None
    if newline and "record" not in _parsed(first):
        raise RecordError(f"{path} is not a record, so there is nothing to resume; run without --resume.")
    return bool(newline)


def _whole_lines(path: Path) -> list[tuple[Line, int]]:
    """Return each line with the byte that it ends before: header, checks, footer, up to what is none."""
    found: list[tuple[Line, int]] = []
    end = 0
    with suppress(OSError):
        for text in path.read_bytes().split(b"\n")[:-1]:
            line, end = _parsed(text), end + len(text) + 1
            if found and not (_is_sound(line) or is_footer(line)):
                break
            found.append((line, end))
            if is_footer(line):
                break
    return found


def _is_sound(line: Line) -> bool:
    """Tell whether a line is a check with all that whoever goes on reads of it."""
    tally, drawn, told = (line.get(name, {}) for name in ("tally", "drawn", "features"))
    if not is_check(line) or not all(isinstance(part, dict) for part in (tally, drawn, told)):
        return False
    met, deaths = tally.get("met", {}), tally.get("deaths", [])
    return (
        all(isinstance(level, str) for level in told.values())
        and ("drawn" not in line or isinstance(drawn.get("data"), str))
        and (line["verdict"] == "conforms" or all(isinstance(line.get(p), str) for p in ("demanded", "seen")))
        and isinstance(met, dict)
        and all(number.isdecimal() and isinstance(how, str) for number, how in met.items())
        and isinstance(deaths, list)
        and all(isinstance(said, str) for said in deaths)
        and _is_table(tally.get("coverage", {}))
    )


def _is_table(table: object, steps: int = STEPS) -> bool:
    """Tell whether these are counts as `Coverage` takes them."""
    if steps == 0:
        return type(table) is int
    return isinstance(table, dict) and all(_is_table(held, steps - 1) for held in table.values())


def _parsed(text: bytes) -> Line:
    with suppress(ValueError, RecursionError):
        line = json.loads(text)
        return line if isinstance(line, dict) else {}
    return {}


def _name(line: Line) -> tuple[Any, ...]:
    return line.get("case"), line.get("kind"), line.get("clause")


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return what differs between the headers, in words; empty if nothing does that must not."""
    for name in sorted(now.keys() - {"started"}, key=lambda name: (name in FOLLOWS, list(now).index(name))):
        was, value = before.get(name), now[name]
        if name == "fingerprints":
            held = was if isinstance(was, dict) else {}
            if others := [part for part in value if held.get(part) != value[part]]:
                return f"its {others[0]} {'are' if others[0].endswith('s') else 'is'} not the same"
        elif was != value:
            return f"its {name} was {cut(json.dumps(was), 80)} and is {cut(json.dumps(value), 80)} now"
    return ""
