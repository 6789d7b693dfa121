"""What a file's place and name in a download say: whose it is, which attempt, whether it is late.

A pure function of names; one reader a system, in one table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from grader.core.handin import System

__all__ = ["READERS", "Claim", "claims", "passed_over", "recognise"]

_SUFFIXES: Final = frozenset({".ipynb", ".py", ".txt"})
_CANVAS: Final = re.compile(
    r"(?P<name>[^_]*(?:_(?!LATE_)[^_0-9][^_]*)*?)(?P<late>_LATE)?_(?P<user>\d+)"
    r"_(?P<attachment>\d+|question)_(?P<file>.+)"
)
_CANVAS_ANONYMOUS: Final = re.compile(
    r"(?P<late>LATE_)?anon_(?P<user>[0-9A-Za-z]+)_(?P<attachment>\d+|question)_(?P<file>.+)"
)
_CANVAS_OTHER: Final = re.compile(
    r"(?:(?P<late>LATE_)?anon_(?P<anon>[0-9A-Za-z]+)"
    r"|(?P<name>.*?)(?P<late_>_LATE)?_(?P<user>\d+))_(?P<kind>text|link)\.html"
)
_MOODLE: Final = re.compile(
    r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?P<rest>_.*|)"
)
_AGAIN: Final = re.compile(r"(?P<stem>.+)-(?P<number>\d{1,3})")
_TEXT: Final = "handed in as a text entry: a notebook file is wanted"
_LINK: Final = "handed in as a link: a notebook file is wanted"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a file by where it lies.

    handles      what the system calls whom it is from: `canvas:1234`, `folder:ada`; several for a
                 group that the download itself knows
    name         of the student, as the download has it; empty where it does not say
    filename     the file's own name, or the folder the download put it in: under this name
                 feedback has to go back
    number       the attempt, from 1
    late         what the download says; None where it says nothing
    wrong_type   why it cannot be graded, though it was handed in; empty for a file
    """

    handles: tuple[str, ...]
    filename: str
    name: str = ""
    number: int = 1
    late: bool | None = None
    submitted_at: str | None = None
    wrong_type: str = ""


Reader = Callable[[str], Claim | None]


def _canvas(name: str) -> Claim | None:
    last = PurePosixPath(name).name
    other = _CANVAS_OTHER.fullmatch(last)
    if other is not None:
        handle = f"canvas:{other['user']}" if other["user"] else f"canvas-anonymous:{other['anon']}"
        return Claim(
            handles=(handle,),
            filename=last,
            name=other["name"] or "",
            late=bool(other["late"] or other["late_"]),
            wrong_type=_TEXT if other["kind"] == "text" else _LINK,
        )
    found = _CANVAS_ANONYMOUS.fullmatch(last)
    kind = "canvas-anonymous"
    if found is None:
        found, kind = _CANVAS.fullmatch(last), "canvas"
    if found is None:
        return None
    again = _AGAIN.fullmatch(PurePosixPath(found["file"]).stem)
    return Claim(
        handles=(f"{kind}:{found['user']}",),
        filename=last,
        name=found.groupdict().get("name") or "",
        number=int(again["number"]) + 1 if again else 1,
        late=bool(found["late"]),
        wrong_type=_other_kind(found["file"]),
    )


def _moodle(name: str) -> Claim | None:
    for part in PurePosixPath(name).parts:
        found = _MOODLE.fullmatch(part)
        if found is not None:
            rest = PurePosixPath(name).name
            wrong = _TEXT if found["kind"] == "onlinetext" else _other_kind(rest)
            return Claim((f"moodle:{found['user']}",), part, found["name"], wrong_type=wrong)
    return None


def _nbgrader(name: str) -> Claim | None:
    parts = PurePosixPath(name).parts
    if "submitted" in parts[:-3]:
        parts = parts[parts.index("submitted") + 1 :]
    if len(parts) < 3:
        return None
    return Claim((f"folder:{parts[0]}",), parts[0], wrong_type=_other_kind(parts[-1]))


def _tree(name: str) -> Claim | None:
    parts = PurePosixPath(name).parts
    if len(parts) < 2:
        return None
    return Claim((f"folder:{parts[0]}",), parts[0], wrong_type=_other_kind(parts[-1]))


def _folder(name: str) -> Claim | None:
    path = PurePosixPath(name)
    return Claim((f"folder:{path.stem}",), path.name, wrong_type=_other_kind(path.name))


READERS: Final[Mapping[System, Reader]] = {
    "canvas": _canvas,
    "moodle": _moodle,
    "nbgrader": _nbgrader,
    "tree": _tree,
    "folder": _folder,
}
"""By system, the more particular first."""


def recognise(names: Iterable[str]) -> System:
    """Whose download these names are from; a plain folder where that is not certain.

    A system is recognised only where every name is one of its own.
    """
    known = [name for name in names if PurePosixPath(name).name]
    if known and all(map(_canvas, known)):
        return "canvas"
    if known and all(map(_moodle, known)):
        return "moodle"
    if known and all("submitted" in PurePosixPath(name).parts[:-3] for name in known):
        return "nbgrader"
    if known and all(len(PurePosixPath(name).parts) > 1 for name in known):
        return "tree"
    return "folder"


def claims(system: System, names: Sequence[str]) -> dict[str, Claim]:
    """The claim of every name that the system's download could hold."""
    reader = READERS[system]
    found = {name: reader(name) for name in names}
    return {name: claim for name, claim in found.items() if claim is not None}


def passed_over(found: Mapping[str, Claim]) -> set[str]:
    """Names that are no submissions of their own.

    Where somebody handed in a notebook, script or text export, pictures and data beside it are
    passed over; where nobody did, the first thing handed in stands for it, and says why it cannot
    be graded.
    """
    by_student: dict[tuple[str, ...], list[str]] = {}
    for name, claim in found.items():
        by_student.setdefault(claim.handles, []).append(name)
    extra: set[str] = set()
    for names in by_student.values():
        good = [name for name in names if not found[name].wrong_type]
        kept = good or sorted(names)[:1]
        extra |= set(names) - set(kept)
    return extra


def _other_kind(name: str) -> str:
    """Why a file of that name cannot be graded; empty where it may be."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _SUFFIXES:
        return ""
    kind = (
        f"a {suffix} file" if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else "another kind of file"
    )
    return f"{kind} was handed in: a notebook file (.ipynb) is wanted"
