"""Which faults in our own code would its tests not see?  Plants them, one at a time, and runs the tests.

`python -m tests.mutation [MODULE ...]` speaks of every module in `mutation.toml`, or of those named.  The
mutants are cosmic-ray's.  Each is imported in place of its module by a forked process, which runs the
module's tests up to the first that fails; no file is changed.  A mutant that no test fails survives: that
is a fault of the tests, or `mutation_survivors.toml` says why no test can or should see it.
"""

from __future__ import annotations

import ast
import difflib
import os
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

# What the tests import beside `adjoint` is imported here, once, and not by every fork again.
import hypothesis.extra.numpy  # noqa: F401
import jinja2  # noqa: F401
import ml_dtypes  # noqa: F401
import numpy  # noqa: F401
import pytest
import simpleeval  # noqa: F401
from hypothesis import Phase, settings

HERE = Path(__file__).parent
ROOT = HERE.parent
MEMORY = 4 << 30  # bytes; a mutant may ask for any amount
FORK = get_context("fork")


@dataclass(frozen=True)
class Plan:
    """What is planted, and which tests should see it; what `mutation.toml` says."""

    operators: tuple[str, ...]
    equivalent: tuple[tuple[str, str], ...]  # what stood there, and what stands there now
    tests: dict[str, tuple[str, ...]]  # by module


@dataclass(frozen=True, order=True)
class Mutation:
    """A change of one line: the function it is in (empty at module level), the line, and what it becomes."""

    module: str
    within: str
    line: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.module}, in {self.within or 'no function'}: `{self.line}` -> `{self.becomes}`"


@dataclass(frozen=True)
class Mutant:
    """A mutation and the whole source of the module that has it."""

    mutation: Mutation
    source: str


@dataclass(frozen=True)
class Row:
    """What became of a module's mutants: how many there were, and which no test saw."""

    module: str
    mutants: int
    timed_out: int
    survivors: tuple[Mutation, ...]
    seconds: float


def plan() -> Plan:
    """Read `mutation.toml`."""
    held = tomllib.loads((HERE / "mutation.toml").read_text(encoding="utf-8"))
    equivalent = tuple((each["was"], each["is"]) for each in held["equivalent"])
    return Plan(tuple(held["operators"]), equivalent, {m: tuple(of) for m, of in held["tests"].items()})


def explained() -> dict[Mutation, str]:
    """Read `mutation_survivors.toml`: why a mutant may survive."""
    held = tomllib.loads((HERE / "mutation_survivors.toml").read_text(encoding="utf-8"))
    return {
        Mutation(each["module"], each["within"], each["line"], each["becomes"]): each["why"]
        for each in held.get("survivor", [])
    }


def mutants(module: str, source: str, how: Plan) -> list[Mutant]:
    """Return the mutants of a module: each different from it, and from the others, in what it computes."""
    from cosmic_ray.mutating import mutate_code  # only the environment that plants has cosmic-ray
    from cosmic_ray.plugins import get_operator

    seen, found = {_meaning(source)}, []
    for name in how.operators:
        operator, occurrence = get_operator(f"core/{name}")(), 0
        while (mutated := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            mutation = _mutation(module, source, mutated)
            meaning = _meaning(mutated)
            if meaning not in seen and not _equivalent(mutation, how):
                seen.add(meaning)
                found.append(Mutant(mutation, mutated))
    return found


def _meaning(source: str) -> str | None:
    """Return what the source computes, without annotations, which nothing reads; None if it is no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def _mutation(module: str, source: str, mutated: str) -> Mutation:
    """Return what a mutant changes, as a reader would find it."""
    lines, becoming = source.splitlines(), mutated.splitlines()
    changes = difflib.SequenceMatcher(None, lines, becoming, autojunk=False).get_opcodes()
    _, start, end, new_start, new_end = next(each for each in changes if each[0] != "equal")
    return Mutation(
        module,
        _within(source, start + 1),
        " ".join(filter(None, map(str.strip, lines[start:end]))),
        " ".join(filter(None, map(str.strip, becoming[new_start:new_end]))),
    )


def _within(source: str, number: int) -> str:
    """Return the names of the classes and functions around a line, joined by dots; the outer ones first."""
    named = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return ".".join(node.name for node in named if node.lineno <= number <= (node.end_lineno or 0))


def _equivalent(mutation: Mutation, how: Plan) -> bool:
    return any(
        was in mutation.line and mutation.line.replace(was, now) == mutation.becomes
        for was, now in how.equivalent
    )


@dataclass(frozen=True)
class Planted:
    """A finder and loader that gives one module another source."""

    name: str
    path: str
    source: str

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        """Speak of the one module only."""
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave that to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the source."""
        exec(compile(self.source, self.path, "exec"), module.__dict__)


def _imported_as(module: str) -> str:
    """Return the name under which a file of the repository is imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {folder: name for name, folder in project["tool"]["setuptools"]["package-dir"].items()}
    return f"{rooms[str(Path(module).parent)]}.{Path(module).stem}"


def _run_tests(module: str, source: str, tests: tuple[str, ...]) -> None:
    """End this process with pytest's exit code; the module has another source, and nothing is random."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("mutation")
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, Planted(_imported_as(module), str(ROOT / module), source))
    for name in tests:  # file by file: most mutants need no more than the first to be collected
        words = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
        if code := pytest.main([*words, str(HERE / f"{name}.py")]):
            os._exit(code)
    os._exit(0)


