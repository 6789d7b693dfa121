"""Backward passes in every shape students gave them, with the marks they must get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from grader.core.report import CriterionStatus, Report
from grader.sandbox.parent import Sandbox
from tests.stories.grade_files import grade_file
from tests.stories.telling import Story, stories, submission

pytestmark = pytest.mark.xdist_group("backward-passes")

CELLS: Final = {
    "@@HEAD@@": """import torch
from torch import Tensor
----
logits = torch.rand((1, 20)) + 100
----""",
    "@@FORWARD@@": """def good_softmax(x: Tensor) -> Tensor:
    z = x - torch.max(x, dim=-1, keepdim=True).values
    e = torch.exp(z)
    return e / e.sum(dim=-1, keepdim=True)
----
torch.sum(good_softmax(logits))""",
    "@@NAIVE@@": """def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x)
    return e / e.sum(dim=-1, keepdim=True)""",
}
CRITERIA: Final = ("backward-values", "backward-batch", "backward-stable", "backward-from-scratch")
MARKS: Final[dict[str, tuple[CriterionStatus, ...]]] = {
    "P": ("passed",),
    "N": ("not_applicable",),
    "S": ("skipped",),
    "F": ("failed", "partial", "skipped"),
    "f": ("partial",),
    "?": ("passed", "failed", "partial", "skipped", "not_applicable"),
}
FORMS: Final = ("ipynb", "percent", "export")


def told(file: str) -> list[Story]:
    """The stories of a file of this folder, with the cells that its words stand for."""
    found = []
    for story in stories(f"backward/{file}.txt"):
        text = story.text
        for word, cells in CELLS.items():
            text = text.replace(word, cells)
        found.append(replace(story, text=text))
    return found


RIGHT: Final = told("right")
WRONG: Final = told("wrong")
NOT_UNDERSTOOD: Final = told("not_understood")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as sandbox:
        yield sandbox


def _report(story: Story, among: list[Story], sandbox: Sandbox) -> Report:
    form = FORMS[among.index(story) % len(FORMS)]
    return grade_file(*submission(story, form), sandbox).report


def _unlike(story: Story, report: Report) -> list[str]:
    """Where the marks of the backward pass are not those of the story, or the words are not."""
    rows = {row.id: row for row in report.criteria}
    wrong = [
        f"{name} {rows[name].status}: {rows[name].feedback}"
        for name, mark in zip(CRITERIA, story.says["marks"], strict=True)
        if rows[name].status not in MARKS[mark]
    ]
    named = sorted(one.id for one in report.diagnoses if one.role == "backward")
    if named != sorted(story.says.get("diagnoses", "").split()):
        wrong.append(f"diagnosed {named}")
    return wrong


def test_none_is_told_twice() -> None:
    names = [story.name for story in (*RIGHT, *WRONG, *NOT_UNDERSTOOD)]
    assert sorted(set(names)) == sorted(names)
    assert len(RIGHT) > 100
    assert len(WRONG) > 80


@pytest.mark.parametrize("story", RIGHT, ids=lambda story: story.name)
def test_what_is_right_earns_it(story: Story, sandbox: Sandbox) -> None:
    report = _report(story, RIGHT, sandbox)
    assert _unlike(story, report) == []
    (target,) = [one for one in report.targets if one.role == "backward"]
    assert story.says.get("form", target.form) == target.form
    assert target.form_basis == "observed"


@pytest.mark.parametrize("story", WRONG, ids=lambda story: story.name)
def test_what_is_wrong_loses_it(story: Story, sandbox: Sandbox) -> None:
    report = _report(story, WRONG, sandbox)
    assert _unlike(story, report) == []
    harmless = "harmless" in story.says
    assert harmless == (report.automatic.bonus == report.automatic.max_bonus)


@pytest.mark.parametrize("story", NOT_UNDERSTOOD, ids=lambda story: story.name)
def test_what_is_not_understood_is_not_accused(story: Story, sandbox: Sandbox) -> None:
    report = _report(story, NOT_UNDERSTOOD, sandbox)
    assert _unlike(story, report) == []


@pytest.mark.parametrize("story", RIGHT[::10], ids=lambda story: story.name)
def test_the_forward_marks_do_not_depend_on_it(story: Story, sandbox: Sandbox) -> None:
    rows = _report(story, RIGHT, sandbox).criteria
    cut = story.text.split("torch.sum(good_softmax(logits))", maxsplit=1)[0]
    if "def good_softmax" not in cut or cut == story.text:
        pytest.skip("its forward pass is not the usual one")
    alone = _report(replace(story, text=cut), [replace(story, text=cut)], sandbox).criteria
    forward = [(row.id, row.status, row.points) for row in rows if not row.bonus]
    assert forward == [(row.id, row.status, row.points) for row in alone if not row.bonus]
