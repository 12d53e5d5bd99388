"""What does the suite add to the calls themselves?  A golden and a quick run, as ratios to the bare calls.

`python benchmarks/harness.py [fast torch ...]` runs each implementation through its golden cases, then
through the drawn calls of a quick run, and then the same calls bare, in the same environment; it prints the
seconds, their ratio, and the largest resident size of either process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import perf_counter

from adjoint.call import Call
from adjoint.cases.demanded import case_of
from adjoint.cases.strategies import settings
from adjoint.catalogue import Implementation, resolve
from adjoint.drawing import DATA, Drawn
from adjoint.examination import Examination
from adjoint.golden import Case, load
from adjoint.plan import Plan

MODULES = {"fast": "on_fast", "torch": "on_torch", "tensorflow": "on_tensorflow"}


def main(names: list[str]) -> None:
    """Print the table."""
    print(f"{'':24}{'calls':>8}{'run, s':>9}{'bare, s':>9}{'ratio':>7}{'ms a call':>11}")
    for name in names:
        implementation = resolve(name)
        for kind, run in (("golden", golden), ("quick", quick)):
            with TemporaryDirectory() as folder:
                seconds, calls = run(implementation, Path(folder))
                bare = bare_seconds(implementation, MODULES[name], calls, Path(folder))
            ratio, each = seconds / bare, 1000 * (seconds - bare) / len(calls)
            print(f"{name + ', ' + kind:24}{len(calls):8}{seconds:9.2f}{bare:9.2f}{ratio:7.1f}{each:11.2f}")
    sizes = (getrusage(who).ru_maxrss / 1024 for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    print("largest resident size, MiB: the suite {:.0f}, a worker or the bare calls {:.0f}".format(*sizes))


def golden(implementation: Implementation, folder: Path) -> tuple[float, list[Call]]:
    """Return the seconds of the golden cases, the worker's start apart, and their calls."""
    examination = Examination(Plan(implementation, folder / "record.jsonl"))
    claims = examination.claims
    cases = [case for case in load() if case.call.api in claims.apis and case.call.dtype in claims.dtypes]
    examination.begin(cases)
    start = perf_counter()
    for case in cases:
        examination.lines(case)
    seconds = perf_counter() - start
    examination.finish()
    return seconds, [case.call for case in cases]


def quick(implementation: Implementation, folder: Path) -> tuple[float, list[Call]]:
    """Return the seconds of the drawn calls of a quick run, and these calls."""
    examination = Examination(Plan(implementation, folder / "record.jsonl", profile="quick"))
    apis = [api for api in examination.claims.apis if api in implementation.apis]
    examination.begin([], len(apis) * len(DATA))
    calls: list[Call] = []
    put = noting(examination.put, calls)
    examination.put = put  # type: ignore[method-assign]
    start = perf_counter()
    for api in apis:
        for data in DATA:
            drawn = Drawn(api, data, examination)
            drawn.run(settings(api, data, dtypes=drawn.dtypes), case_of)
    seconds = perf_counter() - start
    examination.finish()
    return seconds, calls


def noting(
    put: Callable[[Case], list[dict[str, object]]], calls: list[Call]
) -> Callable[[Case], list[dict[str, object]]]:
    """Return `put`, with each call noted."""

    def noted(case: Case) -> list[dict[str, object]]:
        calls.append(case.call)
        return put(case)

    return noted


def bare_seconds(implementation: Implementation, module: str, calls: list[Call], folder: Path) -> float:
    """Return the seconds of the calls alone, in the implementation's own interpreter."""
    path = folder / "calls.jsonl"
    path.write_text("".join(json.dumps(call.to_json()) + "\n" for call in calls), encoding="utf-8")
    command = [implementation.command[0], str(Path(__file__).with_name("bare.py")), module, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main(sys.argv[1:] or ["fast", "torch"])
