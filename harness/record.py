"""What did one run of one implementation give?  A record: header, one line a check, footer, as JSON lines.

Each line is written and flushed as soon as its verdict is known; only a record with a footer is whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from adjoint.errors import RecordError, UsageError
from adjoint.locking import is_regular, locked

FORMAT = 2
VERDICTS = (
    "conforms",
    "deviates",
    "unsupported",
    "crashed",
    "timed-out",
    "broken",
    "not-reached",
    "vacuous",
    "observed",
)
FATAL = ("crashed", "timed-out", "broken")
"""Verdicts on a call that ended the worker."""
STATUSES = ("ran", "stopped", "not-run", "unavailable")
HEADER = {
    *("record", "implementation", "version", "systems", "claims", "python", "platform", "adjoint"),
    *("interpretation", "started", "planned", "levels", "drift", "selection"),
    *("drawn", "profile", "seed", "arrays"),
}
CHECK = {
    **dict.fromkeys(("case", "why", "api", "call", "kind", "clause", "level", "verdict"), (str,)),
    **dict.fromkeys(("own", "gated", "held", "claimed"), (bool,)),
    **{"size": (int,), "declared": (dict, type(None))},
}
"""Of what type each part is that every check has."""
FOOTER = {"footer", "checks", "verdicts", "status", "reason", "problems", "seconds", "coverage"}


@dataclass(frozen=True)
class Record:
    """A whole record.

    Attributes
    ----------
    header : mapping
        `record` (the format), `implementation` (its name), `version`, `systems`, `claims`, `python`,
        `platform`, `adjoint`, `interpretation`, `started`, `planned` (how many golden checks), `drawn` (how
        many items draw their calls), `profile` (how many each), `seed`, `arrays` (what the covering arrays
        cover, by family), `levels` and `drift` (what the gate holds), `selection` (what it was narrowed to,
        or empty), `is_function` (whether it was given as ``module:function``), `fingerprints` (digests of
        what else must be the same for a run to go on).
    checks : tuple of mapping
        Each: `case`, `why`, `api`, `call` (in a line), `size` (elements of its tensors), `kind`, `clause`,
        `level`, `own` (else drift), `verdict`, `gated` (whether this document counts for this
        implementation), `held` (whether also the clause's level does), `claimed` (of `unsupported`:
        claimed in advance), `declared` (None, or `reason` and `link`), and, unless it conforms,
        `demanded`, `seen`, `stderr`, `script`.  Of values also `features` (axis to level, as
        `adjoint.features` has it), `units` and `bound` (the largest deviation, and the largest that is
        allowed, in u * S), `picture` (what differs).  Of drawn calls, `drawn`: `data`, `calls`, `declared`
        (how many deviated as declared), `units` (one a call); the line then sums them up, or is the
        smallest of those that deviate.  In the last line of an item, `tally`, by which a run goes on that
        was cut off: see `adjoint.resuming`.
    footer : mapping
        `checks` and `verdicts` (counts), `status` (`ran`, `stopped`: not to its end, `not-run`: could not
        start, `unavailable`: not there, and excused), `reason`, `problems` (sentences about
        declarations, and about a worker that died), `seconds`, `coverage` (by API: how often each pair of
        levels was judged, as nested tables).
    """

    header: Mapping[str, Any]
    checks: tuple[Mapping[str, Any], ...]
    footer: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The implementation's name."""
        return str(self.header["implementation"])


def is_check(line: Mapping[str, Any]) -> bool:
    """Tell whether a line of a record is a check."""
    return all(type(line.get(name, ...)) in types for name, types in CHECK.items()) and (
        line["verdict"] in VERDICTS
    )


def is_footer(line: Mapping[str, Any]) -> bool:
    """Tell whether a line of a record is a footer."""
    return bool(line.get("footer")) and set(line) >= FOOTER and line["status"] in STATUSES


def fails(check: Mapping[str, Any]) -> bool:
    """Tell whether one check of a record fails the gate.

    An open clause excuses a deviation (it makes it `observed`), never a crash, a hang or a broken protocol.
    """
    if check["declared"]:
        return False
    match check["verdict"]:
        case "crashed" | "timed-out" | "broken":
            return bool(check["held"] or (check["gated"] and check["level"] == "open"))
        case "unsupported":
            return bool(check["held"] and not check["claimed"])
        case verdict:
            return bool(verdict == "deviates" and check["held"])


def error_of(check: Mapping[str, Any]) -> str:
    """Return the error, or the death, that the call of a failing check ended in; empty if it returned."""
    raised = check["kind"] != "raised-type" and check["seen"].startswith("raised ")
    return str(check["seen"]) if raised or check["verdict"] in FATAL else ""


