"""Right solutions in notebooks as students hand them in: all automatic points, no diagnosis."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from grader.core.notebook import Notebook
from grader.core.record import Graded
from grader.core.slice import Slice
from grader.notebook import read
from grader.sandbox.parent import Sandbox
from grader.slicing import cut
from tests.stories.grade_files import grade_file, wanted
from tests.stories.telling import Story, files_of_bytes, stories, submission

THEMES = ("places", "names", "forms", "settings", "history", "exports", "further", "made")
RIGHT = stories(*[f"right/{theme}.txt" for theme in THEMES])
TOLD_IN_CELLS = [story for story in RIGHT if "form" not in story.says]
OTHER_FORMS = ("ipynb-in-strings", "ipynb-of-windows", "ipynb-version-3", "percent", "export")
HELD = {"passed", "not_applicable", "pending"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as sandbox:
        yield sandbox


def _check(graded: Graded, lost: tuple[str, ...] = ()) -> None:
    report = graded.report
    asked = [row for row in report.criteria if not row.bonus]
    failed = tuple(row.id for row in asked if row.status not in HELD)
    told = [f"{row.id}: {row.feedback}" for row in report.criteria if row.id in failed]
    assert failed == lost, "\n".join([report.reason, *told])
    named = [one.id for one in report.diagnoses]
    assert named == ["breaks-autograd"] * ("differentiable" in lost)
    points = {row.id: row.max_points for row in report.criteria}
    assert report.automatic.score == report.automatic.max - sum(points[one] for one in lost)


@pytest.mark.parametrize("story", RIGHT, ids=lambda story: story.name)
def test_every_point(story: Story, sandbox: Sandbox) -> None:
    graded = grade_file(*submission(story), sandbox)
    _check(graded, tuple(story.says.get("lost", "").split()))


@pytest.mark.parametrize("name", files_of_bytes())
def test_every_point_in_odd_bytes(name: str, sandbox: Sandbox) -> None:
    _check(grade_file(name, files_of_bytes()[name], sandbox))


def _sliced(story: Story, form: str) -> tuple[Notebook, Slice, str]:
    return _sliced_once(story.name, form)


@functools.cache
def _sliced_once(told: str, form: str) -> tuple[Notebook, Slice, str]:
    name, data = submission(next(story for story in RIGHT if story.name == told), form)
    notebook = read(data, name)
    return notebook, cut(notebook, wanted()), data.decode("utf-8-sig").replace("\r\n", "\n")


def _same(found: Slice) -> object:
    """All that may not depend on the form of the file."""
    where = found.location
    return (
        found.state,
        found.symbol,
        [(one.code, one.filename, one.data, one.location.line) for one in found.statements],
        (found.dynamic, found.devices, [one.code for one in found.wide]),
        where and (where.cell, where.line),
        found.references and [one.name for one in found.references],
        [note.text for note in found.notes],
    )


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_every_form_of_a_notebook_gives_the_same_slice(form: str) -> None:
    different = [
        story.name
        for story in TOLD_IN_CELLS
        if _same(_sliced(story, form)[1]) != _same(_sliced(story, "ipynb")[1])
    ]
    assert different == []


@pytest.mark.parametrize("form", ["ipynb", "ipynb-of-windows", "percent", "export"])
def test_the_line_of_the_file_is_that_of_the_definition(form: str) -> None:
    for story in TOLD_IN_CELLS:
        notebook, found, text = _sliced(story, form)
        where = found.location
        assert where is not None
        assert where.file_line is not None
        in_file = text.split("\n")[where.file_line - 1]
        in_cell = notebook.code_cells[where.cell - 1].source.split("\n")[where.line - 1]
        assert "good_softmax" in in_cell, story.name
        assert "good_softmax" in in_file, story.name
