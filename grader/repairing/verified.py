"""When a repair proves a bug: judged from stored observations, so that it can be done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.core.observation import Exchange
from grader.core.record import Exam
from grader.core.repair import Change, Repair
from grader.core.slice import Slice
from grader.core.verdict import Verdict
from grader.judging.judge import MAIN, judge_run, under
from grader.judging.plan import criteria_of
from grader.repairing.trying import Base, base_of, binding, held, holds, lost

__all__ = ["REPAIR", "Verified", "verified", "without"]

REPAIR = "repair"
"""Exchanges with all changes are called `repair/...`."""


def without(at: int) -> str:
    """Prefix of the exchanges with all changes of the set but the one at `at`."""
    return f"{REPAIR}-without-{at + 1}"


@dataclass(frozen=True, slots=True)
class Verified:
    """A set of changes that was run in fresh children and judged.

    verdicts  with all changes, of the criteria that were decided on the mended run
    explains  by change: the lost criteria that it is needed for
    agreed    ids that every set of that size which held in the search has in common
    alone     whether those are the ids of all of them, and all were tried: then each is proved
    """

    changes: tuple[Change, ...]
    verdicts: Mapping[str, Verdict]
    explains: tuple[tuple[str, ...], ...]
    agreed: frozenset[str]
    alone: bool


def verified(
    exam: Exam, role: str, cut: Slice, exchanges: Mapping[str, Exchange], repair: Repair | None
) -> Verified | None:
    """The repair, where everything that makes it a proof holds; else None.

    Every criterion holds with the whole set (but those that an experiment had explained and that
    no change touches); each change mends a criterion on which its bug shows, which the set
    without it does not; what an experiment named is named by the set that mends it.
    """
    base = base_of(exam, role, cut, _handed_in(exchanges))
    if repair is None or not repair.sets or base is None:
        return None
    changes = repair.sets[0].changes
    after = _judged(exam, role, cut, exchanges, REPAIR)
    if after is None or not _is_whole(base, after) or not _binds(exam, role, base, after, changes):
        return None
    lacking = [
        base.verdicts if len(changes) == 1 else _judged(exam, role, cut, exchanges, without(at))
        for at in range(len(changes))
    ]
    explains = []
    for change, before in zip(changes, lacking, strict=True):
        if before is None:
            return None
        mended = [
            name
            for name, verdict in base.verdicts.items()
            # what held as handed in was broken by another change of the set
            if not holds(verdict) and lost(before[name]) and holds(after[name])
        ]
        if not any(_shows(exam, role, change.bug, name) for name in mended):
            return None
        explains.append(tuple(name for name in mended if lost(base.verdicts[name])))
    sets = [frozenset(each.bugs) for each in repair.sets]
    agreed = frozenset.intersection(*sets)
    after = {name: after[name] for name in base.verdicts}
    alone = repair.complete and all(each == agreed for each in sets)
    return Verified(changes, after, _shared(base, after, explains), agreed, alone=alone)


def _shared(
    base: Base, after: Mapping[str, Verdict], explains: list[tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """A lost criterion that any one of the changes mends by itself is explained by all of them."""
    told = {name for names in explains for name in names}
    either = [
        name
        for name, verdict in base.verdicts.items()
        if lost(verdict) and holds(after[name]) and name not in told
    ]
    every = [(*names, *either) for names in explains]
    order = list(base.verdicts)
    return tuple(tuple(sorted(names, key=order.index)) for names in every)


def _handed_in(exchanges: Mapping[str, Exchange]) -> dict[str, Exchange]:
    return {name: each for name, each in exchanges.items() if not name.startswith(REPAIR)}


def _judged(
    exam: Exam, role: str, cut: Slice, exchanges: Mapping[str, Exchange], prefix: str
) -> dict[str, Verdict] | None:
    found = under(exchanges, prefix)
    return judge_run(exam, role, cut, found) if MAIN in found else None


def _is_whole(base: Base, after: Mapping[str, Verdict]) -> bool:
    if any(verdict.status == "error" for name, verdict in after.items() if name in base.verdicts):
        return False
    return held(base, after) != "no"


def _binds(
    exam: Exam, role: str, base: Base, after: Mapping[str, Verdict], changes: tuple[Change, ...]
) -> bool:
    """Whether each bug that an experiment named is named by the set, where that mends it."""
    named = {change.bug for change in changes}
    return all(
        bug in named
        for name, bugs in binding(exam, role, base.verdicts).items()
        if holds(after[name])
        for bug in bugs
    )


def _shows(exam: Exam, role: str, bug: str, criterion: str) -> bool:
    """Whether such a bug shows on what that criterion looks at."""
    try:
        shows = exam.assignment.words(role, bug).shows
    except KeyError:  # stored when the assignment knew a bug that it no longer knows
        return False
    found = next(each for each in criteria_of(exam, role) if each.id == criterion)
    groups = {name.partition("/")[0] for name in found.fixtures}
    return not shows or bool(groups & set(shows))
