"""How do several implementations run?  Each in a pytest of its own, watched by its record."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from adjoint import catalogue, environments
from adjoint.catalogue import Implementation, NotInstalled
from adjoint.ending import INTERRUPTED
from adjoint.errors import AdjointError, RecordError, UsageError
from adjoint.heading import write_not_run
from adjoint.inert import cut, in_a_line
from adjoint.locking import locked
from adjoint.plan import Plan
from adjoint.record import Record, read
from adjoint.resuming import seal
from adjoint.waiting import STILL

BEFORE_ALL = f"{INTERRUPTED} before its first verdict: nothing is kept, and with --resume it begins anew."


@dataclass(frozen=True)
class Request:
    """What `adjoint run` was asked for.

    Attributes
    ----------
    targets, commands : tuple of str
    api, dtypes, claims, python : str, optional
    make : bool
        Whether missing environments are built.
    excuse : bool
        Whether a missing environment is excused.
    out : Path
    resume : bool
        Whether records that are there go on.
    selection : str
        What the run is narrowed to; empty for all.
    options : tuple of str
        Words for the plugin.
    """

    targets: tuple[str, ...]
    commands: tuple[str, ...]
    api: str | None
    dtypes: str | None
    claims: str | None
    python: str | None
    make: bool
    excuse: bool
    out: Path
    resume: bool
    selection: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """One implementation to run, the words that tell the plugin so, and its record."""

    name: str
    words: tuple[str, ...]
    record: Path
    missing: AdjointError | None = None


def run_all(request: Request) -> list[Record]:
    """Run what was asked for, one after the other, and return the records.

    Raises
    ------
    UsageError
        If a target makes no sense, the folder can't be written to, or another run still writes a record
        (nothing was run then), or the selection leaves no case.
    """
    jobs = list(_jobs(request))
    make_folder(request.out)
    for job in jobs:
        _take(job.record)
    if request.make and not request.python:  # which no environment would be used beside
        failed = environments.make(job.name for job in jobs)
        jobs = [replace(job, missing=failed.get(job.name, job.missing)) for job in _jobs(request)]
    records = list(_run_each(jobs, request))
    if request.selection and all(r.footer["status"] == "ran" and not r.checks for r in records):
        for job in jobs:
            job.record.unlink()
        raise UsageError(f"no case is left: nothing that these implementations offer is {request.selection}.")
    return records


def _run_each(jobs: list[Job], request: Request) -> Iterator[Record]:
    """Run one job after the other; once interrupted, the rest is not run."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    interrupted = False
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        names = [escape(in_a_line(job.name)) for job in jobs]
        tasks = [progress.add_task(name, total=None, start=False, job=name) for name in names]
        for job, task in zip(jobs, tasks, strict=True):
            if interrupted:
                yield _left(job, request, "the run was interrupted before it.")
            elif job.missing:
                status = "unavailable" if request.excuse else "not-run"
                yield _left(job, request, str(job.missing), status)
            else:
                progress.start_task(task)
                record, interrupted = _run(job, request, progress, task)
                yield record


def make_folder(out: Path) -> None:
    """Make a folder to write to, and see that it can be written to.

    Raises
    ------
    UsageError
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".adjoint"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f"--out {out} can't be written to: {error.strerror}.") from None


def _jobs(request: Request) -> Iterator[Job]:
    """Yield a job for each target; a name that makes no sense ends everything here."""
    python = [f"--adjoint-python={request.python}"] if request.python else []
    for target in dict.fromkeys(request.targets):
        missing = None
        function = (
            {"api": request.api, "dtypes": request.dtypes, "claims": request.claims} if ":" in target else {}
        )
        try:
            catalogue.resolve(target, python=request.python, **function)
        except NotInstalled as error:
            missing = error
        words = [f"--adjoint-{name}={value}" for name, value in function.items() if value]
        yield Job(
            target, (f"--implementation={target}", *words, *python), _record(request.out, target), missing
        )
    for command in dict.fromkeys(request.commands):
        catalogue.from_command(command)
        yield Job(command, (f"--adjoint-command={command}",), _record(request.out, command))


def _record(out: Path, name: str) -> Path:
    """Return a file for a record; a name that a file can't have gets a hash instead of what is lost."""
    safe = re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:60].lstrip("._-") or "record"  # a dot would hide it
    if safe != name:
        safe += "-" + hashlib.sha256(name.encode()).hexdigest()[:6]
    return out.absolute() / f"{safe}.record.jsonl"


