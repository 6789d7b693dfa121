"""Right answers in every style that came to mind: all automatic points, and no false diagnosis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.sandbox.parent import Sandbox
from tests.stories.grade_files import grade_file
from tests.stories.styles import file_of, lost
from tests.stories.telling import Story, stories

THEMES = ("algorithms", "manners", "forms", "custom", "numbers", "samples")
RIGHT = stories(*[f"styles/right/{theme}.txt" for theme in THEMES])
HELD = {"passed", "not_applicable"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as sandbox:
        yield sandbox


def test_no_style_is_told_twice() -> None:
    names = [story.name for story in RIGHT]
    assert sorted(set(names)) == sorted(names)
    assert len({story.text for story in RIGHT}) == len(names) >= 200


@pytest.mark.parametrize("story", RIGHT, ids=lambda story: story.name)
def test_every_point(story: Story, sandbox: Sandbox) -> None:
    report = grade_file(*file_of(story), sandbox).report
    asked = [row for row in report.criteria if not row.bonus]
    rows = [row for row in asked if row.status not in ("passed", "pending")]
    told = [f"{row.id}: {row.feedback}" for row in rows]
    assert {row.id: row.status for row in rows} == lost(story), "\n".join([report.reason, *told])
    # what leaves the graph loses that one point, and is told why
    cut_off = lost(story).get("differentiable") == "failed"
    assert [one.id for one in report.diagnoses] == ["breaks-autograd"] * cut_off
    gone = sum(row.max_points for row in rows if row.status not in HELD)
    assert report.automatic.score == report.automatic.max - gone
