"""What a file's place and name in a download say: whose it is, which attempt, whether it is late.

A pure function of names; one reader a system, in one table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from grader.core.handin import System
from grader.intake import metadata

__all__ = ["READERS", "Claim", "claims", "passed_over", "recognise"]

_SUFFIXES: Final = frozenset({".ipynb", ".py", ".txt"})
_MOODLE: Final = re.compile(
    r"(?P<name>.+)_(?P<user>[0-9]+)_assignsubmission_(?P<kind>file|onlinetext)(?P<rest>_.*|)",
    re.DOTALL,
)
_GRADESCOPE: Final = re.compile(r"submission_[0-9]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_AGAIN: Final = re.compile(r"(?P<stem>.+)-(?P<number>[0-9]{1,3})", re.DOTALL)
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
    """As Canvas itself reads the names when feedback comes back.

    User and attachment are the first two parts between underscores that are all digits, and here
    they have to follow each other. `question` stands for an attachment in quizzes.
    """
    last = PurePosixPath(name).name
    parts = last.split("_")
    anonymous = "anon" in parts[:2] and parts[: parts.index("anon")] in ([], ["LATE"])
    if anonymous:
        at = parts.index("anon") + 1
        late, who = at == 2, ""
    else:
        at = next((n for n, part in enumerate(parts) if _DIGITS.fullmatch(part)), len(parts))
        late = at > 1 and parts[at - 1] == "LATE"
        who = "_".join(parts[: at - 1 if late else at])
    handle = f"canvas{'-anonymous' if anonymous else ''}:{''.join(parts[at : at + 1])}"
    rest = parts[at + 1 :]
    if rest in (["text.html"], ["link.html"]):
        wrong = _TEXT if rest == ["text.html"] else _LINK
        return Claim((handle,), last, who, late=late, wrong_type=wrong)
    if len(rest) < 2 or not (_DIGITS.fullmatch(rest[0]) or rest[0] == "question"):
        return None
    file = "_".join(rest[1:])
    if not file:
        return None
    return Claim((handle,), last, who, late=late, wrong_type=_other_kind(file))


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
    if len(parts) < 3 or parts[-1] == metadata.TIMESTAMP:
        return None
    return Claim((f"folder:{parts[0]}",), parts[0], wrong_type=_other_kind(parts[-1]))


def _gradescope(name: str) -> Claim | None:
    for part in PurePosixPath(name).parts[:-1]:
        if _GRADESCOPE.fullmatch(part):
            number = part.partition("_")[2]
            wrong = _other_kind(PurePosixPath(name).name)
            return Claim((f"gradescope-submission:{number}",), part, wrong_type=wrong)
    return None


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
    "gradescope": _gradescope,
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
    if any(PurePosixPath(name).name == metadata.METADATA for name in known) and any(
        map(_gradescope, known)
    ):
        return "gradescope"
    if known and all("submitted" in PurePosixPath(name).parts[:-3] for name in known):
        return "nbgrader"
    if known and all(len(PurePosixPath(name).parts) > 1 for name in known):
        return "tree"
    return "folder"


def claims(
    system: System, names: Sequence[str], told: Mapping[str, metadata.Told] | None = None
) -> dict[str, Claim]:
    """The claim of every name that the system's download could hold.

    told  by the folder of a submission: what the download's own files say of it
    """
    reader = READERS[system]
    read = {name: reader(name) for name in names}
    found = {name: claim for name, claim in read.items() if claim is not None}
    if system == "canvas":
        return _numbered(found)
    known = told or {}
    return {name: _told(claim, known.get(claim.filename)) for name, claim in found.items()}


def _told(claim: Claim, told: metadata.Told | None) -> Claim:
    if told is None:
        return claim
    return replace(
        claim,
        handles=told.handles or claim.handles,
        name=told.name or claim.name,
        submitted_at=told.submitted_at,
    )


def _numbered(found: Mapping[str, Claim]) -> dict[str, Claim]:
    """Attempts: `homework-1.ipynb` is the second one where `homework.ipynb` is there as well.

    Alone it says nothing: a download holds what was handed in last, and `lab-2` may be its name.
    """
    stems = {name: _stem(claim) for name, claim in found.items()}
    theirs: dict[tuple[str, ...], set[str]] = {}
    for name, claim in found.items():
        theirs.setdefault(claim.handles, set()).add(stems[name])
    numbered = {}
    for name, claim in found.items():
        again = _AGAIN.fullmatch(stems[name])
        if again is not None and again["stem"] in theirs[claim.handles]:
            numbered[name] = replace(claim, number=int(again["number"]) + 1)
        else:
            numbered[name] = claim
    return numbered


def _stem(claim: Claim) -> str:
    """The stem of the file's own name, behind what Canvas puts before it."""
    parts = claim.filename.split("_")
    user = claim.handles[0].partition(":")[2]
    return PurePosixPath("_".join(parts[parts.index(user) + 2 :]) or "_").stem


def passed_over(found: Mapping[str, Claim]) -> set[str]:
    """Names that are no submissions of their own.

    Of one attempt: where somebody handed in a notebook or a script, pictures, data and texts beside
    it are passed over, and beside a text export what is none; where nobody did, the first thing
    handed in stands for it, and says why it cannot be graded.
    """
    by_attempt: dict[tuple[tuple[str, ...], int], list[str]] = {}
    for name, claim in found.items():
        by_attempt.setdefault((claim.handles, claim.number), []).append(name)
    extra: set[str] = set()
    for names in by_attempt.values():
        good = [name for name in names if not found[name].wrong_type]
        code = [name for name in good if PurePosixPath(name).suffix.lower() != ".txt"]
        kept = code or good or sorted(names)[:1]
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
