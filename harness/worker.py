"""How does an implementation perform calls?  The client of a worker: start it, keep it fed, outlive it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

from adjoint.call import Call, canonical
from adjoint.errors import AdjointError, MessageError, WorkerDidNotStart
from adjoint.outcome import Broke, Crashed, Outcome, TimedOut, parse, plain
from adjoint.process import Ended, Flooded, Limits, Process, Silent
from adjoint.reference.exact import FORMATS

PROTOCOL = 1
ARITHMETIC: Mapping[str, tuple[str | bool, ...]] = {
    "accumulator": tuple(FORMATS),
    "input_rounding": ("tf32",),
    "flush": (True, False),
    "algorithm": ("transform",),
}
"""What may be claimed of the arithmetic in a dtype, and the values of each."""


class GaveUp(AdjointError):  # noqa: N818 - an event
    """Too many calls in a row ended the worker."""


@dataclass(frozen=True)
class Claims:
    """What an implementation says of itself when it starts.

    Attributes
    ----------
    version : str
    apis, dtypes : tuple of str
        What it offers; the rest is unsupported, and never asked.
    systems : mapping of str to str
        The frameworks behind it and their versions: which documents it is own to.
    python_errors : bool
        Whether the types of its errors are those of Python.
    arithmetic : mapping of str to mapping
        Dtype to what it does there that a bound on rounding may count on: a key of `ARITHMETIC` to its value.
    unsupported : mapping of str to str
        Id to reason, of what it may answer `unsupported` to.
    python : str
        The interpreter's version, where there is one.
    observes : tuple of str
        What it can observe of a call: names of `Call.observe`, or of names with a hyphen, such as
        `after-input`, what stands before.
    """

    version: str
    apis: tuple[str, ...]
    dtypes: tuple[str, ...]
    systems: Mapping[str, str] = field(default_factory=dict)
    python_errors: bool = False
    unsupported: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    arithmetic: Mapping[str, Mapping[str, str | bool]] = field(default_factory=dict)
    observes: tuple[str, ...] = ("output",)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Claims:
        """Read the answer to `start`.

        Raises
        ------
        MessageError
        """
        claims = data.get("claims")
        if not isinstance(claims, Mapping):
            raise MessageError(f"the answer to start has no claims: {canonical(data):.200}")
        try:
            return cls(
                version=str(data["version"]),
                apis=_texts("apis", claims["apis"]),
                dtypes=_texts("dtypes", claims["dtypes"]),
                systems=_table("systems", claims.get("systems", {})),
                python_errors=bool(claims.get("python_errors", False)),
                unsupported=_table("unsupported", claims.get("unsupported", {})),
                python=str(data.get("python", "")),
                arithmetic=_arithmetic(claims.get("arithmetic", {})),
                observes=_texts("observes", claims.get("observes", ["output"])),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MessageError(f"the answer to start lacks or garbles {error}.") from None

    def lacks(self, call: Call) -> str:
        """Return what a call needs that is not claimed; empty if there is nothing."""
        if call.dtype not in self.dtypes:
            return call.dtype
        return next(
            (name for name in call.observe if not {name, name.partition("-")[0]} & set(self.observes)), ""
        )


class Worker:
    """An implementation's process, replaced by a fresh one whenever it dies.

    Parameters
    ----------
    command : sequence of str
    env : mapping
        Variables to set on top of ours; ``{home}`` in one stands for an empty folder made for the worker.
    limits : Limits

    Attributes
    ----------
    deaths : list of str
        A sentence for each time that the worker died of a call, but not of the same call alone.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, limits: Limits | None = None
    ) -> None:
        self.deaths: list[str] = []
        self._command = tuple(command)
        self._home = TemporaryDirectory(prefix="adjoint-home-", ignore_cleanup_errors=True)
        self._env = {name: value.replace("{home}", self._home.name) for name, value in (env or {}).items()}
        self._limits = limits or Limits()
        self._process: Process | None = None
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
        try:
            if self._process:
                for _ in range(self._unread):
                    self._process.receive(time.monotonic() + self._limits.seconds)
                self._unread = 0
                self._greet(self._process)
        except (Ended, Silent, Flooded, MessageError):
            self._drop()
        return self.claims

    def perform(self, calls: Sequence[Call]) -> Iterator[Outcome]:
        """Yield the outcome of each call, in order.

        A call that was in the worker's hands when it died is tried once more, alone; if the worker dies
        again, that call is the culprit.  The others are sent again.

        Raises
        ------
        WorkerDidNotStart
            If a fresh worker does not start.
        GaveUp
            After `Limits.patience` calls in a row that ended their worker.
        """
        done, fatal, suspect, cause = 0, 0, False, ""
        while done < len(calls):
            batch = calls[done : done + 1] if suspect else calls[done:]
            for outcome in self._pipeline(batch):
                if isinstance(outcome, (Crashed, TimedOut, Broke)):
                    self._drop()
                    if isinstance(outcome, Crashed) and not suspect:
                        suspect, cause = True, outcome.cause
                        break
                    fatal += 1
                else:
                    if suspect:
                        self.deaths.append(
                            f"The worker died once ({cause}) before it answered {calls[done]}, which it "
                            "answered when asked alone: what it does depends on what came before."
                        )
                    fatal = 0
                suspect = False
                done += 1
                yield outcome
                if fatal >= self._limits.patience:
                    raise GaveUp(f"{fatal} calls in a row ended the worker; the rest was not tried.")

    def close(self, grace: float = 5.0) -> None:
        """Ask the worker to stop, and see that it does within `grace` seconds."""
        if self._process:
            self._process.send(_line({"do": "stop"}))
            self._process.close(grace)
            self._process = None
        self._home.cleanup()

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
                if answer.get("id") != first + j:
                    raise MessageError(f"it answered id {answer.get('id')!r:.80} where {first + j} was due.")
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
            try:
                self._process, self._unread = Process(self._command, self._env, self._limits), 0
                self._greet(self._process)
            except OSError as error:
                raise WorkerDidNotStart(f"{self._command[0]} can't be run: {error.strerror}.") from None
            except (Ended, Silent, Flooded, MessageError) as problem:
                text = str(problem) or f"no answer within {self._limits.start_seconds:g} seconds"
                raise WorkerDidNotStart(self._say(text)) from None
        return self._process

    def _greet(self, process: Process) -> None:
        """Send `start`, and keep what is claimed in the answer."""
        options = {"options": self._options} if self._options else {}
        process.send(_line({"do": "start", "protocol": PROTOCOL, **options}))
        deadline = time.monotonic() + self._limits.start_seconds
        self._claims = Claims.from_json(_read(process.receive(deadline)))

    def _say(self, problem: str) -> str:
        """Return the problem with the last line of standard error, and drop the process."""
        stderr = self._process.stderr().strip().splitlines() if self._process else []
        self._drop()
        words = plain(stderr[-1]) if stderr else ""
        return f"{problem}; its last words: {words:.300}" if words else f"{problem}; it said nothing."

    def _drop(self) -> None:
        if self._process:
            self._process.kill()
            self._process = None


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(name)
    return tuple(value)


def _table(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(name)
    return value


def _arithmetic(claimed: object) -> dict[str, dict[str, str | bool]]:
    if not isinstance(claimed, dict):
        raise MessageError(
            f"arithmetic is {claimed!r:.80}; it must be an object, a dtype to what is claimed."
        )
    for dtype, entries in claimed.items():
        if dtype not in FORMATS:
            raise MessageError(f"arithmetic names {dtype!r:.80}; it may name {', '.join(FORMATS)}.")
        if not isinstance(entries, dict) or not set(entries) <= set(ARITHMETIC):
            raise MessageError(
                f"arithmetic.{dtype} is {entries!r:.80}; it must be an object with any of "
                f"{', '.join(ARITHMETIC)}."
            )
        for name, value in entries.items():
            allowed = [json.dumps(item) for item in ARITHMETIC[name]]
            if json.dumps(value) not in allowed:
                said = f"arithmetic.{dtype}.{name} is {value!r:.80}"
                raise MessageError(f"{said}; it must be {' or '.join(allowed)}.")
    return claimed


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
        message = json.loads(line)
    if not isinstance(message, dict):
        raise MessageError(f"it answered {line[:80]!r}, which is not a JSON object.")
    return message
