"""Rubrics in words, for `grader rubric list` and `show`; plain text, no colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import TextWrapper

from grader.core.rubric import Criterion, Rubric
from grader.rubric.loading import load, shipped_names

__all__ = ["Listed", "Row", "describe", "listed", "rows", "shipped_rubrics"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A rubric on one line.

    name                what `--rubric` takes
    points, bonus, manual  sums of the criteria of that kind
    """

    name: str
    id: str
    version: str
    title: str
    assignment: str
    points: float
    bonus: float
    manual: float


@dataclass(frozen=True, slots=True)
class Row:
    """A criterion: its points in words, and remarks on what decides and what changes them."""

    id: str
    title: str
    points: str
    remarks: tuple[str, ...]


def shipped_rubrics() -> tuple[Listed, ...]:
    """Every rubric that comes with the grader, by name."""
    return tuple(listed(name, load(name, folder=Path()).rubric) for name in shipped_names())


def listed(name: str, rubric: Rubric) -> Listed:
    """`rubric` on one line, under the name it was asked for by."""
    manual = [each for each in rubric.criteria if each.check == "manual"]
    automatic = [each for each in rubric.criteria if each.check != "manual"]
    return Listed(
        name=name,
        id=rubric.id,
        version=rubric.version,
        title=rubric.title,
        assignment=rubric.assignment,
        points=sum((each.points for each in automatic if not each.bonus), 0.0),
        bonus=sum((each.points for each in automatic if each.bonus), 0.0),
        manual=sum((each.points for each in manual), 0.0),
    )


def rows(rubric: Rubric) -> tuple[Row, ...]:
    """One row a criterion, in the rubric's order."""
    return tuple(
        Row(each.id, each.title, _points(each), tuple(_remarks(each))) for each in rubric.criteria
    )


def describe(rubric: Rubric) -> str:
    """The whole rubric as text, lines of at most 100 characters where its words allow."""
    facts = listed(rubric.id, rubric)
    sums = [f"{facts.points:g} points"]
    sums += [f"{facts.bonus:g} bonus"] if facts.bonus else []
    sums += [f"{facts.manual:g} by hand"] if facts.manual else []
    lines = [
        f"{rubric.id} {rubric.version}: {rubric.title}",
        f"assignment {rubric.assignment}; {', '.join(sums)}",
        "",
    ]
    table = rows(rubric)
    wide = max(len(row.points) for row in table)
    named = max(len(row.id) for row in table)
    for row in table:
        lines.append(f"  {row.points:>{wide}}  {row.id:<{named}}  {row.title}")
        lines += _wrapped("; ".join(row.remarks), " " * (wide + named + 6))
    lines += [""] if rubric.caps else []
    for cap in rubric.caps:
        text = f"At most {cap.score:g} points where {cap.failed} fails: {cap.reason}"
        lines += _wrapped(text, "  ")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str) -> list[str]:
    # ids have hyphens of their own: a break there would make two of one
    wrapper = TextWrapper(
        100, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return wrapper.wrap(text)


def _points(criterion: Criterion) -> str:
    if criterion.gate:
        return "gate"
    kind = "bonus" if criterion.bonus else "by hand" if criterion.check == "manual" else ""
    return f"{criterion.points:g} {kind}".rstrip()


def _remarks(criterion: Criterion) -> Iterator[str]:
    if criterion.role:
        yield f"about {criterion.role}"
    if criterion.fixtures:
        yield f"{criterion.check} on {', '.join(criterion.fixtures)}"
    if criterion.check != "manual" and not (criterion.partial or criterion.gate):
        yield "all or nothing"
    if criterion.skip_unless:
        yield f"skipped where {' or '.join(criterion.skip_unless)} failed"
    if criterion.scale_with:
        yield f"scaled with {', '.join(criterion.scale_with)}"
    if criterion.stand_in:
        yield "also judged with a right function in place of another role's"
    if criterion.forbid is not None:
        count = len(criterion.forbid.names) + len(criterion.forbid.ops)
        yield f"forbids {count} library names and operators"
    if criterion.visibility == "hidden":
        yield "hidden from students"
