"""The wheel, installed into an environment that knows nothing of this checkout."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Final

import pytest

from grader import __version__, assignments
from tests.stories.command import ROOT, Done

NEEDED: Final = ("torch", "numpy", "safetensors", "pydantic", "ruamel.yaml", "nbformat", "IPython",
                 "click", "rich")  # fmt: skip
RIGHT: Final = """
def good_log_softmax(x):
    z = x - x.max(dim=-1, keepdim=True).values
    return z - z.exp().sum(dim=-1, keepdim=True).log()
"""

pytestmark = pytest.mark.xdist_group("installed")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run(
        [*build, str(ROOT)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with the wheel in it and nothing of the checkout.

    The packages it needs are those of this environment, by a path file: such files are not read
    again in the folders that they name, so that an editable install of the checkout is not seen.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--quiet", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    own = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    (Path(own) / "needed.pth").write_text("\n".join(_folders_of_needed()) + "\n", encoding="utf-8")
    return folder / "bin"


def test_the_wheel_carries_rubrics_fixtures_and_assignments(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder, inside in (
        ("rubrics", "grader/_shipped/rubrics"),
        ("fixtures", "grader/_shipped/fixtures"),
        ("grader/assignments", "grader/assignments"),
    ):
        files = [path.relative_to(ROOT / folder) for path in _files(ROOT / folder)]
        assert files
        assert [path for path in files if f"{inside}/{path.as_posix()}" not in names] == []
    assert "grader/__main__.py" in names
    assert {name.split("/")[0] for name in names} == {"grader", f"grader-{__version__}.dist-info"}


def test_the_installed_one_is_run(installed: Path, tmp_path: Path) -> None:
    code = "import grader; print(grader.__file__)"
    done = _run(installed / "python", "-c", code, cwd=tmp_path)
    assert Path(done.out.strip()).is_relative_to(installed.parent), done
    isolated = _run(installed / "python", "-I", "-c", code, cwd=tmp_path)
    assert isolated.out == done.out, "the sandbox's processes import the same one"


def test_rubrics_are_listed_and_linted(installed: Path, tmp_path: Path) -> None:
    listed = _run(installed / "grader", "rubric", "list", cwd=tmp_path)
    assert listed.status == 0, listed.err
    assert [line.split()[0] for line in listed.out.splitlines()] == list(assignments.names())
    linted = _run(installed / "grader", "rubric", "lint", *assignments.names(), cwd=tmp_path)
    assert linted.status == 0, linted.err
    verdicts = [line.rsplit(": ", 1)[1] for line in linted.out.splitlines()]
    assert verdicts == ["right"] * len(assignments.names())
    assert str(ROOT) + os.sep not in linted.out


@pytest.mark.parametrize("program", [("grader",), ("python", "-m", "grader")])
def test_a_file_is_graded(installed: Path, tmp_path: Path, program: tuple[str, ...]) -> None:
    (tmp_path / "a.py").write_text(RIGHT, encoding="utf-8")
    first, *more = program
    grade = (*more, "grade", "a.py", "--rubric", "log_softmax")
    done = _run(installed / first, *grade, cwd=tmp_path)
    assert done.status == 0, done.err
    assert done.out.startswith("a.py  20 of 20")


@pytest.mark.parametrize("name", sorted(set(assignments.names()) - {"log_softmax"}))
def test_each_assignment_grades_a_reference_of_its_own(
    installed: Path, tmp_path: Path, name: str
) -> None:
    references = ROOT / "grader" / "assignments" / name / "references"
    shutil.copy(references / "right" / "einsum.py", tmp_path / "a.py")
    done = _run(installed / "grader", "grade", "a.py", "--rubric", name, cwd=tmp_path)
    assert done.out.startswith("a.py  20 of 20"), done.out + done.err


def test_references_and_mutants_are_there_to_verify(installed: Path, tmp_path: Path) -> None:
    done = _run(installed / "grader", "rubric", "verify", "numpy_softmax", cwd=tmp_path)
    assert done.status == 0, done.out + done.err
    assert re.search(r"^\d\d references, none not as expected$", done.out, re.MULTILINE)
    assert re.fullmatch(
        r"\d\d mutants and \d+ pairs, none survived; .*nothing to mend", done.out.splitlines()[-1]
    )


def _run(program: Path, *arguments: str, cwd: Path) -> Done:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(program), *arguments],
        cwd=cwd,
        env={**env, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _folders_of_needed() -> list[str]:
    folders = set()
    for name in NEEDED:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        folders.add(str(Path(spec.origin).parents[1 + name.count(".")]))
    return sorted(folders)


def _files(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
