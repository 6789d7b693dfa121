"""What a check says of a criterion, before gates, scaling and caps make points of it."""

from __future__ import annotations

from dataclasses import dataclass

from grader.core.report import CriterionStatus, Evidence

__all__ = ["Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The raw outcome of one criterion's check.

    share      of the criterion's points that was earned, 0 to 1; counts only where the status is
               `passed` or `partial`, since degenerate fixtures can hold without earning anything
    feedback   the check's own sentence, shown where the rubric has no text for this status
    diagnoses  ids of named bugs that explain the outcome
    note       a sentence that follows the feedback, whoever words it

    ValueError where `share` is no number from 0 to 1.
    """

    criterion: str
    status: CriterionStatus
    share: float
    feedback: str = ""
    evidence: tuple[Evidence, ...] = ()
    diagnoses: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"{self.criterion}: {self.share} is not a share")
