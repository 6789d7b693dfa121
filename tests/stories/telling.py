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

__all__ = ["FORMS", "Story", "Told", "files_of_bytes", "stories", "submission"]

HERE: Final = Path(__file__).parent
_HUGE: Final = "\n".join("tensor([[" + "0.0312, " * 40 + "]])" for _ in range(300))


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


_PLAIN: Final = """\
import torch
from torch import Tensor
def good_softmax(x: Tensor) -> Tensor:
    # %s
    e = torch.exp(x - x.max(dim=1, keepdim=True)[0])
    return e / e.sum(dim=1, keepdim=True)
"""


def files_of_bytes() -> dict[str, bytes]:
    """File name -> bytes: one right answer under every oddity that is below the text."""
    french = _PLAIN % "on soustrait le maximum de la ligne, déjà calculé à côté, œuvre"
    chinese = _PLAIN % "减去最大值"
    cookie = "# -*- coding: %s -*-\n"
    note = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**cell, "source": chinese}]
    whole = json.dumps({"cells": cells, **note})
    wide = json.dumps({"cells": cells, **note}, ensure_ascii=False)
    markdown = {"cell_type": "markdown", "metadata": {}, "source": ["é" * 10]}
    return {
        "utf-8-mark.py": french.encode("utf-8-sig"),
        "utf-16.py": french.encode("utf-16"),
        "utf-16-without-mark.py": french.encode("utf-16-le"),
        "latin-1-with-cookie.py": (cookie % "latin-1" + french.replace("œ", "oe")).encode(
            "latin-1"
        ),
        "cp1252-without-cookie.py": french.encode("cp1252"),
        "gbk-with-cookie.py": (cookie % "gbk" + chinese).encode("gbk"),
        "gbk-without-cookie.py": chinese.encode("gbk"),
        "big5-without-cookie.py": (_PLAIN % "減去最大值").encode("big5"),
        "shift-jis-without-cookie.py": (_PLAIN % "最大値を引く。表示").encode("shift_jis"),
        "wrong-cookie.py": (cookie % "ascii" + french).encode(),
        "unknown-cookie.py": (cookie % "klingon" + french).encode(),
        "windows-ends.py": french.replace("\n", "\r\n").encode(),
        "old-mac-ends.py": french.replace("\n", "\r").encode(),
        "mixed-ends.py": french.replace("\n", "\r\n", 3).encode(),
        "form-feeds.py": french.replace("def ", "\f\ndef ").encode(),
        "vertical-tabs-in-a-comment.py": (_PLAIN % "a\vb\x1cc\x85d").encode(),
        "zero-bytes.py": french.encode() + b"\0\0\0",
        "control-z-at-the-end.py": french.encode() + b"\x1a",
        "no-line-end.py": french.rstrip("\n").encode(),
        "tabs.py": french.replace("    ", "\t").encode(),
        "hard-spaces-in-a-comment.py": (_PLAIN % "a\xa0b\u200bc\u202e").encode(),
        "no-suffix": french.encode(),
        "text-suffix.txt": french.encode(),
        "ipynb-named-py.py": whole.encode(),
        "ipynb-named-txt.txt": whole.encode(),
        "ipynb-named-json.json": whole.encode(),
        "python-named-ipynb.ipynb": french.encode(),
        "downloaded-twice.ipynb.txt": whole.encode(),
        "capital-suffix.IPYNB": wide.encode(),
        "utf-16.ipynb": wide.encode("utf-16"),
        "utf-8-mark.ipynb": wide.encode("utf-8-sig"),
        "gbk.ipynb": wide.encode("gbk"),
        "latin-1.ipynb": json.dumps(
            {"cells": [markdown, {**cell, "source": _PLAIN % "é"}], **note}, ensure_ascii=False
        ).encode("latin-1"),
        "half-surrogates.ipynb": whole.replace("\\u51cf", "\\ud83d").encode(),
        "no-metadata.ipynb": json.dumps({"cells": cells}).encode(),
        "cell-without-type.ipynb": json.dumps(
            {"cells": [{"source": french, "outputs": [], "execution_count": 1}], **note}
        ).encode(),
        "sources-of-nothing.ipynb": json.dumps(
            {"cells": [{**cell, "source": None}, {**cell, "source": []}, *cells], **note}
        ).encode(),
        "other-kernel.ipynb": json.dumps(
            {"cells": cells, **note, "metadata": {"kernelspec": {"name": "ir", "language": "R"}}}
        ).encode(),
        "letters-as-list.ipynb": json.dumps(
            {"cells": [{**cell, "source": list(french)}], **note}
        ).encode(),
        "lines-without-ends.ipynb": json.dumps(
            {"cells": [{**cell, "source": french.split("\n")}], **note}
        ).encode(),
    }
