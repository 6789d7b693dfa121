"""What every exporter says in the same way: marks, names, comments, notices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook, Line, rounded
from grader.core.handin import Student
from grader.core.report import CriterionResult, Report
from grader.core.text import inline, plain
from grader.export.model import Options

__all__ = [
    "OPEN",
    "comment",
    "criterion_line",
    "identifier",
    "listed",
    "named",
    "notices",
    "pupils",
    "score_of",
    "written",
]

OPEN: Final = ("pending", "error")
"""Rows that a person has yet to decide: their points say nothing."""

_SHOWN: Final = 10
_LONGEST: Final = 10_000
_STATUS: Final = {
    "passed": "passed",
    "partial": "partly passed",
    "failed": "not passed",
    "pending": "not marked yet",
    "skipped": "skipped",
    "not_applicable": "not applicable",
    "error": "not judged yet",
}


def score_of(line: Line, options: Options) -> Decimal | None:
    """The points that go out for a submission, None: no score."""
    if line.excused:
        return None
    if line.mark is None and options.partial:
        return line.partial
    return line.mark


def written(points: Decimal) -> str:
    """Points with a dot and two places, never with an exponent or as minus zero."""
    return f"{rounded(float(points)) + 0:.2f}"


def identifier(student: Student, kind: str) -> str:
    """What a system calls a student: the roster's word, else the one of the download."""
    given = student.ids.get(kind, "").strip()
    if given:
        return given
    start = f"{kind}:"
    return next((one[len(start) :] for one in student.handles if one.startswith(start)), "")


def named(student: Student) -> str:
    """A student in a message to staff."""
    return inline(student.name or student.email or student.key)


def listed(students: Iterable[Student], most: int | None = _SHOWN) -> str:
    """Students in a message to staff, the rest as a number."""
    names = sorted(named(one) for one in students)
    shown = names if most is None else names[:most]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def pupils(book: Gradebook) -> Iterator[tuple[Student, Line]]:
    """Everybody with the submission that counts for them, in order of the gradebook.

    UsageError where somebody is in two of them: one mark would overwrite the other.
    """
    pairs = [(student, line) for line in book.lines for student in line.students]
    seen: dict[str, Line] = {}
    twice: dict[str, Student] = {}
    for student, line in pairs:
        if seen.setdefault(student.key, line) is not line:
            twice[student.key] = student
    if twice:
        raise UsageError(f"more than one submission counts for {listed(twice.values(), None)}")
    yield from pairs


def notices(book: Gradebook, options: Options, *, second: bool, partial: bool) -> tuple[str, ...]:
    """What holds for every receiver: unknown students, open marks, stale decisions, lateness."""
    told = []
    unknown = [inline(line.report.submission.source) for line in book.lines if not line.students]
    if unknown:
        told.append(f"nobody is known for {_some(unknown)}")
    if partial:
        blank = [
            line for line in book.lines if score_of(line, options) is None and not line.excused
        ]
        if blank:
            sources = [inline(line.report.submission.source) for line in blank]
            told.append(f"no score yet for {len(blank)} of {len(book.lines)}: {_some(sources)}")
        early = [line for line in book.lines if line.mark is None and line.partial is not None]
        if options.partial and early:
            told.append(f"{len(early)} scores are partial: something of them is still open")
    if book.stale:
        told.append(
            f"{len(book.stale)} decisions are stale and not applied; see `grader mark DIR --list`"
        )
    if second and book.penalty:
        told.append(
            "the rubric takes points for lateness already: a late policy of the receiving system "
            "would be a second penalty"
        )
    return tuple(told)


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def criterion_line(row: CriterionResult) -> str:
    """One criterion for its student, in plain text: points, outcome, feedback, marker's words."""
    if row.status in OPEN:
        worth = f"{written(rounded(row.max_points))} points"
    else:
        worth = f"{written(rounded(row.points))} of {written(rounded(row.max_points))}"
    words = [row.feedback, row.marked.comment if row.marked else ""]
    said = " ".join(" ".join(each.split()) for each in words if each.strip())
    return plain(f"{row.title}: {worth}, {_STATUS[row.status]}.{' ' if said else ''}{said}")


def comment(
    view: Report, mark: Decimal | None, maximum: Decimal, *, without: Iterable[str] = ()
) -> str:
    """What a student reads beside the mark; `view` is the student's view of the report.

    Plain text, not escaped for HTML. Criteria of `without` are told elsewhere.
    """
    elsewhere = frozenset(without)
    lines = [
        "No score yet." if mark is None else f"Score: {written(mark)} of {written(maximum)}.",
        view.reason if view.status == "ungradable" else "",
        view.headline,
        *(f"- {criterion_line(row)}" for row in view.criteria if row.id not in elsewhere),
        *(
            f"- {each.reason or each.kind}: {'+' if each.points > 0 else ''}{_cents(each.points)}"
            for each in view.adjustments
        ),
    ]
    text = "\n".join(plain(line.strip()) for line in lines if line.strip())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _cents(points: float) -> str:
    return f"{rounded(points) + 0:.2f}"
