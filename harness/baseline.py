"""What changed since an earlier run?  A record against its baseline, check by check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adjoint import INTERPRETATION
from adjoint.errors import UsageError
from adjoint.gate import code_of, unmet_apis
from adjoint.record import Record, fails, files, read

PASSING = ("conforms", "observed", "vacuous")

Check = Mapping[str, Any]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """What changed in one implementation's run.

    Attributes
    ----------
    record : Record
        The run itself.
    failing : tuple of mapping
        The checks that fail now and did not, or were not there.
    passing : tuple of mapping
        Those that failed and now pass.
    excused : tuple of mapping
        Those that failed, and neither fail nor pass: they are declared, unsupported, not reached now.
    new : tuple of mapping
        Those that were not there, and do not fail.
    gone : tuple of mapping
        Those of the baseline that are there no more, though the run was not narrowed.
    problems : tuple of str
        What is wrong with declarations now and was not, and the APIs of which no value conforms any more.
    code : int
        The exit code that all this deserves.
    """

    record: Record
    failing: tuple[Check, ...]
    passing: tuple[Check, ...]
    excused: tuple[Check, ...]
    new: tuple[Check, ...]
    gone: tuple[Check, ...]
    problems: tuple[str, ...]
    code: int

    @property
    def name(self) -> str:
        """The implementation's name."""
        return self.record.name

    @property
    def parts(self) -> dict[str, tuple[Check, ...]]:
        """The checks that changed, by how, the worst first."""
        return {
            "newly failing": self.failing,
            "newly passing": self.passing,
            "no longer failing, nor passing": self.excused,
            "new checks": self.new,
            "gone checks": self.gone,
        }

    @property
    def narrowed(self) -> Record:
        """The run, with nothing in it but what changed."""
        checks = (*self.failing, *self.passing, *self.excused, *self.new)
        header = {**self.record.header, "selection": "what changed"}
        return Record(header, checks, {**self.record.footer, "problems": list(self.problems)})


def load(path: Path) -> dict[str, Record]:
    """Read a baseline: a record, or a folder of records; by implementation.

    Raises
    ------
    UsageError
        If there is none, or one of them is not whole, did not run to its end, or is of an interpretation
        whose verdicts mean something else.
    """
    found = {}
    for each in files(path):
        record = read(each)
        interpretation = str(record.header["interpretation"])
        if interpretation.partition(".")[0] != INTERPRETATION.partition(".")[0]:
            raise UsageError(
                f"--baseline {each} has interpretation {interpretation} of the documents, and this one is "
                f"{INTERPRETATION}; make a new baseline."
            )
        found[record.name] = record
    return found


def check(baseline: Mapping[str, Record], path: Path, names: Iterable[str], api: str | None) -> None:
    """See that a baseline has a whole run of each implementation; of a module:function, as this API.

    Raises
    ------
    UsageError
    """
    for name in names:
        if name not in baseline:
            raise UsageError(f"--baseline {path} is of {', '.join(baseline)}, and this run is of {name}.")
        if baseline[name].footer["status"] != "ran":
            raise UsageError(f"--baseline {path}: the run of {name} came to no end; make a new baseline.")
        if ":" in name and api:
            _refuse_apis(name, [api], baseline[name], path)


def against(records: Sequence[Record], baseline: Mapping[str, Record], path: Path) -> list[Change]:
    """Return what changed in each record.

    Raises
    ------
    UsageError
        If a baseline is of other APIs altogether, or was narrowed otherwise.
    """
    return [_change(record, baseline[record.name], path) for record in records]


def exit_code(changes: Iterable[Change]) -> int:
    """Return 0 if nothing newly fails, 1 if something does, 3 if something asked for was not really run."""
    return max((change.code for change in changes), default=0)


def _change(record: Record, before: Record, path: Path) -> Change:
    if record.footer["status"] == "ran":
        _refuse(record, before, path)
    now, then = _by_key(record), _by_key(before)
    failing: list[Check] = []
    passing: list[Check] = []
    excused: list[Check] = []
    new: list[Check] = []
    for key, checks in now.items():
        bad = [check for check in checks if fails(check)]
        failed = any(map(fails, then.get(key, ())))
        if bad and not failed:
            failing += bad
        elif failed and not bad:
            passes = any(check["verdict"] in PASSING for check in checks)
            (passing if passes else excused).append(checks[0])
        elif key not in then:
            new.append(checks[0])
    whole = record.footer["status"] == "ran" and not record.header["selection"]
    gone = [checks[0] for key, checks in then.items() if key not in now] if whole else []
    known = before.footer["problems"]
    problems = tuple(problem for problem in record.footer["problems"] if problem not in known)
    unmet = set(unmet_apis(record)) - set(unmet_apis(before))
    problems += tuple(f"No value check of {api} conforms any more." for api in sorted(unmet))
    code = code_of(record)
    if code == 1 or (code == 3 and record.footer["status"] == "ran" and not unmet and code_of(before) == 3):
        code = int(bool(failing or problems))
    return Change(
        record, tuple(failing), tuple(passing), tuple(excused), tuple(new), tuple(gone), problems, code
    )


def _refuse(record: Record, before: Record, path: Path) -> None:
    _refuse_apis(record.name, record.header["claims"].get("apis", []), before, path)
    narrowed = [made.header["selection"] for made in (record, before)]
    if narrowed[1] and narrowed[0] != narrowed[1]:
        raise UsageError(
            f"--baseline {path} was narrowed to {narrowed[1]}, and this run was not; make a whole baseline."
        )


def _refuse_apis(name: str, apis: Sequence[str], before: Record, path: Path) -> None:
    then = before.header["claims"].get("apis", [])
    if not set(apis) & set(then):
        raise UsageError(
            f"--baseline {path} is of {name} as {', '.join(then)}, and this run is of {', '.join(apis)}."
        )


def _by_key(record: Record) -> dict[Key, list[Check]]:
    """Return the checks by what they are of: of drawn calls, whatever was drawn."""
    found: dict[Key, list[Check]] = {}
    for check in record.checks:
        drawn = f"drawn, {check['drawn']['data']}" if "drawn" in check else check["case"]
        found.setdefault((drawn, check["api"], check["clause"], check["kind"]), []).append(check)
    return found
