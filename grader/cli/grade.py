"""`grader grade`: files and folders to reports, or one file to an explanation."""

from __future__ import annotations

import difflib
import json
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Final

from rich.text import Text

import grader
from grader.batch.desk import Desk, open_desk
from grader.batch.find import Found, Listing, find
from grader.batch.plan import ExamSpec, Plan, fixtures_of, load_exam
from grader.batch.run import Postponed, default_jobs, grade_all, grade_one, left_to_do
from grader.cli.notices import check_isolation
from grader.cli.request import INTERRUPTED, Request, folder_of, reference_of, targets_of
from grader.cli.screen import progress, screen
from grader.cli.summary import machine_summary, needs_person, print_summary
from grader.cli.taking_in import Intake, identify, of_student, take_in
from grader.core.errors import UsageError
from grader.core.record import Exam, Graded
from grader.core.report import Report
from grader.core.text import inline, plain
from grader.store import Row, RunInfo, Store, row_of

__all__ = ["grade_file", "run"]

_MOST_REFUSED: Final = 10
_MOST_DAMAGED: Final = 10


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch about to start. `desk` is this process's, None where workers have theirs."""

    request: Request
    plan: Plan
    listing: Listing
    jobs: int
    exam: Exam
    desk: Desk | None


def run(request: Request) -> int:
    """Grade; returns the exit status."""
    if request.explains:
        return _one(request)
    folder = folder_of(request)
    intake = take_in(request, folder)
    listing = intake.listing
    if not listing.found:
        given = ", ".join(str(path) for path in request.paths)
        raise UsageError(
            f"no submission in {given}: notebooks (.ipynb), scripts (.py) and text exports "
            f"(.txt) are looked for; {len(listing.ignored)} other files are there"
        )
    _tell_refused(listing)
    with _prepared(request, listing, folder) as batch:
        store = Store(folder)
        is_new = store.run is None
        if is_new:  # a refusal leaves nothing behind
            check_isolation(request.isolation)
        store.begin(_facts(batch))
        try:
            _ = store.ledger, store.identities  # damaged ones are told before anything is graded
            return _many(batch, store, intake, checked=is_new)
        finally:
            store.close()


def grade_file(request: Request, path: Path) -> tuple[Graded, Exam]:
    """Grade one file; nothing is written."""
    plan = _plan(request)
    found = _only(path)
    with open_desk(plan) as desk:
        check_isolation(request.isolation)  # while the sandbox gets ready
        _check_roles(plan, desk.exam)
        return grade_one(found, plan, desk.exam, desk), desk.exam


def _only(path: Path) -> Found:
    """The one submission of a path; UsageError where it is an archive of any other number."""
    found = find([path]).found
    if len(found) != 1:
        raise UsageError(
            f"{path} holds {len(found)} submissions and one is explained at a time: "
            f"`grader grade {path}` grades them all"
        )
    return found[0]


def _one(request: Request) -> int:
    graded, exam = grade_file(request, request.paths[0])
    if request.as_json:
        sys.stdout.write(graded.report.model_dump_json(indent=2) + "\n")
    else:
        from grader.cli.explanation import explain

        explain(screen(), graded.report, graded.record, exam)
        if graded.report.criteria:
            _more(request, graded.report)
    return 1 if needs_person([row_of(graded.report)]) else 0


def _more(request: Request, report: Report) -> None:
    """How to see more of a file that was explained."""
    path = str(request.paths[0])
    options = [] if request.rubric is None else ["--rubric", request.rubric]
    for given in request.targets:
        options += ["--target", given]
    if request.seed is not None:
        options += ["--seed", str(request.seed)]
    out = screen()
    out.line()
    worst = next((row.id for row in report.criteria if row.status in ("failed", "partial")), None)
    if worst is not None:
        told = shlex.join(["grader", "explain", path, worst, *options])
        out.line(Text(f"everything that fails in {worst}: ", style="dim"), inline(told))
    told = shlex.join(["grader", "grade", path, *options, "--out", str(folder_of(request))])
    out.line(Text("to keep a report: ", style="dim"), inline(told))


@contextmanager
def _prepared(request: Request, listing: Listing, folder: Path) -> Iterator[_Batch]:
    plan = _plan(request, folder)
    jobs = min(request.jobs or default_jobs(len(listing.found)), len(listing.found))
    if jobs > 1:
        exam = load_exam(plan.exam)
        _check_roles(plan, exam)
        yield _Batch(request, plan, listing, jobs, exam, None)
        return
    # The sandbox gets ready while the exam is loaded.
    with open_desk(plan) as desk:
        _check_roles(plan, desk.exam)
        yield _Batch(request, plan, listing, jobs, desk.exam, desk)


