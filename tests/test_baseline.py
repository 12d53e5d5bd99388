"""Is what changed since an earlier run told apart from what was there, and the exit code given by it?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adjoint import baseline
from adjoint.errors import UsageError
from tests.records import API, DECLARED, check, drawn
from tests.records import record as made

PATH = Path("before.record.jsonl")
OTHER = "tf-nn.dtype"
GOOD, BAD = check("conforms"), check("deviates")


def record(*checks, apis=(API,), selection="", **changes):
    one = made(*checks, **changes)
    one.header["claims"]["apis"] = list(apis)
    one.header["selection"] = selection
    return one


def change(now, before):
    (found,) = baseline.against([now], {"mine": before}, PATH)
    return found


KEEP = check("conforms", "tf-nn.rank")


@pytest.mark.parametrize(
    ("now", "before", "how", "code"),
    [
        (BAD, GOOD, "newly failing", 1),
        (BAD, None, "newly failing", 1),
        (BAD, check("not-reached"), "newly failing", 1),
        (BAD, DECLARED, "newly failing", 1),
        (GOOD, BAD, "newly passing", 0),
        (check("observed"), BAD, "newly passing", 0),
        (DECLARED, BAD, "no longer failing, nor passing", 0),
        (check("not-reached"), BAD, "no longer failing, nor passing", 0),
        (GOOD, None, "new checks", 0),
        (None, BAD, "gone checks", 0),
        (None, GOOD, "gone checks", 0),
        (BAD, BAD, "", 0),
        (check("crashed"), BAD, "", 0),
        (GOOD, GOOD, "", 0),
        (check("deviates", case="another"), GOOD, "newly failing", 1),
        (check("deviates", kind="shape"), BAD, "newly failing", 1),
        (drawn("deviates", 1.0), BAD, "newly failing", 1),
        (drawn("deviates", 1.0, case="f00"), drawn("deviates", 1.0, case="f01"), "", 0),
        (drawn("deviates", 1.0, data="exact"), drawn("deviates", 1.0), "newly failing", 1),
    ],
)
def test_what_changed_is_told_and_only_what_newly_fails_counts(now, before, how, code):
    found = change(record(*filter(None, [KEEP, now])), record(*filter(None, [KEEP, before])))
    assert baseline.exit_code([found]) == code
    changed = {name for name, checks in found.parts.items() if checks}
    assert changed - ({"gone checks"} if "newly failing" in changed else set()) - (
        {"new checks"} if how == "gone checks" else set()
    ) == ({how} if how else set())


def test_what_is_wrong_with_declarations_counts_if_it_is_new():
    old, new = record(KEEP, GOOD, problem="It is stale."), record(KEEP, GOOD, problem="It expired.")
    assert change(old, old).code == 0
    assert change(new, old).problems == ("It expired.",)
    assert change(new, old).code == 1


@pytest.mark.parametrize("status", ["stopped", "not-run"])
def test_a_run_that_came_to_no_end_is_not_excused_by_a_baseline(status):
    assert change(record(GOOD, status=status, apis=()), record(GOOD)).code == 3


def test_an_api_of_which_no_value_conforms_any_more_is_told():
    kept = check("conforms", "tf-nn.rank", kind="shape")
    found = change(record(BAD, kept), record(GOOD, kept))
    assert found.code == 3
    assert found.problems == (f"No value check of {API} conforms any more.",)
    assert change(record(BAD, kept), record(BAD, kept)).code == 0


def test_so_is_one_more_where_another_had_none_before():
    second = [check(verdict, api="b") for verdict in ("deviates", "conforms")]
    before = record(BAD, second[1], apis=(API, "b"))
    assert change(before, before).code == 0
    found = change(record(BAD, second[0], apis=(API, "b")), before)
    assert found.problems == ("No value check of b conforms any more.",)
    assert found.code == 3


def test_of_drawn_calls_those_that_conform_are_not_newly_failing():
    bad, good = drawn("deviates", 1.0), drawn("conforms", 0.5)
    assert change(record(KEEP, good, bad), record(KEEP, good)).failing == (bad,)


def test_nothing_is_gone_from_a_run_that_was_narrowed():
    assert change(record(GOOD, selection="--clause tf-nn.values"), record(GOOD, KEEP)).gone == ()


def test_a_record_of_what_changed_holds_that_alone():
    found = change(record(GOOD, check("deviates", OTHER)), record(GOOD, check("conforms", OTHER)))
    assert [line["clause"] for line in found.narrowed.checks] == [OTHER]


def write(one, folder, name="mine"):
    path = folder / f"{name}.record.jsonl"
    lines = [one.header, *one.checks, one.footer]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_baseline_is_a_record_or_a_folder_of_them(tmp_path):
    write(record(GOOD, name="b"), tmp_path, "b")
    path = write(record(GOOD), tmp_path)
    assert set(baseline.load(path)) == {"mine"}
    assert set(baseline.load(tmp_path)) == {"b", "mine"}


@pytest.mark.parametrize(
    ("interpretation", "refused"),
    [("1.0", False), ("1.7", False), ("2.0", True), ("10", True)],
)
def test_a_baseline_of_another_interpretation_is_refused(interpretation, refused, tmp_path):
    one = record(GOOD)
    one.header["interpretation"] = interpretation
    path = write(one, tmp_path)
    if refused:
        with pytest.raises(UsageError, match=rf"has interpretation {interpretation} of the documents"):
            baseline.load(path)
    else:
        assert baseline.load(path)


def test_a_baseline_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError, match="has no records"):
        baseline.load(tmp_path)
    (tmp_path / "x.record.jsonl").write_text("{}")
    with pytest.raises(UsageError, match="is not a record"):
        baseline.load(tmp_path)


def test_a_baseline_of_something_else_is_refused():
    with pytest.raises(UsageError, match=r"is of mine, and this run is of yours\."):
        baseline.check({"mine": record(GOOD)}, PATH, ["yours"], None)
    with pytest.raises(UsageError, match="the run of mine came to no end"):
        baseline.check({"mine": record(GOOD, status="stopped")}, PATH, ["mine"], None)
    with pytest.raises(UsageError, match=rf"is of a:b as {API}, and this run is of other\."):
        baseline.check({"a:b": record(GOOD, name="a:b")}, PATH, ["a:b"], "other")
    with pytest.raises(UsageError, match=rf"is of mine as other, and this run is of {API}\."):
        change(record(GOOD), record(GOOD, apis=["other"]))
    with pytest.raises(UsageError, match="was narrowed to -k x, and this run was not"):
        change(record(GOOD), record(GOOD, selection="-k x"))
    for api in (API, "other"):  # which is asked of a module:function, and this is none
        baseline.check({"mine": record(GOOD)}, PATH, ["mine"], api)


HERE = Path(__file__).parent
FUNCTION = "torch.nn.functional.conv_transpose2d"


def test_a_run_against_a_baseline_is_judged_by_what_newly_fails(run_adjoint, tmp_path):
    right = "from adjoint.fast.torch_functional import conv_transpose2d as right\nimport numpy as np\n"
    module = tmp_path / "mine.py"

    def run(body, *words):
        module.write_text(right + "def conv(input, weight, groups=1, padding=0, **rest):\n" + body)
        words = ("--api", FUNCTION, "--profile", "none", *words)
        return run_adjoint("run", "mine:conv", *words, cwd=tmp_path)

    whole = "right(input, weight, groups=groups, padding=padding, **rest)"
    one = f"    y = {whole}\n    return y + 1 if groups == 3 else y\n"
    two = f"    y = {whole}\n    return y + 1 if groups == 3 or np.any(np.equal(padding, 3)) else y\n"
    assert run(one, "--out", "before").returncode == 1
    same = run(one, "--out", "same", "--baseline", "before")
    assert same.returncode == 0, same.stdout + same.stderr
    assert "mine:conv: holds, against its baseline: nothing changed" in same.stdout
    worse = run(two, "--out", "worse", "--baseline", "before")
    assert worse.returncode == 1
    assert "torch-functional.padding deviates" in worse.stdout
    assert "torch-functional.groups" not in worse.stdout
    for name in ("summary.md", "junit.xml"):
        text = (tmp_path / "worse" / name).read_text()
        assert "torch-functional.padding" in text
        assert "torch-functional.groups" not in text
        assert "torch-functional.groups" not in (tmp_path / "same" / name).read_text()
    mended = run(f"    return {whole}\n", "--out", "mended", "--baseline", "before")
    assert mended.returncode == 0
    assert "newly passing" in mended.stdout
    other = run(one, "--out", "other", "--baseline", "before", "--api", FUNCTION.replace("2d", "1d"))
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "and this run is of torch.nn.functional.conv_transpose1d." in other.stderr
