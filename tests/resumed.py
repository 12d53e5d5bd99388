"""Runs of a few cases that are cut off and go on, for the tests of that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adjoint import golden
from adjoint.cases.demanded import case_of
from adjoint.cases.strategies import settings
from adjoint.catalogue import resolve
from adjoint.deviations import Deviation
from adjoint.drawing import Drawn
from adjoint.examination import Examination
from adjoint.plan import Plan
from adjoint.worker import GaveUp

API = "torch.nn.functional.conv_transpose2d"
DATA = ("exact", "rounded")
SIZE = "torch-functional.output-size"
STRIDE = "torch-functional.stride"
OF_GOLDEN = [1, 2, 2, 3]
"""The shape of the input of two golden cases that deviate, and of no drawn call."""
DECLARED = (
    Deviation("*", SIZE, "golden cases alone", where={"input.shape": OF_GOLDEN}),
    Deviation("*", SIZE, "drawn calls alone", when="output_padding and input_shape[-1] != 3"),
    Deviation("*", STRIDE, "idle"),
    Deviation("*", "tf-nn.values", "unmatched"),
)


def few_cases(deaths: bool) -> list[golden.Case]:
    """Return a few cases of the API: one conforms to `STRIDE`, two deviate, and of one the worker may die."""
    cases = [case for case in golden.load() if case.call.api == API]
    kills = [case for case in cases if case.call.values.get("groups") in (4, 5)]
    chosen = [case for case in cases[::14] if case not in kills] + kills[:deaths]
    chosen += [case for case in cases if case.call.tensors["input"]["shape"] == OF_GOLDEN]
    chosen += [case for case in cases if STRIDE in case.clauses()][:1]
    return [case for case in cases if case in chosen]


class Run:
    """Runs of one miniature in this process, into one record."""

    def __init__(
        self, path: Path, mark: Path, name: str = "dies_once", deaths: bool = True, **plan: Any
    ) -> None:
        self.path, self.mark, self.cases = path, mark, few_cases(deaths)
        self._target = resolve(f"tests.miniatures:{name}", API, dtypes="float32")
        self._plan = plan

    def go(self, resume: bool = False, drawing: bool = True, **plan: Any) -> Examination:
        plan = {"deviations": DECLARED, "seed": 1, **self._plan, **plan}
        examination = Examination(Plan(self._target, self.path, resume=resume, **plan))
        stopped = ""
        try:
            examination.begin(self.cases, len(DATA))
            for case in [] if examination.is_whole else self.cases:
                examination.lines(case)
            for data in DATA if drawing and not examination.is_whole else ():
                drawn = Drawn(API, data, examination)
                drawn.run(settings(API, data, drawn.dtypes), case_of)
        except GaveUp as error:
            stopped = str(error)
        finally:
            examination.finish(stopped)
        return examination

    def cut(self, content: bytes) -> None:
        """Let the record be this, as if the run had been killed then."""
        self.path.write_bytes(content)
        if b"The worker died once" not in content:
            self.mark.unlink(missing_ok=True)


def timeless(content: bytes) -> list[dict[str, Any]]:
    """Return the lines of a record, but for times."""
    return [
        {key: value for key, value in json.loads(line).items() if key not in ("started", "seconds")}
        for line in content.decode().splitlines()
    ]


def ends_of_lines(content: bytes) -> list[int]:
    return [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]
