"""The command that runs implementations: what it may be asked, and what becomes of the request."""

from __future__ import annotations

import math
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import click

from adjoint import baseline, catalogue, cli_drafts, deviations, selection
from adjoint.cli_reports import say, say_changes, write
from adjoint.drawing import PROFILES, profiled
from adjoint.errors import UsageError
from adjoint.gate import HELD_LEVELS, exit_code
from adjoint.meant import no_function
from adjoint.plan import Plan
from adjoint.running import Request, run_all
from adjoint.sentences import sentences


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--api", help="The API that a module:function offers.")
@click.option("--dtypes", help="The dtypes that a module:function takes, separated by commas.")
@click.option("--claims", help="A file of what a module:function claims: dtypes, arrays, arithmetic, ...")
@click.option("--command", "commands", multiple=True, help="A program that speaks the protocol.")
@click.option("--python", help="The interpreter to run those with that a Python runs.")
@click.option("--make", is_flag=True, help="Have tox build the environments that are missing.")
@click.option("--available", is_flag=True, help="Excuse implementations whose environment is missing.")
@click.option("--out", default="adjoint-report", show_default=True, help="The folder to write to.")
@click.option("--resume", is_flag=True, help="Go on with what a run that was cut off left in the folder.")
@click.option("--levels", default=",".join(HELD_LEVELS), show_default=True, help="Levels of clause to hold.")
@click.option("--drift", is_flag=True, help="Hold to the documents of other versions too.")
@click.option("--deviations", "declared", help="A file of further declared deviations.")
@click.option(
    "--baseline", "before", type=click.Path(path_type=Path), help="An earlier record: what changed counts."
)
@click.option(
    "--write-deviations", "draft", type=click.Path(path_type=Path), help="A new file: drafts declarations."
)
@click.option(
    "--profile",
    metavar=f"[none|{'|'.join(PROFILES)}]",
    default=Plan.profile,
    show_default=True,
    help="How many calls are drawn, beside the golden cases.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Which calls are drawn (default: 0).")
@click.option("--clause", help="Run only the cases of this clause.")
@click.option("--case", help="Run only this case.")
@click.option("-k", "keyword", help="Run only the items whose name matches, as pytest has it.")
@click.option("--timeout", type=click.FloatRange(min=0.1), help="Seconds for each call (default: 60).")
@click.option(
    "--memory", type=click.IntRange(min=64), help="MiB of resident memory for a worker (default: 4096)."
)
@sentences
def run(
    targets: tuple[str, ...],
    api: str | None,
    dtypes: str | None,
    claims: str | None,
    commands: tuple[str, ...],
    python: str | None,
    make: bool,
    available: bool,
    out: str,
    resume: bool,
    drift: bool,
    declared: str | None,
    draft: Path | None,
    before: Path | None,
    keyword: str | None,
    **passed: Any,
) -> None:
    """Run implementations through the cases, and write a report.

    A TARGET is a name in the catalogue, or module:function with --api.  Without any, whatever is there is
    run: fast always, and each entry of the catalogue whose environment exists; with --make, all of it.

    Exit code: 0 all held; 1 something did not; 2 the request makes no sense; 3 something that was asked
    for was not really run.
    """
    profiled(passed["profile"], f"--profile is {passed['profile']}")
    clause, case, timeout = passed["clause"], passed["case"], passed["timeout"]
    selection.check(passed["levels"], clause, case)
    if timeout is not None and not math.isfinite(timeout):
        raise UsageError(f"--timeout is {timeout}; it must be a number of seconds.")
    if draft and resume:
        raise UsageError(
            "--write-deviations looks at every call, so nothing can be kept: leave --resume out."
        )
    if draft:
        cli_drafts.check(draft)
    if declared:
        known = deviations.load(Path(declared))
        passed["deviations"] = Path(declared).absolute()
    words = [f"--adjoint-{name}={value}" for name, value in passed.items() if value is not None]
    words += ["--adjoint-drift"] if drift else []
    words += ["--adjoint-resume"] if resume else []
    words += [f"-k={keyword}"] if keyword else []
    found = catalogue.entries() if make else filter(catalogue.is_there, catalogue.entries())
    request = Request(
        targets=targets or (() if commands else tuple(found)),
        commands=commands,
        api=api,
        dtypes=dtypes,
        claims=claims and str(Path(claims).absolute()),
        python=python,
        make=make,
        excuse=available,
        out=Path(out),
        resume=resume,
        selection=" ".join(filter(None, (clause, case, keyword))),
        options=tuple(words),
    )
    if (api or dtypes or claims) and not any(":" in target for target in request.targets):
        raise UsageError(no_function(targets, api))
    if declared and (
        strangers := deviations.strangers(known, (*request.targets, *commands), catalogue.entries())
    ):
        raise UsageError(f"{declared}: {strangers[0]}")
    earlier = baseline.load(before) if before else {}
    if before:
        baseline.check(earlier, before, (*request.targets, *commands), api)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    records = run_all(request)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the reports are a matter of a second
    also = shlex.join(["--claims", claims]) if claims else ""
    changes = baseline.against(records, earlier, before) if before else None
    write(records, request.out, changes)
    if changes is None:
        say(records, request.out, also)
    else:
        say_changes(changes, request.out, also)
    if draft:
        cli_drafts.write(draft, request, records)
    sys.exit(exit_code(records) if changes is None else baseline.exit_code(changes))
