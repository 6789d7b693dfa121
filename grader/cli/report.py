"""`grader report`: one page about the whole class."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from grader.cli.office import now
from grader.cli.screen import screen
from grader.core.errors import StorageError, UsageError
from grader.pages.code import CodeCell, code_of
from grader.pages.overview import MOST_SHOWN, Class, overview_page
from grader.reporting.statistics import Standing, groups, standing
from grader.store import Store
from grader.store.files import make_folder, write

__all__ = ["run"]


def run(folder: Path, out: Path | None) -> int:
    """Write the page; returns the exit status."""
    store = Store(folder)
    hashes: dict[str, list[str]] = {}
    found = []
    for one in store.decided():
        found.append(standing(one.report))
        file = one.report.submission
        hashes.setdefault(file.sha256, []).append(file.source)
    if not found:
        raise UsageError(f"there is no report in {folder}")
    facts = store.run
    page = overview_page(
        Class(
            title=facts.rubric_id if facts else folder.name,
            found=tuple(sorted(found, key=lambda one: (one.source, one.id))),
            code=_code(store, found),
            identical=tuple(tuple(sorted(same)) for same in hashes.values() if len(same) > 1),
            made_at=now(),
        )
    )
    path = out if out is not None else folder / "overview.html"
    make_folder(path.parent)
    write(path, page)
    screen().line(f"{len(found)} submissions in {path}")
    return 0


def _code(store: Store, found: list[Standing]) -> Mapping[str, tuple[CodeCell, ...]]:
    """Of the first members of every group; a damaged record has none."""
    code: dict[str, tuple[CodeCell, ...]] = {}
    for group in groups(found):
        for one in group.members[:MOST_SHOWN]:
            with suppress(StorageError):
                code[one.id] = code_of(store.record(one.id), store.report(one.id))
    return code
