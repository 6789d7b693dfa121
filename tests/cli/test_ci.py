"""`grader ci` as a build runs it, and the files that make builds run it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import junitparser
import pytest
from ruamel.yaml import YAML

from tests.batch.repositories import git
from tests.stories.command import ROOT, Done, environment, run_grader

pytestmark = pytest.mark.xdist_group("ci")

RIGHT = """import torch

def good_softmax(x):
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)
"""
WRONG = RIGHT.replace("amax(-1, keepdim=True)", "max(dim=0, keepdim=True).values").replace(
    "sum(-1", "sum(0"
)
HIDDEN = """id: practice
version: "1.0"
title: With a hidden criterion
assignment: softmax
criteria:
  - {id: implemented, title: There, check: implemented, points: 0, gate: true}
  - {id: values, title: Values, check: values, points: 4, fixtures: [values]}
  - {id: secret-axis, title: Secret axis, check: values, points: 6, fixtures: [batch],
     visibility: hidden}
"""


def repository(folder: Path, text: str, **more: str) -> Path:
    (folder / "answer.py").write_text(text)
    (folder / "grader.toml").write_text(more.pop("toml", 'rubric = "softmax"\n'))
    for name, content in more.items():
        (folder / f"{name}.py").write_text(content)
    return folder


def on_github(folder: Path, *options: str, **more: str) -> tuple[Done, str]:
    summary = folder / "summary.md"
    done = subprocess.run(
        [sys.executable, "-m", "grader", "ci", *options],
        cwd=folder,
        env=environment(
            GITHUB_ACTIONS="true",
            GITHUB_STEP_SUMMARY=str(summary),
            GITHUB_WORKSPACE=str(folder),
            **more,
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    told = summary.read_text(encoding="utf-8") if summary.exists() else ""
    return Done(done.returncode, done.stdout, done.stderr), told


def test_a_right_answer_passes(tmp_path: Path) -> None:
    done = run_grader("ci", cwd=repository(tmp_path, RIGHT))
    assert done.status == 0, done.err
    assert done.out.startswith("20 of 20 points, 20 wanted: answer.py\n")
    assert "::" not in done.out


def test_a_wrong_answer_fails_with_its_cause(tmp_path: Path) -> None:
    done, summary = on_github(repository(tmp_path, WRONG), "--junit", "build/grader.xml")
    assert done.status == 4, done.err
    lines = done.out.splitlines()
    token = lines[0].removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", token)
    end = lines.index(f"::{token}::")
    assert lines[end + 1].startswith("::error file=answer.py,line=4,title=wrong-axis::")
    assert lines[-2] == "::notice title=Autograding complete::Points 0/20"
    assert json.loads(lines[-1].split("::", 2)[2]) == {"totalPoints": 0, "maxPoints": 20}
    assert "## softmax: 0 of 20" in summary
    suite = next(iter(junitparser.JUnitXml.fromfile(str(tmp_path / "build" / "grader.xml"))))
    assert suite.failures == 5


@pytest.mark.parametrize(
    ("threshold", "status"), [("9", 0), ("9.71", 0), ("9.72", 4), ("48%", 0), ("50%", 4), ("0", 0)]
)
def test_the_threshold_is_points_or_a_share(tmp_path: Path, threshold: str, status: int) -> None:
    unshifted = RIGHT.replace("x.amax(-1, keepdim=True)", "0")
    toml = f'rubric = "softmax"\nthreshold = "{threshold}"\n'
    done = run_grader("ci", cwd=repository(tmp_path, unshifted, toml=toml))
    assert (done.status, done.err) == (status, "")
    assert done.out.startswith("9.71 of 20 points")


def test_nothing_hidden_is_told(tmp_path: Path) -> None:
    repository(tmp_path, WRONG)
    (tmp_path / "rubric.yaml").write_text(HIDDEN)
    staff = run_grader("grade", "answer.py", "--rubric", "./rubric.yaml", cwd=tmp_path)
    assert "secret-axis" in staff.out
    done, summary = on_github(
        tmp_path, "--rubric", "./rubric.yaml", "--threshold", "0", "--junit", "j.xml"
    )
    assert done.status == 0, done.err
    assert "/4" in summary
    told = done.out + done.err + summary + (tmp_path / "j.xml").read_text(encoding="utf-8")
    assert "ecret" not in told
    assert "of 10" not in told


def test_one_of_several_files_is_chosen_by_what_it_defines(tmp_path: Path) -> None:
    folder = repository(tmp_path, RIGHT, helper="x = 1", test_it="import answer")
    assert run_grader("ci", "--threshold", "20", cwd=folder).status == 0
    (folder / "other.py").write_text(RIGHT)
    done = run_grader("ci", cwd=folder)
    assert done.status == 2
    assert "answer.py, other.py; name it: grader ci FILE" in done.err
    assert run_grader("ci", "other.py", cwd=folder).status == 0
    (folder / "grader.toml").write_text('rubric = "softmax"\nnotebook = "ans*.py"\n')
    assert run_grader("ci", cwd=folder).status == 0


def test_what_cannot_be_read_is_below_every_threshold(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text("{")
    done, summary = on_github(tmp_path, "--rubric", "softmax", "--threshold", "0")
    assert done.status == 4
    assert "Cannot be graded" in summary
    assert "::error file=nb.ipynb,title=not graded::cannot be graded:" in done.out


@pytest.mark.parametrize("threshold", ["-1", "120%", "much", "nan"])
def test_a_wrong_threshold_says_what_is_expected(tmp_path: Path, threshold: str) -> None:
    done = run_grader("ci", "--threshold", threshold, cwd=repository(tmp_path, RIGHT))
    assert done.status == 2
    assert "expected points, as 15, or a share, as 80%" in done.err


# Files that builds read. --------------------------------------------------------------------------


def read(name: str) -> Any:
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


def installed(folder: Path) -> None:
    """`grader` where the action's first step would have put it."""
    (folder / "grader" / "bin").mkdir(parents=True)
    command = folder / "grader" / "bin" / "grader"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m grader "$@"\n')
    command.chmod(0o755)


