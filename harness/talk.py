"""What comes over the wire, line by line?  One question at a time, and a sentence for each wrong answer.

Where `adjoint.worker` ends a worker that breaks the protocol, this one listens on, to say what is wrong.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from adjoint.call import Call, canonical
from adjoint.errors import WorkerDidNotStart
from adjoint.inert import cut, short
from adjoint.last_words import last_words
from adjoint.outcome import plain
from adjoint.process import GRACE, Ended, Flooded, Limits, Process, Silent
from adjoint.waiting import PATIENCE, aloud, patiently, silence, what_comes_late
from adjoint.worker import GREETING


@dataclass(frozen=True)
class Reply:
    """What came of a call.

    Attributes
    ----------
    number : int
        Of the call, which is its id.
    message : mapping or None
        The answer, if there is one.
    remarks : tuple of str
        What is wrong with the way in which it came.
    hopeless : bool
        Whether no other call would be answered either.
    """

    number: int
    message: Mapping[str, Any] | None
    remarks: tuple[str, ...] = ()
    hopeless: bool = False


class Talk:
    """A conversation with a worker.

    Parameters
    ----------
    command : sequence of str
    env : mapping
        Variables to set on top of ours; ``{home}`` in one stands for an empty folder made for the worker.
    seconds : float, optional
        For each answer, that to `start` too.  Without it, `Limits` says how long either may take.

    Attributes
    ----------
    noise : list of str
        The lines on standard output that are no messages, shortly.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        env: Mapping[str, str],
        seconds: float | None,
    ) -> None:
        self.noise: list[str] = []
        self._command = command
        self._home = TemporaryDirectory(prefix="adjoint-home-", ignore_cleanup_errors=True)
        self._env = {name: value.replace("{home}", self._home.name) for name, value in env.items()}
        self._limits = Limits() if seconds is None else Limits(seconds=seconds, start_seconds=seconds)
        self._seconds = self._limits.seconds
        self._process: Process | None = None
        self._asked = 0
        self._answered = 0

    def start(self) -> Mapping[str, Any]:
        """Start a process, and return its answer to `start`.

        Raises
        ------
        WorkerDidNotStart
        """
        try:
            process = self._process = Process(self._command, self._env, self._limits)
        except OSError as error:
            raise WorkerDidNotStart(f"{self._command[0]} can't be run: {error.strerror}") from None
        self._answered, heard = 0, len(self.noise)
        process.send(_line(GREETING))
        try:
            return patiently(self._next, time.monotonic() + self._limits.start_seconds, aloud)
        except Ended as end:
            problem = f"it did not start: {end}"
        except Flooded as flood:
            problem = f"it did not start: {flood}"
        except Silent:
            seconds = self._limits.start_seconds
            nothing = f"no answer within {seconds:g} seconds" if self.noise[heard:] else silence(seconds)
            problem = what_comes_late(process) or f"it did not start: {nothing}"
        said = f"; it wrote {', '.join(self.noise[heard:])}" if self.noise[heard:] else ""
        problem += said + self._last_words(process)
        self.drop()
        raise WorkerDidNotStart(problem)

    def ask(self, call: Call) -> Reply:
        """Put a call, and return what came of it.

        Where the worker had left before, or leaves of this call, it is started anew and asked once more.

        Raises
        ------
        WorkerDidNotStart
            If it does not start again.
        """
        self._asked += 1
        number, left = self._asked, ""
        while True:
            if self._process is None:
                self.start()
            process = self._process
            assert process
            process.send(_line({"do": "perform", "id": number, "call": call.to_json()}))
            try:
                message, remark = self._answer(number)
            except Ended as end:
                answered, words = self._answered, self._last_words(process)
                self.drop()
                if left or not answered:
                    return Reply(number, None, (f"it dies of this call: {end}{words}",))
                times = "its first answer" if answered == 1 else f"{answered} answers"
                left = f"it exits after {times} ({end}), where it must go on until `stop`"
            except Silent:
                return self._nothing(process, number, call)
            except Flooded as flood:
                self.drop()
                return Reply(number, None, (f"it floods standard output: {flood}",))
            else:
                self._answered += 1
                return Reply(number, message, tuple(filter(None, (left, remark))))

    def stop(self) -> tuple[bool, str]:
        """Ask the worker to stop; return whether it does, and a sentence."""
        if self._process is None:
            self.start()
        process = self._process
        assert process
        begun, grace = time.monotonic(), min(self._seconds, GRACE)
        process.send(_line({"do": "stop"}))
        try:
            while True:
                self.noise.append(repr(cut(canonical(self._next(begun + grace)), 80)))
        except Ended as end:  # it may be busy for long with what a framework does at its end
            return True, f"it leaves: {end}"
        except (Silent, Flooded):
            return False, f"it does not stop on `stop`: it was killed after {grace:g} seconds"
        finally:
            self.drop()

    def drop(self) -> None:
        """End the process, if there is one."""
        if self._process:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """End the process, and remove its folder."""
        self.drop()
        self._home.cleanup()

    def _next(self, deadline: float) -> dict[str, Any]:
        """Return the next message; whatever is none goes to `noise`."""
        assert self._process
        while True:
            line = self._process.receive(deadline)
            message = None
            with contextlib.suppress(ValueError, RecursionError):
                message = json.loads(line)
            if isinstance(message, dict):
                return message
            self.noise.append(repr(cut(line.decode("utf-8", "replace").strip(), 80)))

    def _answer(self, number: int) -> tuple[dict[str, Any], str]:
        """Return the answer to a call, and what is wrong with its id."""
        message = self._next(time.monotonic() + self._seconds)
        found = message.get("id")
        if type(found) is int and found == number:
            return message, ""
        with contextlib.suppress(Silent, Ended):
            another = self._next(time.monotonic() + 0.3)  # it may be that a line was too many
            if another.get("id") == number:
                twice = type(found) is int and 0 < found < number
                said = (
                    f"call {found} is answered twice" if twice else "a line too many comes before the answer"
                )
                return another, f"{said}: {cut(json.dumps(message), 60)}"
        if found is None:
            return message, f"the answer to call {number} has no id"
        if type(found) is int and 0 < found < number:
            return message, f"it answers call {number} with call {found}'s id"
        return message, f"it answers call {number} with the id {short(found, 40)}, where {number} is due"

    def _nothing(self, process: Process, number: int, call: Call) -> Reply:
        """Say more of a call that is not answered: does the answer come with the next, or at the end?"""
        self._asked += 1
        process.send(_line({"do": "perform", "id": self._asked, "call": call.to_json()}))
        with contextlib.suppress(Silent, Ended, Flooded):
            message = self._next(time.monotonic() + min(self._seconds, PATIENCE))
            if message.get("id") == number:
                self.drop()
                said = (
                    f"the answer is a line short: call {number} is answered once call {self._asked} is sent"
                )
                return Reply(number, message, (said,), hopeless=True)
        late = what_comes_late(process)
        words = self._last_words(process)
        self.drop()
        said = late or f"call {number} has no answer within {self._seconds:g} seconds{words}"
        return Reply(number, None, (said,), hopeless=bool(late))

    def _last_words(self, process: Process) -> str:
        """Return what a program said last on standard error, if it said anything."""
        words = plain(last_words(process.stderr()))
        return f"; its last words: {words}" if words else ""


def _line(message: Mapping[str, Any]) -> bytes:
    return canonical(message).encode() + b"\n"
