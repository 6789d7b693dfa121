"""`grader rejudge`: the stored observations judged again, and whose points moved."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grader import assignments
from grader import rubric as rubrics
from grader.batch.plan import ExamSpec, fixtures_of, load_exam
from grader.cli.screen import Screen, progress, screen
from grader.cli.summary import needs_person, score_of
from grader.core.errors import StorageError, UsageError
from grader.core.record import Exam, Record, role_of
from grader.core.report import Report
from grader.core.text import inline, plain
from grader.pipeline import rejudge
from grader.store import Row, RunInfo, Store, row_of

__all__ = ["assignment_of", "moves", "run", "unobserved"]


def run(folder: Path, rubric: str | None) -> int:
    """Judge again; returns the exit status."""
    store = Store(folder)
    facts = store.run
    if facts is None:
        raise UsageError(f"{folder} is no output folder of grader's: it has no run.json")
    exam = load_exam(ExamSpec(rubric or facts.reference, facts.seed))
    _check_fixtures(folder, facts, exam)
    store.prepare()
    try:
        return _judge_all(store, facts, exam, rubric or facts.reference)
    finally:
        store.close()


def moves(old: Row, new: Row) -> tuple[str, ...]:
    """What moved between two rows of one submission, in words; empty where nothing did."""
    before = {mark.id: mark for mark in old.marks}
    after = {mark.id: mark for mark in new.marks}
    told = []
    for identifier in dict.fromkeys((*before, *after)):
        was, now = before.get(identifier), after.get(identifier)
        if was is None and now is not None:
            told.append(f"{identifier} is new: {now.points:g} of {now.max_points:g} ({now.status})")
        elif now is None and was is not None:
            told.append(f"{identifier} is gone: it had {was.points:g} of {was.max_points:g}")
        elif was is not None and now is not None and was != now:
            told.append(
                f"{identifier} {was.points:g} -> {now.points:g} of {now.max_points:g}"
                + (f" ({was.status} -> {now.status})" if was.status != now.status else "")
            )
    if score_of(old) != score_of(new):
        told.insert(0, f"{score_of(old)} -> {score_of(new)}")
    if old.status != new.status:
        told.append(f"{old.status} -> {new.status}")
    return tuple(told)


def unobserved(record: Record, exam: Exam) -> tuple[str, ...]:
    """Fixtures of the exam that a submission which ran was never asked, in the exam's order."""
    called = {
        key.split("#", 1)[0]
        for by_name in record.exchanges.values()
        for exchange in by_name.values()
        for key in exchange.run.calls
    }
    ran = {role_of(key) for key, by_name in record.exchanges.items() if by_name}
    return tuple(
        one.name
        for one in exam.fixtures
        if one.scored and one.role in ran and one.name not in called
    )


def assignment_of(facts: RunInfo) -> str:
    """What the folder was graded for; empty where its rubric is not where it was."""
    try:
        loaded = rubrics.load(facts.reference, folder=Path())
        return assignments.load(loaded.rubric.assignment, loaded.path.parent).name
    except UsageError:
        return ""


def _check_fixtures(folder: Path, facts: RunInfo, exam: Exam) -> None:
    """An observation is worth something only for the very input it was made on."""
    now = fixtures_of(exam)
    earlier = assignment_of(facts)
    # two assignments may share their inputs, so that digests alone do not tell them apart
    if earlier not in ("", exam.assignment.name):
        raise UsageError(
            f"{folder} was graded for {earlier}, and that rubric is about "
            f"{exam.assignment.name}; name one that is about {earlier}"
        )
    changed = [name for name, digest in facts.fixtures.items() if now.get(name, digest) != digest]
    if changed or not now.keys() & facts.fixtures.keys():
        what = f"fixtures changed ({', '.join(changed[:3])})" if changed else "all fixtures differ"
        raise UsageError(
            f"{folder} cannot be judged again: {what} since it was graded; grade again: "
            f"grader grade {shlex.join(facts.inputs)} --rubric "
            f"{shlex.quote(facts.reference)} --out {shlex.quote(f'{folder}-2')}"
        )


def _judge_all(store: Store, facts: RunInfo, exam: Exam, reference: str) -> int:
    before = store.rows()
    rows = dict(before)
    moved: list[tuple[Row, tuple[str, ...]]] = []
    missing: Counter[str] = Counter()
    damaged: list[str] = []
    identifiers = store.record_ids()
    decide = store.decider()  # what people decided holds for the new verdicts, or is stale
    with progress(len(identifiers)) as advance:
        for identifier in identifiers:
            try:
                record = store.record(identifier)
            except StorageError as error:
                damaged.append(str(error))
                continue
            missing.update(unobserved(record, exam))
            report = decide(rejudge(record, exam).report).report
            row = row_of(report)
            rows[identifier] = row
            old = before.get(identifier)
            told = moves(old, row) if old else ("its report was not there",)
            if told:
                moved.append((row, told))
            if _differs(store, old, report):
                store.stage(report)
            advance()
    store.publish()
    store.write_info(
        replace(
            facts,
            reference=reference,
            rubric_id=exam.rubric.id,
            rubric_version=exam.rubric.version,
            rubric_sha256=exam.rubric_sha256,
        )
    )
    store.finish(rows.values())
    _print(screen(), len(identifiers) - len(damaged), moved, missing, damaged)
    if damaged:
        return StorageError.exit_status
    return 1 if needs_person(rows.values()) else 0


def _differs(store: Store, old: Row | None, new: Report) -> bool:
    """Whether the report says anything new: its `run` block alone is no reason to write it."""
    if old is None:
        return True
    # As text: nan equals nothing, itself included.
    return store.report(old.id).model_dump_json(exclude={"run"}) != new.model_dump_json(
        exclude={"run"}
    )


def _print(
    out: Screen,
    judged: int,
    moved: Sequence[tuple[Row, tuple[str, ...]]],
    missing: Counter[str],
    damaged: Sequence[str],
) -> None:
    for row, told in sorted(moved, key=lambda pair: pair[0].source):
        # On a terminal to be read, else to be searched: a line a submission.
        between = "\n    " if out.console.is_terminal else "; "
        out.line(f"{inline(row.source)}: {between.join(told)}")
    said = f"points of {len(moved)} moved" if moved else "nothing moved"
    out.line(f"{judged} judged again, {said}")
    for name, count in missing.items():
        out.line(
            f"{name} was never observed in {count}; only grading again into another folder asks it"
        )
    for line in damaged:
        sys.stderr.write(plain(f"not judged again: {line}") + "\n")
