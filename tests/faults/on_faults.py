"""Our own fast implementation with a fault in it: which one is said when it is started, and may change."""

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))

import loading

STARTED: list[Any] = []


def start(fault: str) -> dict[str, Any]:
    """Return name, version and claims; the APIs are those that the fault can reach."""
    seeded = loading.faults()[fault]
    STARTED[:] = [loading.system(seeded)]
    answer: dict[str, Any] = STARTED[0].start()
    apis = loading.reached(seeded, answer["claims"]["apis"])
    return {**answer, "claims": {**answer["claims"], "apis": apis, **seeded.claims}}


def __getattr__(name: str) -> Any:
    """Return what the system with the fault has of that name: all else that serving asks for."""
    if not STARTED:
        raise AttributeError(name)
    return getattr(STARTED[0], name)
