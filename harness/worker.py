"""How does an implementation perform calls?  The client of a worker: start it, keep it fed, outlive it."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adjoint import INTERPRETATION
from adjoint.call import Call, canonical
from adjoint.claims import Claims
from adjoint.ending import GAVE_UP
from adjoint.errors import AdjointError, MessageError, WorkerDidNotStart
from adjoint.inert import short
from adjoint.last_words import last_words
from adjoint.outcome import Broke, Crashed, Outcome, TimedOut, parse, plain
from adjoint.process import GRACE, Ended, Flooded, Limits, Process, Silent
from adjoint.waiting import aloud, patiently, silence, what_comes_late

PROTOCOL = 1
MOST_LEVELS = 100
"""How deep an answer may be nested."""
GREETING = {"do": "start", "protocol": PROTOCOL, "interpretation": INTERPRETATION}
"""The first message to a worker, but for options."""


class GaveUp(AdjointError):  # noqa: N818 - an event
    """Too many calls in a row ended the worker."""


class Worker:
    """An implementation's process, replaced by a fresh one whenever it dies.

    Once one has died another stands by, already starting: frameworks take seconds to import.

    Parameters
    ----------
    command : sequence of str
    env : mapping
        Variables to set on top of ours; ``{home}`` in one stands for an empty folder made for the worker.
    limits : Limits
    files : mapping of str to str
        What lies in that folder, by name, before it starts.
    say : callable
        Takes a sentence for whoever waits while it starts.

    Attributes
    ----------
    files : dict of str to str
    deaths : list of str
        A sentence for each time that the worker died of a call, or broke the protocol, but not of the same
        call alone.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        files: Mapping[str, str] | None = None,
        say: Callable[[str], None] = aloud,
    ) -> None:
        self.deaths: list[str] = []
        self._command = tuple(command)
        self._home = TemporaryDirectory(prefix="adjoint-home-", ignore_cleanup_errors=True)
        self.files = dict(files or {})
        for name, text in self.files.items():
            Path(self._home.name, name).write_text(text, encoding="utf-8")
        self._env = {name: value.replace("{home}", self._home.name) for name, value in (env or {}).items()}
        self._limits = limits or Limits()
        self._say_so = say
        self._process: Process | None = None
        self._spare: Process | None = None
        self._greeted = False
        self._claims: Claims | None = None
        self._options: dict[str, str] = {}
        self._asked = 0
        self._unread = 0

    @property
    def claims(self) -> Claims:
        """What the implementation claims; starts it if need be.

        Raises
        ------
        WorkerDidNotStart
        """
        if self._claims is None:
            self._live()
        assert self._claims is not None
        return self._claims

    def start(self, **options: str) -> Claims:
        """Start the implementation anew, with options, in the process that it has; return what it claims.

        A process that replaces this one gets the same options.  Answers that nobody waited for are lost.

        Raises
        ------
        WorkerDidNotStart
        """
        self._options, self._claims = options, None
        self._dismiss()
        try:
            if self._process:
                for _ in range(self._unread):
                    self._process.receive(time.monotonic() + self._limits.seconds)
                self._unread = 0
                self._greet(self._process)
                self._read_claims(self._process)
        except (Ended, Silent, Flooded, MessageError):
            self._drop()
        return self.claims

    def perform(self, calls: Sequence[Call], fatal: int = 0) -> Iterator[Outcome]:
        """Yield the outcome of each call, in order.

        A call that was in the worker's hands when it died, or when it broke the protocol, is tried once more,
        alone; if that happens again, that call is the culprit.  The others are sent again.

        Parameters
        ----------
        calls : sequence of Call
        fatal : int
            How many calls in a row had ended the worker before these.

        Raises
        ------
        WorkerDidNotStart
            If a fresh worker does not start.
        GaveUp
            After `Limits.patience` calls in a row that ended their worker.
        """
        done, suspect, cause = 0, False, ""
        while done < len(calls):
            self._give_up_after(fatal)
            batch = calls[done : done + 1] if suspect else calls[done:]
            for outcome in self._pipeline(batch):
                if isinstance(outcome, (Crashed, TimedOut, Broke)):
                    self._drop()
                    if not suspect and (cause := self._suspicion(outcome)):
                        suspect = True
                        self._take_spare()
                        self._spare = self._begun()  # at once: it may be needed as soon as this one is
                        break
                    fatal += 1
                else:
                    if suspect:
                        self.deaths.append(
                            f"The worker {cause} before it answered {calls[done]}, which it answered when "
                            "asked alone: what it does depends on what came before."
                        )
                    fatal = 0
                suspect = False
                done += 1
                yield outcome
                self._give_up_after(fatal)

    def close(self, grace: float = GRACE) -> None:
        """Ask the worker to stop, and see that it does within `grace` seconds."""
        self._dismiss()
        if self._process:
            self._process.send(_line({"do": "stop"}))
            self._process.close(grace)
            self._process = None
        self._home.cleanup()

    def _suspicion(self, outcome: Outcome) -> str:
        """Say what happened, if that may be the doing of a call before; a hang costs too much to try again.

        A worker that says more than it is asked would begin anew for each call: that is borne a few times.
        """
        if isinstance(outcome, Crashed):
            return f"died once ({outcome.cause})"
        if isinstance(outcome, Broke) and len(self.deaths) < self._limits.patience:
            return f"broke the protocol once ({outcome.problem.rstrip('.')})"
        return ""

    def _give_up_after(self, fatal: int) -> None:
        if fatal >= self._limits.patience:
            raise GaveUp(f"{fatal} {GAVE_UP}")

    def _pipeline(self, calls: Sequence[Call]) -> Iterator[Outcome]:
        """Yield outcomes in order; ends after the first that ends the worker."""
        process, limits = self._live(), self._limits
        first = self._asked
        self._asked += len(calls)
        lines = [
            _line({"do": "perform", "id": first + j, "call": call.to_json()}) for j, call in enumerate(calls)
        ]
        sent, clock = 0, time.monotonic()
        for j, call in enumerate(calls):
            while sent < len(lines) and (
                sent == j
                or (sent - j < limits.window and sum(map(len, lines[j : sent + 1])) <= limits.window_bytes)
            ):
                process.send(lines[sent])
                sent += 1
                self._unread += 1
            try:
                answer = _read(process.receive(clock + limits.seconds))
                self._unread -= 1
                if (id := answer.get("id")) != first + j or type(id) is not int:
                    raise MessageError(f"it answered id {short(id)} where {first + j} was due.")
                outcome = parse(answer, call.observe)
            except Ended as end:
                outcome = Crashed(str(end), process.stderr())
            except Silent:
                process.kill()
                outcome = TimedOut(limits.seconds, process.stderr())
            except (Flooded, MessageError) as problem:
                process.kill()
                outcome = Broke(str(problem), process.stderr())
            yield outcome
            if isinstance(outcome, (Crashed, TimedOut, Broke)):
                return
            clock = time.monotonic()  # whoever took the outcome may have taken time

    def _live(self) -> Process:
        """Return a process that has answered `start`."""
        if self._process is None:
            self._take_spare()
        assert self._process is not None
        if not self._greeted:
            try:
                self._read_claims(self._process)
            except (Ended, Flooded, MessageError) as problem:
                raise WorkerDidNotStart(self._say(str(problem))) from None
            except Silent:
                late = what_comes_late(self._process)
                raise WorkerDidNotStart(self._say(late or silence(self._limits.start_seconds))) from None
        return self._process

    def _take_spare(self) -> None:
        """Have the process that stands by serve from here on, or a new one."""
        self._process, self._spare = self._spare or self._begun(), None
        self._greeted, self._unread = False, 0

    def _begun(self) -> Process:
        """Return a new process that was sent `start`."""
        try:
            process = Process(self._command, self._env, self._limits)
        except OSError as error:
            raise WorkerDidNotStart(f"{self._command[0]} can't be run: {error.strerror}.") from None
        self._greet(process)
        return process

    def _greet(self, process: Process) -> None:
        options = {"options": self._options} if self._options else {}
        process.send(_line(GREETING | options))

    def _read_claims(self, process: Process) -> None:
        """Keep what is claimed in the answer to `start`."""
        deadline = time.monotonic() + self._limits.start_seconds
        self._claims = Claims.from_json(_read(patiently(process.receive, deadline, self._say_so)))
        self._greeted = True

    def _say(self, problem: str) -> str:
        """Return the problem with the worker's last words, and drop the process."""
        words = plain(last_words(self._process.stderr())) if self._process else ""
        self._drop()
        problem = problem.rstrip(".")
        return f"{problem}; its last words: {words}" if words else f"{problem}; it said nothing."

    def _dismiss(self) -> None:
        """End the process that stands by, if one does."""
        if self._spare:
            self._spare.kill()
            self._spare = None

    def _drop(self) -> None:
        if self._process:
            self._process.kill()
            self._process = None


def _line(message: Mapping[str, Any]) -> bytes:
    return canonical(message).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any]:
    """Parse one line of a worker.

    Raises
    ------
    MessageError
    """
    message = None
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(line.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    if not isinstance(message, dict):
        raise MessageError(f"it answered {short(line[:100])}, which is not a JSON object.")
    if _is_deep(message):
        raise MessageError(
            f"it answered {short(line[:100])}, which is nested more than {MOST_LEVELS} levels deep."
        )
    return message


def _is_deep(message: object) -> bool:
    """Tell whether lists and objects lie too deep in one another for whoever shows or compares them."""
    level = [message]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)


def _finite(text: str) -> float:
    """Return a number, if it is one: JSON knows no NaN, and no infinities."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
