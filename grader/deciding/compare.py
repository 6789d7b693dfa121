"""Whose mark changed between two gradings of a class, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.core.decision import criterion_digest
from grader.core.report import Adjustment, CriterionResult, Report
from grader.deciding.decide import so_far

__all__ = ["Change", "Comparison", "Side", "compare"]


@dataclass(frozen=True, slots=True)
class Side:
    """One grading: reports with decisions applied, and what it was made with.

    facts     what may differ between two, in words: `rubric`, `seed`, `torch`, `grader`, ...
    fixtures  name -> digest of every fixture
    """

    reports: tuple[Report, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    fixtures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One submission whose mark, or state, is another one.

    old, new  what is decided so far; None for what could not be graded or is excused
    why       criterion by criterion, decisions, and another file
    """

    source: str
    old: float | None
    new: float | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs; submissions are known by their source.

    facts  `torch 2.4.0 -> 2.13.0`
    close  sources whose lost criteria were all within twice the tolerance
    """

    facts: tuple[str, ...]
    changes: tuple[Change, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    same: int
    close: tuple[str, ...] = ()


def compare(old: Side, new: Side) -> Comparison:
    """Compare; in order of the sources."""
    before = {one.submission.source: one for one in old.reports}
    after = {one.submission.source: one for one in new.reports}
    moved = frozenset(_moved(old, new))
    changes = []
    for source in sorted(before.keys() & after.keys()):
        was, now = before[source], after[source]
        marks = (_mark(was), _mark(now))
        why = tuple(_why(was, now, moved))
        if marks[0] != marks[1] or (why and was.status != now.status):
            changes.append(Change(source, *marks, why))
    both = len(before.keys() & after.keys())
    return Comparison(
        facts=tuple(_facts(old, new)),
        changes=tuple(changes),
        only_old=tuple(sorted(before.keys() - after.keys())),
        only_new=tuple(sorted(after.keys() - before.keys())),
        same=both - len(changes),
        close=tuple(source for source, one in sorted(after.items()) if _is_close(one)),
    )


def _is_close(report: Report) -> bool:
    return any(row.close for row in report.criteria)


def _mark(report: Report) -> float | None:
    points = so_far(report)
    return None if points is None else float(points)


def _why(was: Report, now: Report, moved: frozenset[str]) -> Iterable[str]:
    if was.submission.sha256 != now.submission.sha256:
        yield "another file"
    if was.status != now.status:
        yield f"{was.status} -> {now.status}"
    rows = {row.id: row for row in was.criteria}
    others = {row.id: row for row in now.criteria}
    for name in dict.fromkeys((*rows, *others)):
        if name not in rows:
            yield f"{name} is new: {others[name].points:g} of {others[name].max_points:g}"
        elif name not in others:
            yield f"{name} is gone: it had {rows[name].points:g}"
        else:
            yield from _row(rows[name], others[name], moved)
    made = dict.fromkeys(map(_told, was.adjustments))
    kept = dict.fromkeys(map(_told, now.adjustments))
    yield from (told for told in kept if told not in made)
    yield from (f"no longer: {told}" for told in made if told not in kept)


def _row(one: CriterionResult, other: CriterionResult, moved: frozenset[str]) -> Iterable[str]:
    """What is different in a row, and whether its definition or its inputs are others."""
    was, now = (
        f"{row.points:g}/{row.max_points:g} {row.status}" + (" by hand" if row.marked else "")
        for row in (one, other)
    )
    if was == now:
        return
    told = f"{one.id} {was} -> {now}"
    if criterion_digest(one) != criterion_digest(other):
        told += ", the rubric's criterion changed"
    asked = {each.fixture for each in (*one.evidence, *other.evidence) if each.scored}
    if asked & moved:
        told += f", fixtures changed: {', '.join(sorted(asked & moved)[:3])}"
    yield told


def _told(one: Adjustment) -> str:
    about = f" {one.criterion}" if one.criterion else ""
    return f"{one.kind}{about} {one.points:+g} (by {one.by})"


def _facts(old: Side, new: Side) -> Iterable[str]:
    for name in dict.fromkeys((*old.facts, *new.facts)):
        was, now = old.facts.get(name, "none"), new.facts.get(name, "none")
        if was != now:
            yield f"{name} {was} -> {now}"
    changed = _moved(old, new)
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if changed[3:] else "")
        count = len({*old.fixtures, *new.fixtures})
        yield f"{len(changed)} of {count} fixtures ({shown})"


def _moved(old: Side, new: Side) -> tuple[str, ...]:
    """Fixtures that are not the same in both."""
    names = dict.fromkeys((*old.fixtures, *new.fixtures))
    return tuple(name for name in names if old.fixtures.get(name) != new.fixtures.get(name))
