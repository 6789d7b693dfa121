"""Text exports: `In [3]:` before each code cell, and no mark where the cell ends.

The end is found: the longest prefix that parses, less what reads as heading or output. It is a
guess wherever something follows, and the cells say so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grader.core.errors import Ungradable
from grader.core.notebook import Cell, Note, Notebook
from grader.notebook.cells import code_cell, text_cell, trimmed
from grader.notebook.magics import Allowance, Neutral, neutralise
from grader.notebook.outputs import code_length, names_in
from grader.notebook.source import Reader, Source
from grader.notebook.syntax import Problem, parse, parsing_prefix
from grader.notebook.weight import MOST_WEIGHT, too_large, weight

__all__ = ["EXPORT"]

_MARK: Final = re.compile(r"[ \t]*In[ \xa0]?\[(?:None|\*|[ \xa0]*|[ \xa0]*\d+)\]:[ \t\xa0]*$")
_TRANSCRIPT: Final = re.compile(r"In \[\d+\]: ?(?=\S)")
_CONTINUED: Final = re.compile(r"[ \t]*\.{3,}:[ ]?")
_OUT: Final = re.compile(r"[ \t]*Out[ \xa0]?\[[\d* \xa0]*\]:")

# No kernel parses a line of prose that begins like these; code that does not parse often does.
_DEFINES: Final = re.compile(
    r"(?:async\s+)?def\s+\w+\s*\([^)]*(?:\)\s*(?:->[^:]*)?:?\s*(?:#.*)?)?$"
    r"|class\s+\w+\s*(?:\([^)]*(?:\)\s*:?\s*(?:#.*)?)?|:.*)?$"
    r"|@[\w.]+(?:\(.*)?$|(?:else|finally|try)\s*:|(?:elif|except)\b.*:\s*(?:#.*)?$"
)
_STATES: Final = re.compile(
    r"(?:return|yield|if|for|while|with|try|else|elif|except|finally|raise|del|assert|import|from"
    r"|def|class|pass|break|continue|print)\b|[\w.,\[\] ]{1,80}[-+*/@]?=(?!=)|[\w.]{1,80}\(|[)\]}]"
)
_PICTURE: Final = re.compile(r"!\[[^\]]*\]\(")
_HELP: Final = re.compile(r"[%?\w.*\[\]]+\?{0,2}$")

# No cell is longer; what comes behind in a chunk is a picture as text, or hostile.
_MOST_CELL: Final = 500_000
_MOST_CELL_WEIGHT: Final = 40_000
_MOST_WEIGHT: Final = 2 * MOST_WEIGHT
_MOST_CHUNKS: Final = 10_000
_LONGEST_CODE: Final = 1_000
"""Characters of a line that is looked at for signs of code."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What stands between two marks.

    first_line  1-based line of the file of the first of `lines`
    closed      0-based line of an `Out[3]:`, else the number of lines
    gap         nothing stands right under the mark though the file has code there elsewhere:
                the cell may be empty, and the first block a text
    """

    lines: tuple[str, ...]
    first_line: int
    closed: int
    gap: bool


def _marks(source: Source) -> tuple[list[int], bool]:
    """0-based lines of the marks, and whether code stands on the same line."""
    bare = [number for number, line in enumerate(source.lines) if _MARK.match(line)]
    if bare:
        return bare, False
    return [number for number, line in enumerate(source.lines) if _TRANSCRIPT.match(line)], True


def _recognises(source: Source) -> bool:
    """A mark outside a string; prose may open one that never was, a docstring hold a session."""
    marks, same_line = _marks(source)
    if any(number not in source.quoted for number in marks):
        return True
    prose = source.suffix != ".py" and not same_line
    if not prose or not marks:
        return False
    return too_large(source.text) or isinstance(parse(source.text), Problem)


def _read(source: Source) -> Notebook:
    marks, same_line = _marks(source)
    if len(marks) > _MOST_CHUNKS:
        raise Ungradable(f"the export has more than {_MOST_CHUNKS} cells")
    cells: list[Cell] = []
    notes: list[Note] = list(source.notes)
    before = text_cell(0, source.lines[: marks[0]], first_line=1)
    cells += [before] if before else []
    known: set[str] = set()
    allowance = Allowance()
    left = _MOST_WEIGHT
    for number, chunk in enumerate(_chunks(source.lines, marks, same_line=same_line), 1):
        window, heavy = _within(chunk.lines[: chunk.closed])
        left -= heavy
        if left < 0:
            raise Ungradable("the export holds more that may be code than is parsed")
        count, names = _split(window, known, allowance, gap=chunk.gap)
        known |= names
        rest = text_cell(
            number, chunk.lines[count:], first_line=chunk.first_line + count, uncertain=True
        )
        cell, said = code_cell(
            number,
            chunk.lines[:count],
            allowance,
            file_lines=range(chunk.first_line, chunk.first_line + count),
            uncertain=rest is not None,
        )
        cells += [cell, rest] if rest else [cell]
        notes += said
    return Notebook("export", tuple(cells), tuple(notes))


def _chunks(lines: Sequence[str], marks: Sequence[int], *, same_line: bool) -> list[_Chunk]:
    ends = [*marks[1:], len(lines)]
    tight = same_line or any(
        begin + 1 < end and lines[begin + 1].strip() for begin, end in zip(marks, ends, strict=True)
    )
    chunks = []
    for begin, end in zip(marks, ends, strict=True):
        skip = 0 if same_line else 1
        taken = [line.replace("\xa0", " ") for line in lines[begin + skip : end]]
        if same_line:
            taken[0] = _TRANSCRIPT.sub("", taken[0], count=1)
            taken = [_CONTINUED.sub("", line, count=1) for line in taken]
        filled = next((at for at, line in enumerate(taken) if line.strip()), 0)
        if not tight:
            taken, skip = taken[filled:], skip + filled
        out = next((at for at, line in enumerate(taken) if _OUT.match(line)), len(taken))
        chunks.append(_Chunk(tuple(taken), begin + skip + 1, out, gap=tight and filled > 0))
    return chunks


def _split(
    lines: Sequence[str], known: set[str], allowance: Allowance, *, gap: bool
) -> tuple[int, frozenset[str]]:
    """How many of a chunk's first `lines` are its code cell, and the names used there."""
    neutral = neutralise(lines, allowance)
    if neutral.dropped:
        return _to_blank(lines), frozenset()
    masked = neutral.lines[: _prose_taken_for_magic(neutral, lines)]
    count = parsing_prefix(masked)
    if _goes_on(lines, count, gap=gap):
        return _broken_end(lines, count), frozenset()
    tree = parse("\n".join(masked[:count]))
    if isinstance(tree, Problem):
        return 0, frozenset()
    count = code_length(masked[:count], tree, known, first_block=gap)
    kept = [node for node in tree.body if node.lineno <= count]
    return count, names_in(kept)


