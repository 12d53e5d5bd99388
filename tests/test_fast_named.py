"""Is an object found in each form that it may be given in, and nothing else?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from adjoint.fast.named import config_of, object_of


@dataclass(frozen=True)
class L1Norm:
    size: int = 3

    def __call__(self, value: int) -> int:
        return value + self.size


@dataclass(frozen=True)
class Other:
    def __call__(self, value: int) -> int:
        return -value


KINDS = (L1Norm, Other)


@pytest.mark.parametrize("name", ["L1Norm", "l1_norm", "l1norm", "L1NORM"])
def test_a_name_is_that_of_a_class_in_any_spelling(name: str) -> None:
    assert object_of("x", name, KINDS) == L1Norm(3)
    assert object_of("x", "other", KINDS) == Other()


def test_a_callable_stands_for_itself_and_a_class_for_its_object() -> None:
    assert object_of("x", abs, KINDS) is abs
    held = L1Norm(4)
    assert object_of("x", held, KINDS) is held
    assert object_of("x", L1Norm, KINDS) == L1Norm(3)


def test_a_config_makes_an_equal_object() -> None:
    config = config_of(L1Norm(5), KINDS)
    assert config == {"class_name": "L1Norm", "config": {"size": 5}}
    assert object_of("x", config, KINDS) == L1Norm(5)
    assert object_of("x", {"class_name": "l1_norm"}, KINDS) == L1Norm(3)
    assert config_of(abs, KINDS) is abs
    assert config_of(None, KINDS) is None
    assert config_of(Other(), (L1Norm,)) == Other()


@pytest.mark.parametrize("value", ["l1", "", 3, None, {}, {"class_name": "l1"}, {"class_name": None}])
def test_what_is_no_object_is_refused_by_a_sentence_with_the_names(value: Any) -> None:
    with pytest.raises(ValueError, match=r"x=.*: give None, a callable, or by name 'L1Norm' or 'Other'"):
        object_of("x", value, KINDS)
    with pytest.raises(ValueError, match="a callable, or by name 'Other'"):
        object_of("x", value, (Other,))