def run_step(step: Mapping[str, Any], inputs: Mapping[str, str], folder: Path) -> Done:
    """A step as the runner starts it: inputs are put into its environment, then bash."""
    told = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda one: inputs[one[1]], value)
        for name, value in step["env"].items()
    }
    runner = {"RUNNER_TEMP": str(folder / "temp"), "GITHUB_OUTPUT": str(folder / "output")}
    script = folder / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder / "repository",
        env={**environment(GITHUB_ACTIONS="true"), **runner, **told, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("text", "threshold", "status"), [(RIGHT, "", 0), (WRONG, "", 4), (WRONG, "0", 0)]
)
def test_the_action_grades_and_hands_on_its_report(
    tmp_path: Path, text: str, threshold: str, status: int
) -> None:
    action = read("action.yml")
    inputs = {name: one["default"] for name, one in action["inputs"].items()}
    step = next(one for one in action["runs"]["steps"] if one.get("id") == "grade")
    (tmp_path / "repository").mkdir()
    repository(tmp_path / "repository", text)
    installed(tmp_path / "temp")
    done = run_step(step, {**inputs, "threshold": threshold}, tmp_path)
    assert done.status == status, done.err
    assert "::notice title=Autograding report::" in done.out
    said = (tmp_path / "output").read_text(encoding="utf-8")
    assert said == f"junit={tmp_path / 'temp' / 'grader.xml'}\n"
    assert (tmp_path / "temp" / "grader.xml").is_file()


def test_inputs_of_the_action_are_never_code(tmp_path: Path) -> None:
    action = read("action.yml")
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    step = next(one for one in action["runs"]["steps"] if one.get("id") == "grade")
    (tmp_path / "repository").mkdir()
    installed(tmp_path / "temp")
    bad = '$(touch hacked)"; touch hacked; #'
    inputs = dict.fromkeys(action["inputs"], bad)
    done = run_step(step, inputs, tmp_path)
    assert done.status == 2
    assert not list(tmp_path.rglob("hacked"))


