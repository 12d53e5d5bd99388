"""Does no answer, whatever it holds, raise anything but a MessageError where answers are read and judged?

Mutants of sound answers, and plain bytes, that Hypothesis draws: 2,000 in these tests, each time the same;
or as many as ADJOINT_ANSWERS says, each time others, if it is set::

    ADJOINT_ANSWERS=100000 python -m pytest -s tests/test_answers.py
"""

from __future__ import annotations

import copy
import json
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adjoint.claims import Claims
from adjoint.errors import MessageError
from adjoint.golden import Case, load
from adjoint.implementations import on_fast, serving
from adjoint.judge import judge
from adjoint.outcome import STAGES, parse
from adjoint.record import VERDICTS
from adjoint.tensors import DTYPES, LAYOUTS
from adjoint.worker import _read

MANY = int(os.environ.get("ADJOINT_ANSWERS", "0"))
MOST_SAID = 2000
"""Characters of a sentence about an answer."""


def some(share: float) -> settings:
    """Return settings to draw a share of all."""
    return settings(
        max_examples=round(share * (MANY or 2000)),
        derandomize=not MANY,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


KEYS = (
    *("id", "outcome", "observed", "stage", "types", "message", "reason", "claims", "arithmetic", "dtype"),
    *("accumulator", "shape", "data", "make", "layout", "kind", "name", "default", "class_name", "config"),
    "again",
)
WORDS = (
    *("", "<script>", "\x1b[31m", "\x00", "\ud800", "AAAA", "AAAAAA==", "nan", "inf", "/", "{}", "1.2.3"),
    *("output", "returned", "raised", "unsupported", "float8_e4m3fn", "L1L2", "VAR_KEYWORD"),
    *(*KEYS, *DTYPES, *LAYOUTS, *STAGES),
)
NUMBERS = (0, 1, -1, 2, 2**31, -(2**63), 2**64, 10**30, 0.5, -0.0, 1e308, 5e-324)
PLAIN = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(NUMBERS),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=8),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)
DEEP = st.builds(
    lambda depth, inner: json.loads("[" * depth + json.dumps(inner) + "]" * depth), st.integers(1, 120), PLAIN
)


@cache
def cases() -> tuple[Case, ...]:
    """Return cases of every kind of check and everything that may be observed: three of each."""
    counts: Counter[tuple[Any, ...]] = Counter()
    found = []
    for case in load():
        key = (tuple(check.kind for check in case.checks), case.call.observe, case.call.api[:5])
        counts[key] += 1
        if counts[key] <= 3 and case.call.size < 500 and case.call.home is None:
            found.append(case)
    return tuple(found)


OF_OTHERS = {"bases": ["Layer"], "graph": "its graph", "scope_name": "conv", "node": "conv/add"}
"""What `fast` has not, and others show."""


@cache
def sound(number: int) -> str:
    """Return the line that `fast` answers to the case of that number."""
    call = cases()[number].call
    answer = serving.performed(on_fast, call.to_json())
    if answer["outcome"] == "returned":
        observed = answer["observed"]
        others = {**OF_OTHERS, "collected_losses": observed["output"]}
        observed |= {name: others[name] for name in call.observe if name not in observed}
    return json.dumps({"id": 0, **answer})


CLAIMS = serving.started(on_fast, (), {})
CLAIMS["claims"]["arithmetic"] = {
    "float16": {"accumulator": "float32"},
    "float32": {"input_rounding": "tf32"},
}


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where in a message something is, from outside in."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*before, key)
        yield from places(inner, (*before, key))


@st.composite
def mutated(draw: st.DrawFn, message: dict[str, Any]) -> bytes:
    """Draw a line that differs from a sound one, in what it holds or in its bytes."""
    made = copy.deepcopy(message)
    for _ in range(draw(st.integers(0, 3))):
        if not (found := list(places(made))):
            break
        path = draw(st.sampled_from(found))
        holder = made
        for step in path[:-1]:
            holder = holder[step]
        how = draw(st.sampled_from(["put", "put", "nudge", "drop", "wrap", "deep", "more", "more", "more"]))
        if how == "put":
            holder[path[-1]] = draw(VALUES)
        elif how == "deep":
            holder[path[-1]] = draw(DEEP)
        elif how == "wrap":
            holder[path[-1]] = draw(st.sampled_from([[holder[path[-1]]], {"a": holder[path[-1]]}]))
        elif how == "drop":
            del holder[path[-1]]
        elif how == "more" and isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = draw(VALUES)
        elif how == "nudge":
            old = holder[path[-1]]
            nudge = draw(st.integers(-2, 2))
            if isinstance(old, str):
                holder[path[-1]] = old[: max(nudge, 0)] + old[max(nudge, 0) + 1 :]
            elif isinstance(old, (int, float)):
                holder[path[-1]] = old + nudge
    line = json.dumps(made, ensure_ascii=draw(st.booleans())).encode("utf-8", errors="surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 4]))):
        place, length = draw(st.integers(0, len(line))), draw(st.integers(0, 3))
        line = line[:place] + draw(st.binary(max_size=3)) + line[place + length :]
    return line + b"\n"


def came_to(case: Case, line: bytes) -> str:
    """Read and judge a line as `Worker` and `Examination` do; return what it came to."""
    refusal = ""
    try:
        outcome = parse(_read(line), case.call.observe)
    except MessageError as error:
        refusal = str(error)
    if refusal:
        assert len(refusal) < MOST_SAID
        return "refused"
    verdicts = judge(case, outcome, python_errors=True)
    assert [verdict.check for verdict in verdicts] == list(case.checks)
    for verdict in verdicts:
        assert verdict.verdict in VERDICTS
        said = (verdict.demanded, verdict.seen, verdict.stderr, verdict.unsupported)
        assert all(isinstance(text, str) for text in said)
        found = verdict.comparison
        json.dumps([said, found and [found.measured, found.picture, found.becomes]], allow_nan=False)
    return type(outcome).__name__


def test_mutants_of_sound_answers() -> None:
    seen: Counter[str] = Counter()

    @some(0.7)
    @given(st.data())
    def put(data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(cases()) - 1))
        line = data.draw(mutated(json.loads(sound(number))))
        seen[came_to(cases()[number], line)] += 1

    put()
    print(dict(seen))
    assert min(seen[kind] for kind in ("Returned", "Raised", "refused")) > 20


def test_mutants_of_sound_claims() -> None:
    seen: Counter[str] = Counter()

    @some(0.15)
    @given(mutated(CLAIMS))
    def put(line: bytes) -> None:
        refusal = ""
        try:
            claims = Claims.from_json(_read(line))
        except MessageError as error:
            refusal = str(error)
        seen["refused" if refusal else "read"] += 1
        assert len(refusal) < MOST_SAID
        if refusal:
            return
        for case in cases()[::20]:
            claims.lacks(case.call)
        json.dumps([claims.version, claims.python, claims.apis, claims.dtypes, dict(claims.systems)])

    put()
    print(dict(seen))
    assert min(seen["read"], seen["refused"]) > 20


@some(0.15)
@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8")))
def test_plain_bytes(line: bytes) -> None:
    assert came_to(cases()[0], line) == "refused"
    with pytest.raises(MessageError):
        Claims.from_json(_read(line))


def test_sound_answers_come_through() -> None:
    found = {came_to(cases()[n], sound(n).encode()) for n in range(len(cases()))}
    assert found <= {"Returned", "Raised"}
    kinds = {check.kind for case in cases() for check in case.checks}
    assert kinds == {check.kind for case in load() for check in case.checks}
