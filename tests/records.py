"""What the tests of the reports share: records made by hand, and what a browser would find in a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any

from adjoint.record import Record
from adjoint.reports.text import inert
from adjoint.spec import load

API = "tf.nn.conv_transpose"


HOSTILE = (
    "<script>alert(1)</script>]]>\x1b[31m\x00\u200f\u202eevil\ud800\ufffe\"'><img src=https://a.example>"
)


ERROR = "raised TypeError at call: no"


def check(verdict: str, clause: str = "tf-nn.values", **changes: Any) -> dict[str, Any]:
    """One line of a record, of an implementation that the document speaks of, unless changed."""
    level = load().clauses[clause].level if clause in load().clauses else "stated"
    line = {
        "case": "0123456789ab",
        "why": "unequal strides",
        "api": API,
        "call": f"{API}(input: float32[1, 2, 3, 4])",
        "size": 24,
        "kind": "values",
        "clause": clause,
        "level": level,
        "own": True,
        "gated": True,
        "held": level != "open",
        "claimed": False,
        "verdict": verdict,
        "declared": None,
    }
    if verdict != "conforms":
        line |= {"demanded": "the number 7", "seen": "the number 8", "script": "print(7)"}
    return line | changes


def raised(clause: str, size: int, seen: str = ERROR, **changes: Any) -> dict[str, Any]:
    """One line of a record, of a call that was to return and ended in an error."""
    return check("deviates", clause, size=size, seen=seen, kind="returned", **changes)


def record(
    *checks: Mapping[str, Any],
    name: str = "mine",
    status: str = "ran",
    reason: str = "",
    problem: str = "",
    systems: Mapping[str, str] = MappingProxyType({"tensorflow": "2.4.0"}),
) -> Record:
    header = {
        "record": 2,
        "implementation": name,
        "version": "1.2.3",
        "systems": dict(systems),
        "claims": {},
        "python": "3.11.7",
        "platform": "Linux",
        "adjoint": "0.1.0",
        "interpretation": "1.0",
        "started": "2026-01-02T03:04:05+00:00",
        "planned": 77,
        "drawn": 0,
        "profile": "smoke",
        "seed": 0,
        "arrays": [],
        "levels": ["stated", "implied", "customary"],
        "drift": False,
        "selection": "",
    }
    footer = {
        "footer": True,
        "status": status,
        "reason": reason,
        "problems": [problem] if problem else [],
        "checks": len(checks),
        "verdicts": dict(Counter(line["verdict"] for line in checks)),
        "seconds": 12.25,
        "coverage": {},
    }
    return Record(header, tuple(checks), footer)


KNOWN = {"reason": "a rounding fault of 2.4", "link": "https://issues.example/1"}


DECLARED = check("deviates", declared=KNOWN)
DRIFT = check("deviates", "tf-nn.rank", own=False, gated=False, held=False)
PICTURE = {"shape": [1, 2, 2], "low": [1, 2, 3, 4], "high": [1, 2, 3, 4], "seen": [1, 2, 8, 4]}


def drawn(
    verdict: str, *units: float, declared: int = 0, data: str = "rounded", **changes: Any
) -> dict[str, Any]:
    """The line that sums up as many drawn calls as there are units."""
    summed = {"data": data, "calls": len(units), "declared": declared, "units": list(units)}
    call = f"{len(units)} drawn calls of {data} data"
    level = {"dtype": "float32"}
    return check(verdict, case="drawn", call=call, size=0, drawn=summed, features=level) | changes


def covered(made: Record, coverage: Mapping[str, Any]) -> Record:
    """The record with a footer that tells which pairs of levels met."""
    return Record(made.header, made.checks, {**made.footer, "coverage": coverage})


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.cells: dict[str, str] = {}
        self._within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        found = dict(attrs)
        if tag == "a":
            target = found.get("href") or ""
            self._within.append(target if (found.get("class") or "").startswith("cell") else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._within.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._within and self._within[-1]:
            self.cells[self._within[-1]] = self.cells.get(self._within[-1], "") + data

    @property
    def ids(self) -> list[str]:
        return [value for _, name, value in self.attributes if name == "id"]


def hostile() -> Record:
    """Everything that an implementation, or what it runs on, can say."""
    texts = dict.fromkeys(("why", "call", "demanded", "seen", "stderr", "script", "case"), HOSTILE)
    bad = check("crashed", **texts)
    level = {"features": {"dtype": HOSTILE}, "units": 3.5, "bound": 6.0, "picture": PICTURE}
    strange = drawn("deviates", 1.0, data=HOSTILE, **texts)
    reason = {"reason": HOSTILE, "link": "javascript:alert(1)"}
    known = check("deviates", "tf-nn.rank", **texts, declared=reason)
    odd = check("observed", "tf-nn.filters-in-out", **texts)
    other = check("deviates", HOSTILE, **level)
    made = record(bad, known, odd, other, strange, name=HOSTILE, problem=HOSTILE, reason=HOSTILE)
    header = dict(made.header) | {"version": HOSTILE, "systems": {HOSTILE: HOSTILE}, "python": HOSTILE}
    pairs = {HOSTILE: {HOSTILE: {"dtype": {HOSTILE: 1}}}}
    return covered(Record(header, made.checks, made.footer), {HOSTILE: pairs})


def invisible(text: str) -> list[str]:
    return [c for c in text if c not in "\n\t" and inert(c) != c]
