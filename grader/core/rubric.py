"""The rubric as a frozen value; `grader.rubric` loads it from YAML with line numbers."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from grader.core.report import Cap, Late, Slug

__all__ = ["CHECKS", "CheckName", "Criterion", "Feedback", "Forbid", "Rubric"]

CheckName = Literal[
    "implemented", "values", "dtype", "gradient", "own-argument", "pure", "from-scratch", "manual"
]
CHECKS: Final[tuple[str, ...]] = (
    "implemented",
    "values",
    "dtype",
    "gradient",
    "own-argument",
    "pure",
    "from-scratch",
    "manual",
)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"expected a regular expression: {error}") from None
    return text


class Feedback(_Frozen):
    """What the student reads, by outcome; an empty text falls back to the check's own sentence."""

    passed: str = ""
    partial: str = ""
    failed: str = ""
    skipped: str = ""
    pending: str = ""


class Forbid(_Frozen):
    """Library functions that must not produce the answer.

    names  as imports resolve them (`torch.nn.functional.relu`) or methods (`.relu`)
    ops    patterns over dispatcher operators (`aten::relu*`)
    """

    names: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()


class Criterion(_Frozen):
    """One row of the rubric.

    check        which check decides it (see `CHECKS`)
    role         the assignment's target it is about; empty: the assignment's first
    fixtures     names (`group/name`) or groups (`group`) it is decided on
    partial      earn the share of fixtures that hold; false: all or nothing
    gate         where it fails every other automatic criterion of its role is skipped, no points
    skip_unless  criteria that must not have failed, else this one is skipped, no points
    scale_with   its points are multiplied by the share of points those criteria earned
    stand_in     judged as handed in and with the other target it calls replaced by a right one;
                 the better of the two counts
    asks         for one marked by hand: a regular expression that is searched for, ignoring case,
                 in the template's questions; empty: every answer belongs to it
    """

    id: Slug
    title: str
    check: CheckName
    points: Annotated[float, Field(ge=0, le=1000)]
    role: str = ""
    bonus: bool = False
    visibility: Literal["visible", "hidden"] = "visible"
    fixtures: tuple[str, ...] = ()
    partial: bool = True
    gate: bool = False
    skip_unless: tuple[Slug, ...] = ()
    scale_with: tuple[Slug, ...] = ()
    stand_in: bool = False
    asks: Annotated[str, Field(max_length=500), AfterValidator(_pattern)] = ""
    forbid: Forbid | None = None
    feedback: Feedback = Feedback()


class Rubric(_Frozen):
    """A rubric: which assignment, which criteria, which caps.

    assignment  the name of a shipped assignment, or a path (relative to the rubric file) of a
                course's own folder
    follow_through  share, 0 to 1, that is given back of the points of criteria which hold once a
                    verified repair has mended the code
    reveal_repair   whether students see the repair as a diff; else staff alone
    bonus           on-top: bonus points may lead above the maximum; fills-up: they replace lost
                    points, up to the maximum
    late            what lateness costs; without it lateness is recorded and costs nothing
    """

    id: Slug
    version: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")]
    title: str
    assignment: str
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    caps: tuple[Cap, ...] = ()
    follow_through: Annotated[float, Field(ge=0, le=1)] = 0.0
    reveal_repair: bool = False
    bonus: Literal["on-top", "fills-up"] = "on-top"
    late: Late | None = None

    def criterion(self, identifier: str) -> Criterion:
        """The criterion of that id; KeyError if there is none."""
        for criterion in self.criteria:
            if criterion.id == identifier:
                return criterion
        raise KeyError(identifier)
