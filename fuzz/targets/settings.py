"""`grader.toml`."""

from __future__ import annotations

from typing import Final

from fuzz.holds import must, scratch, sentence
from grader.cli.settings import settings
from grader.core.errors import UsageError

__all__ = ["check", "seeds"]

_FOLDER: Final = scratch()


def seeds() -> tuple[bytes, ...]:
    """A right one and the ways to be wrong."""
    return (
        b'rubric = "values"\nout = "graded"\nroster = "class.csv"\n',
        b'rubrik = "x"\n',
        b"out = [1, {a = 1979-05-27T07:32:00Z}]\n",
        b'[rubric]\n"a\\u001b" = 0x1F\n',
    )


def check(data: bytes) -> None:
    """Only `UsageError` comes out, in one sentence."""
    (_FOLDER / "grader.toml").write_bytes(data)
    try:
        found = settings(_FOLDER)
    except UsageError as error:
        sentence(str(error))
        return
    must(found == settings(_FOLDER), "reading twice differs")
    for path in (found.out, found.roster):
        must(path is None or path.exists() in (True, False), "no path")
