"""Further backward passes: checked against autograd as their authors call them, then graded."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

import pytest
import torch
from torch import Tensor

from grader.core.report import CriterionStatus, Report
from grader.sandbox.parent import Sandbox
from tests.stories.grade_files import grade_file
from tests.stories.telling import Story, submission
from tests.stories.test_backward_passes import CRITERIA, FORMS, told

pytestmark = pytest.mark.xdist_group("backward-references")

MARKS: Final[Mapping[str, frozenset[CriterionStatus]]] = {
    "P": frozenset(("passed",)),
    "N": frozenset(("not_applicable",)),
    "S": frozenset(("skipped",)),
    "F": frozenset(("failed", "partial")),
    "?": frozenset(("passed", "failed", "partial", "skipped", "not_applicable")),
}
MISSING: Final = "SSSS"


RIGHT: Final = told("more_right")
WRONG: Final = told("more_wrong")
EVERY: Final = (*RIGHT, *WRONG)
CALLED: Final = [story for story in EVERY if story.says["marks"] != MISSING]
NAMES: Final = [story.name for story in EVERY]


def _graded(story: Story) -> Any:
    """A parameter; what the grader does not do yet has to be told from what it stops doing."""
    reason = story.says.get("open")
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(story, id=story.name, marks=marks)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as sandbox:
        yield sandbox


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other over tiny tensors cost milliseconds a call."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _names(story: Story) -> dict[str, Any]:
    """What the cells of a story bind, run as a kernel would: one that fails stops only itself."""
    names: dict[str, Any] = {"__name__": "story"}
    for cell in story.cells:
        source = re.sub(r"^[%!].*$", "", cell.source, flags=re.MULTILINE)
        if cell.kind == "code":
            with contextlib.suppress(Exception):
                exec(source, names)  # noqa: S102 - stories of this repository
    return names


def _rows(rows: int) -> tuple[Tensor, Tensor]:
    """Logits and upstream gradient, (rows, 5) float32: unequal rows, nothing near one-hot."""
    generator = torch.Generator().manual_seed(rows)
    return (
        torch.randint(-96, 96, (rows, 5), generator=generator) / 64,
        torch.randint(-192, 192, (rows, 5), generator=generator) / 64,
    )


def _accepted(x: Tensor, g: Tensor) -> Iterator[Tensor]:
    """The product with g, and the Jacobian in every shape the assignment takes; float64."""
    wide = x.double()
    whole: Tensor = torch.func.jacrev(lambda each: torch.softmax(each, dim=-1))(wide)
    count, size = x.shape
    yield torch.einsum("bi,bicj->cj", g.double(), whole)
    yield whole
    yield whole.reshape(count * size, count * size)
    yield torch.stack([whole[row, :, row] for row in range(count)])
    if count == 1:
        yield whole.flatten()


def _tensor(value: Any) -> Tensor | None:
    """Numbers, however nested; None for anything else."""
    if isinstance(value, Tensor):
        return value.detach().double()
    if isinstance(value, list | tuple):
        parts = [part for each in value if (part := _tensor(each)) is not None]
        even = len(parts) == len(value) and len({part.shape for part in parts}) == 1
        return torch.stack(parts) if even else None
    try:
        return torch.as_tensor(value).double()
    except (RuntimeError, TypeError, ValueError):
        return None


def _answer(story: Story, names: dict[str, Any], rows: int) -> Tensor | None:
    """What the call of a story gives; None where it raises or gives no numbers."""
    x, g = _rows(rows)

    def after(layer: Any, row: Tensor = x) -> Any:
        getattr(layer, "forward", layer)(row.clone())
        return layer

    given = {
        "x": x.clone(),
        "g": g.clone(),
        "p": torch.softmax(x, dim=-1),
        "leaf": x.clone().requires_grad_(),
        "after": after,
    }
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        return _tensor(eval(story.says["call"], names | given))  # noqa: S307 - as above
    return None


def _is_right(story: Story, names: dict[str, Any], rows: int) -> bool:
    answer = _answer(story, names, rows)
    if answer is None:
        return False
    x, g = _rows(rows)
    found = answer.squeeze()
    return any(
        found.shape == truth.squeeze().shape
        and torch.allclose(found, truth.squeeze(), rtol=1e-5, atol=1e-6)
        for truth in _accepted(x, g)
    )


def test_none_is_told_twice_and_there_are_enough() -> None:
    assert sorted(set(NAMES)) == sorted(NAMES)
    others = {story.name for file in ("right", "wrong") for story in told(file)}
    assert not others & set(NAMES)
    assert len(RIGHT) > 50
    assert len(WRONG) > 45


def test_right_ones_have_right_values_and_wrong_ones_lose_something() -> None:
    for story in RIGHT:
        assert story.says["marks"].startswith("P"), story.name
    for story in WRONG:
        marks = story.says["marks"]
        assert marks == MISSING or "F" in marks, story.name


@pytest.mark.parametrize("story", CALLED, ids=lambda story: story.name)
@pytest.mark.parametrize(("rows", "at"), [(1, 0), (3, 1)], ids=["one-row", "batch"])
def test_a_story_is_what_it_says(story: Story, rows: int, at: int) -> None:
    """Without the grader: the marks are not what it happens to say."""
    names = _names(story)
    if story.says.get("forward") == "wrong":
        names["good_softmax"] = lambda x: torch.softmax(x, dim=-1)
    mark = story.says["marks"][at]
    assert mark in "PF"
    assert _is_right(story, names, rows) == (mark == "P")


def _unlike(story: Story, report: Report) -> list[str]:
    """Where the marks of the backward pass, or its diagnoses, are not those of the story."""
    rows = {row.id: row for row in report.criteria}
    wrong = [
        f"{name} {rows[name].status}: {rows[name].feedback}"
        for name, mark in zip(CRITERIA, story.says["marks"], strict=True)
        if rows[name].status not in MARKS[mark]
    ]
    asked = story.says.get("diagnoses", "")
    named = sorted(one.id for one in report.diagnoses if one.role == "backward")
    if asked != "*" and named != sorted(asked.split()):
        wrong.append(f"diagnosed {named}")
    if "forward" not in story.says and report.automatic.score != report.automatic.max:
        wrong.append(f"the forward pass earned {report.automatic.score}")
    return wrong


def _report(story: Story, sandbox: Sandbox) -> Report:
    form = FORMS[NAMES.index(story.name) % len(FORMS)]
    return grade_file(*submission(story, form), sandbox).report


@pytest.mark.parametrize("story", [_graded(story) for story in EVERY])
def test_it_gets_the_marks_it_must(story: Story, sandbox: Sandbox) -> None:
    report = _report(story, sandbox)
    assert _unlike(story, report) == []
    if story in RIGHT:
        (target,) = [one for one in report.targets if one.role == "backward"]
        assert target.form_basis == "observed"


def test_every_mark_is_told_by_some_story() -> None:
    told = {(at, mark) for story in EVERY for at, mark in enumerate(story.says["marks"])}
    assert {*product(range(2), "PFS"), (2, "N"), (2, "F"), (3, "F")} <= told
