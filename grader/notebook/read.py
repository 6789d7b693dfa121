"""Decode, detect by content with the name's suffix as a hint, and hand to a reader."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from grader.core.errors import Ungradable
from grader.core.notebook import Note, Notebook
from grader.notebook.decode import decode
from grader.notebook.export import EXPORT
from grader.notebook.ipynb import IPYNB
from grader.notebook.script import PERCENT, SCRIPT
from grader.notebook.source import Reader, Source

__all__ = ["READERS", "read"]

READERS: Final[tuple[Reader, ...]] = (IPYNB, EXPORT, PERCENT, SCRIPT)
"""Asked in this order; the plug-in point of a new format."""

_MOST_BYTES: Final = 64 << 20
_MOST_NOTES: Final = 100
_PAGE: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)


def read(data: bytes, name: str) -> Notebook:
    """The cells of a submitted file; `name` is its file name.

    Raises `Ungradable` with one sentence where the bytes are no notebook, and nothing else.
    """
    if len(data) > _MOST_BYTES:
        raise Ungradable(f"the file is larger than {_MOST_BYTES >> 20} MB")
    try:
        return _bounded(_read(data, PurePosixPath(name).suffix.lower()))
    except (MemoryError, RecursionError):
        raise Ungradable("the file is too large or too deeply nested to be read") from None


def _read(data: bytes, suffix: str) -> Notebook:
    text, notes = decode(data)
    if not text.strip():
        raise Ungradable("the file is empty")
    if _PAGE.match(text):
        raise Ungradable("the file is a web page, not a notebook: download the notebook itself")
    source = Source(text, suffix, notes)
    for reader in READERS:
        if reader.recognises(source):
            return reader.read(source)
    raise Ungradable(_no_format(source))


def _no_format(source: Source) -> str:
    """One sentence for a text that no reader recognises."""
    if source.suffix != ".ipynb":
        return "the file is neither a notebook, nor Python, nor a text export of a notebook"
    try:
        json.loads(source.text, parse_int=len)
    except json.JSONDecodeError as error:
        return f"the file is not JSON, so it is no notebook (line {error.lineno}: {error.msg})"
    return "the file is JSON, but not a notebook: it has no list of cells"


def _bounded(notebook: Notebook) -> Notebook:
    """The first notes only: a file of a million magics needs no million sentences."""
    more = len(notebook.notes) - _MOST_NOTES
    if more <= 0:
        return notebook
    said = Note(f"{more} further notes on how the file was read were left out")
    return replace(notebook, notes=(*notebook.notes[:_MOST_NOTES], said))
