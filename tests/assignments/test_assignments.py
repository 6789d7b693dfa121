from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader import assignments, fixtures
from grader.core.errors import RubricError

OWN = """\
from dataclasses import replace

from grader.assignments.log_softmax.assignment import ASSIGNMENT as SHIPPED

from .words import TITLE

ASSIGNMENT = replace(SHIPPED, name="own", title=TITLE)
"""


def _own(folder: Path, text: str = OWN) -> Path:
    place = folder / "own"
    (place / "fixtures").mkdir(parents=True)
    (place / "assignment.py").write_text(text)
    (place / "words.py").write_text("TITLE = 'A course of its own'\n")
    line = "- {name: one, says: one, inputs: {x: {literal: [[0, 1]]}}}\n"
    (place / "fixtures" / "values.yaml").write_text(line)
    return place


@pytest.mark.parametrize("name", assignments.names())
def test_shipped_assignments_load_with_their_fixtures(name: str) -> None:
    found = assignments.load(name, Path())
    assert found.name == name
    assert found.folder.name == name
    loaded = fixtures.load_all(assignments.fixture_folder(name, Path()), found.tasks)
    assert {fixture.role for fixture in loaded} == {task.role for task in found.tasks}
    assert len({fixture.name for fixture in loaded}) == len(loaded)


@pytest.mark.parametrize("name", assignments.names())
def test_every_bug_that_can_be_named_has_words_that_are_no_answer(name: str) -> None:
    found = assignments.load(name, Path())
    for task in found.tasks:
        named = {*task.proves.values(), *(bug for one in task.mistakes for bug in one.bugs)}
        named |= {rule.bug for rule in task.repairs}
        assert named
        for bug in sorted(named):
            words = found.words(task.role, bug)
            assert words.message.endswith(".")
            assert words.hint.endswith(("?", "."))
            assert words.message != words.hint


def test_the_names() -> None:
    assert assignments.names() == ("cross_entropy", "log_softmax", "numpy_softmax", "softmax")


def test_a_course_s_own_folder_is_found_beside_the_rubric(tmp_path: Path) -> None:
    place = _own(tmp_path)
    found = assignments.load("own", tmp_path)
    assert (found.name, found.title) == ("own", "A course of its own")
    assert assignments.fixture_folder("own", tmp_path) == place.resolve() / "fixtures"
    assert assignments.load(str(place), Path()) is found
    (fixture,) = fixtures.load(assignments.fixture_folder("own", tmp_path), found.tasks[0])
    assert fixture.name == "values/one"


def test_a_shipped_name_is_never_taken_from_the_folder(tmp_path: Path) -> None:
    _own(tmp_path).rename(tmp_path / "softmax")
    assert assignments.load("softmax", tmp_path).title != "A course of its own"


@pytest.mark.parametrize("reference", ["sofmax", "", "../nothing", "log-softmax"])
def test_an_unknown_reference_says_what_is_known(tmp_path: Path, reference: str) -> None:
    with pytest.raises(RubricError, match=f"{', '.join(assignments.names())}, or a folder"):
        assignments.load(reference, tmp_path)
    with pytest.raises(RubricError, match=r"assignment\.py"):
        assignments.fixture_folder(reference, tmp_path)


def test_the_nearest_name_is_offered(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match="nearest: `softmax`"):
        assignments.load("sofmax", tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise RuntimeError('broken\\nhere')", "RuntimeError: broken here"),
        ("def f(:", "SyntaxError"),
        ("from .nothing import X", "ModuleNotFoundError"),
        ("ASSIGNMENT = 3", "expected `ASSIGNMENT`"),
        ("", "expected `ASSIGNMENT`"),
    ],
)
def test_a_course_s_mistakes_are_named_with_their_file(
    tmp_path: Path, text: str, said: str
) -> None:
    _own(tmp_path, text)
    with pytest.raises(RubricError, match=said) as caught:
        assignments.load("own", tmp_path)
    assert "assignment.py" in str(caught.value)


def test_names_and_folders_import_no_numpy() -> None:
    code = (
        "import sys, pathlib, grader.assignments as a; a.names(); "
        "a.fixture_folder('softmax', pathlib.Path()); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
