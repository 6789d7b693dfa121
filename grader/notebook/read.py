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
from grader.notebook.located import Walker
from grader.notebook.script import PERCENT, SCRIPT
from grader.notebook.slim import without_outputs
from grader.notebook.source import Reader, Source

__all__ = ["LARGEST", "READERS", "read"]

LARGEST: Final = 128 << 20
"""Bytes of the largest file that is read; a hundred megabytes of outputs are ordinary."""

READERS: Final[tuple[Reader, ...]] = (IPYNB, EXPORT, PERCENT, SCRIPT)
"""Asked in this order; the plug-in point of a new format."""

_MOST_BYTES: Final = 16 << 20
"""Of a notebook without its outputs, which is held several times over."""

_MOST_TEXT: Final = 8 << 20
_MOST_LINES: Final = 500_000
_MOST_NOTES: Final = 100
_HEAD: Final = 10_000
_PAGE: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)


def read(data: bytes, name: str) -> Notebook:
    """The cells of a submitted file; `name` is its file name.

    Raises `Ungradable` with one sentence where the bytes are no notebook, and nothing else.
    """
    if len(data) > LARGEST:
        raise Ungradable(f"the file is larger than {LARGEST >> 20} MB")
    try:
        return _bounded(_read(data, PurePosixPath(name).suffix.lower()))
    except (MemoryError, RecursionError):
        raise Ungradable("the file is too large or too deeply nested to be read") from None


def _read(data: bytes, suffix: str) -> Notebook:
    slim = without_outputs(data)
    if len(slim) > _MOST_BYTES:
        raise Ungradable(_too_large(slim))
    text, notes = decode(slim)
    if not text.strip():
        raise Ungradable("the file is empty")
    if _PAGE.match(text):
        raise Ungradable("the file is a web page, not a notebook: download the notebook itself")
    source = Source(text, suffix, notes)
    for reader in READERS:
        if reader is not IPYNB and (len(text) > _MOST_TEXT or text.count("\n") > _MOST_LINES):
            raise Ungradable(f"the file has more than {_MOST_TEXT >> 20} MB or {_MOST_LINES} lines")
        if reader.recognises(source):
            return reader.read(source)
    raise Ungradable(_no_format(source))


def _too_large(data: bytes) -> str:
    """One sentence for what is too large even without outputs; foreign data is named first."""
    decode(data[:_HEAD])
    if data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return f"the notebook is larger than {_MOST_BYTES >> 20} MB without its outputs, or damaged"
    return f"the file has more than {_MOST_BYTES >> 20} MB of text"


def _no_format(source: Source) -> str:
    """One sentence for a text that no reader recognises."""
    if source.suffix != ".ipynb":
        return "the file is neither a notebook, nor Python, nor a text export of a notebook"
    if source.text.lstrip()[0] not in "{[":
        return "the file is not JSON, so it is no notebook"
    try:
        Walker(source.text).whole()
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