def _many(batch: _Batch, store: Store, intake: Intake, *, checked: bool) -> int:
    request = batch.request
    rows = store.rows()
    todo, done = _select(batch, intake, rows)
    if todo and not checked:
        check_isolation(request.isolation)
    began = time.monotonic()
    new: dict[str, Row] = {}
    try:
        _grade_rows(batch, todo, new)
    except KeyboardInterrupt:
        rows = _settled(store, {**rows, **new}, (*done, *new.values()))
        store.finish(rows.values())
        _tell(
            f"grader: interrupted; {len(rows)} reports are in {store.folder}, {len(new)} "
            f"of them new; go on with: {shlex.join(['grader', *sys.argv[1:]])}"
        )
        return INTERRUPTED
    rows = _settled(store, {**rows, **new}, (*done, *new.values()))
    identify(intake, request, store, rows.values())
    rows = store.refresh(rows)
    store.finish(rows.values())
    _tell_damaged(store, rows)
    seconds, ignored = time.monotonic() - began, len(batch.listing.ignored)
    some = request.changed or bool(request.students)
    known = [rows[name] for name in new if name in rows] if some else list(rows.values())
    if request.as_json:
        summary = machine_summary(known, graded=len(new), ignored=ignored, seconds=seconds)
        sys.stdout.write(json.dumps(summary, indent=2, sort_keys=True) + "\n")
    else:
        print_summary(
            *(screen(), known, store.folder),
            graded=len(new),
            ignored=ignored,
            seconds=seconds,
            of=len(rows),
        )
    return 1 if needs_person(known) else 0


def _select(
    batch: _Batch, intake: Intake, rows: Mapping[str, Row]
) -> tuple[tuple[Found, ...], tuple[Row, ...]]:
    """What to grade, and the rows of what is graded already and stays."""
    request, found = batch.request, batch.listing.found
    sha256 = batch.exam.rubric_sha256
    if request.students:
        theirs = {one for who in request.students for one in of_student(intake, who)}
        others = [one for one in found if one not in theirs]
        _, done = left_to_do(others, rows, sha256)
        return tuple(one for one in found if one in theirs), done
    if request.fresh:
        return found, ()
    todo, done = left_to_do(found, rows, sha256, again=not request.changed)
    if done:
        _tell(f"continued: {len(done)} already graded (--fresh grades them again)")
    return todo, done


def _settled(store: Store, rows: Mapping[str, Row], current: Iterable[Row]) -> dict[str, Row]:
    """The rows that count, once files that were handed in anew have put their old reports aside."""
    before = len(rows)
    kept = store.supersede(rows, {row.source: row.id for row in current})
    if len(kept) < before:
        count = before - len(kept)
        were = "file was" if count == 1 else "files were"
        _tell(f"{count} {were} handed in anew: what was graded before is put aside")
    return kept


def _tell_damaged(store: Store, rows: Mapping[str, Row]) -> None:
    """Stored reports that are in no summary: damaged, and their files not among those given."""
    left = [identifier for identifier in store.ids() if identifier not in rows]
    if left:
        shown = ", ".join(left[:_MOST_DAMAGED]) + (", ..." if left[_MOST_DAMAGED:] else "")
        _tell(
            f"damaged, and left out of the summary: {shown} (in {store.folder / 'reports'}); "
            "grade their files again"
        )


def _grade_rows(batch: _Batch, todo: tuple[Found, ...], rows: dict[str, Row]) -> None:
    """Grade `todo` into `rows`."""
    postponed = 0
    stream = grade_all(todo, batch.plan, batch.exam, batch.jobs, desk=batch.desk)
    with progress(len(todo)) as advance, closing(stream):
        for outcome in stream:
            if isinstance(outcome, Postponed):
                postponed += 1
                continue
            rows[outcome.id] = outcome
            advance()
    if postponed:
        were = "was" if postponed == 1 else "were"
        _tell(f"{postponed} {were} stopped by a limit or a fault, and graded again alone")


def _plan(request: Request, folder: Path | None = None) -> Plan:
    return Plan(
        ExamSpec(reference_of(request), request.seed),
        isolation=request.isolation,
        names=targets_of(request),
        folder=folder,
    )


def _check_roles(plan: Plan, exam: Exam) -> None:
    roles = [task.role for task in exam.assignment.tasks]
    for role in plan.names:
        if role not in roles:
            near = difflib.get_close_matches(role, roles, 1) or roles
            raise UsageError(f"--target: no role `{role}`; did you mean `{near[0]}`?")


def _facts(batch: _Batch) -> RunInfo:
    return RunInfo(
        inputs=tuple(str(path) for path in batch.request.paths),
        reference=batch.plan.exam.reference,
        rubric_id=batch.exam.rubric.id,
        rubric_version=batch.exam.rubric.version,
        rubric_sha256=batch.exam.rubric_sha256,
        seed=batch.exam.seed,
        fixtures=fixtures_of(batch.exam),
        isolation=batch.plan.isolation,
        targets=batch.plan.names,
        versions={
            "grader": grader.__version__,
            "numpy": metadata.version("numpy"),
            "python": python_version(),
            "torch": metadata.version("torch"),
        },
    )


def _tell_refused(listing: Listing) -> None:
    """Members of archives that cannot have a report, each with its reason."""
    for source, reason in listing.refused[:_MOST_REFUSED]:
        _tell(inline(f"passed over: {source}: {reason}"))
    more = len(listing.refused) - _MOST_REFUSED
    if more > 0:
        _tell(f"passed over: {more} more for such reasons")


def _tell(text: str) -> None:
    sys.stderr.write(plain(text) + "\n")
