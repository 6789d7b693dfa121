"""What lint has to know of the fixtures: their names and kinds, without expanding one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.fixtures.spec import GroupSpec

__all__ = ["FixtureFacts", "FixtureNames", "facts"]


@dataclass(frozen=True, slots=True)
class FixtureFacts:
    """A fixture as its file declares it.

    name      `group/short-name`
    shown     visible to students, and written out, each array in at most four numbers
    scored    false: for information, decides nothing
    upstream  has an upstream gradient
    role      the role whose folder it lies in, empty where it lies beside such folders
    """

    name: str
    shown: bool
    scored: bool = True
    upstream: bool = False
    role: str = ""


FixtureNames = Callable[[str, Path], Mapping[str, tuple[FixtureFacts, ...]]]
"""(assignment, folder of the rubric) -> fixtures by group, in file order.

UsageError (RubricError included) where the assignment or its fixture files are wrong.
"""


def facts(groups: Iterable[GroupSpec]) -> dict[str, tuple[FixtureFacts, ...]]:
    """The fixtures of `groups` by group, in file order."""
    return {
        group.name: tuple(
            FixtureFacts(
                name=f"{group.name}/{spec.name}",
                shown=spec.visibility == "visible" and spec.literal,
                scored=spec.scored,
                upstream=spec.upstream is not None,
                role=group.role,
            )
            for spec in group.fixtures
        )
        for group in groups
    }