def outcome(module: str, source: str, tests: tuple[str, ...], seconds: float | None) -> int | None:
    """Return pytest's exit code for a module with this source, or None where it did not end in time."""
    process = FORK.Process(target=_run_tests, args=(module, source, tests))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
        return None
    return process.exitcode


def measure(module: str, how: Plan, pool: ProcessPoolExecutor) -> Row:
    """Plant every mutant of a module, and run its tests."""
    source, tests, start = (ROOT / module).read_text(encoding="utf-8"), how.tests[module], time.perf_counter()
    if outcome(module, source, tests, None) != 0:
        sys.exit(f"The tests of {module} fail without any mutant, or there are none: see to that first.")
    limit = 5 + 3 * (time.perf_counter() - start)
    planted = mutants(module, source, how)
    runs = [pool.submit(outcome, module, each.source, tests, limit) for each in planted]
    codes = [run.result() for run in runs]
    survivors = tuple(each.mutation for each, code in zip(planted, codes, strict=True) if code == 0)
    return Row(module, len(planted), codes.count(None), survivors, time.perf_counter() - start)


def table(rows: Iterable[Row], why: Iterable[Mutation]) -> Iterator[str]:
    """Return the lines of the table, in Markdown, with the sums last."""
    why, rows = set(why), list(rows)
    yield "| module | mutants | killed | of these by time | explained | survived |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    total = Row(
        "all",
        sum(row.mutants for row in rows),
        sum(row.timed_out for row in rows),
        tuple(each for row in rows for each in row.survivors),
        0,
    )
    for row in [*rows, total]:
        known = sum(each in why for each in row.survivors)
        killed = row.mutants - len(row.survivors)
        yield (
            f"| {row.module} | {row.mutants} | {killed} | {row.timed_out} | {known} "
            f"| {len(row.survivors) - known} |"
        )


def complaints(rows: Iterable[Row], why: Iterable[Mutation]) -> Iterator[str]:
    """Return a sentence for each survivor that is not explained, and for each explanation without one."""
    why, rows = set(why), list(rows)
    survivors = {each for row in rows for each in row.survivors}
    yield from (f"No test sees {each}." for each in sorted(survivors - why))
    run = {row.module for row in rows}
    for each in sorted(why - survivors):
        if each.module in run:
            yield f"Stale in mutation_survivors.toml, as no such mutant survives: {each}."


def main(modules: list[str]) -> int:
    """Print the table and the complaints; return 1 if there are any."""
    how, why, rows = plan(), explained(), []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=FORK) as pool:
        for module in modules or how.tests:
            rows.append(measure(module, how, pool))
            print(f"{module}: {rows[-1].mutants} mutants in {rows[-1].seconds:.0f} s", flush=True)
            for complaint in complaints(rows[-1:], why):
                print(f"  {complaint}", flush=True)
    print(*table(rows, why), sep="\n")
    return int(any(complaints(rows, why)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
