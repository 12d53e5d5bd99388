"""What did an implementation come to in a clause, in a word?  Drift and what is not offered are not wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from adjoint.record import fails
from adjoint.reports.ranking import DIFFERS, Check

NOT_REACHED = (
    "Not judged: an earlier check of the same call failed or was unsupported, or an error left nothing "
    "to judge."
)

MARKS = {
    "crashed": ("✗", "The worker died of a call."),
    "timed-out": ("✗", "The worker gave no answer in time."),
    "broken": ("✗", "The worker's answer broke the protocol."),
    "deviates": ("✗", "Differs from a document that speaks of this version."),
    "declared": ("†", "Differs so, is known, and is declared with a reason."),
    "not-held": ("‡", "Differs so, in a level of clauses that the gate was told not to hold."),
    "drift": ("△", "Differs from a document that speaks of another version, not of this one."),
    "unsupported": ("–", "Not offered, and so not wrong."),
    "in-part": ("◐", "Conforms as far as it is offered; the rest is unsupported."),
    "observed": ("◇", "An open clause: what was seen is noted, and nothing is demanded."),
    "vacuous": ("○", "The error bound is so wide that it allows anything."),
    "conforms": ("✓", "What was seen is what the clause demands."),
    "not-reached": ("…", NOT_REACHED),
    "not-asked": (
        "·",
        "No case of the clause was put to it: it claims no such API, or the run was narrowed.",
    ),
}
"""The words, the worst first; each with a sign, so that colour is never the only one, and its meaning."""

WRONG = ("crashed", "timed-out", "broken", "deviates", "declared", "not-held", "drift")
"""The words of what differs from a clause."""

SILENT = ("not-reached", "not-asked")
"""The words that say nothing of what an implementation does."""

SPEAKING = tuple(word for word in MARKS if word not in SILENT)
"""The others, the worst first."""


@dataclass(frozen=True)
class Mark:
    """What some checks of one clause come to.

    Attributes
    ----------
    word : str
        One of `MARKS`.
    tags : tuple of str
        What the word leaves unsaid: that a crash is `drift`, that something is `declared`, or `fails` the
        gate where its word would not.
    count : int
        How many checks came to it; of ``in-part``, how many are unsupported.
    of, missed : int
        How many checks were reached, and how many were not.
    worst : mapping or None
        Of what differs, the worst check with the smallest call.
    """

    word: str
    tags: tuple[str, ...]
    count: int
    of: int
    missed: int
    worst: Check | None = None

    @property
    def note(self) -> str:
        """How many checks the word speaks of, where it is not all of them."""
        if self.word == "in-part":
            return f"{self.count} of {self.of} unsupported"
        if self.count != self.of:
            return f"{self.count} of {self.of}"
        if self.missed and self.word in ("conforms", "observed"):
            return f"{self.missed} of {self.missed + self.of} not reached"
        return ""

    @property
    def result(self) -> str:
        """The word, but the same for all that differs from the clause, whatever it means to the gate."""
        return "deviates" if self.word in ("declared", "not-held", "drift") else self.word


def mark_of(checks: Sequence[Check]) -> Mark:
    """Return what the checks of one clause come to.

    Parameters
    ----------
    checks : sequence of mapping
        The worst first.
    """
    words = Counter(map(_word, checks))
    missed = words.pop("not-reached", 0)
    reached = words.total()
    differing = [check for check in checks if check["verdict"] in DIFFERS]
    if differing:
        worst = differing[0]
        return Mark(_word(worst), tuple(_tags(worst)), words[_word(worst)], reached, missed, worst)
    tags = ("fails",) if any(map(fails, checks)) else ()
    if words["unsupported"] and words["conforms"]:
        return Mark("in-part", tags, words["unsupported"], reached, missed)
    for word in ("conforms", "observed", "vacuous", "unsupported"):
        if words[word]:
            return Mark(word, tags, words[word], reached, missed)
    return Mark("not-reached" if missed else "not-asked", (), 0, 0, missed)


def _word(check: Check) -> str:
    verdict = str(check["verdict"])
    if verdict != "deviates":
        return verdict
    if not check["own"]:
        return "drift"
    if check["declared"]:
        return "declared"
    return "deviates" if fails(check) else "not-held"


def _tags(check: Check) -> list[str]:
    """Return what is to be added to the word of a check that differs."""
    word = _word(check)
    tags = ["drift"] if not check["own"] and word != "drift" else []
    tags += ["declared"] if check["declared"] and word != "declared" else []
    return tags + (["fails"] if word == "drift" and fails(check) else [])
