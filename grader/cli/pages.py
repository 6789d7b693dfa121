"""`grader pages`: a page for each student."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from grader.cli.screen import progress, screen
from grader.core.errors import StorageError
from grader.pages.code import code_of
from grader.pages.student import student_page
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
    for one in store.decided():
        identifier = one.report.submission.id
        if only is not None and identifier not in only:
            continue
        view = student_view(one.report)
        try:
            code = code_of(store.record(identifier), view)
        except StorageError:
            code = ()  # the page does without: what is said does not depend on it
        yield identifier, student_page(view, code, appeal=appeal)
