"""One sentence at the head of a report: how much of what was lost its bugs explain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grader.core.report import CriterionResult, Diagnosis, Place

__all__ = ["headline"]

_COUNTS: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six")


def headline(diagnoses: Sequence[Diagnosis], rows: Sequence[CriterionResult]) -> str:
    """`One bug (cell 3, line 4) explains 5 of your 6 lost criteria.`

    Empty where nothing was lost, or nothing of it is explained.
    """
    lost = {row.id for row in rows if _is_lost(row)}
    causes = [each for each in diagnoses if lost & set(each.criteria)]
    explained = lost & {name for each in causes for name in each.criteria}
    if not explained:
        return ""
    places = dict.fromkeys(_place(each.location) for each in causes if each.location is not None)
    where = f" ({'; '.join(places)})" if places else ""
    count = _COUNTS[len(causes)] if len(causes) < len(_COUNTS) else str(len(causes))
    bugs = f"{count} bug{where} explains" if len(causes) == 1 else f"{count} bugs{where} explain"
    return f"{bugs} {_share(len(explained), len(lost))}."


def _is_lost(row: CriterionResult) -> bool:
    """What was never tried for a bonus is not lost."""
    return row.status in ("failed", "partial") or (row.status == "skipped" and not row.bonus)


def _share(explained: int, lost: int) -> str:
    if lost == 1:
        return "the one criterion you lost"
    if explained == lost:
        return f"all {lost} of your lost criteria"
    return f"{explained} of your {lost} lost criteria"


def _place(at: Place) -> str:
    return f"cell {at.cell}, line {at.line}"
