"""`grader pages`: a page for each student."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from grader.cli.scene import Scene, exam_of
from grader.cli.screen import progress, screen
from grader.core.errors import StorageError
from grader.core.record import Exam, Record
from grader.core.report import Evidence, Report
from grader.judging.settle import settle
from grader.pages.code import CodeCell, code_of
from grader.pages.picture import Picture, picture_of
from grader.pages.student import shown, student_page
from grader.reporting.student import student_view
from grader.store import Store
from grader.store.files import make_folder, write

__all__ = ["pages_of", "run"]


def run(folder: Path, into: Path | None, appeal: str) -> int:
    """Write the pages; returns the exit status."""
    store = Store(folder)
    target = into if into is not None else folder / "pages"
    make_folder(target)
    count = 0
    with progress(len(store.ids())) as advance:
        for identifier, page in pages_of(store, appeal):
            write(target / f"{identifier}.html", page)
            count += 1
            advance()
    screen().line(f"{count} {'page' if count == 1 else 'pages'} in {target}")
    return 0


def pages_of(
    store: Store, appeal: str, only: Collection[str] | None = None
) -> Iterator[tuple[str, bytes]]:
    """The id and the page of every report, or of those in `only`."""
    exam = exam_of(store.run, store.run.reference) if store.run is not None else None
    for one in store.decided():
        identifier = one.report.submission.id
        if only is not None and identifier not in only:
            continue
        view = student_view(one.report)
        code: tuple[CodeCell, ...] = ()
        pictures: dict[str, Picture] = {}
        with suppress(StorageError):  # the page does without: what is said does not depend on it
            record = store.record(identifier)
            code = code_of(record, view)
            if exam is not None and exam.rubric_sha256 == view.rubric.sha256:
                pictures = _pictures(view, record, exam)
        yield identifier, student_page(view, code, pictures, appeal=appeal)


def _pictures(view: Report, record: Record, exam: Exam) -> dict[str, Picture]:
    """By criterion, of the first input on the page that a picture says more of than a number."""
    scene = Scene(view, settle(record, exam), exam)
    found = {}
    for row in view.criteria:
        drawn = (_picture(scene, row.id, one) for one in shown(row))
        first = next(filter(None, drawn), None)
        if first is not None:
            found[row.id] = first
    return found


def _picture(scene: Scene, criterion: str, one: Evidence) -> Picture | None:
    got, truth = scene.got(criterion, one.fixture), scene.truth(criterion, one.fixture)
    if one.worst is None or got is None or truth is None or got.shape != truth.expected.shape:
        return None
    at = one.worst.index[:-1]
    return picture_of(one.fixture, at, got.numbers()[at].ravel(), truth.expected[at].ravel())
