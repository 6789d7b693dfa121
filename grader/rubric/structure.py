"""Mistakes inside a rubric that its model cannot express: ids, dependencies, points, lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from graphlib import CycleError
from typing import Final

from grader.core.dependencies import in_order, points_wait_for, status_waits_for
from grader.core.documents import nearest
from grader.core.rubric import Criterion, Rubric
from grader.rubric.findings import Mistake

__all__ = ["SAFEGUARDS", "mistakes", "too_many"]

SAFEGUARDS: Final = frozenset({"implemented", "own-argument", "pure", "from-scratch", "gradient"})
"""Checks that an answer of no worth can pass, or that may not apply: scaled or free points."""

_MOST_CRITERIA: Final = 200
_MOST_NAMES: Final = 300
"""Far more than any rubric has: everything is compared with everything below."""

_DECIDED_ON_FIXTURES: Final = frozenset(
    {"values", "dtype", "gradient", "own-argument", "pure", "from-scratch"}
)
_HARMLESS: Final = ("aten::add", "aten::sub", "aten::mul", "aten::div", "aten::sum", "aten::exp")
_LIBRARY_NAME: Final = re.compile(r"\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def mistakes(rubric: Rubric) -> Iterator[Mistake]:
    """Every mistake that can be seen without knowing the assignment; only `too_many`, if any."""
    if found := tuple(too_many(rubric)):
        yield from found
        return
    ids = [criterion.id for criterion in rubric.criteria]
    yield from _repeated_ids(ids)
    for at, criterion in enumerate(rubric.criteria):
        loc = ("criteria", at)
        yield from _points(criterion, loc)
        yield from _links(rubric, criterion, loc)
        yield from _hand(criterion, loc)
        yield from _fixtures(criterion, loc)
        yield from _forbid(criterion, loc)
    yield from _asks(rubric)
    yield from _caps(rubric)
    yield from _totals(rubric)
    yield from _policy(rubric)
    if len(set(ids)) == len(ids):
        yield from _cycles(rubric)


def too_many(rubric: Rubric) -> Iterator[Mistake]:
    """Lists that are too long to be looked at further."""
    longest: dict[tuple[int | str, ...], tuple[int, int]] = {
        ("criteria",): (len(rubric.criteria), _MOST_CRITERIA),
        ("caps",): (len(rubric.caps), _MOST_CRITERIA),
    }
    for at, one in enumerate(rubric.criteria[:_MOST_CRITERIA]):
        lists = {
            ("fixtures",): one.fixtures,
            ("skip_unless",): one.skip_unless,
            ("scale_with",): one.scale_with,
            ("forbid", "names"): one.forbid.names if one.forbid else (),
            ("forbid", "ops"): one.forbid.ops if one.forbid else (),
        }
        longest |= {
            ("criteria", at, *key): (len(names), _MOST_NAMES) for key, names in lists.items()
        }
    for loc, (count, most) in longest.items():
        if count > most:
            yield Mistake(loc, f"expected at most {most} entries, found {count}")


def _repeated_ids(ids: list[str]) -> Iterator[Mistake]:
    for at, identifier in enumerate(ids):
        if identifier in ids[:at]:
            yield Mistake(
                ("criteria", at, "id"), f"expected each id once, `{identifier}` is here again"
            )


def _points(criterion: Criterion, loc: tuple[int | str, ...]) -> Iterator[Mistake]:
    at = (*loc, "points")
    if not _cents(criterion.points):
        yield Mistake(at, f"expected points of at most two decimals, found {criterion.points}")
    if criterion.gate and criterion.points:
        yield Mistake(
            at,
            "expected 0 points, a gate holds for any answer at all: "
            "give them to a criterion that the right numbers decide",
        )
    elif criterion.check in SAFEGUARDS and criterion.points and not criterion.scale_with:
        yield Mistake(
            at,
            f"`{criterion.check}` can hold where no value is right: name the criteria that "
            "earn its points in `scale_with`",
            "warning",
        )


def _links(rubric: Rubric, criterion: Criterion, loc: tuple[int | str, ...]) -> Iterator[Mistake]:
    ids = [each.id for each in rubric.criteria]
    lists = {"skip_unless": criterion.skip_unless, "scale_with": criterion.scale_with}
    for key, named in lists.items():
        for at, other in enumerate(named):
            where = (*loc, key, at)
            if other not in ids:
                yield Mistake(where, _unknown("criterion", other, ids))
            elif other == criterion.id:
                yield Mistake(where, f"expected another criterion, `{other}` is this one")
            elif other in named[:at]:
                yield Mistake(where, f"expected each criterion once, `{other}` is here again")
            elif rubric.criterion(other).check == "manual":
                yield Mistake(
                    where, f"expected a criterion that the grader decides, `{other}` is manual"
                )
    scale = [each for each in rubric.criteria if each.id in criterion.scale_with]
    if scale and not any(each.points for each in scale):
        yield Mistake(
            (*loc, "scale_with"), "expected a criterion with points, these have none to go by"
        )


def _hand(criterion: Criterion, loc: tuple[int | str, ...]) -> Iterator[Mistake]:
    if criterion.check != "manual":
        return
    given: Mapping[str, object] = {
        "bonus": criterion.bonus,
        "fixtures": criterion.fixtures,
        "gate": criterion.gate,
        "skip_unless": criterion.skip_unless,
        "scale_with": criterion.scale_with,
        "stand_in": criterion.stand_in,
    }
    for key, value in given.items():
        if value:
            yield Mistake((*loc, key), f"a manual criterion is marked by a person: remove `{key}`")


def _asks(rubric: Rubric) -> Iterator[Mistake]:
    """Of several criteria marked by hand each has to say which answers belong to it."""
    manual = [each for each in rubric.criteria if each.check == "manual"]
    for at, criterion in enumerate(rubric.criteria):
        if criterion.check != "manual" and criterion.asks:
            yield Mistake(
                ("criteria", at, "asks"),
                f"`{criterion.check}` is decided by the grader: only a manual criterion has `asks`",
            )
        elif criterion.check == "manual" and len(manual) > 1 and not criterion.asks:
            yield Mistake(
                ("criteria", at),
                f"`{criterion.id}` is one of {len(manual)} manual criteria: add `asks`, words that "
                "its question has in the handed-out notebook and the others have not",
            )


def _fixtures(criterion: Criterion, loc: tuple[int | str, ...]) -> Iterator[Mistake]:
    named = criterion.fixtures
    if criterion.check in _DECIDED_ON_FIXTURES and not named:
        yield Mistake(
            loc,
            f"`{criterion.check}` is decided on fixtures: add `fixtures: [{criterion.id}]` or "
            "others that the assignment has",
        )
    for at, name in enumerate(named):
        if name in named[:at]:
            yield Mistake(
                (*loc, "fixtures", at), f"expected each fixture once, `{name}` is here again"
            )
        elif "/" in name and name.split("/", 1)[0] in named:
            yield Mistake(
                (*loc, "fixtures", at),
                f"`{name}` is in its group, which is listed too: remove one of the two",
            )


def _forbid(criterion: Criterion, loc: tuple[int | str, ...]) -> Iterator[Mistake]:
    forbid = criterion.forbid
    if criterion.check != "from-scratch":
        if forbid is not None:
            yield Mistake(
                (*loc, "forbid"), "only `from-scratch` forbids library functions: move it there"
            )
        return
    if forbid is None or not (forbid.names or forbid.ops):
        yield Mistake(
            loc if forbid is None else (*loc, "forbid"),
            "`from-scratch` needs `forbid` with `names` and `ops`: the library functions that "
            "must not give the answer",
        )
        return
    for at, name in enumerate(forbid.names):
        if not _LIBRARY_NAME.fullmatch(name):
            yield Mistake(
                (*loc, "forbid", "names", at),
                "expected a name as an import resolves it (`torch.relu`) or a method (`.relu`), "
                f"found '{name}'",
            )
    for at, pattern in enumerate(forbid.ops):
        yield from _operator(pattern, (*loc, "forbid", "ops", at))


def _operator(pattern: str, loc: tuple[int | str, ...]) -> Iterator[Mistake]:
    caught = next((name for name in _HARMLESS if fnmatchcase(name, pattern)), None)
    if caught is not None:
        yield Mistake(loc, f"this forbids `{caught}`, which every solution needs: name fewer")
    elif not re.fullmatch(r"[\w*?]+::[\w*?\[\]!-]+", pattern):
        yield Mistake(
            loc,
            f"expected an operator as torch's dispatcher names it (`aten::relu`), "
            f"found '{pattern}'",
        )


def _caps(rubric: Rubric) -> Iterator[Mistake]:
    ids = [criterion.id for criterion in rubric.criteria]
    most = sum(each.points for each in rubric.criteria if each.check != "manual" and not each.bonus)
    for at, cap in enumerate(rubric.caps):
        loc = ("caps", at)
        if cap.failed not in ids:
            yield Mistake((*loc, "failed"), _unknown("criterion", cap.failed, ids))
        elif rubric.criterion(cap.failed).check == "manual":
            yield Mistake(
                (*loc, "failed"),
                f"expected a criterion that the grader decides, `{cap.failed}` is manual",
            )
        elif _can_be_skipped(rubric, rubric.criterion(cap.failed)):
            yield Mistake(
                (*loc, "failed"),
                f"`{cap.failed}` can be skipped, and a worse answer would then "
                "escape the cap: name a criterion that is always decided",
            )
        elif cap.failed in [other.failed for other in rubric.caps[:at]]:
            yield Mistake(
                (*loc, "failed"), f"expected one cap a criterion, `{cap.failed}` is here again"
            )
        if cap.score >= most:
            yield Mistake(
                (*loc, "score"),
                f"expected less than the {most:g} points to be had, {cap.score:g} caps nothing",
            )
        elif not _cents(cap.score):
            yield Mistake((*loc, "score"), "expected a score of at most two decimals")
        if not cap.reason.strip():
            yield Mistake((*loc, "reason"), "expected the reason that the student reads")


def _can_be_skipped(rubric: Rubric, criterion: Criterion) -> bool:
    """Whether a worse answer can leave it undecided and still keep points elsewhere."""
    # a cap takes nothing off a bonus: what that is about offers no way past it
    plain = (each for each in rubric.criteria if each.check != "manual" and not each.bonus)
    roles = {each.role for each in plain}
    gated = any(each.gate and each.role == criterion.role for each in rubric.criteria)
    return bool(criterion.skip_unless) or (len(roles) > 1 and gated and not criterion.gate)


def _totals(rubric: Rubric) -> Iterator[Mistake]:
    for at, criterion in enumerate(rubric.criteria):
        if not criterion.title.strip():
            yield Mistake(("criteria", at, "title"), "expected a title for the student to read")
        if not (criterion.points or criterion.gate):
            yield Mistake(
                ("criteria", at, "points"),
                f"`{criterion.id}` has no points and is no gate: it is shown and decides nothing",
                "warning",
            )
    if not any(criterion.points and not criterion.bonus for criterion in rubric.criteria):
        yield Mistake(("criteria",), "expected a criterion with points that are no bonus")


def _policy(rubric: Rubric) -> Iterator[Mistake]:
    if rubric.bonus == "fills-up" and not any(each.bonus for each in rubric.criteria):
        yield Mistake(
            ("bonus",),
            "no criterion has `bonus: true`: there is nothing to fill up with",
            "warning",
        )
    late = rubric.late
    if late is not None and late.most < late.per_day:
        yield Mistake(
            ("late", "most"),
            f"expected at least the {late.per_day:g} that the first day costs, found {late.most:g}",
        )


def _cycles(rubric: Rubric) -> Iterator[Mistake]:
    ids = [criterion.id for criterion in rubric.criteria]
    for key, waits_for in (
        ("skip_unless", status_waits_for(rubric)),
        ("scale_with", points_wait_for(rubric)),
    ):
        # what names nothing known, or itself, has its own finding
        known = {
            each: tuple(other for other in others if other in ids and other != each)
            for each, others in waits_for.items()
        }
        try:
            in_order(known)
        except CycleError as error:
            # graphlib tells a cycle from what is waited for to what waits
            circle: list[str] = list(reversed(error.args[1]))
            first = min(circle, key=ids.index)
            turn = circle.index(first)
            shown = " -> ".join((*circle[turn:-1], *circle[:turn], first))
            yield Mistake(
                ("criteria", ids.index(first), key),
                f"these wait for each other: {shown}; remove one of them from `{key}`",
            )


def _cents(points: float) -> bool:
    return round(points, 2) == points


def _unknown(what: str, given: str, known: list[str]) -> str:
    hint = nearest(given, known)
    return f"no {what} `{given}`{hint or ', expected one of: ' + ', '.join(known)}"
