"""Case files: many hostile submissions in one text; README.md says what one looks like."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["Attack", "content", "read_cases"]

_CASES: Final = Path(__file__).with_name("cases")
_HEADING: Final = "\n==== "
_CELLS: Final = "\n---\n"


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile (or only odd) submission.

    verdict   what its report must say, as `verdicts.unmet` reads it
    source    the file's content; text goes into a notebook where the file is one, its cells parted
              by lines of `---`, and has its `@WORDS@` replaced (see `arena.hold`)
    file      the file's name; bytes where they are no text
    shows     regular expressions that must match in its report
    hides     ones that must match nowhere: in no file of the output folder, not on the terminal
    """

    name: str
    verdict: str
    source: str | bytes
    file: str | bytes = "work.ipynb"
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def read_cases(topic: str) -> list[Attack]:
    """The attacks of `cases/<topic>.txt`."""
    text = (_CASES / f"{topic}.txt").read_text(encoding="utf-8")
    first, *sections = f"\n{text}".split(_HEADING)
    assert all(line.startswith("#") for line in first.split("\n") if line), "no comment: a heading?"
    attacks = [_attack(section) for section in sections]
    assert len({attack.name for attack in attacks}) == len(attacks), "two cases of one name"
    return attacks


def _attack(section: str) -> Attack:
    name, _, rest = section.partition("\n")
    told: dict[str, list[str]] = {}
    while found := re.match(r"(verdict|shows|hides|file): (.*)\n", rest):
        told.setdefault(found[1], []).append(found[2])
        rest = rest[found.end() :]
    (verdict,) = told["verdict"]
    (file,) = told.get("file", ["work.ipynb"])
    shows, hides = (tuple(told.get(key, ())) for key in ("shows", "hides"))
    return Attack(name.strip(), verdict, rest, file, shows, hides)


def content(attack: Attack, words: dict[str, str]) -> bytes:
    """The bytes to hand in."""
    if isinstance(attack.source, bytes):
        return attack.source
    text = attack.source
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    if not str(attack.file).endswith(".ipynb"):
        return text.encode("utf-8", "surrogatepass")
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source.strip("\n"),
        }
        for number, source in enumerate(text.split(_CELLS))
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