def _run(job: Job, request: Request, progress: Progress, task: TaskID) -> tuple[Record, bool]:
    """Run one job; return its record, and whether the run was interrupted."""
    log = job.record.with_suffix("").with_suffix(".log")
    try:
        _take(job.record, clear=not request.resume)
        output = log.open("wb")
    except OSError as error:
        raise UsageError(f"{error.filename} can't be written: {error.strerror}.") from None
    interrupted = False
    with output, as_file(files("adjoint") / "cases" / "pytest.ini") as settings:
        # A path, not `--pyargs`: with that, pytest would load the conftest of the folder we are run in.
        words = (str(settings.parent), "-c", str(settings), "-q")
        command = (sys.executable, "-m", "adjoint.tethered", *words, f"--adjoint-record={job.record}")
        with subprocess.Popen(
            [*command, *job.words, *request.options],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.PIPE,  # which ends with us, and pytest with it
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        ) as child:
            try:
                told = False
                while child.poll() is None:
                    time.sleep(0.1)
                    _show(job.record, progress, task)
                    told = told or _tell(job, log, progress)
            except KeyboardInterrupt:
                interrupted = True
                _interrupt(child)
    _show(job.record, progress, task)
    return _result(job, request, log, child.returncode, interrupted), interrupted


def _take(record: Path, clear: bool = False) -> None:
    """See that no other run writes a record, if it is there, and empty it if so asked."""
    if record.exists():
        with locked(record) as file:
            if clear:
                file.truncate(0)


def _interrupt(child: subprocess.Popen[bytes]) -> None:
    """Pass an interrupt on, so that the child ends its worker and closes its record, then see it gone.

    It is sent again where nothing comes of it: Python drops one that arrives in a callback of its own.
    """
    try:
        for _ in range(3):
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=7)
                return
    except KeyboardInterrupt:
        pass
    child.kill()
    child.wait()


def _show(record: Path, progress: Progress, task: TaskID) -> None:
    """Move the bar to where the record is."""
    if progress.disable:
        return
    with suppress(OSError, ValueError, KeyError):
        phase, done, total = reached(record.read_bytes())
        name = progress.tasks[task].fields["job"]
        progress.update(task, description=f"{name}{phase}", total=total, completed=done)


def reached(content: bytes) -> tuple[str, int, int]:
    """Return how far a record is: what is counted, if not golden checks, how many are done, and of how many.

    First golden checks count; then the items that draw calls, each of which takes as long as many checks.

    Raises
    ------
    ValueError, KeyError
        If there is no header yet.
    """
    head, *lines = content.split(b"\n")[:-1]
    header = json.loads(head)
    if len(lines) < header["planned"] or not header["drawn"]:
        return "", min(len(lines), header["planned"]), header["planned"]
    if lines and lines[-1].startswith(b'{"footer"'):  # an item without a call has no line
        return ", drawn", header["drawn"], header["drawn"]
    return ", drawn", content.count(b'"tally": {"coverage": '), header["drawn"]


def _tell(job: Job, log: Path, progress: Progress) -> bool:
    """Pass on that a worker is long in starting, if that is in the log; tell whether it is."""
    with suppress(OSError):
        if STILL in log.read_text(encoding="utf-8", errors="replace"):
            text = f"{in_a_line(job.name)}: {STILL}"
            progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
            return True
    return False


def _left(job: Job, request: Request, why: str, status: str = "not-run") -> Record:
    """Return the record of a job that is not run now: what there is of it, if it might have gone on."""
    found = seal(job.record, why) if request.resume else None
    return found or _not_run(job, AdjointError(why), status)


def _result(job: Job, request: Request, log: Path, code: int, interrupted: bool) -> Record:
    """Read the record of a finished run, or say why there is none.

    Of a run that was interrupted, neither the code nor the log tells anything: they depend on the moment.

    Raises
    ------
    UsageError
        If pytest can't make sense of the request, such as of `-k`.
    """
    if code != pytest.ExitCode.USAGE_ERROR:
        with suppress(RecordError):
            return read(job.record)
    if interrupted and code != pytest.ExitCode.USAGE_ERROR:
        return seal(job.record, INTERRUPTED) or _not_run(job, AdjointError(BEFORE_ALL))
    text = log.read_text(encoding="utf-8", errors="replace")
    if code == pytest.ExitCode.USAGE_ERROR:
        if not request.resume:
            job.record.unlink(missing_ok=True)
        said = [line.removeprefix("ERROR: ") for line in text.splitlines() if line.startswith("ERROR: ")]
        raise UsageError(said[0] if said else f"pytest can't make sense of the request; see {log}.")
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
    why = f"the run ended with code {code} and no whole record: {cut(last, 300)}; see {log}."
    return seal(job.record, why) or _not_run(job, AdjointError(why))


def _not_run(job: Job, error: AdjointError, status: str = "not-run") -> Record:
    write_not_run(Plan(Implementation(job.name, ()), job.record), error, status)
    return read(job.record)
