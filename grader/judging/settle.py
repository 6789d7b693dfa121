"""Of several definitions that may fill a role: the one that earns most."""

from __future__ import annotations

from dataclasses import replace

from grader.core.notebook import Note
from grader.core.record import Exam, Record, key_of, role_of
from grader.core.slice import Slice
from grader.judging.calling import possible
from grader.judging.discovery import choose
from grader.judging.judge import judge_target
from grader.judging.plan import roles
from grader.judging.score import score

__all__ = ["best_key", "settle"]


def settle(record: Record, exam: Exam) -> Record:
    """The record with one slice a role, the one taken, and its exchanges under the role's own key.

    The exchanges of the others are kept under the further keys; a note says what was taken.
    """
    if record.fault or record.ungradable:
        return record
    slices = {key: cut for key, cut in record.slices.items() if key == role_of(key)}
    exchanges, repairs = dict(record.exchanges), dict(record.repairs)
    for role in roles(exam):
        keys = _keys(record, role)
        if len(keys) < 2:
            continue
        best = best_key(record, exam, role)
        order = [best, *(key for key in keys if key != best)]
        notes = _notes(role, [record.slices[key] for key in order])
        slices[role] = replace(
            record.slices[order[0]], notes=(*record.slices[order[0]].notes, notes)
        )
        for at, key in enumerate(order):
            exchanges[key_of(role, at)] = record.exchanges.get(key, {})
        repairs = {key: each for key, each in repairs.items() if key not in keys}
        if best in record.repairs:
            repairs[role] = record.repairs[best]
    return replace(record, slices=slices, exchanges=exchanges, repairs=repairs)


def best_key(record: Record, exam: Exam, role: str) -> str:
    """The key of the definition that is taken for the role; KeyError where there is none."""
    keys = _keys(record, role)
    if not keys:
        raise KeyError(role)
    if len(keys) == 1:
        return keys[0]
    best = max(range(len(keys)), key=lambda at: (*_rank(record, exam, role, keys[at]), -at))
    return keys[best]


def _keys(record: Record, role: str) -> list[str]:
    return [key for key in record.slices if role_of(key) == role]


def _rank(record: Record, exam: Exam, role: str, key: str) -> tuple[float, float, bool]:
    """Points with it in the role, then the shares that hold, then how sure its convention is."""
    cut, exchanges = record.slices[key], record.exchanges.get(key, {})
    verdicts = judge_target(exam, role, cut, exchanges)
    scored = score(exam.rubric, verdicts, main_role=exam.assignment.tasks[0].role)
    task = exam.assignment.task(role)
    known = cut.state == "found" and bool(possible(task, cut))
    sure = known and choose(exam, task, cut, exchanges).basis == "observed"
    shares = sum(verdict.share for verdict in verdicts.values())
    return scored.automatic.score + scored.automatic.bonus, shares, sure


def _notes(role: str, order: list[Slice]) -> Note:
    taken, *others = (_called(cut) for cut in order)
    text = f"{len(order)} definitions may be the {role} target; taken is the one that earns most, "
    at = order[0].location
    return Note(
        f"{text}{taken}, not {', '.join(others)}",
        at.cell if at else None,
        at.line if at else None,
    )


def _called(cut: Slice) -> str:
    where = f" (cell {cut.location.cell} line {cut.location.line})" if cut.location else ""
    return f"{cut.symbol}.{cut.method}{where}" if cut.method else f"{cut.symbol}{where}"
