"""How do we talk to a program that may die, hang, flood or eat the memory?

One worker process: its output and its errors are read on threads, its input is written on a third, so that
no full pipe ever stops us; it lives in a session of its own, which is killed as a whole.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

GRACE = 30.0
"""Seconds that a worker has to end once it was told to: what a framework does at its end may take long."""

LAST_WORDS = 4096
"""Bytes of standard error that are kept."""

POLL = 0.05
"""Seconds between two looks at the memory of a worker that we wait for."""


@dataclass(frozen=True)
class Limits:
    """What a worker may use.

    Attributes
    ----------
    seconds : float
        For each call; the clock of a call starts when the one before it was answered.
    start_seconds : float
        For the answer to `start`, frameworks imported.
    memory : int
        Bytes of resident memory, of the worker and its children.
    line : int
        Bytes of one answer.
    window : int
        Calls in flight.
    window_bytes : int
        Bytes in flight; one call always may be.
    patience : int
        How many calls in a row may end the worker before the run is stopped.
    """

    seconds: float = 60.0
    start_seconds: float = 180.0
    memory: int = 4 << 30
    line: int = 64 << 20
    window: int = 16
    window_bytes: int = 16 << 20
    patience: int = 10


class Ended(Exception):  # noqa: N818 - an event, not an error of ours
    """The process ended, or was ended by us for its memory; the text is the cause."""


class Torn(Ended):
    """The process ended in the middle of a line, of which there is the beginning."""

    def __init__(self, cause: str, line: bytes) -> None:
        super().__init__(f"{cause}, in the middle of an answer")
        self.line = line


class Silent(Exception):  # noqa: N818
    """No line came in time."""


class Flooded(Exception):  # noqa: N818
    """A line is longer than allowed."""


class Process:
    """A running worker.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    env : mapping
        Variables to set on top of ours.
    limits : Limits

    Raises
    ------
    OSError
        If the program can't be started.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str], limits: Limits) -> None:
        self._limits = limits
        self._popen = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **env},
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=64)
        self._held = 0
        self._taken = threading.Condition()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._stderr = bytearray()
        self._closed = threading.Event()
        self._stderr_reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._reader = threading.Thread(target=self._read_stdout, daemon=True)
        for thread in (
            self._stderr_reader,
            self._reader,
            threading.Thread(target=self._write_stdin, daemon=True),
        ):
            thread.start()

    def send(self, line: bytes) -> None:
        """Queue a line for the worker; never blocks."""
        self._outgoing.put(line)

    def receive(self, deadline: float) -> bytes:
        """Return the worker's next line.

        Parameters
        ----------
        deadline : float
            On the clock of `time.monotonic`.

        Raises
        ------
        Ended, Silent, Flooded
        """
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=max(min(POLL, deadline - time.monotonic()), 0.001))
                if line is None:
                    raise Ended(self._cause_of_death())
                with self._taken:
                    self._held -= len(line)
                    self._taken.notify()
                if len(line) > self._limits.line:
                    raise Flooded(f"an answer of more than {self._limits.line} bytes")
                if not line.endswith(b"\n"):
                    raise Torn(self._cause_of_death(), line)
                return line
            if self._popen.poll() is not None and self._lines.empty():
                self._reader.join(timeout=0.5)  # unless a child of its holds the pipe open
                if self._lines.empty():
                    raise Ended(self._cause_of_death())
                continue
            if (used := self._memory()) > self._limits.memory:
                self.kill()
                raise Ended(f"memory: {used >> 20} MiB resident, {self._limits.memory >> 20} MiB allowed")
            if time.monotonic() > deadline:
                raise Silent

    def stderr(self) -> str:
        """Return the last of what the worker wrote to standard error, up to 4 KiB."""
        self._stderr_reader.join(timeout=0.2)
        return bytes(self._stderr[-LAST_WORDS:]).decode("utf-8", errors="replace")

    def end_input(self) -> None:
        """Close the worker's input, once what was queued is written."""
        self._outgoing.put(None)

    def close(self, grace: float = GRACE) -> None:
        """Close the worker's input, give it `grace` seconds to leave, then kill it."""
        self.end_input()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=grace)
        self.kill()

    def kill(self) -> None:
        """Kill the worker's whole session, and wait for it."""
        self._closed.set()
        self._outgoing.put(None)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._popen.pid, signal.SIGKILL)
            else:
                self._popen.kill()
        self._popen.wait()

    def _cause_of_death(self) -> str:
        """Say how the process ended; one that only closed its output is killed first."""
        try:
            code = self._popen.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self.kill()
            return "closed its output"
        if code >= 0:
            return f"exit code {code}"
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"

    def _memory(self) -> int:
        total = 0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._popen.pid)
            for member in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += member.memory_info().rss
        return total

    def _read_stdout(self) -> None:
        assert self._popen.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            while line := self._popen.stdout.readline(self._limits.line + 1):
                if not self._put(line):
                    break
        self._put(None)
        self._popen.stdout.close()

    def _put(self, line: bytes | None) -> bool:
        """Queue a line unless the worker was killed meanwhile: nobody would take it then.

        Lines that wait to be taken have the length of one together, at most.
        """
        size = len(line or b"")
        with self._taken:
            while self._held and self._held + size > self._limits.line and not self._closed.is_set():
                self._taken.wait(timeout=0.2)
            self._held += size
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return True
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        return False

    def _read_stderr(self) -> None:
        assert self._popen.stderr is not None
        with contextlib.suppress(ValueError, OSError):
            while chunk := os.read(self._popen.stderr.fileno(), 1 << 16):
                self._stderr += chunk
                del self._stderr[:-LAST_WORDS]
        self._popen.stderr.close()

    def _write_stdin(self) -> None:
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            while (line := self._outgoing.get()) is not None:
                self._popen.stdin.write(line)
                self._popen.stdin.flush()
        with contextlib.suppress(OSError):
            self._popen.stdin.close()