def handy(check: Mapping[str, Any]) -> tuple[int, bool, str]:
    """Return what puts in order calls that show the same: first what a person can check.

    That is a small call, and of those of like size one of whole numbers: others count as twice as large.
    """
    drawn = check["drawn"]["data"] if "drawn" in check else "exact"
    is_rough = check.get("features", {}).get("data", drawn) != "exact"
    return check["size"] * (1 + is_rough), is_rough, check["call"]


class RecordWriter:
    """Writes a record line by line.

    Parameters
    ----------
    path : Path
    header : mapping
    keep : int
        How many bytes of the file stay, the header among them; none, and it begins anew.
    file : text file, optional
        What `adjoint.locking.locked` returned for it; without one, it is locked now.

    Raises
    ------
    UsageError
        If the file can't be written, or another process goes on writing it.
    """

    def __init__(
        self, path: Path, header: Mapping[str, Any], keep: int = 0, file: TextIO | None = None
    ) -> None:
        self._verdicts: Counter[str] = Counter()
        self._header = header
        self._planned, self._to_draw = header["planned"], header["drawn"]
        self._file = file or locked(path)
        if is_regular(self._file):
            self._file.truncate(keep)
        if not keep:
            self._write({"record": FORMAT, **header})

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def check(self, line: Mapping[str, Any]) -> None:
        """Write one check of a golden case."""
        self._planned -= 1
        self._verdicts[line["verdict"]] += 1
        self._write(line)

    def drawn(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write what came of one item that drew its calls."""
        self._to_draw -= 1
        for line in lines:
            self._verdicts[line["verdict"]] += 1
            self._write(line)

    def kept(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Count lines that are in the file already."""
        self._verdicts.update(line["verdict"] for line in lines)
        self._planned -= sum("drawn" not in line for line in lines)
        self._to_draw -= sum("coverage" in line.get("tally", {}) for line in lines)

    def footer(
        self,
        status: str,
        seconds: float,
        reason: str = "",
        problems: tuple[str, ...] = (),
        coverage: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the last line, without which the record counts as truncated.

        A run that did not come to all of its checks did not run, whoever says so.
        """
        if status == "ran" and (self._planned or self._to_draw):
            checks = f"{self._planned} of {self._header['planned']} checks"
            items = f"{self._to_draw} of {self._header['drawn']} drawn items"
            status, reason = "stopped", f"{checks} were not made, nor {items}; see the log."
        self._write(
            {
                "footer": True,
                "status": status,
                "reason": reason,
                "problems": list(problems),
                "checks": self._verdicts.total(),
                "verdicts": dict(sorted(self._verdicts.items())),
                "seconds": round(seconds, 3),
                "coverage": coverage or {},
            }
        )

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=True) + "\n")
        self._file.flush()


def files(path: Path) -> list[Path]:
    """Return a record's file itself, or those of a folder.

    Raises
    ------
    UsageError
        If the folder has none.
    """
    found = sorted(path.glob("*.record.jsonl")) if path.is_dir() else [path]
    if not found:
        raise UsageError(f"{path} has no records, *.record.jsonl; give a folder that 'adjoint run' wrote to.")
    return found


def read(path: Path) -> Record:
    """Read a whole record.

    Raises
    ------
    RecordError
        If the file can't be read, is no record, is of another format, or is truncated.
    """
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RecordError(f"the record {path} can't be read: {error.strerror}.") from None
    except ValueError:
        texts = []
    lines = [_parse(text) for text in texts]
    if not lines or "record" not in lines[0]:
        raise RecordError(f"{path} is not a record; give a file that 'adjoint run' wrote, *.record.jsonl.")
    if lines[0]["record"] != FORMAT:
        raise RecordError(f"the record {path} has format {lines[0]['record']}; this adjoint reads {FORMAT}.")
    header, *checks, footer = lines if len(lines) > 1 else [*lines, {}]
    if not footer.get("footer"):
        raise RecordError(
            f"the record {path} is truncated: its footer is missing; run the implementation again."
        )
    sound = set(header) >= HEADER and is_footer(footer) and all(map(is_check, checks))
    if not sound or footer["checks"] != len(checks):
        raise RecordError(
            f"the record {path} is damaged: it lacks or garbles a line; run the implementation again."
        )
    return Record(header, tuple(checks), footer)


def _parse(text: str) -> dict[str, Any]:
    """Return a line as an object, an empty one where it is none."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) else {}
