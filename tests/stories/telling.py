"""Submissions written as text, and the files that students hand them in as.

A file of stories has a first paragraph that says what is in it, then stories under heads
`==== name | key=value`. Cells of a story are separated by a line `----`; a cell that begins with a
line `[text]` is prose, and a line `[out]` begins a cell's output. With `form` the story is a file
as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

__all__ = ["FORMS", "Story", "Told", "stories", "submission"]

HERE: Final = Path(__file__).parent
_HUGE: Final = "\n".join("tensor([[" + "0.0312, " * 40 + "]])" for _ in range(2_000))


@dataclass(frozen=True)
class Told:
    """One cell of a story."""

    kind: str
    source: str
    output: str = ""


@dataclass(frozen=True)
class Story:
    """One submission; `says` holds what stands in its head."""

    name: str
    text: str
    says: Mapping[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> list[Told]:
        cells: list[Told] = []
        for part in re.split(r"^----\n", self.text + "\n", flags=re.MULTILINE):
            source, _, output = part.partition("[out]\n")
            kind = "text" if source.startswith("[text]\n") else "code"
            output = output.replace("@@HUGE@@", _HUGE).strip("\n")
            cells.append(Told(kind, source.removeprefix("[text]\n").strip("\n"), output))
        return cells


def stories(*files: str) -> list[Story]:
    """The stories of some files of this folder."""
    return [story for file in files for story in _stories((HERE / file).read_text("utf-8"))]


def _stories(text: str) -> list[Story]:
    found: list[Story] = []
    for part in re.split(r"^==== ", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        name, *says = [word.strip() for word in head.split("|")]
        keyed = dict(word.split("=", 1) for word in says)
        found.append(Story(name, body.removesuffix("\n"), keyed))
    return found


def _split_lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)


def _json(story: Story, source: Callable[[str], Any], **rest: Any) -> bytes:
    cells = []
    for number, told in enumerate(story.cells, 1):
        cell: dict[str, Any] = {"metadata": {}, "source": source(told.source)}
        if told.kind == "text":
            cell["cell_type"] = "markdown"
        else:
            shown = {"output_type": "stream", "name": "stdout", "text": source(told.output)}
            outputs = [shown] if told.output else []
            cell |= {"cell_type": "code", "execution_count": number, "outputs": outputs}
        if rest.get("nbformat_minor", 0) >= 5:
            cell["id"] = f"cell-{number}"
        cells.append(cell)
    whole = {"metadata": {"kernelspec": {"name": "py-class"}}, "nbformat": 4, **rest}
    return json.dumps({"cells": cells, **whole}, ensure_ascii=False, indent=1).encode()


def _ipynb(story: Story) -> bytes:
    return _json(story, _split_lines, nbformat_minor=5)


def _ipynb_in_strings(story: Story) -> bytes:
    return _json(story, str, nbformat_minor=0)


def _ipynb_of_windows(story: Story) -> bytes:
    r"""`\r\n` inside the sources and between the lines of a file with a byte order mark."""
    data = _json(story, lambda source: _split_lines(source.replace("\n", "\r\n")))
    return b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")


def _ipynb3(story: Story) -> bytes:
    cells: list[dict[str, Any]] = []
    for told in story.cells:
        if told.kind == "text":
            cells.append({"cell_type": "markdown", "source": told.source})
        else:
            cells.append(
                {"cell_type": "code", "input": told.source, "language": "python", "outputs": []}
            )
    whole = {"metadata": {"name": ""}, "nbformat": 3, "worksheets": [{"cells": cells}]}
    return json.dumps(whole).encode()


def _percent(story: Story) -> bytes:
    parts = []
    for told in story.cells:
        if told.kind == "text":
            parts.append("# %% [markdown]\n" + re.sub(r"^", "# ", told.source, flags=re.MULTILINE))
        else:
            parts.append("# %%\n" + told.source)
    return "\n\n".join(parts).encode()


def _export(story: Story) -> bytes:
    """As the two submissions that the project began with are."""
    parts = []
    for told in story.cells:
        if told.kind == "text":
            parts.append(told.source)
        else:
            parts.append("In [None]:\n" + told.source)
            parts += [told.output] if told.output else []
    return "\n\n".join(parts).encode()


FORMS: Final[Mapping[str, tuple[str, Callable[[Story], bytes]]]] = {
    "ipynb": ("ipynb", _ipynb),
    "ipynb-in-strings": ("ipynb", _ipynb_in_strings),
    "ipynb-of-windows": ("ipynb", _ipynb_of_windows),
    "ipynb-version-3": ("ipynb", _ipynb3),
    "percent": ("py", _percent),
    "export": ("txt", _export),
    "py": ("py", lambda story: story.text.encode()),
    "txt": ("txt", lambda story: story.text.encode()),
    "txt-crlf": ("txt", lambda story: story.text.replace("\n", "\r\n").encode()),
}
"""Form -> suffix of the file's name, and its bytes. The last three take a story as it stands."""


def submission(story: Story, form: str = "") -> tuple[str, bytes]:
    """File name and bytes of a story, in the form its head says unless another is asked for."""
    suffix, make = FORMS[form or story.says.get("form", "ipynb")]
    return f"{story.name}.{suffix}", make(story)
