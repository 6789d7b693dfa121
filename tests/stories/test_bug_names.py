"""Bugs under their names: one or two in a submission, as an expert would name them.

The stories were written by someone who had not seen how bugs are found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from grader.sandbox.parent import Sandbox
from tests.stories.grade_files import grade_file
from tests.stories.telling import Story, stories, submission

_HEAD: Final = "import torch\nfrom torch import Tensor\nlogits = torch.rand((1, 20)) + 100"
CELLS: Final = {
    "@@HEAD@@": _HEAD,
    "@@MATH@@": f"import math\n{_HEAD}",
    "@@NUMPY@@": f"import numpy as np\n{_HEAD}",
    "@@NN@@": f"from torch import nn\nimport torch.nn.functional as F\n{_HEAD}",
    "@@TEST@@": "torch.sum(good_softmax(logits))",
}
FORMS: Final = ("ipynb", "percent", "export")
LEAST: Final = 0.95
"""Share of the stories whose bugs are named exactly."""


def told(file: str) -> list[Story]:
    """The stories of a file of this folder, with the cells that its words stand for."""
    found = []
    for story in stories(f"bugs/{file}.txt"):
        text = story.text
        for word, cell in CELLS.items():
            text = text.replace(word, cell)
        found.append(replace(story, text=text))
    return found


SINGLE: Final = told("single")
DOUBLE: Final = told("double")
EVERY: Final = [*SINGLE, *DOUBLE]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as sandbox:
        yield sandbox


def _named(story: Story, sandbox: Sandbox) -> set[str]:
    form = FORMS[EVERY.index(story) % len(FORMS)]
    report = grade_file(*submission(story, form), sandbox).report
    return {each.id for each in report.diagnoses if each.role == "forward"}


def _true(story: Story) -> list[set[str]]:
    """Sets of ids that are true of it."""
    others = [each for each in story.says.get("or", "").split(";") if each]
    return [set(each.split()) for each in (story.says["bugs"], *others)]


def test_none_is_told_twice() -> None:
    names = [story.name for story in EVERY]
    assert sorted(set(names)) == sorted(names)
    assert len({story.text for story in EVERY}) == len(names)
    assert len(SINGLE) > 150
    assert len(DOUBLE) >= 120


def test_nearly_all_are_named_exactly() -> None:
    assert sum("told" not in story.says for story in EVERY) >= LEAST * len(EVERY)


@pytest.mark.parametrize("story", EVERY, ids=lambda story: story.name)
def test_its_bugs_are_named(story: Story, sandbox: Sandbox) -> None:
    named = _named(story, sandbox)
    if "told" in story.says:
        assert named == set(story.says["told"].split())
        assert named not in _true(story)
    else:
        assert named in _true(story)
