"""`grader forget`: remove a student from an output folder."""

from __future__ import annotations

from pathlib import Path

from grader.cli.explain import identify
from grader.cli.office import opened, who
from grader.cli.request import Request, check_output, folder_of
from grader.cli.screen import screen
from grader.core.errors import UsageError
from grader.core.handin import Identities, Student
from grader.core.text import inline
from grader.store import Store

__all__ = ["run"]


def run(key: str, out: Path | None) -> int:
    """Remove; returns the exit status."""
    folder = folder_of(Request(out=out))
    check_output(folder)
    with opened(folder) as store:
        identities = store.identities
        student = _student(identities, key)
        if student is not None:
            keys = {student.key}
            theirs = [one for one in identities.handins if student.key in one.students]
            gone = {one.submission for one in theirs if keys.issuperset(one.students)}
            shared = [one for one in theirs if one.submission not in gone]
        else:
            keys, gone, shared = set(), {_submission(key, store)}, []
        lines = store.forget(keys, gone, who(None))
    told = screen()
    told.line(
        f"{inline(key)}: {len(gone)} {'report' if len(gone) == 1 else 'reports'} and {lines} "
        f"{'decision' if lines == 1 else 'decisions'} removed from {folder}"
    )
    for one in shared:
        told.line(f"{inline(one.submission)} stays: others of the group handed it in too")
    told.line("what you exported from it, pages included, is not here: remove that yourself")
    return 0


def _student(identities: Identities, key: str) -> Student | None:
    wanted = key.casefold()
    found = [
        one
        for one in identities.students
        if wanted in {one.key, one.email.casefold(), *(id_.casefold() for id_ in one.ids.values())}
        or key in one.handles
    ]
    if len(found) > 1:
        listed = ", ".join(one.key for one in found[:8])
        raise UsageError(f"`{key}` may be any of {listed}; name one by its key")
    return found[0] if found else None


def _submission(key: str, store: Store) -> str:
    try:
        return identify(key, store)
    except UsageError:
        raise UsageError(
            f"`{key}` is no student and no submission of {store.folder}: reports have keys under "
            "`submitters`, identities.json has names"
        ) from None
