"""What people decided about submissions: the entries of the ledger.

Every entry stays; one that was wrong is superseded by a later one.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from grader.core.report import CriterionResult

__all__ = ["KINDS", "Entry", "Kind", "Stale", "Was", "criterion_digest"]

Kind = Literal["mark", "override", "comment", "excuse", "extension", "void"]
KINDS: Final[tuple[Kind, ...]] = ("mark", "override", "comment", "excuse", "extension", "void")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Was(_Frozen):
    """The verdict a decision was about; where it is another now, the decision is stale."""

    points: float
    status: str


class Entry(_Frozen):
    """One line of the ledger.

    id          made by `Ledger` in the store when it is appended
    at          when: ISO 8601 with a zone
    by          who
    submission  id of the report, and `sha256` of the file it was made for
    criterion   None: the whole submission
    definition  `criterion_digest` of the criterion then, empty without one
    kind        mark       points of a criterion decided by hand
                override   points instead of the verdict's; of the whole submission: the final mark
                comment    words for the student, no points
                excuse     no mark at all
                extension  may be handed in until `until`
                void       takes back the entry it supersedes
    supersedes  the entry that no longer holds
    """

    id: str = ""
    at: str
    by: Annotated[str, Field(min_length=1, max_length=100)]
    submission: str
    sha256: str
    criterion: str | None = None
    definition: str = ""
    kind: Kind
    points: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | None = None
    until: str | None = None
    reason: Annotated[str, Field(max_length=20_000)] = ""
    was: Was | None = None
    supersedes: str | None = None


class Stale(_Frozen):
    """An entry that is in force and not applied, and why."""

    entry: Entry
    why: str


def criterion_digest(row: CriterionResult) -> str:
    """sha256, shortened, of what a decision about a criterion relies on: its words and worth."""
    told = "\0".join((row.id, row.title, repr(row.max_points), repr(row.bonus)))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