def _within(lines: Sequence[str]) -> tuple[Sequence[str], int]:
    """The first lines, as many as are looked at for code, and what they weigh."""
    size = heavy = 0
    for number, line in enumerate(lines):
        size += len(line) + 1
        more = weight(line + "\n")
        if size > _MOST_CELL or heavy + more > _MOST_CELL_WEIGHT:
            return lines[:number], heavy
        heavy += more
    return lines, heavy


def _to_blank(lines: Sequence[str]) -> int:
    start = next((at for at, line in enumerate(lines) if line.strip()), 0)
    return next((at for at in range(start, len(lines)) if not lines[at].strip()), len(lines))


def _prose_taken_for_magic(neutral: Neutral, lines: Sequence[str]) -> int:
    """0-based line of the first text that IPython would take for a magic: no code is behind it."""
    for out in neutral.left_out:
        text = out.text
        if out.line > 1 and lines[out.line - 2].strip():
            continue
        question = text.endswith("?") and text[0] not in "!%?" and not _HELP.match(text)
        if question or _PICTURE.match(text) or text[0] in ",;/" or text[:2] == "% ":
            return out.line - 1
    return len(neutral.lines)


def _goes_on(lines: Sequence[str], count: int, *, gap: bool) -> bool:
    """Whether what does not parse, from line `count` on, is code with a mistake in it.

    Only on strong signs: prose taken for code would cost a right answer above it.
    """
    at = next((at for at in range(count, len(lines)) if lines[at].strip()), None)
    if at is None:
        return False
    line = lines[at][:_LONGEST_CODE]
    filled = trimmed(lines[:count])
    if not filled:
        return not gap or bool(_DEFINES.match(line))
    if line[0] not in " \t":
        return bool(_DEFINES.match(line))
    last = lines[filled - 1]
    in_block = last[0] in " \t" or last.rstrip().endswith((":", ",", "(", "[", "\\"))
    return in_block and (at == filled or bool(_STATES.match(line.strip())))


def _broken_end(lines: Sequence[str], count: int) -> int:
    """Where a cell that does not parse ends: before a block that does not look like code."""
    at = next((at for at in range(count, len(lines)) if lines[at].strip()), len(lines))
    for number in range(at + 1, len(lines)):
        line = lines[number][:_LONGEST_CODE]
        if lines[number - 1].strip() or not line.strip() or line[0] in " \t":
            continue
        if not (_DEFINES.match(line) or _STATES.match(line)):
            return trimmed(lines[:number])
    return trimmed(lines)


EXPORT: Final = Reader("export", _recognises, _read)
