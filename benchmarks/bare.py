"""How long do bare calls take?  `python bare.py MODULE CALLS` performs the calls of a file, and nothing else.

Runs in the environment of the implementation, like its worker; `harness.py` beside it starts it.  Prints the
seconds of the calls alone, their tensors read and a first round over.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

IMPLEMENTATIONS = Path(__file__).resolve().parent.parent / "implementations"


def module(name: str) -> Any:
    """Import a file of the implementations' folder."""
    spec = importlib.util.spec_from_file_location(name, IMPLEMENTATIONS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def main(name: str, path: str) -> None:
    """Print the seconds."""
    serving, system = module("serving"), module(name)
    system.start()
    calls = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        arguments = {key: serving.untag(value) for key, value in call["arguments"].items()}
        calls.append((call["api"], arguments, {k: serving.decode(v) for k, v in call["tensors"].items()}))

    def perform() -> None:
        for api, arguments, tensors in calls:
            try:
                system.perform(api, arguments, tensors, lambda _: None)
            except Exception:  # a refusal takes its time too
                continue

    perform()
    start = perf_counter()
    perform()
    print(perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
