"""The command line from end to end, on small classes and a real sandbox."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from grader.cli import grade as module
from grader.cli.main import main
from grader.resources import shipped

RIGHT: Final = """
import torch
def good_log_softmax(x):
    z = x - x.max(dim=-1, keepdim=True).values
    return z - z.exp().sum(dim=-1, keepdim=True).log()
"""
NAIVE: Final = """
import torch
def good_log_softmax(x):
    return torch.log(torch.exp(x) / torch.exp(x).sum(dim=-1, keepdim=True))
"""


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of three, graded into `out` by the log-softmax rubric."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "class" / "ada").mkdir(parents=True)
    (folder / "class" / "bo").mkdir()
    (folder / "class" / "ada" / "work.py").write_text(RIGHT)
    (folder / "class" / "bo" / "work.py").write_text(NAIVE)
    (folder / "class" / "empty.ipynb").write_text("")
    (folder / "class" / "notes.pdf").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert _run("grade", "class", "--rubric", "log_softmax", "--out", "out", "--jobs", "1") == 1
    return folder


@pytest.fixture(autouse=True)
def _inside(graded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(graded)


def test_a_class_leaves_reports_and_a_summary(graded: Path) -> None:
    out = graded / "out"
    summary = json.loads((out / "summary.json").read_text())
    by_source = {row["source"]: row for row in summary["rows"]}
    assert by_source["ada/work.py"]["score"] == by_source["ada/work.py"]["max"]
    assert by_source["bo/work.py"]["score"] < by_source["bo/work.py"]["max"]
    assert by_source["empty.ipynb"]["status"] == "ungradable"
    reports = {path.stem for path in (out / "reports").iterdir()}
    assert reports == {row["id"] for row in summary["rows"]}
    assert len((out / "scores.csv").read_text().splitlines()) == 4
    assert json.loads((out / "run.json").read_text())["inputs"] == ["class"]


def test_a_second_run_goes_on_and_rejudging_moves_nothing(
    graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = graded / "out" / "reports"
    before = {path.name: path.read_bytes() for path in reports.iterdir()}
    assert _run("grade", "class", "--rubric", "log_softmax", "--out", "out") == 1
    shown = capsys.readouterr()
    assert "continued: 3 already graded" in shown.err
    assert "0 graded" in shown.out
    assert "1 other file passed over" in shown.out
    assert _run("rejudge", "out") == 1
    assert "3 judged again, nothing moved" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in reports.iterdir()} == before


def test_rejudging_by_another_rubric_says_whose_points_moved(
    graded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(graded / "out", tmp_path / "out")
    text = (shipped("rubrics") / "log_softmax.yaml").read_text()
    cheaper = text.replace("points: 4", "points: 3", 1)
    (tmp_path / "mine.yaml").write_text(cheaper)
    assert cheaper != text
    assert _run("rejudge", str(tmp_path / "out"), "--rubric", str(tmp_path / "mine.yaml")) == 1
    shown = capsys.readouterr().out
    assert "ada/work.py: 20/20 -> 19/19" in shown
    assert _run("rejudge", str(tmp_path / "out")) == 1
    assert "nothing moved" in capsys.readouterr().out


def test_another_seed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("grade", "class", "--rubric", "log_softmax", "--out", "out", "--seed", "7") == 2
    assert "--seed 7 --out out-2" in capsys.readouterr().err


def test_a_stored_verdict_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("explain", "bo/work.py", "--out", "out") == 0
    shown = capsys.readouterr().out
    assert "good_log_softmax(torch.tensor([[" in shown
    assert "came back" in shown
    assert "should have" in shown
    assert _run("explain", "nobody", "--out", "out") == 2
    assert _run("explain", "bo/work.py", "stabel", "--out", "out") == 2
    assert "did you mean `stable`?" in capsys.readouterr().err


def test_one_file_explains_itself_and_writes_nothing(
    graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(graded.rglob("*"))
    assert _run("grade", "class/ada/work.py", "--rubric", "log_softmax") == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("work.py  20 of 20\n")
    assert shown.out.splitlines()[-1] == (
        "to keep a report: grader grade class/ada/work.py --rubric log_softmax --out graded"
    )
    assert shown.err == ""
    assert sorted(graded.rglob("*")) == before


def test_a_file_ends_with_how_to_see_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("grade", "class/bo/work.py", "--rubric", "log_softmax") == 0
    *_, more, _ = capsys.readouterr().out.splitlines()
    told = more.removeprefix("everything that fails in stable: grader ")
    assert _run(*shlex.split(told)) == 0
    assert "stable  failed" in capsys.readouterr().out


def test_isolation_is_told_once_and_only_where_code_is_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("grade", "class", "--rubric", "log_softmax", "--out", str(tmp_path / "out"))
    assert _run(*command, "--isolation", "none") == 1
    assert capsys.readouterr().err.count("--isolation none: submissions are not confined") == 1
    assert _run(*command) == 1
    assert "isolation" not in capsys.readouterr().err
    assert _run("explain", "ada/work.py", "--out", str(tmp_path / "out")) == 0
    assert "isolation" not in capsys.readouterr().err


def test_json_is_all_there_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("grade", "class/bo/work.py", "--rubric", "log_softmax", "--json") == 0
    assert json.loads(capsys.readouterr().out)["schema_version"] == "1.0"
    assert _run("grade", "class", "--rubric", "log_softmax", "--out", "out", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"graded": 2, "needs_person": 0, "ungradable": 1}
    assert told["run"]["graded"] == 0


def test_a_folder_without_submissions_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.md").write_text("")
    assert _run("grade", str(tmp_path), "--rubric", "log_softmax") == 2
    assert "no submission in" in capsys.readouterr().err


def test_a_role_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("grade", "class", "--rubric", "log_softmax", "--target", "forwards=f") == 2
    assert "did you mean `forward`?" in capsys.readouterr().err


def test_an_interruption_keeps_what_is_done_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = module.grade_all

    def stopped(*arguments: object, **more: object) -> Iterator[object]:
        stream = real(*arguments, **more)  # type: ignore[arg-type]  # handed on
        yield next(stream)
        stream.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "grade_all", stopped)
    out = str(tmp_path / "out")
    assert _run("grade", "class", "--rubric", "log_softmax", "--out", out) == 130
    assert "go on with: grader" in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["submissions"] == 1


def test_a_damaged_report_of_another_file_is_told(
    graded: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "copy"
    shutil.copytree(graded / "out", out)
    damaged = next(path for path in (out / "reports").glob("*.json") if "bo" in path.name)
    damaged.write_text("{", encoding="utf-8")
    command = ("grade", "class/ada", "--rubric", "log_softmax", "--out", str(out))
    _run(*command)
    told = capsys.readouterr().err
    assert f"damaged, and left out of the summary: {damaged.stem} (in " in told
