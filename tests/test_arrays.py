"""Do the calls of the covering arrays have every legal combination of three levels, and do they stay?"""

from __future__ import annotations

import random
from functools import cache
from math import prod
from pathlib import Path

import pytest

from adjoint.call import Call
from adjoint.cases import arrays
from adjoint.cases.arrays import STRENGTH, Coverage, Family, combined, completed, coverage, excludes, families
from adjoint.cases.concrete import Row, setting_of
from adjoint.cases.settings import Axis, Setting, call_of, legal
from adjoint.features import features_of
from adjoint.reference.apis import APIS
from adjoint.reference.translation import Translation

each_family = pytest.mark.parametrize("family", families().values(), ids=families())


class Made:
    """What a row became: its setting, the call, what it comes to, and the features of that."""

    def __init__(self, family: Family, row: Row) -> None:
        self.row = row
        self.setting = setting_of(family.api(row), row)
        self.call: Call = call_of(self.setting)
        translated = legal(self.setting)
        assert translated is not None
        self.translated: Translation = translated
        self.features = features_of(self.call, self.translated)


@cache
def made(name: str) -> list[Made]:
    return [Made(families()[name], row) for row in arrays.rows(families()[name])]


def test_the_families_are_of_every_api() -> None:
    assert {api for family in families().values() for api in family.apis.values()} == set(APIS)


@each_family
def test_the_features_of_a_call_are_the_levels_of_its_row(family: Family) -> None:
    for each in made(family.name):
        assert {axis: each.features[axis] for axis in family.axes} == each.row
        assert each.features["rank"] == str(len(each.setting.axes))


@each_family
def test_the_features_of_the_calls_have_every_legal_triple(family: Family) -> None:
    found = [each.features for each in made(family.name)]
    assert arrays.legal_combinations(family, STRENGTH) == combined(family, found, STRENGTH)
    counted = coverage(family, found)
    assert counted.triples == counted.triples_covered > counted.pairs == counted.pairs_covered > 500


@each_family
def test_a_row_that_alone_has_a_triple_is_missed(family: Family) -> None:
    found = [each.features for each in made(family.name)]
    counted = coverage(family, found[:-1])
    assert counted.triples_covered < counted.triples
    assert counted.rows == len(found) - 1


def test_the_settings_are_those_of_the_rows_in_order_and_their_calls_differ() -> None:
    held = [each for name in families() for each in made(name)]
    assert [each.setting for each in held] == list(arrays.settings())
    assert len({each.call.id for each in held}) == len(held) >= 700


@each_family
def test_calls_are_small(family: Family) -> None:
    large = 0
    for each in made(family.name):
        translated, (geometry, *_) = each.translated, each.translated.geometries.values()
        filters = translated.kernel.shape[1] * translated.groups
        output = translated.input.shape[0] * filters * prod(geometry.output)
        large += max(len(translated.input.integers), len(translated.kernel.integers), output) > 400
        batch, (channels, share) = translated.input.shape[0], translated.kernel.shape[:2]
        assert batch * channels * share * len(geometry.taps) < 20_000, each.setting
        assert output < 1500, each.setting
    assert large < len(made(family.name)) / 15


@each_family
def test_most_calls_have_no_two_counts_alike(family: Family) -> None:
    alike = 0
    for each in made(family.name):
        counts = [n for n in (*each.translated.input.shape[1:], each.setting.filters) if n > 1]
        alike += len(set(counts)) < len(counts)
    assert alike < len(made(family.name)) / 3


@pytest.mark.parametrize("name", ["operation", "torch_functional", "torch_modules"])
def test_several_groups_are_of_several_channels_in_and_out(name: str) -> None:
    grouped = [each.setting for each in made(name) if each.row["groups"] == "several"]
    assert len(grouped) > 20
    assert all(s.groups < s.channels and s.groups < s.filters for s in grouped)


# --- what is excluded ------------------------------------------------------------------------------------


def drawn(api: str, rng: random.Random) -> Setting:
    """Return any small setting, drawn without a thought of levels."""
    rank = 2 if "2" in api else 1 if "1" in api else 3 if "3" in api else rng.choice((1, 2, 3))
    steps = [rng.choice((1, 1, 2, 3)), rng.choice((1, 1, 2, 3))]
    alike, torch = rng.random() < 0.5, api == "operation" or api.startswith("torch")

    def column(usual: int, *values: int) -> list[int]:
        value = rng.choice((usual, *values))
        return [value] * rank if alike else [rng.choice((usual, *values)) for _ in range(rank)]

    columns = (column(1, 2, 3, 4), column(1, 2, 3, 4), column(1, *steps), column(1, *steps[::-1]))
    crops = column(0, 1) if torch and rng.random() < 0.5 else [0] * rank
    extras = column(0, 1, 2) if rng.random() < 0.5 else [0] * rank
    groups = rng.choice((1, 2, 3, 5)) if torch else 1
    return Setting(
        api,
        tuple(Axis(*numbers) for numbers in zip(*columns, crops, extras, strict=True)),
        batch=rng.choice((0, 1, 2)),
        channels=groups * rng.choice((1, 2, 3, 5)),
        filters=groups * rng.choice((1, 2, 3, 5)),
        groups=groups,
        same=not torch and rng.random() < 0.5,
        pads_output=any(extras) or rng.random() < 0.3,
        first=not torch and rng.random() < 0.5,
        batched=not torch or api == "operation" or rng.random() < 0.7,
        bias=api != "operation" and ("nn" not in api or torch) and rng.random() < 0.6,
        activation=rng.choice(("linear", "relu")) if "keras" in api else "linear",
        form=rng.choice(("number", "tuple", "list")),
        dtype=rng.choice(("float16", "float32", "float64")),
        data=rng.choice(("exact", "rounded", "special")),
        seed=rng.randrange(1000),
    )


