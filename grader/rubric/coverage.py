"""Mistakes between a rubric and the fixtures of its assignment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from grader.core.documents import nearest
from grader.core.rubric import Criterion, Rubric
from grader.rubric.facts import FixtureFacts
from grader.rubric.findings import Mistake

__all__ = ["mistakes"]

Groups = Mapping[str, tuple[FixtureFacts, ...]]


def mistakes(rubric: Rubric, groups: Groups) -> Iterator[Mistake]:
    """Criteria that name fixtures which are not there or cannot decide them."""
    for at, criterion in enumerate(rubric.criteria):
        loc = ("criteria", at, "fixtures")
        found: list[FixtureFacts] = []
        for index, name in enumerate(criterion.fixtures):
            named = _named(name, groups)
            if named:
                found.extend(named)
                yield from _role(criterion, named[0], groups, (*loc, index))
            else:
                yield Mistake((*loc, index), _unknown(name, groups))
        yield from _decides(criterion, found, loc)


def _named(name: str, groups: Groups) -> tuple[FixtureFacts, ...]:
    group = groups.get(name.split("/", 1)[0], ())
    return tuple(fact for fact in group if name in (fact.name, fact.name.split("/", 1)[0]))


def _role(
    criterion: Criterion, named: FixtureFacts, groups: Groups, loc: tuple[int | str, ...]
) -> Iterator[Mistake]:
    """A fixture of another role than the criterion's, as far as folders tell."""
    folders = {fact.role for group in groups.values() for fact in group}
    # of the first role, which need not be named, the fixtures may lie in either place
    unclear = not criterion.role and "" not in folders
    if named.role == criterion.role or unclear or not {named.role, criterion.role} <= folders:
        return
    about = f"about `{named.role}`" if named.role else "not about that role"
    yield Mistake(loc, f"`{named.name.split('/', 1)[0]}` is {about}: name fixtures of one role")


def _unknown(name: str, groups: Groups) -> str:
    group = name.split("/", 1)[0]
    if "/" in name and group in groups:
        known = [fact.name for fact in groups[group]]
        return f"no fixture `{name}`{nearest(name, known) or ', expected ' + _some(known)}"
    known = sorted(groups)
    return f"no fixtures `{group}`{nearest(group, known) or ', expected ' + _some(known)}"


def _some(names: list[str]) -> str:
    if not names:
        return "some: the assignment has none"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return "one of: " + ", ".join(names[:8]) + more


def _decides(
    criterion: Criterion, found: list[FixtureFacts], loc: tuple[int | str, ...]
) -> Iterator[Mistake]:
    scored = [fact for fact in found if fact.scored]
    if not scored:
        if found:
            told = "all of them are for information only (`scored: false`): add one that decides"
            yield Mistake(loc, told)
        return
    if criterion.check == "gradient":
        bare = [fact.name for fact in scored if not fact.upstream]
        if bare:
            yield Mistake(
                loc,
                f"`gradient` needs fixtures with `upstream`, missing in: {', '.join(bare)}",
            )
    if criterion.visibility == "hidden":
        return
    if not any(fact.shown for fact in scored):
        yield Mistake(
            loc,
            "no visible literal fixture of at most four numbers: a student who fails has no line "
            "to paste; add one, first",
            "warning",
        )
    elif not scored[0].shown:
        shown = next(fact.name for fact in scored if fact.shown)
        yield Mistake(loc, f"the line to paste is tried too late: list `{shown}` first", "warning")
