"""Is docs/protocol.md true?  What it shows happens, what it lists is all there is, its worker conforms."""

import json
import re
import shlex
import sys

import numpy as np
import pytest

from adjoint import INTERPRETATION, tensors, worker
from adjoint.call import canonical
from adjoint.catalogue import from_command
from adjoint.examination import Examination
from adjoint.plan import Plan
from adjoint.process import GRACE, Limits, Process
from adjoint.record import VERDICTS, read
from adjoint.worker import GREETING
from tests.exchanges import DOCS, answers, said_of, shown
from tests.schemas import problem, problems, schema

PAGE = (DOCS / "protocol.md").read_text(encoding="utf-8")
EXCHANGES = shown()
ROW = re.compile(r"^\| `(.+?)` \| (.+) \|$", re.MULTILINE)


def section(title):
    """Return the text under a heading of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title):
    return ROW.findall(section(title))


WRONG, WRONG_STARTS = (
    ROW.findall(part)
    for part in section("Wrong answers, and what the suite says of each").split("answer to `start`")
)


def test_there_are_exchanges_of_all_three_messages():
    verbs = {json.loads(line)["do"] for _, sent, _ in EXCHANGES for line in sent}
    outcomes = {json.loads(line).get("outcome") for _, _, back in EXCHANGES for line in back}
    assert verbs == {"start", "perform", "stop"}
    assert outcomes == {None, "returned", "raised", "unsupported"}
    assert EXCHANGES[0][1] == [canonical(GREETING)]


@pytest.mark.parametrize(("who", "sent", "back"), EXCHANGES)
def test_what_is_shown_is_as_the_schemas_have_it(who, sent, back):
    assert [canonical(json.loads(line)) for line in sent] == sent, who
    assert problems("request", map(json.loads, sent)) == []
    assert problems("answer", map(json.loads, back)) == []


@pytest.mark.parametrize(("who", "sent", "back"), [each for each in EXCHANGES if each[0] != "torch"])
def test_what_is_shown_is_what_happens(who, sent, back):
    """With the messages before and after it that make a whole of it."""
    begun = [] if "start" in sent[0] else [canonical(GREETING)]
    said = answers(who, [*begun, *sent, canonical({"do": "stop"})])
    assert said[len(begun) :] == [json.loads(line) for line in back]


@pytest.mark.parametrize(("answer", "sentence"), WRONG, ids=lambda text: text[:60])
def test_what_is_said_of_a_wrong_answer(answer, sentence):
    assert said_of(answer, is_start=False).replace("\\n", "") == sentence.replace("\\n", "")


@pytest.mark.parametrize(("answer", "sentence"), WRONG_STARTS, ids=lambda text: text[:60])
def test_what_is_said_of_a_wrong_start(answer, sentence):
    assert said_of(answer, is_start=True) == sentence


def test_the_refusal_of_another_interpretation_is_quoted():
    assert (len(WRONG), len(WRONG_STARTS)) == (16, 6)
    (quoted,) = re.findall(r"^> (it was written .*)$", PAGE, re.MULTILINE)
    assert WRONG_STARTS[-1][1] == quoted + "; it said nothing."
    assert f"`{INTERPRETATION}`" in section("Versions")


def test_every_name_is_told():
    answer, call, tensor = (schema(name)["$defs"] for name in ("answer", "call", "tensor"))
    told = {
        "Claims": answer["started"]["properties"]["claims"]["properties"],
        "What may be observed": answer["observed"]["properties"],
        "Arguments": ["positional", "home", *call["int"]["properties"]],
        "Outcomes, and what becomes of them": [*VERDICTS, *answer["raised"]["properties"]["stage"]["enum"]],
        "Tensors": [*tensor["layout"]["enum"], *tensor["dtype"]["enum"]],
    }
    for title, names in told.items():
        assert [name for name in names if name not in section(title)] == [], title
    for name in answer["arithmetic"]["properties"]:
        assert f"`{name}`" in section("Claims")


def test_every_tag_in_the_table_is_one_and_all_are_there():
    values = [json.loads(text) for text, _ in rows("Arguments")]
    call = {
        "api": "a.b",
        "tensors": {"input": {"dtype": "bool", "shape": [0], "data": ""}},
        "observe": ["output"],
    }
    for value in values:
        assert problem("call", {**call, "arguments": {"a": value}}) == ""
    tags = {name[1:] for value in values for name in value if name.startswith("$")}
    assert tags == {"tuple", "int", "float", "object", "callable"}


def test_the_limits_are_those():
    limits = Limits()
    said = section("How to behave")
    for text in (
        f"{limits.start_seconds:g} seconds",
        f"{limits.seconds:g} seconds",
        f"{limits.memory >> 30} GiB",
        f"{limits.line >> 20} MiB",
        f"{limits.patience} calls in a row",
        f"up to {limits.window}\n  calls or {limits.window_bytes >> 20} MiB",
        f"After {GRACE:g} seconds the worker is killed",
        f"| {GRACE:g} seconds | to end, once told to `stop` |",
    ):
        assert text in said
    assert f"within {GRACE:g} seconds" in schema("request")["$defs"]["stop"]["description"]


def test_whoever_ends_a_worker_gives_it_that_long(monkeypatch):
    class Program(Process):
        def close(self, grace=GRACE):
            given.append(grace)
            super().close(grace)

    given: list = []
    monkeypatch.setattr(worker, "Process", Program)
    command = [sys.executable, str(DOCS / "worker.py")]
    spoken_to = worker.Worker(command)
    assert spoken_to.claims
    spoken_to.close()
    examination = Examination(Plan(from_command(shlex.join(command)), DOCS / "none"))
    assert examination.claims
    examination.finish()
    assert given == [GRACE, GRACE]


def test_what_is_made_is_what_the_suite_makes():
    code = re.search(r"^```python\n(.*?)^```$", section("Tensors"), re.MULTILINE | re.DOTALL).group(1)
    known: dict = {}
    exec(code, known)
    for low, high, seed in [(-9, 9, 7), (-3, -3, 1), (0, 1 << 53, (1 << 64) - 1)]:
        make = {"kind": "integers", "low": low, "high": high, "seed": seed}
        wanted = tensors.make(make, (50,), "int64")
        assert [known["drawn"](make, j) for j in range(50)] == wanted.tolist()
    body = code.partition("\n")[2]
    assert body in (DOCS / "worker.py").read_text(encoding="utf-8")
    assert "-4, 5" in section("Tensors")
    assert tensors.make({"low": -9, "high": 9, "seed": 7}, (2,), "float32").tolist() == [-4, 5]
    assert np.frombuffer(bytes.fromhex("0000803f0000004000004040"), "<f4").tolist() == [1, 2, 3]


def test_the_worker_of_the_page_conforms(tmp_path, run_adjoint):
    """Started without site-packages, so that there is nothing but Python's own library."""
    command = f"{sys.executable} -S {DOCS / 'worker.py'}"
    done = run_adjoint("run", "--command", command, "--profile", "none", "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.glob("*.record.jsonl")
    verdicts = [line["verdict"] for line in read(path).checks]
    assert verdicts.count("conforms") > 250
    assert set(verdicts) == {"conforms", "unsupported", "not-reached", "observed"}
