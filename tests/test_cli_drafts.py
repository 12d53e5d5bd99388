"""Does a file that `adjoint run` drafted, once its reasons are given, make the same run pass?"""

from __future__ import annotations

from pathlib import Path

import pytest

from adjoint import deviations

HERE = Path(__file__).parent
API = "torch.nn.functional.conv_transpose2d"


def run_of(name, folder, *words):
    return ("run", f"miniatures:{name}", "--api", API, "--out", folder / "out", *words)


@pytest.mark.parametrize(
    ("name", "profile", "predicate"),
    [
        ("two_faults", "smoke", "'output_padding' in given"),
        ("off_by_one_crop", "none", "'padding' in given"),
        ("wrong_dtype_of_a_few", "none", ""),
    ],
)
def test_a_draft_with_reasons_makes_the_same_run_pass(name, profile, predicate, run_adjoint, tmp_path):
    if name == "wrong_dtype_of_a_few":
        (tmp_path / "faulty.py").write_text(
            "from adjoint.fast.torch_functional import conv_transpose2d as right\n"
            "def conv(input, weight, groups=1, **rest):\n"
            "    output = right(input, weight, groups=groups, **rest)\n"
            "    return output.astype('float64') if groups == 3 else output\n"
        )
        words = ("run", "faulty:conv", "--api", API, "--out", tmp_path / "out", "--profile", profile)
    else:
        words = (*run_of(name, tmp_path), "--profile", profile)
    where = tmp_path if name == "wrong_dtype_of_a_few" else HERE
    draft = tmp_path / "draft.toml"
    done = run_adjoint(*words, "--write-deviations", draft, cwd=where)
    assert done.returncode == 1, done.stdout
    assert f"draft: {draft}; each reason in it is still to be written." in done.stdout
    assert predicate in draft.read_text()
    refused = run_adjoint(*words, "--deviations", draft, cwd=where)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "deviation 1: reason is 'TODO" in refused.stderr
    draft.write_text(draft.read_text().replace('"TODO:', '"known:'))
    again = run_adjoint(*words, "--deviations", draft, cwd=where)
    assert again.returncode == 0, again.stdout
    if name == "wrong_dtype_of_a_few":
        kept = deviations.load(draft)
        assert {(row.kind, row.when or str(row.where)) for row in kept} == {("dtype", "{'groups': 3}")}
        right = (tmp_path / "faulty.py").read_text().replace("== 3", "== 2")
        (tmp_path / "faulty.py").write_text(right)
        other = run_adjoint(*words, "--deviations", draft, cwd=where)
        assert other.returncode == 1
        assert "is stale" in other.stdout


def test_a_draft_never_overwrites_a_file(run_adjoint, tmp_path):
    (tmp_path / "draft.toml").write_text("mine")
    done = run_adjoint(
        *run_of("always_right", tmp_path, "--write-deviations", tmp_path / "draft.toml"), cwd=HERE
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "exists already; remove it, or name another file" in done.stderr
    assert (tmp_path / "draft.toml").read_text() == "mine"
    done = run_adjoint(
        *run_of("always_right", tmp_path, "--write-deviations", tmp_path / "none" / "d.toml"), cwd=HERE
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no folder" in done.stderr


def test_of_what_holds_nothing_is_drafted(run_adjoint, tmp_path):
    words = ("--profile", "none", "--write-deviations", tmp_path / "draft.toml")
    done = run_adjoint(*run_of("always_right", tmp_path, *words), cwd=HERE)
    assert done.returncode == 0, done.stdout
    assert "nothing that can be declared deviates undeclared" in done.stdout
    assert not (tmp_path / "draft.toml").exists()


ROW = '[[deviation]]\nimplementation = "{}"\nclause = "torch-functional.values"\nreason = "known"\n'


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (
            ROW.format("miniature:always_right"),
            2,
            "of miniature:always_right .* is of no implementation of this run",
        ),
        (ROW.format("torch"), 2, "is of no implementation of this run, which has miniatures:always_right;"),
        (ROW.format("miniatures:*") + ROW.format("Torch"), 2, "of Torch from .* is of no implementation"),
        (ROW.format("miniatures:*"), 1, "is stale: every check that it matches conforms"),
        (ROW.format("miniatures:*") + 'when = "strdie == 2"\n', 1, "is stale: no check matches it"),
        (
            ROW.format("miniatures:always_right") + 'versions = { torch = ">=2" }\n',
            1,
            "is of versions of torch, which miniatures:always_right does not have; it has no system",
        ),
    ],
)
def test_a_users_declaration_that_excuses_nothing_fails_the_run(text, code, sentence, run_adjoint, tmp_path):
    import re

    (tmp_path / "d.toml").write_text(text)
    done = run_adjoint(
        *run_of("always_right", tmp_path, "--profile", "none", "--deviations", tmp_path / "d.toml"), cwd=HERE
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert re.search(sentence, done.stdout + done.stderr)


def test_a_users_declaration_that_expired_fails_the_run(run_adjoint, tmp_path):
    row = ROW.format("miniatures:ignores_output_padding").replace("values", "output-size")
    (tmp_path / "d.toml").write_text(row + "expires = 2026-01-01\n")
    words = ("--profile", "none", "--deviations", tmp_path / "d.toml")
    done = run_adjoint(*run_of("ignores_output_padding", tmp_path, *words), cwd=HERE)
    assert done.returncode == 1
    assert done.stdout.count("expired on 2026-01-01; mend it or renew it.") == 1
