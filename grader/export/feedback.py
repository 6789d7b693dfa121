"""The students' pages, under the names by which Canvas and Moodle give them back.

Canvas takes the first two parts of a name between underscores that are all digits for the user
and the attachment, and ignores what matches nobody without a word. Moodle takes the folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook, Line
from grader.core.text import inline
from grader.export.marks import identifier, listed, named
from grader.export.model import Export, Options
from grader.export.zips import packed, safe_part

__all__ = ["canvas_feedback", "canvas_name", "moodle_feedback", "moodle_name"]

_DIGITS: Final = re.compile(r"[0-9]+")
_FOLDER: Final = re.compile(r"(?:.*_)?([0-9]+)_assignsubmission_file(?:_|$)")
_PAGE: Final = "feedback.html"


def canvas_feedback(book: Gradebook, options: Options) -> Export:
    """`canvas-feedback.zip`: a page a submission, for Canvas's upload of graded submissions."""
    return _zipped("canvas-feedback.zip", "Canvas", canvas_name, book, options)


def moodle_feedback(book: Gradebook, options: Options) -> Export:
    """`moodle-feedback.zip`: a folder a submission, for Moodle's upload of feedback files."""
    return _zipped("moodle-feedback.zip", "Moodle", moodle_name, book, options)


def canvas_name(filename: str) -> str | None:
    """The page's name for a file of Canvas's download; None where Canvas would ignore it.

    All is kept up to and including the attachment's id.
    """
    parts = filename.split("_")
    numbers = [at for at, part in enumerate(parts) if _DIGITS.fullmatch(part)][:2]
    if len(numbers) < 2 or numbers[1] == len(parts) - 1 or filename.startswith("._"):
        return None
    file = "_".join(parts[numbers[1] + 1 :])
    stem = file.rpartition(".")[0] or file
    # A last part that begins with `link` is how Canvas knows submitted addresses, not files.
    page = _PAGE if stem.rpartition("_")[2].casefold().startswith("link") else f"{stem}.html"
    name = "_".join([*parts[: numbers[1] + 1], page])
    return name if safe_part(name) else None


def moodle_name(filename: str) -> str | None:
    """The page's path for a folder (or flat file) of Moodle's download, else None."""
    for part in filename.split("/"):
        found = _FOLDER.match(part)
        if found and safe_part(found[0]):
            return f"{found[0]}/{_PAGE}"
    return None


def _zipped(
    archive: str,
    system: str,
    rule: Callable[[str], str | None],
    book: Gradebook,
    options: Options,
) -> Export:
    without = [line for line in book.lines if line.report.submission.id not in options.pages]
    if without:
        raise UsageError(f"there is no page for {', '.join(_who(line) for line in without)}")
    files: dict[str, bytes] = {}
    owners: dict[str, Line] = {}
    lost, strange = [], []
    for line in book.lines:
        name = rule(line.handin.filename) if line.handin else None
        if name is None:
            lost.append(_who(line))
            continue
        if name in owners:
            raise UsageError(f"{_who(owners[name])} and {_who(line)} go back as `{inline(name)}`")
        owners[name] = line
        files[name] = options.pages[line.report.submission.id]
        if system == "Canvas" and _anothers(name, line):
            strange.append(line)
    if not files:
        raise UsageError(
            f"no submission has a name of {system}'s download, so {system} would ignore every page"
        )
    warnings = []
    if lost:
        warnings.append(f"no name that {system} would recognise, left out: {', '.join(lost)}")
    if strange:
        students = [student for line in strange for student in line.students]
        warnings.append(
            f"Canvas will read another user's id in the names of the files of {listed(students)}"
        )
    return Export({archive: packed(files)}, tuple(warnings))


def _anothers(name: str, line: Line) -> bool:
    """Whether Canvas reads a user in the name who is none of those it was handed in for."""
    user = next(part for part in name.split("_") if _DIGITS.fullmatch(part))
    known = {identifier(student, "canvas") for student in line.students} - {""}
    return bool(known) and user not in known


def _who(line: Line) -> str:
    source = inline(line.report.submission.source)
    names = ", ".join(named(student) for student in line.students)
    return f"{names} ({source})" if names else source