@each_family
def test_no_legal_call_has_what_never_is(family: Family) -> None:
    """Of calls drawn otherwise, none that is legal has levels that are said to exclude one another."""
    rng, found = random.Random(family.name), []
    for _ in range(4000):
        setting = drawn(rng.choice(list(family.apis.values())), rng)
        if not setting.batched and setting.batch != 1:
            continue
        translated = legal(setting)
        if translated is None:
            continue
        features = features_of(call_of(setting), translated)
        if any(features[axis] not in levels for axis, levels in family.axes.items()):
            continue
        assert not any(excludes(each, features) for each in family.never), features
        found += [features] if family.allows(features) else []
    reached = combined(family, found, STRENGTH)
    assert reached <= arrays.legal_combinations(family, STRENGTH)
    assert len(reached) > 3000, "so few triples say little"


# --- the generator ---------------------------------------------------------------------------------------

AXES = {"rank": ["1", "2"], "a": ["x", "y"], "b": ["x", "y"], "c": ["x", "y"]}
TOY = Family("toy", {}, AXES, never=[{"rank": ["1"], "a": ["y"]}], unwanted=[{"b": ["y"], "c": ["y"]}])


def test_a_combination_is_legal_if_it_can_be_completed() -> None:
    """Of three axes rank, a and b, those with rank 1 and a = y go; of rank, b and c, those with b = c = y."""
    assert len(arrays.legal_combinations(TOY, 2)) == 6 * 4 - 2
    # two of each triple with rank and a, two of each with b and c
    assert len(arrays.legal_combinations(TOY, 3)) == 4 * 8 - 2 * 2 - 2 * 2


def test_what_two_exclusions_leave_no_level_for_is_not_legal() -> None:
    between = [{"rank": ["1"], "a": ["x"]}, {"a": ["y"], "b": ["x"]}]
    legal_pairs = arrays.legal_combinations(Family("toy", {}, AXES, between, []), 2)
    assert frozenset({("rank", "1"), ("b", "x")}) not in legal_pairs
    assert frozenset({("rank", "2"), ("b", "x")}) in legal_pairs


def test_rows_are_added_until_every_legal_triple_is_there() -> None:
    made_anew = completed(TOY, [])
    counted = coverage(TOY, made_anew)
    assert counted == Coverage(
        "toy", len(made_anew), pairs=22, pairs_covered=22, triples=24, triples_covered=24
    )
    assert len(made_anew) < 9
    assert coverage(TOY, made_anew[:1]) == Coverage("toy", 1, 22, 6, 24, 4)
    assert all(TOY.allows(row) for row in made_anew)


def test_rows_that_are_there_stay_in_their_order() -> None:
    there: list[Row] = [dict.fromkeys(AXES, "x") | {"rank": rank} for rank in ("2", "1")]
    assert completed(TOY, there)[:2] == there
    family = families()["tf_layers"]
    held = arrays.rows(family)
    assert completed(family, held) == held
    added = completed(family, held[:-5])
    assert added[:-5] == held[:-5]
    assert coverage(family, added).triples_covered == coverage(family, held).triples


def test_a_row_that_is_excluded_is_refused_by_the_name_of_its_file() -> None:
    with pytest.raises(ValueError, match=r"toy\.csv has a row that families\.toml excludes: .*'a': 'y'"):
        completed(TOY, [{"rank": "1", "a": "y", "b": "x", "c": "x"}])


@each_family
def test_a_file_is_as_it_would_be_written(family: Family) -> None:
    written = (arrays.folder() / f"{family.name}.csv").read_bytes()
    assert arrays.text(family, arrays.rows(family)).encode("ascii") == written


def test_the_command_adds_rows_to_a_folder_or_shows_the_coverage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(arrays, "families", lambda: {"toy": TOY})
    assert arrays.main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "rows have 22 of 22 legal pairs and 24 of 24 legal triples" in said
    once = (tmp_path / "toy.csv").read_bytes()
    assert arrays.main([str(tmp_path)]) == 0
    assert (tmp_path / "toy.csv").read_bytes() == once
    assert arrays.main([]) == 0
    assert "toy: 0 rows have 0 of 22 legal pairs" in capsys.readouterr().out
