"""What `grader grade` makes of a download: whose files they are, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from grader.batch.find import Found, Listing, find, read
from grader.cli.office import listed, tell
from grader.cli.request import Request
from grader.cli.settings import settings
from grader.cli.taking_clones import are_clones, take_clones
from grader.core.errors import Ungradable, UsageError
from grader.core.handin import Student, System, student_key
from grader.core.spelling import nearest
from grader.core.text import inline
from grader.intake import Claim, File, Joined, claims, join, load_roster, passed_over, recognise
from grader.intake.metadata import (
    METADATA,
    TIMESTAMP,
    Told,
    gradescope_metadata,
    nbgrader_timestamp,
)
from grader.store import Row, Store

__all__ = ["Intake", "identify", "of_student", "take_in"]

_DOWNLOADS = ("canvas", "moodle", "gradescope")
_GUESSED = ("folder", "tree")
_OWN = {"nbgrader": (TIMESTAMP,), "gradescope": (METADATA,)}


@dataclass(frozen=True, slots=True)
class Intake:
    """What was found, and what the download says of it; `claims` are by `Found.name`."""

    listing: Listing
    system: System
    claims: Mapping[str, Claim]
    roster: tuple[Student, ...]
    due: str | None
    secret: bytes


def take_in(request: Request, folder: Path) -> Intake:
    """Find what is to be graded, and whose it is. UsageError for a bad roster, date or secret."""
    secret = _secret(request)
    roster = _roster(request, secret)
    due = _due(request.due)
    if request.origin == "classroom" or (
        request.origin is None and are_clones(request.paths, folder)
    ):
        return _clones(request, folder, roster, due, secret)
    listing = find(request.paths, leave=folder)
    names = [one.name for one in listing.found]
    alone = len(request.paths) == 1
    if alone:  # a list of what was handed in is called as no submission is
        names += [name for name in listing.ignored if PurePosixPath(name).name == METADATA]
    system = request.origin or (recognise(names) if alone else "folder")
    if system in _DOWNLOADS:
        listing = find(request.paths, leave=folder, every=True)
        names = [one.name for one in listing.found]
        if request.origin is None and recognise(names) != system:
            system, listing = "folder", find(request.paths, leave=folder)
            names = [one.name for one in listing.found]
    if system in _DOWNLOADS and request.origin is None:
        tell(f"read as a download of {system.capitalize()}; --from folder if it is none")
    found = claims(system, names, _told(system, listing))
    extra = passed_over(found) if system in _DOWNLOADS else set()
    extra |= {name for name in names if PurePosixPath(name).name in _OWN.get(system, ())}
    kept = tuple(
        _refused(one, found.get(one.name)) for one in listing.found if one.name not in extra
    )
    ignored = [one.source for one in listing.found if one.name in extra]
    listing = replace(listing, found=kept, ignored=tuple(sorted((*listing.ignored, *ignored))))
    if request.pseudonyms:
        listing = replace(listing, found=_pseudonymous(kept, found, roster, system, secret))
    return Intake(listing, system, found, roster, due, secret)


def _clones(
    request: Request, folder: Path, roster: tuple[Student, ...], due: str | None, secret: bytes
) -> Intake:
    if request.origin is None:
        tell("read as clones of GitHub Classroom; --from folder if they are none")
    listing, claims = take_clones(request.paths, folder, roster, due, settings(Path()).notebook)
    if request.pseudonyms:
        hidden = _pseudonymous(listing.found, claims, roster, "classroom", secret)
        listing = replace(listing, found=hidden)
    return Intake(listing, "classroom", claims, roster, due, secret)


def identify(intake: Intake, request: Request, store: Store, rows: Iterable[Row]) -> Joined | None:
    """Keep who handed in what, and tell what does not fit; None where nothing is known of it."""
    if intake.system in _GUESSED and not intake.roster and request.origin is None:
        return None  # whether folders are students is not for us to guess
    by_source = {row.source: row for row in rows}
    files = [
        File(one.name, one.source, by_source[one.source].id, by_source[one.source].sha256)
        for one in intake.listing.found
        if one.source in by_source
    ]
    joined = join(
        intake.system,
        intake.claims,
        files,
        intake.roster,
        policy=request.attempts,
        due=intake.due,
        secret=intake.secret,
    )
    store.identify(joined.identities)
    _tell(joined, roster=bool(intake.roster))
    return joined


def of_student(intake: Intake, who: str) -> tuple[Found, ...]:
    """The files of a student. UsageError where nobody, or more than one, is called so."""
    listing, roster = intake.listing.found, intake.roster
    trial = [File(one.name, one.source, one.source, "") for one in listing]
    joined = join(intake.system, intake.claims, trial, roster, secret=intake.secret)
    keys = {one.source: one.students for one in joined.identities.handins}
    flat = who.casefold()
    several = [
        one
        for one in joined.identities.students
        if flat in {one.key, one.name.casefold(), one.email.casefold()}
        or flat in {each.partition(":")[2].casefold() for each in one.handles}
    ]
    if len(several) > 1:
        told = listed(f"{one.name} ({one.key})" for one in several)
        raise UsageError(f"--student {inline(who)} may be any of {told}")
    if several:
        found = tuple(one for one in listing if several[0].key in keys.get(one.source, ()))
        if not found:
            raise UsageError(f"{inline(several[0].name or who)} handed in nothing")
        return found
    found = tuple(
        one
        for one in listing
        if who in (one.source, PurePosixPath(one.source).stem)
        or f"/{who.strip('/')}/" in f"/{one.source}"
    )
    if not found:
        near = nearest(who, [one.source for one in listing])
        raise UsageError(f"--student {inline(who)}: nobody and no file is called so{near}")
    return found


def _tell(joined: Joined, *, roster: bool) -> None:
    if roster:
        names = [one.name or one.key for one in joined.missing]
        if names:
            tell(f"{len(names)} of the roster handed in nothing: {listed(names)}")
        unmatched = [f"{source} ({name})" for source, name in joined.unmatched]
        if unmatched:
            tell(f"{len(unmatched)} on no line of the roster: {listed(unmatched)}")
    for same in joined.identical:
        tell(f"identical files: {listed(same)}")
    for note in joined.notes:
        tell(f"note: {inline(note)}")


def _told(system: System, listing: Listing) -> dict[str, Told]:
    """What the download's own files say of its folders."""
    found: dict[str, Told] = {}
    for one in listing.found:
        path = PurePosixPath(one.name)
        if system == "nbgrader" and path.name == TIMESTAMP and len(path.parts) >= 3:
            with suppress(OSError, Ungradable):
                when = nbgrader_timestamp(read(one).data)
                found[path.parts[-3]] = Told(submitted_at=when)
        if system == "gradescope" and path.name == METADATA:
            try:
                found |= gradescope_metadata(read(one).data)
            except (OSError, Ungradable) as error:
                raise UsageError(f"{one.source} cannot be read: {error}") from error
    return found


