"""Who performs a call that has files in its worker's home folder?  One that starts when they are there."""

from __future__ import annotations

from adjoint.call import Call
from adjoint.catalogue import Implementation
from adjoint.errors import WorkerDidNotStart
from adjoint.outcome import Crashed, Outcome
from adjoint.process import Limits
from adjoint.worker import Worker


class Homes:
    """Workers of one implementation whose homes have files, one at a time: calls with the same share it.

    Parameters
    ----------
    implementation : Implementation
    limits : Limits
    """

    def __init__(self, implementation: Implementation, limits: Limits) -> None:
        self._implementation, self._limits = implementation, limits
        self._worker: Worker | None = None

    def lacks(self, call: Call) -> str:
        """Return what such a call needs and the worker has not; empty if there is nothing."""
        has_home = any("{home}" in value for value in self._implementation.env.values())
        return "" if has_home or call.home is None else "home folder"

    def perform(self, call: Call) -> Outcome:
        """Return the outcome of a call; a worker that its files keep from starting has crashed."""
        files = dict(call.home or {})
        if self._worker is None or self._worker.files != files:
            self.close()
            self._worker = Worker(self._implementation.command, self._implementation.env, self._limits, files)
        try:
            (outcome,) = self._worker.perform([call])
        except WorkerDidNotStart as error:
            return Crashed(str(error), "")
        return outcome

    def close(self) -> None:
        """End the worker, if there is one."""
        if self._worker:
            self._worker.close(grace=0.0)
            self._worker = None
