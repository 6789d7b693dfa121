"""Submissions without a finished function: the state that says so, and the hint that helps."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from grader.core.observation import Call, Limits, Program, Run, Setup
from grader.notebook import read
from grader.slicing import cut
from tests.stories.grade_files import grade_file, wanted
from tests.stories.telling import Story, stories, submission

ABSENT = stories("absent.txt")
SAYS = {
    "missing": "No function `good_softmax` was found.",
    "stub": "`good_softmax` has no body yet.",
    "unparsed": "The cell that should define `good_softmax` is not valid Python.",
}
DIAGNOSED = {"missing": "missing", "stub": "stub", "unparsed": "missing"}
FORMS = ("ipynb", "ipynb-in-strings", "percent", "export")


class NeverRun:
    """A runner that has nothing to do."""

    isolation = "none"
    torch = ""
    limits = Limits()

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        if program.symbol == "softmax_derivative":  # may be a backward pass, which stands alone
            return Run(Setup("raised"), {})
        raise AssertionError(f"{program.symbol} was run")


@pytest.mark.parametrize("story", ABSENT, ids=lambda story: story.name)
def test_nothing_is_run_and_the_first_row_says_why(story: Story) -> None:
    graded = grade_file(*submission(story), NeverRun())
    found = graded.record.slices["forward"]
    state = story.says["state"]
    assert found.state == state
    row = graded.report.criteria[0]
    near = story.says.get("near", "")
    hint = f" Did you mean {near} to be it?" if near else ""
    assert (row.id, row.status) == ("implemented", "failed")
    assert row.feedback.replace("`", "") == (SAYS[state] + hint).replace("`", "")
    assert [one.id for one in graded.report.diagnoses] == [DIAGNOSED[state]]
    assert graded.report.automatic.score == 0


@pytest.mark.parametrize("story", ABSENT, ids=lambda story: story.name)
def test_near_names_and_lines(story: Story) -> None:
    name, data = submission(story)
    found = cut(read(data, name), wanted())
    if "near" in story.says:
        assert list(found.near) == [story.says["near"]] * bool(story.says["near"])
    if "line" in story.says:
        assert found.location is not None
        assert found.location.line == int(story.says["line"])
    if found.state == "missing":
        assert found.location is None
        assert story.says.get("note", "") in ["", *(note.text for note in found.notes)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_notebook_gives_the_same_state(form: str) -> None:
    told = {}
    for story in ABSENT:
        name, data = submission(story, form)
        told[story.name] = cut(read(data, name), wanted()).state
    # an export marks no cell's end: what does not parse may be prose, in the student's favour
    assert told == {story.name: story.says.get(form, story.says["state"]) for story in ABSENT}