def _refused(found: Found, claim: Claim | None) -> Found:
    return replace(found, refuse=claim.wrong_type) if claim and claim.wrong_type else found


def _roster(request: Request, secret: bytes) -> tuple[Student, ...]:
    path = request.roster or settings(Path()).roster
    return () if path is None else load_roster(path, secret)


def _due(due: str | None) -> str | None:
    if due is None:
        return None
    try:
        moment = datetime.fromisoformat(due)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"--due {due}: expected a date with time and zone, as 2026-12-01T23:59+01:00"
        )
    return moment.isoformat()


def _secret(request: Request) -> bytes:
    """The course's secret; UsageError where pseudonyms are asked for and there is none."""
    path = settings(Path()).secret
    if path is None:
        if request.pseudonyms:
            raise UsageError(
                "--pseudonyms needs the course's secret, a file outside the output folder: name "
                'it in grader.toml: secret = "../course-secret"'
            )
        return b""
    try:
        data = path.expanduser().read_bytes().strip()
    except OSError as error:
        raise UsageError(f"the secret {path} cannot be read: {error.strerror}") from error
    if len(data) < 16:
        raise UsageError(f"the secret {path} has fewer than 16 bytes: make a longer one")
    return data


def _pseudonymous(
    found: Iterable[Found],
    claimed: Mapping[str, Claim],
    roster: tuple[Student, ...],
    system: System,
    secret: bytes,
) -> tuple[Found, ...]:
    """The same files under keys of their students: no report or page holds a path then."""
    ordered = list(found)
    trial = [File(one.name, one.source, one.source, "") for one in ordered]
    joined = join(system, claimed, trial, roster, secret=secret)
    keys = {one.source: one.students for one in joined.identities.handins}
    used: dict[str, int] = {}
    told = []
    for one in ordered:
        students = keys.get(one.source, ())
        key = students[0] if students else student_key(one.source, secret)
        used[key] = used.get(key, 0) + 1
        number = f"-{used[key]}" if used[key] > 1 else ""
        told.append(replace(one, source=f"{key}{number}{PurePosixPath(one.source).suffix.lower()}"))
    return tuple(told)
