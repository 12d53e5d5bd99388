"""Is what is worst first, and of what is as bad the call that a person can check?"""

from __future__ import annotations

from adjoint.reports.ranking import worst_first
from adjoint.telling import failures
from tests.records import check, drawn


def test_of_calls_of_like_size_one_of_whole_numbers_is_first() -> None:
    rough = check("deviates", size=3, call="a", features={"data": "rounded"})
    order = [
        check("deviates", size=2, call="z"),
        check("deviates", size=6, call="b", features={"data": "exact"}),
        rough,
        check("deviates", size=7, call="a"),
    ]
    assert worst_first(reversed(order)) == tuple(order)


def test_the_data_of_a_drawn_call_that_returned_nothing_are_known_too() -> None:
    changes = {"size": 2, "features": {}}
    order = [
        drawn("deviates", data=data, call=call, **changes)
        for data, call in (("exact", "b"), ("special", "a"))
    ]
    assert worst_first(reversed(order)) == tuple(order)


def test_a_crash_is_worse_than_any_smaller_deviation() -> None:
    order = [check("crashed", size=9), check("deviates", size=1), check("deviates", size=0, held=False)]
    assert worst_first(reversed(order)) == tuple(order)


def test_of_values_a_call_of_which_nothing_is_asked_is_first_as_the_terminal_has_it() -> None:
    order = [
        check("deviates", size=9, features={"strides": "one", "data": "exact"}),
        check("deviates", size=2, features={"strides": "equal", "data": "exact"}),
    ]
    assert worst_first(reversed(order)) == tuple(order)
    assert failures(order)[0].checks == tuple(order)
