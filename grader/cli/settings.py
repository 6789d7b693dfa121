"""`grader.toml` of the working directory; one beside submissions is never read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.core.errors import UsageError
from grader.core.text import inline

__all__ = ["Settings", "settings"]

_FILE: Final = "grader.toml"
_KEYS: Final = ("notebook", "out", "roster", "rubric", "secret", "threshold")
_MOST_BYTES: Final = 1 << 13


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults of a course; an option on the command line goes before them.

    notebook  a pattern for the path of the notebook in a student's repository
    threshold  points or share below which `grader ci` fails
    secret    a file, outside output folders, that keys of students are made with
    """

    rubric: str | None = None
    roster: Path | None = None
    out: Path | None = None
    secret: Path | None = None
    notebook: str | None = None
    threshold: str | None = None


def settings(folder: Path) -> Settings:
    """The settings of `folder`, its working directory; all unset where there is no file.

    UsageError where it is not TOML, has an unknown key, or a value is not text.
    """
    path = folder / _FILE
    if not path.is_file():
        return Settings()
    import tomllib

    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise UsageError(f"{_FILE}: larger than {_MOST_BYTES} bytes")
        found = tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{_FILE}: cannot be read: {inline(str(error))}") from error
    for key, value in found.items():
        if key not in _KEYS:
            raise UsageError(_unknown(key))
        if not isinstance(value, str) or not value or "\0" in value:
            raise UsageError(f"{_FILE}: `{key}` has to be text in quotes")
    roster, out, secret = (found.get(name) for name in ("roster", "out", "secret"))
    return Settings(
        rubric=found.get("rubric"),
        roster=Path(roster) if roster else None,
        out=Path(out) if out else None,
        secret=Path(secret) if secret else None,
        notebook=found.get("notebook"),
        threshold=found.get("threshold"),
    )


def _unknown(key: str) -> str:
    import difflib

    key = inline(key[:60])
    near = difflib.get_close_matches(key, _KEYS, 1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    return f"{_FILE}: no setting `{key}`{hint} (there are {', '.join(_KEYS)})"
