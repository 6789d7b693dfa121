"""`grader explain`: a file, graded now, or a submission of an output folder."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

from grader.batch.desk import open_desk
from grader.batch.find import Found, find, read
from grader.batch.plan import ExamSpec, Plan
from grader.batch.run import grade_one
from grader.cli.explanation import explain
from grader.cli.grade import grade_file
from grader.cli.rejudge import moves
from grader.cli.request import Request, folder_of
from grader.cli.scene import exam_of
from grader.cli.screen import screen
from grader.cli.summary import needs_person
from grader.cli.taking_clones import find_again
from grader.core.errors import StorageError, Ungradable, UsageError
from grader.core.record import Exam, Record
from grader.core.report import Report
from grader.core.text import inline, plain
from grader.store import Store, row_of

__all__ = ["identify", "run"]


def run(
    what: str, criterion: str | None, request: Request, *, stored: bool, rerun: bool = False
) -> int:
    """Explain a file, or what is `stored` under that id or path; returns the exit status."""
    if not stored:
        graded, exam = grade_file(request, Path(what))
        if criterion is not None:
            _check_criterion(criterion, [row.id for row in exam.rubric.criteria])
        explain(screen(), graded.report, graded.record, exam, criterion)
        return 1 if needs_person([row_of(graded.report)]) else 0
    store = Store(folder_of(request))
    report = store.report(identify(what, store))
    if rerun:
        _run_again(request, store, report)
    if criterion is not None:
        _check_criterion(criterion, [row.id for row in report.criteria])
    explain(screen(), report, _record(store, report), _exam(store, request, report), criterion)
    return 1 if needs_person([row_of(report)]) else 0


def _check_criterion(given: str, known: list[str]) -> None:
    if given not in known:
        near = difflib.get_close_matches(given, known, 1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
        raise UsageError(f"no criterion `{given}`; {hint}")


def identify(what: str, store: Store) -> str:
    """The id that `what` means: an id, the beginning of one, or the path of a submission."""
    known = store.ids()
    if not known:
        raise UsageError(f"`{what}` is no file, and there are no reports in {store.folder}")
    if what in known or what in store.superseded:
        return what
    begins = [one for one in known if one.startswith(what)]
    if len(begins) == 1:
        return begins[0]
    sources = {row.source: row.id for row in store.rows().values()}
    ends = [one for source, one in sources.items() if f"/{source}".endswith(f"/{what}")]
    if len(ends) == 1:
        return ends[0]
    several = begins or ends
    if several:
        raise UsageError(f"`{what}` may be any of {', '.join(several[:8])}")
    near = difflib.get_close_matches(what, [*known, *sources], 3)
    listed = f"; {store.folder / 'summary.json'} lists them"
    hint = f"; did you mean {' or '.join(near)}?" if near else listed
    raise UsageError(f"no submission `{what}` in {store.folder}{hint}")


def _run_again(request: Request, store: Store, report: Report) -> None:
    """Grade the submission once more and say what differs from its stored report."""
    facts = store.run
    if facts is None:
        raise UsageError(f"{store.folder} has no run.json: nothing says what was graded")
    found = _file_of(report, store, [Path(one) for one in facts.inputs])
    if found is None:
        given = ", ".join(facts.inputs)
        raise UsageError(
            f"the file of {report.submission.id} is not in {given} any more, or is another one "
            "now: it cannot be run again"
        )
    plan = Plan(
        ExamSpec(request.rubric or facts.reference, facts.seed),
        isolation=request.isolation,
        names=facts.targets,
    )
    with open_desk(plan) as desk:
        again = grade_one(found, plan, desk.exam, desk).report
    told = moves(row_of(report), row_of(again))
    said = "; ".join(told) if told else "every verdict is as it was"
    screen().line(f"run again: {inline(said)}")
    screen().line()


def _file_of(report: Report, store: Store, paths: list[Path]) -> Found | None:
    """The file of a report among what was graded, known by its content: a name may be a key."""
    there = [path for path in paths if path.exists()]
    identities, sha256 = store.identities, report.submission.sha256
    handin = identities.handin(report.submission.id) if identities else None
    if identities and handin and identities.system == "classroom":
        again = (find_again(path / handin.filename, sha256) for path in there)
        found = next((one for one in again if one), None)
    else:
        listing = find(there, every=True)
        found = next((one for one in listing.found if _digest(one) == sha256), None)
    return replace(found, source=report.submission.source) if found else None


def _digest(found: Found) -> str:
    with contextlib.suppress(OSError, Ungradable):
        return hashlib.sha256(read(found).data).hexdigest()
    return ""


def _record(store: Store, report: Report) -> Record | None:
    try:
        return store.record(report.submission.id)
    except StorageError as error:
        sys.stderr.write(plain(f"what came back cannot be shown: {error}") + "\n")
        return None


def _exam(store: Store, request: Request, report: Report) -> Exam | None:
    """The exam the report was judged by; None where it is not there any more."""
    facts = store.run
    reference = request.rubric or (facts.reference if facts else None)
    if facts is None or reference is None:
        return None
    exam = exam_of(facts, reference)
    if exam is not None and exam.rubric_sha256 == report.rubric.sha256:
        return exam
    sys.stderr.write(
        plain(f"{reference} or its fixtures changed since this was judged: inputs are not shown")
        + "\n"
    )
    return None
