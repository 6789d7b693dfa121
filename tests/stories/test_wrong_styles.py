"""Wrong answers: the criteria that name the fault lose points, and nothing else is accused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.sandbox.parent import Sandbox
from tests.stories.grade_files import grade_file
from tests.stories.styles import file_of, lost, named
from tests.stories.telling import Story, stories

THEMES = ("numbers", "rows", "library", "samples")
WRONG = stories(*[f"styles/wrong/{theme}.txt" for theme in THEMES])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as sandbox:
        yield sandbox


def test_no_fault_is_told_twice() -> None:
    names = [story.name for story in WRONG]
    assert sorted(set(names)) == sorted(names)
    assert len({story.text for story in WRONG}) == len(names) >= 200


@pytest.mark.parametrize("story", WRONG, ids=lambda story: story.name)
def test_what_is_lost_and_what_is_named(story: Story, sandbox: Sandbox) -> None:
    report = grade_file(*file_of(story), sandbox).report
    asked = [row for row in report.criteria if not row.bonus]
    rows = {row.id: row for row in asked if row.status not in ("passed", "pending")}
    assert {name: row.status for name, row in rows.items()} == lost(story)
    assert [diagnosis.id for diagnosis in report.diagnoses] == named(story)
    assert report.automatic.score < report.automatic.max
    if "library-softmax" in named(story):
        assert report.automatic.score <= 5
