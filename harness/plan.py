"""What is one run of one implementation to be?  Which one, where its record goes, and what it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adjoint.catalogue import Implementation
from adjoint.deviations import Deviation
from adjoint.gate import HELD_LEVELS
from adjoint.process import Limits


@dataclass(frozen=True)
class Gate:
    """What a run is held to.

    Attributes
    ----------
    levels : tuple of str
        The levels of clause that count.
    drift : bool
        Whether the documents of other versions count too.
    """

    levels: tuple[str, ...] = HELD_LEVELS
    drift: bool = False


@dataclass(frozen=True)
class Plan:
    """One run of one implementation.

    Attributes
    ----------
    implementation : Implementation
    record : Path
        Where its record goes.
    gate : Gate
    deviations : sequence of Deviation
    limits : Limits
    selection : str
        What the run was narrowed to, for the header; empty for all.
    profile : str
        How many calls are drawn, one of `adjoint.drawing.PROFILES`.
    seed : int
        Which calls are drawn.
    resume : bool
        Whether it goes on with what its record holds.
    survey : Path, optional
        Where to write what deviates undeclared, which then counts as declared.
    """

    implementation: Implementation
    record: Path
    gate: Gate = field(default_factory=Gate)
    deviations: Sequence[Deviation] = ()
    limits: Limits = field(default_factory=Limits)
    selection: str = ""
    profile: str = "smoke"
    seed: int = 0
    resume: bool = False
    survey: Path | None = None