def test_the_gitlab_job_grades(tmp_path: Path) -> None:
    job = read("templates/gitlab-ci.yml")["grade"]
    assert job["artifacts"]["reports"]["junit"] == "grader.xml"
    repository(tmp_path, WRONG)
    last = job["script"][-1].replace(".grader-venv/bin/grader", f"{sys.executable} -m grader")
    done = subprocess.run(
        ["bash", "-e", "-c", last],
        cwd=tmp_path,
        env={**environment(), **job["variables"], "GRADER_OPTIONS": "--threshold 0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "grader.xml").is_file()


def test_the_hook_for_rubrics_needs_no_torch() -> None:
    hooks = {one["id"]: one for one in read(".pre-commit-hooks.yaml")}
    assert sorted(hooks) == ["grade", "rubric-lint"]
    files = re.compile(hooks["rubric-lint"]["files"])
    assert files.search("rubrics/softmax.yaml")
    assert files.search("course/rubric.yml")
    assert not files.search("config.yaml")
    words = hooks["rubric-lint"]["entry"].split()[1:]
    code = (
        "import sys; from grader.cli.main import main\n"
        f"sys.argv = ['grader', *{words!r}, 'rubrics/softmax.yaml']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of this project that pre-commit can clone."""
    folder = tmp_path_factory.mktemp("hooks") / "project"
    for name in ("grader", "rubrics", "fixtures"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=all")


def try_hook(ours: Path, folder: Path, hook: str, *options: str) -> Done:
    """`pre-commit try-repo`: it installs this project; what that needs is taken from here."""
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "try-repo", str(ours), hook, "--all-files", *options],
        cwd=folder,
        env={
            **environment(),
            "PRE_COMMIT_HOME": str(ours.parent / "home"),
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # how pip spells that there is none
            "PYTHONPATH": sysconfig.get_path("purelib"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_the_hook_for_rubrics_stops_a_wrong_one(ours: Path, tmp_path: Path) -> None:
    (tmp_path / "rubrics").mkdir()
    text = (ROOT / "rubrics" / "softmax.yaml").read_text(encoding="utf-8")
    (tmp_path / "rubrics" / "own.yaml").write_text(text, encoding="utf-8")
    commit(tmp_path)
    done = try_hook(ours, tmp_path, "rubric-lint")
    assert done.status == 0, done.out + done.err
    (tmp_path / "rubrics" / "own.yaml").write_text(text.replace("points:", "pionts:", 1))
    wrong = try_hook(ours, tmp_path, "rubric-lint")
    assert wrong.status == 1
    assert "pionts" in wrong.out


def test_the_hook_for_students_grades_before_a_push(tmp_path: Path) -> None:
    hook = next(one for one in read(".pre-commit-hooks.yaml") if one["id"] == "grade")
    assert (hook["stages"], hook["types"], hook["pass_filenames"]) == (
        ["pre-push"],
        ["jupyter"],
        False,
    )
    words = hook["entry"].split()
    assert words[0] == "grader"
    assert run_grader(*words[1:], cwd=repository(tmp_path, RIGHT)).status == 0
    assert run_grader(*words[1:], cwd=repository(tmp_path, WRONG)).status == 4


def test_a_fault_of_the_grader_is_not_below_the_threshold(tmp_path: Path) -> None:
    repository(tmp_path, RIGHT)
    code = (
        "import sys; from grader.sandbox import zygote\n"
        "from grader.core.errors import SandboxFault\n"
        "def spawn(self): raise SandboxFault('no process to be had')\n"
        "zygote.Zygote.spawn = spawn\n"
        "sys.argv = ['grader', 'ci', '--threshold', '0']\n"
        "from grader.cli.main import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
