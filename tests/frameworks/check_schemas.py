"""Is every message to and from a real framework what the JSON Schemas describe?

Puts all golden cases of PyTorch to it, with what goes through its worker's pipes written down.  Not among the
tests that need no framework: `tox -e gate` calls it.
"""

import json

import pytest

from tests import exchanges
from tests.schemas import problems


@pytest.mark.parametrize("name", ["torch"])
def test_every_message_of_a_whole_run_is_described(name, tmp_path):
    requests, answers, verdicts = exchanges.whole_run(name, tmp_path)
    assert {"conforms", "deviates", "observed"} <= verdicts
    assert len(answers) == len(requests) - 1 > 1000
    assert problems("request", requests) == []
    assert problems("answer", answers) == []


def test_what_the_page_of_the_protocol_shows_of_it_is_what_happens():
    (exchange,) = (each for each in exchanges.shown() if each[0] == "torch")
    _, sent, back = exchange
    said = exchanges.answers("torch", sent)
    for one, other in zip(said, map(json.loads, back), strict=True):
        assert one.keys() == other.keys()
        assert one.get("unsupported") == other.get("unsupported")
