"""Claims and roster joined: who handed in what, who is missing, what matched nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations
from typing import Final

from grader.core.handin import Handin, Identities, Policy, Student, System, student_key
from grader.core.report import Attempt
from grader.intake.claims import Claim
from grader.intake.roster import plain_name

__all__ = ["File", "Joined", "join"]

_MOST_WORDS: Final = 5


@dataclass(frozen=True, slots=True)
class File:
    """A graded file: its name in the download, and what its report calls it."""

    name: str
    source: str
    submission: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Joined:
    """All of it; sources in order.

    missing    students of the roster who handed in nothing
    unmatched  sources whose student is not on the roster, with what the download calls them
    identical  sources of different students with the very same content
    notes      what a person should know
    """

    identities: Identities
    missing: tuple[Student, ...] = ()
    unmatched: tuple[tuple[str, str], ...] = ()
    identical: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


def join(
    system: System,
    claimed: Mapping[str, Claim],
    files: Sequence[File],
    roster: Sequence[Student] = (),
    *,
    policy: Policy = "latest",
    due: str | None = None,
    secret: bytes = b"",
) -> Joined:
    """Join what a download says with the roster.

    A student is found by what the system calls them, else by a name that only one on the roster
    has. A group of the roster shares what one of its members handed in; where several did, each
    keeps their own.
    """
    search = _Search(roster, secret)
    ordered = sorted(files, key=lambda one: one.source)
    owners = {one.name: search.owners(claimed.get(one.name)) for one in ordered}
    groups: dict[str, list[Student]] = {}
    for student in roster:
        if student.group:
            groups.setdefault(student.group, []).append(student)
    handed = {student.key for found in owners.values() for student in found}
    notes: list[str] = []
    for name, found in owners.items():
        owners[name] = _with_group(found, groups, handed)
    for group, members in sorted(groups.items()):
        own = [one for one in members if one.key in handed]
        if len(own) > 1:
            told = f"group {group}: {len(own)} members handed in, each keeps their own"
            rest = len(members) - len(own)
            notes.append(f"{told}; {rest} of it who did not share all of them" if rest else told)
    notes += search.unclear
    attempts = _attempts(ordered, owners, claimed, policy, due)
    handins = tuple(
        Handin(
            submission=one.submission,
            source=one.source,
            sha256=one.sha256,
            filename=claimed[one.name].filename if one.name in claimed else one.name,
            students=tuple(sorted(student.key for student in owners[one.name])),
            attempt=attempts[one.name],
        )
        for one in ordered
    )
    everybody = {student.key: student for student in roster}
    everybody |= {each.key: each for found in owners.values() for each in found}
    held = {key for handin in handins for key in handin.students}
    return Joined(
        identities=Identities(
            system=system,
            policy=policy,
            students=tuple(everybody[key] for key in sorted(everybody)),
            handins=handins,
        ),
        missing=tuple(student for student in roster if student.key not in held),
        unmatched=tuple(
            (one.source, student.name or student.handles[0])
            for one in ordered
            for student in owners[one.name]
            if roster and not student.listed
        ),
        identical=_identical(ordered, owners),
        notes=tuple(notes),
    )


class _Search:
    """Students of the roster by handle and by name."""

    def __init__(self, roster: Sequence[Student], secret: bytes) -> None:
        self._secret = secret
        self.unclear: list[str] = []
        self._by_handle = {handle: student for student in roster for handle in student.handles}
        self._by_name: dict[str, list[Student]] = {}
        for student in roster:
            for spelling in _spellings(student.name):
                self._by_name.setdefault(spelling, []).append(student)

    def owners(self, claim: Claim | None) -> tuple[Student, ...]:
        if claim is None:
            return ()
        return tuple(self._owner(handle, claim) for handle in claim.handles)

    def _owner(self, handle: str, claim: Claim) -> Student:
        _, _, value = handle.partition(":")
        tried = [handle]
        if handle.startswith("folder:"):  # a folder may be called as a student is in any way
            kinds = ("id", "login", "sis", "github", "canvas", "moodle", "email")
            tried += [f"{kind}:{value.casefold() if kind == 'email' else value}" for kind in kinds]
        for each in tried:
            if each in self._by_handle:
                return self._by_handle[each]
        name = claim.name or (value if handle.startswith("folder:") else "")
        several = self._by_name.get(plain_name(name), []) if name else []
        if len(several) == 1:
            return several[0]
        if several:
            self.unclear.append(f"{name} may be any of {len(several)} on the roster: nobody's")
        ids = {}
        kind, _, number = handle.partition(":")
        if kind in ("canvas", "moodle", "gradescope", "github"):
            ids[kind] = number
        email = number if kind == "email" else ""
        return Student(
            key=student_key(handle, self._secret),
            name=claim.name,
            email=email,
            handles=(handle,),
            ids=ids,
        )


def _spellings(name: str) -> set[str]:
    """A name in any order of its words, as downloads may run them together."""
    words = name.split()
    if not 0 < len(words) <= _MOST_WORDS:
        return {plain_name(name)} if name else set()
    return {plain_name("".join(order)) for order in permutations(words)}


def _with_group(
    found: tuple[Student, ...], groups: Mapping[str, Sequence[Student]], handed: set[str]
) -> tuple[Student, ...]:
    more = {student.key: student for student in found}
    for student in found:
        for member in groups.get(student.group, ()):
            if member.key not in handed:
                more[member.key] = member
    return tuple(more.values())


def _attempts(
    files: Sequence[File],
    owners: Mapping[str, Sequence[Student]],
    claimed: Mapping[str, Claim],
    policy: Policy,
    due: str | None,
) -> dict[str, Attempt]:
    several: dict[tuple[str, ...], list[str]] = {}
    for one in files:
        key = tuple(sorted(student.key for student in owners[one.name])) or (one.name,)
        several.setdefault(key, []).append(one.name)
    found = {}
    for names in several.values():
        numbers = {claimed[name].number if name in claimed else 1 for name in names}
        for name in names:
            claim = claimed.get(name)
            dues = [student.due for student in owners[name] if student.due]
            submitted = claim.submitted_at if claim else None
            late = _late_by(submitted, max(dues) if dues else due)
            flag = claim.late if claim else None
            found[name] = Attempt(
                number=claim.number if claim else 1,
                of=max(len(numbers), *numbers),
                submitted_at=submitted,
                late_flag=late > 0 if late is not None else flag,
                late_seconds=late,
                chosen_by="only" if len(names) == 1 else policy if len(numbers) > 1 else "best",
            )
    return found


def _late_by(submitted: str | None, due: str | None) -> int | None:
    if submitted is None or due is None:
        return None
    over = datetime.fromisoformat(submitted) - datetime.fromisoformat(due)
    return max(0, round(over.total_seconds()))


def _identical(
    files: Sequence[File], owners: Mapping[str, Sequence[Student]]
) -> tuple[tuple[str, ...], ...]:
    by_content: dict[str, list[File]] = {}
    for one in files:
        by_content.setdefault(one.sha256, []).append(one)
    found = []
    for same in by_content.values():
        people = {tuple(sorted(each.key for each in owners[one.name])) for one in same}
        if len(same) > 1 and len(people) > 1:
            found.append(tuple(one.source for one in same))
    return tuple(found)
