"""What can be wrong with what a user gave us?  One class for each way, each a sentence to print."""

from __future__ import annotations


class AdjointError(Exception):
    """Something given to the suite is wrong; the text says what, where, and what to do."""


class UsageError(AdjointError):
    """An argument or a file of the user's can't be used: exit code 2."""


class RecordError(UsageError):
    """A record is truncated, foreign or damaged."""


class GoldenError(UsageError):
    """A golden file is damaged, or was edited by hand."""


class WorkerDidNotStart(AdjointError):  # noqa: N818 - an event
    """An implementation's worker gave no usable answer to `start`: exit code 3."""


class MessageError(AdjointError):
    """A message of a worker breaks the protocol."""
