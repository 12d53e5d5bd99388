"""How do several implementations run?  Each in a pytest of its own, watched by its record."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adjoint import catalogue, environments, listing
from adjoint.catalogue import Implementation, NotInstalled
from adjoint.errors import AdjointError, RecordError, UsageError
from adjoint.examination import Plan, write_not_run
from adjoint.record import Record, read
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@dataclass(frozen=True)
class Request:
    """What `adjoint run` was asked for.

    Attributes
    ----------
    targets, commands : tuple of str
    api, python : str, optional
    make : bool
        Whether missing environments are built.
    excuse : bool
        Whether a missing environment is excused.
    out : Path
    options : tuple of str
        Words for the plugin.
    """

    targets: tuple[str, ...]
    commands: tuple[str, ...]
    api: str | None
    python: str | None
    make: bool
    excuse: bool
    out: Path
    options: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """One implementation to run, the words that tell the plugin so, and its record."""

    name: str
    words: tuple[str, ...]
    record: Path
    missing: NotInstalled | None = None


def run_all(request: Request) -> list[Record]:
    """Run what was asked for, one after the other, and return the records.

    Raises
    ------
    UsageError
        If a target makes no sense, or the folder can't be written to (nothing was run then), or the
        selection leaves no case.
    """
    jobs = list(_jobs(request))
    listing.make_folder(request.out)
    if request.make:
        environments.make({job.name for job in jobs})
        jobs = list(_jobs(request))
    records = []
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = [progress.add_task(job.name, total=None, start=False) for job in jobs]
        for job, task in zip(jobs, tasks, strict=True):
            progress.start_task(task)
            records.append(_run(job, request, progress, task))
    if all(record.footer["status"] == "ran" and not record.checks for record in records):
        for job in jobs:
            job.record.unlink()
        raise UsageError(
            "no case is left: no implementation here claims an API that the selection speaks of."
        )
    return records


def _jobs(request: Request) -> Iterator[Job]:
    """Yield a job for each target; a name that makes no sense ends everything here."""
    interpreter = ("--python", request.python) if request.python else ()
    for target in dict.fromkeys(request.targets):
        missing = None
        try:
            catalogue.resolve(target, request.api, request.python)
        except NotInstalled as error:
            missing = error
        api = ("--api", request.api) if request.api and ":" in target else ()
        words = ("--implementation", target, *api, *interpreter)
        yield Job(target, words, _record(request.out, target), missing)
    for command in request.commands:
        catalogue.from_command(command)
        yield Job(command, ("--command", command), _record(request.out, command))


def _record(out: Path, name: str) -> Path:
    return out / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', name)[:80]}.record.jsonl"


def _run(job: Job, request: Request, progress: Progress, task: TaskID) -> Record:
    if job.missing:
        plan = Plan(Implementation(job.name, ()), job.record)
        write_not_run(plan, job.missing, "unavailable" if request.excuse else "not-run")
        return read(job.record)
    job.record.unlink(missing_ok=True)
    words = ("--pyargs", "adjoint.cases", "-q", "-p", "no:cacheprovider", "--record", str(job.record))
    command = [sys.executable, "-m", "pytest", *words, *job.words, *request.options]
    log = job.record.with_suffix("").with_suffix(".log")
    with log.open("wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            while child.poll() is None:
                time.sleep(0.1)
                _show(job.record, progress, task)
        except KeyboardInterrupt:
            _interrupt(child)
            raise
    _show(job.record, progress, task)
    return _result(job, log, child.returncode)


def _interrupt(child: subprocess.Popen[bytes]) -> None:
    """Pass an interrupt on, so that the child ends its worker and closes its record, then see it gone."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _show(record: Path, progress: Progress, task: TaskID) -> None:
    """Move the bar to where the record is."""
    if progress.disable:
        return
    with suppress(OSError, ValueError, KeyError):
        lines = record.read_bytes().split(b"\n")
        total = json.loads(lines[0])["planned"]
        progress.update(task, total=total, completed=min(len(lines) - 2, total))


def _result(job: Job, log: Path, code: int) -> Record:
    """Read the record of a finished run, or say why there is none."""
    with suppress(RecordError):
        return read(job.record)
    text = log.read_text(encoding="utf-8", errors="replace")
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
    plan = Plan(Implementation(job.name, ()), job.record)
    write_not_run(
        plan, AdjointError(f"the run ended with code {code} and no whole record: {last:.300}; see {log}.")
    )
    return read(job.record)
