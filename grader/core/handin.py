"""Who handed in what: the facts of a download, and the students they are about.

Kept in `identities.json` alone (mode 0600); reports know students by their keys.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from grader.core.report import Attempt

__all__ = ["SYSTEMS", "Handin", "Identities", "Policy", "Student", "System", "student_key"]

System = Literal["folder", "tree", "canvas", "moodle", "gradescope", "nbgrader", "classroom"]
SYSTEMS: Final[tuple[System, ...]] = (
    "folder",
    "tree",
    "canvas",
    "moodle",
    "gradescope",
    "nbgrader",
    "classroom",
)
Policy = Literal["latest", "best"]
"""Which of several attempts counts: the last one handed in, or the one with the highest mark."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def student_key(handle: str, secret: bytes = b"") -> str:
    """The key reports know a student by; `handle` is as in `Student.handles`.

    A digest of the handle, keyed by the course's secret where there is one: without the secret
    whoever knows the handles can tell the keys.
    """
    data = handle.encode("utf-8", "surrogatepass")
    digest = hmac.new(secret, data, hashlib.sha256) if secret else hashlib.sha256(data)
    return f"s-{digest.hexdigest()[:12]}"


class Student(_Frozen):
    """One student.

    key      what reports and pages call them
    handles  what a system calls them: `canvas:1234`, `email:ada@example.org`, `folder:ada`, ...
    ids      identifiers by kind, as the roster has them: `id`, `sis`, `login`, `canvas`, `moodle`,
             `gradescope`, `github`, `lti`
    due      ISO 8601 with a zone, where this student has a date of their own
    listed   whether a roster names them
    """

    key: str
    name: str = ""
    email: str = ""
    handles: tuple[str, ...] = ()
    ids: Mapping[str, str] = Field(default_factory=dict)
    group: str = ""
    due: str | None = None
    listed: bool = False


class Handin(_Frozen):
    """One file of a download.

    submission  id of the report
    source      as in the report
    sha256      of the file
    filename    the file's own name in the download, or the folder the download put it in: the name
                that feedback has to go back under
    students    keys of all it was handed in for
    """

    submission: str
    source: str
    sha256: str
    filename: str
    students: tuple[str, ...] = ()
    attempt: Attempt = Attempt()


class Identities(_Frozen):
    """All of `identities.json`; students in order of their keys, hand-ins of their sources."""

    schema_version: Annotated[str, Field(pattern=r"^1\.\d+$")] = "1.0"
    system: System = "folder"
    policy: Policy = "latest"
    students: tuple[Student, ...] = ()
    handins: tuple[Handin, ...] = ()

    def student(self, key: str) -> Student | None:
        """The student of that key."""
        return next((one for one in self.students if one.key == key), None)

    def handin(self, submission: str) -> Handin | None:
        """The hand-in of that report."""
        return next((one for one in self.handins if one.submission == submission), None)
