"""`grader ci`: the one notebook of a student's repository, in the log of a build."""

from __future__ import annotations

import os
import secrets
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from rich.text import Text

from grader.batch.find import Found, find, read
from grader.batch.plan import ExamSpec, load_exam
from grader.cli.grade import grade_file
from grader.cli.request import Request, reference_of
from grader.cli.screen import Screen, screen
from grader.cli.settings import settings
from grader.core.errors import StorageError, Ungradable, UsageError
from grader.core.handin import Identities
from grader.core.report import Report
from grader.core.text import inline
from grader.deciding.book import gradebook
from grader.deciding.decide import Decided
from grader.export.github import Tally, errors, notices, stop_commands, summary, tally
from grader.export.junit import junit
from grader.export.model import Options
from grader.intake.classroom import wanted
from grader.reporting.student import student_view
from grader.store import row_of

__all__ = ["BELOW", "run"]

BELOW: Final = 4
"""Exit status where the points are below the threshold."""

_ALL: Final = "100%"


def run(request: Request, path: Path, threshold: str | None, report: Path | None) -> int:
    """Grade and tell; returns the exit status."""
    known = settings(Path())
    share, points = _threshold(threshold or known.threshold or _ALL)
    found = _notebook(path, known.notebook, request)
    graded, exam = grade_file(request, found.path)
    view = student_view(graded.report)
    counted = tally(view)
    needed = round(share * counted.most, 2) if points is None else points
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    told = _relative(found.path)
    if on_github:
        # what a submission wrote must not be heard by the runner
        before, after = stop_commands(secrets.token_hex(16))
        _write(before)
    _tell(screen(), view, counted, needed, told)
    if on_github:
        _write(after, *errors(view, told), *notices(counted))
        _append_summary(summary(view, counted))
    if report is not None:
        book = gradebook(
            [Decided(graded.report)], Identities(), rubric=exam.rubric.id, title=exam.rubric.title
        )
        data = junit(book, Options(partial=True)).files["junit.xml"]
        _store(report, data)
    if row_of(graded.report).unjudged:  # the grader failed, and not the submission
        return 1
    return BELOW if counted.points < needed or view.status == "ungradable" else 0


def _threshold(text: str) -> tuple[float, float | None]:
    """A share of the points that can be had, and points: None where it is a share."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= (100 if text.endswith("%") else 1e6):
        raise UsageError(f"threshold {inline(text)}: expected points, as 15, or a share, as 80%")
    return (value / 100, None) if text.endswith("%") else (0.0, value)


def _notebook(path: Path, pattern: str | None, request: Request) -> Found:
    """The one file to grade; UsageError says how to name it where there is not just one."""
    listing = find([path])
    if not path.is_dir():
        return listing.found[0]
    names = {one.source: one for one in listing.found}
    chosen = [name for name in names if fnmatchcase(name, pattern)] if pattern else [*wanted(names)]
    if len(chosen) > 1:
        exam = load_exam(ExamSpec(reference_of(request), request.seed))
        called = [name.encode() for task in exam.assignment.tasks for name in task.wanted.names]
        having = [name for name in chosen if _has_any(names[name], called)]
        chosen = having or chosen
    if len(chosen) == 1:
        return names[chosen[0]]
    told = ", ".join(map(inline, sorted(chosen)[:8])) or "none"
    which = f"`{pattern}`" if pattern else "a notebook"
    raise UsageError(
        f"which file of {path} is to be graded? {which} fits {told}; name it: "
        'grader ci FILE, or in grader.toml: notebook = "NAME.ipynb"'
    )


def _has_any(found: Found, called: list[bytes]) -> bool:
    try:
        data = read(found).data
    except (OSError, Ungradable):
        return False
    return any(name in data for name in called)


def _relative(path: Path) -> str:
    top = Path(os.environ.get("GITHUB_WORKSPACE") or Path()).resolve()
    whole = path.resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else path.name


def _tell(out: Screen, view: Report, counted: Tally, needed: float, path: str) -> None:
    bonus = f" and {counted.bonus:g} bonus" if counted.bonus else ""
    out.line(
        Text(f"{counted.points:g} of {counted.most:g} points{bonus}", style="bold"),
        f", {needed:g} wanted: {inline(path)}",
    )
    if view.status == "ungradable":
        out.line(f"cannot be graded: {inline(view.reason)}")
    if view.headline:
        out.line(inline(view.headline))
    for each in view.diagnoses:
        at = f" (cell {each.location.cell}, line {each.location.line})" if each.location else ""
        out.line(f"  {inline(each.message)}{at} {inline(each.hint)}".rstrip())
    for row in view.criteria:
        if row.status == "pending":
            continue
        told = f" {inline(row.title)}: {row.points:g} of {row.max_points:g}"
        said = f". {inline(row.feedback)}" if row.status in ("failed", "partial", "error") else ""
        out.line(out.sign(row.status), f"{told}{said}")


def _write(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _append_summary(text: str) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text + "\n")


def _store(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error
