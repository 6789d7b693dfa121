"""A class as it goes out: for each student the one report that counts, with its final mark."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from grader.core.decision import Entry, Stale
from grader.core.handin import Handin, Student, System
from grader.core.report import Report

__all__ = ["Gradebook", "Line", "rounded"]

_CENT: Final = Decimal("0.01")


def rounded(points: float) -> Decimal:
    """The one rounding rule of everything that goes out: two places, half away from zero."""
    return Decimal(repr(float(points))).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Line:
    """One submission that counts.

    students  everybody it counts for: one, or a group; empty where nobody is known
    report    the report with human decisions applied: for staff
    view      `student_view` of it: all that may be sent to students
    handin    its facts in the download, None where the class was graded from plain files
    mark      the final mark, None: no score (open marks, ungradable); never 0 for those
    partial   what is decided so far, for `--partial`; None where nothing is (ungradable)
    excused   no mark is wanted
    why_open  why there is no mark, in words
    """

    students: tuple[Student, ...]
    report: Report
    view: Report
    handin: Handin | None
    mark: Decimal | None
    partial: Decimal | None
    excused: bool = False
    why_open: str = ""


@dataclass(frozen=True, slots=True)
class Gradebook:
    """What every exporter gets.

    title    of the rubric's assignment
    maximum  of the final mark, without bonus; `most` with all that bonus can add to it
    lines    in order of the reports' sources; of several attempts only the one that counts
    others   ids of reports of other attempts -> id of the one that counts
    missing  students of the roster without any report
    stale    decisions that are not applied, or only to an attempt that does not count
    penalty  whether the rubric takes points for lateness
    clashes  decisions of different people about one thing that differ: none of them is applied
    notes    what staff should know of single submissions, a line each
    """

    rubric: str
    title: str
    system: System
    maximum: Decimal
    most: Decimal
    lines: tuple[Line, ...]
    others: tuple[tuple[str, str], ...] = ()
    missing: tuple[Student, ...] = ()
    stale: tuple[Stale, ...] = ()
    penalty: bool = False
    clashes: tuple[tuple[Entry, ...], ...] = ()
    notes: tuple[str, ...] = ()
