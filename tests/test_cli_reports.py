"""Are the reports of records those of the run, and nothing else?"""

from pathlib import Path

HERE = Path(__file__).parent


def test_truncated_record(run_adjoint, tmp_path):
    run_adjoint("run", "fast", "--clause", "tf-nn.values", "--out", tmp_path)
    path = tmp_path / "fast.record.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    done = run_adjoint("report", path, "--out", tmp_path / "again")
    assert done.returncode == 2
    assert "fast.record.jsonl is truncated" in done.stderr
    assert not (tmp_path / "again" / "report.html").exists()


def test_report_of_records_is_the_report_of_the_run(run_adjoint, tmp_path):
    run_adjoint("run", "fast", "--out", tmp_path)
    done = run_adjoint("report", tmp_path / "fast.record.jsonl", "--out", tmp_path / "again")
    assert done.returncode == 0
    for name in ("report.html", "document-tf-nn.html", "junit.xml", "summary.md", "badge.json"):
        assert (tmp_path / "again" / name).read_text() == (tmp_path / name).read_text()


def test_a_report_leaves_no_page_of_an_earlier_one(run_adjoint, tmp_path):
    for name in ("document-tf-nn.html", "timeline.html", "document-mine.html"):
        (tmp_path / name).write_text("of an earlier run")
    run_adjoint("run", "fast", "--clause", "torch-modules.values", "--out", tmp_path)
    found = {path.name for path in tmp_path.glob("*.html")}
    assert found == {"report.html", "document-torch-modules.html", "document-mine.html"}


def test_a_folder_stands_for_the_records_in_it(run_adjoint, tmp_path):
    words = ("run", "fast", "--profile", "none", "--clause", "operation.crop", "--out", tmp_path / "run")
    assert run_adjoint(*words, cwd=HERE).returncode == 0
    again = run_adjoint("report", tmp_path / "run", "--out", tmp_path / "again", cwd=HERE)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / "report.html").exists()
    (tmp_path / "empty").mkdir()
    empty = run_adjoint("report", tmp_path / "empty", "--out", tmp_path / "again", cwd=HERE)
    assert empty.returncode == 2
    assert "has no records" in empty.stderr


def test_where_nothing_is_right_the_wiring_is_asked_for(run_adjoint, tmp_path):
    words = ("run", "math:hypot", "--api", "operation", "--profile", "none", "--out", tmp_path)
    done = run_adjoint(*words, cwd=HERE)
    assert done.returncode == 3
    assert "math:hypot: is it wired rightly? 'adjoint smoke' says so." in done.stdout
