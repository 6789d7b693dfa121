"""Commands about decisions, pages and exports, on a folder of three submissions."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stories.command import Done, reports, run_grader

CODE = """import torch

def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
"""

Run = Callable[..., Done]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    for name, text in (("ada", CODE), ("bo", CODE.replace("x.amax(1, keepdim=True)", "0"))):
        (folder / "class" / name).mkdir(parents=True)
        (folder / "class" / name / "work.py").write_text(text)
    (folder / "class" / "cy").mkdir()
    (folder / "class" / "cy" / "work.ipynb").write_text('{"cells": [')
    secret = folder / "secret"
    secret.write_text("a course's own secret")
    (folder / "grader.toml").write_text('rubric = "softmax"\nsecret = "secret"\n')
    done = run_grader("grade", "class", "--from", "tree", "--pseudonyms", cwd=folder)
    assert done.status == 1, done.err
    return folder


@pytest.fixture
def run(graded: Path, tmp_path: Path) -> Run:
    """The command line in a copy of the graded folder."""
    shutil.copytree(graded, tmp_path / "here")

    def runs(*arguments: str, ends: int = 0) -> Done:
        done = run_grader(*arguments, cwd=tmp_path / "here")
        assert done.status == ends, done.err + done.out
        return done

    return runs


def found(tmp_path: Path, score: float | None) -> dict[str, Any]:
    """The report with that automatic score; None: the ungradable one."""
    known = reports(tmp_path / "here" / "graded").values()
    if score is None:
        return next(one for one in known if one["criteria"] == [])
    return next(one for one in known if one["criteria"] and one["automatic"]["score"] == score)


def test_pseudonyms_leave_names_in_one_file(run: Run, tmp_path: Path) -> None:
    run("pages", "graded")
    folder = tmp_path / "here" / "graded"
    holding = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and (b"folder:ada" in path.read_bytes() or "ada" in path.name)
    }
    assert holding == {"identities.json"}
    assert not any(b"class/ada" in path.read_bytes() for path in folder.rglob("*.*"))
    assert all(source.startswith("s-") for source in reports(folder))


def test_an_override_and_its_end(run: Run, tmp_path: Path) -> None:
    report = found(tmp_path, 20)
    identifier = report["submission"]["id"]
    run("override", identifier, "discussion", "--points", "4", "--reason", "Good.", "--by", "ann")
    done = run("override", identifier, "values", "--points", "1", "--reason", "No.", "--by", "ann")
    after = found(tmp_path, 20)
    assert after["final"]["score"] == 21
    assert after["manual"]["score"] == 4
    assert [(one["kind"], one["points"]) for one in after["adjustments"]] == [("override", -3)]
    entry = done.err.split()[1]
    run("override", identifier, "--void", entry, "--reason", "Wrong one.", "--by", "ann")
    assert found(tmp_path, 20)["final"]["score"] == 24
    listed = run("mark", "graded", "--list")
    assert "3 decisions, 1 in force, 0 of them stale, 0 conflicts" in listed.out


def test_what_could_not_be_graded_gets_a_mark_as_a_whole(run: Run, tmp_path: Path) -> None:
    identifier = found(tmp_path, None)["submission"]["id"]
    run("override", identifier, "--points", "12", "--reason", "Read on paper.", "--by", "ann")
    after = found(tmp_path, None)
    assert (after["status"], after["final"]["score"]) == ("graded", 12)
    assert "cut off" in after["reason"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("valeus", "--points", "1", "--reason", "x"), "did you mean `values`?"),
        (("values", "--points", "5", "--reason", "x"), "values has 4 at most"),
        (("values", "--points", "1", "--reason", " "), "say why"),
        (("values", "--reason", "x"), "decide one thing"),
        (("--excuse", "--points", "1", "--reason", "x"), "decide one thing"),
        (("--until", "2026-12-01", "--reason", "x"), "expected a date with time and zone"),
        (("--void", "e-1", "--reason", "x"), "no decision about"),
        (("values", "--points", "1", "--reason", "x", "--by", " "), "expected a name"),
    ],
)
def test_a_decision_that_makes_no_sense(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run("override", found(tmp_path, 20)["submission"]["id"], *arguments, ends=2)
    assert said in done.err
    assert not (tmp_path / "here" / "graded" / "ledger.jsonl").exists()


def test_marking_needs_a_terminal_a_page_or_a_file(run: Run) -> None:
    assert "2 answers wait; no terminal" in run("mark", "graded", "--by", "ann", ends=1).err
    assert "one at a time" in run("mark", "graded", "--list", "--page", "p", ends=2).err
    assert "needs --page" in run("mark", "graded", "--share", "ann=1", ends=2).err
    assert "discussion" in run("mark", "graded", "--criterion", "x", ends=2).err
    assert "nothing to repair" in run("mark", "graded", "--repair").out
    assert "columns" in run("mark", "graded", "--import", "grader.toml", ends=1).err


def test_a_torn_ledger_is_told_and_repaired(run: Run, tmp_path: Path) -> None:
    identifier = found(tmp_path, 20)["submission"]["id"]
    run("override", identifier, "--excuse", "--reason", "Ill.", "--by", "ann")
    ledger = tmp_path / "here" / "graded" / "ledger.jsonl"
    assert ledger.stat().st_mode & 0o777 == 0o600
    with ledger.open("ab") as file:
        file.write(b'{"at": "2026')
    assert "ledger.jsonl" in run("export", "csv", "graded", ends=5).err
    run("mark", "graded", "--repair")
    assert "EX" not in run("mark", "graded", "--list").out
    run("export", "csv", "graded", ends=1)


def test_exports_say_what_they_need(run: Run, tmp_path: Path) -> None:
    assert "--template" in run("export", "canvas", "graded", ends=2).err
    assert "--column x" in run("export", "csv", "graded", "--column", "x", ends=2).err
    assert "no output folder" in run("export", "csv", "class", ends=2).err
    run("export", "junit", "graded", ends=1)
    assert (tmp_path / "here" / "graded" / "export" / "junit").is_dir()


def test_an_autograder_carries_the_grader_and_the_courses_rubric(run: Run, tmp_path: Path) -> None:
    (tmp_path / "here" / "grader-0.1-py3-none-any.whl").write_bytes(b"PK")
    wheel = ("--wheel", "grader-0.1-py3-none-any.whl")
    run("rubric", "init", "layer_norm")
    run("package", "gradescope", "--rubric", "./layer_norm.yaml", *wheel)
    with zipfile.ZipFile(tmp_path / "here" / "gradescope.zip") as archive:
        names = set(archive.namelist())
    assert {"setup.sh", "run_autograder", "course/layer_norm.yaml"} <= names
    assert "wheels/grader-0.1-py3-none-any.whl" in names
    assert any(name.startswith("course/layer_norm/") for name in names)
    run("package", "gradescope", ends=2)


def test_who_is_forgotten_is_in_nothing_any_more(run: Run, tmp_path: Path) -> None:
    report = found(tmp_path, 20)
    [key] = report["submission"]["submitters"]
    run("override", report["submission"]["id"], "--excuse", "--reason", "Ill.", "--by", "ann")
    run("forget", key)
    folder = tmp_path / "here" / "graded"
    for path in folder.rglob("*"):
        if path.is_file():
            assert key not in path.name
            assert key.encode() not in path.read_bytes()
    assert len(json.loads((folder / "summary.json").read_text())["rows"]) == 2
    assert "1 line removed: somebody was forgotten" in (folder / "ledger.jsonl").read_text()
    assert "is no student" in run("forget", key, ends=2).err


def test_two_folders_that_are_the_same_and_two_that_are_not(run: Run, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "here" / "graded", tmp_path / "here" / "old")
    assert "0 marks changed, 3 are as they were" in run("compare", "old", "graded").out
    identifier = found(tmp_path, 20)["submission"]["id"]
    run("override", identifier, "--points", "3", "--reason", "Copied.", "--by", "ann")
    told = run("compare", "old", "graded", "--json", ends=1).json()
    [change] = told["changes"]
    assert change["new"] == 3
    assert any("override" in one for one in change["why"])
