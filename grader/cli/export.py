"""`grader export` and `grader package`: what the receiving systems take."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from grader.cli.office import book_of, tell
from grader.cli.request import Request, check_reference, reference_of
from grader.cli.screen import screen
from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook
from grader.core.text import inline
from grader.export import EXPORTERS, Options, package_gradescope
from grader.resources import shipped
from grader.store import Store
from grader.store.files import make_folder, write

__all__ = ["package", "run"]

_COLUMNS: Final = ("identifier", "grade", "maximum", "changeable", "feedback")


def run(
    kind: str,
    folder: Path,
    *,
    into: Path | None,
    template: Path | None,
    assignment: str,
    rubric_ids: Path | None,
    columns: Sequence[str],
    appeal: str,
    partial: bool,
) -> int:
    """Write the files; returns the exit status."""
    exporter = EXPORTERS[kind]
    if exporter.needs_template and template is None:
        raise UsageError(
            f"{kind} fills in the CSV file that the system gave: name it with --template FILE"
        )
    store = Store(folder)
    book = book_of(store, store.decided())
    pages = {}
    if exporter.needs_pages:
        from grader.cli.pages import pages_of

        ids = {line.report.submission.id for line in book.lines}
        pages = dict(pages_of(store, appeal, ids))
    options = Options(
        template=template.read_bytes() if template is not None else None,
        assignment=assignment or None,
        rubric_ids=_ids(rubric_ids) if rubric_ids is not None else {},
        pages=pages,
        partial=partial,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        columns=dict(map(_column, columns)),
    )
    made = exporter.make(book, options)
    target = into if into is not None else folder / "export" / kind
    for name, data in made.files.items():
        make_folder((target / name).parent)
        write(target / name, data)
    for warning in made.warnings:
        tell(f"note: {inline(warning)}")
    _tell(book, target, len(made.files), partial=partial)
    waiting = any(line.mark is None and not line.excused for line in book.lines)
    return 1 if waiting and not partial else 0


def _tell(book: Gradebook, target: Path, files: int, *, partial: bool) -> None:
    out = screen()
    marked = sum(line.mark is not None for line in book.lines)
    free = sum(line.excused for line in book.lines)
    parts = [f"{marked} with a final mark"]
    if free:
        parts.append(f"{free} excused")
    open_ = [line for line in book.lines if line.mark is None and not line.excused]
    if open_:
        how = "as decided so far" if partial else "sent without a score"
        parts.append(f"{len(open_)} open or ungradable, {how}")
    if book.missing:
        parts.append(f"{len(book.missing)} of the roster handed in nothing")
    out.line(f"{len(book.lines)} submissions: {', '.join(parts)}")
    out.line(f"{files} {'file' if files == 1 else 'files'} in {target}")


def _column(told: str) -> tuple[str, str]:
    what, _, name = told.partition("=")
    if what not in _COLUMNS or not name:
        raise UsageError(f"--column {told}: expected WHAT=NAME, with {', '.join(_COLUMNS)} first")
    return what, name


def _ids(path: Path) -> dict[str, str]:
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {inline(str(error))}") from error
    if not isinstance(found, dict) or not all(isinstance(one, str | int) for one in found.values()):
        raise UsageError(f'{path}: expected lines like `values = "_1234"`, criterion and id')
    return {str(name): str(one) for name, one in found.items()}


def package(rubric: str | None, wheels: Sequence[Path], into: Path) -> int:
    """Write the autograder zip; returns the exit status."""
    reference = reference_of(Request(rubric=rubric))
    check_reference(reference)
    path = Path(reference)
    course: dict[str, bytes] = {}
    name = reference
    if path.suffix in (".yaml", ".yml"):
        name = path.name
        course = _course(path)
    built = {one.name: one.read_bytes() for one in wheels}
    make_folder(into.absolute().parent)
    write(into, package_gradescope(name, course, built))
    out = screen()
    out.line(f"{into}: upload it as the assignment's autograder")
    if not course:
        out.line(f"it grades by the shipped rubric {shipped('rubrics').name}/{name}.yaml")
    return 0


def _course(path: Path) -> dict[str, bytes]:
    """The rubric file, and the assignment's folder beside it where the rubric names one."""
    from grader import rubric as rubrics

    loaded = rubrics.load(str(path), folder=Path())
    base = loaded.path.parent
    files = {path.name: path.read_bytes()}
    folder = base / loaded.rubric.assignment
    if folder.is_dir():
        for one in sorted(folder.rglob("*")):
            if one.is_file() and not one.is_symlink() and "__pycache__" not in one.parts:
                files[one.relative_to(base).as_posix()] = one.read_bytes()
    return files
