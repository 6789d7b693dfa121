"""What every reader makes its cells with."""

from __future__ import annotations

from collections.abc import Sequence

from grader.core.notebook import Cell, Note
from grader.core.text import plain
from grader.notebook.magics import Allowance, LeftOut, Neutral, neutralise
from grader.notebook.syntax import Problem, parse

__all__ = ["clean", "code_cell", "left_out_notes", "snippet", "text_cell", "trimmed"]


def clean(text: str) -> str:
    r"""`\n` line ends, no zero bytes, and no half surrogates: it always encodes to UTF-8."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def snippet(text: str, most: int = 60) -> str:
    """One printable line of a stranger's text."""
    line = plain(" ".join(text.split()))
    return line if len(line) <= most else line[: most - 3] + "..."


def trimmed(lines: Sequence[str]) -> int:
    """How many lines there are without the blank ones at the end."""
    count = len(lines)
    while count and not lines[count - 1].strip():
        count -= 1
    # A blank line behind a backslash ends its statement.
    if 0 < count < len(lines) and lines[count - 1].endswith("\\"):
        count += 1
    return count


def text_cell(
    number: int, lines: Sequence[str], *, first_line: int | None = None, uncertain: bool = False
) -> Cell | None:
    """A text cell without the blank lines around it, None where nothing is left."""
    stop = trimmed(lines)
    start = next((at for at, line in enumerate(lines[:stop]) if line.strip()), stop)
    if start == stop:
        return None
    where = () if first_line is None else tuple(range(first_line + start, first_line + stop))
    source = "\n".join(lines[start:stop])
    return Cell(number, "text", source, file_lines=where, uncertain=uncertain)


def code_cell(
    number: int,
    lines: Sequence[str],
    allowance: Allowance | None = None,
    *,
    cell_id: str | None = None,
    file_lines: Sequence[int] = (),
    uncertain: bool = False,
) -> tuple[Cell, tuple[Note, ...]]:
    """A code cell as plain Python, and what a person should know of it.

    `file_lines` are those of `lines`, or nothing; `allowance` is that of the file. A cell that
    does not parse stays as it is.
    """
    stop = trimmed(lines)
    neutral = neutralise(lines[:stop], allowance)
    source = "" if neutral.dropped else "\n".join(neutral.lines)
    problem = parse(source)
    if isinstance(problem, Problem):
        source = "\n".join(lines[:stop])
        said = (
            f"code cell {number} is not valid Python (line {problem.line}: "
            f"{snippet(problem.message, 120)}); a kernel could not have run it"
        )
        notes = [Note(said, number, problem.line)]
    else:
        notes = list(left_out_notes(number, neutral))
    where = () if neutral.dropped else tuple(file_lines[:stop])
    cell = Cell(number, "code", source, cell_id, where, uncertain)
    return cell, tuple(notes)


def left_out_notes(number: int, neutral: Neutral) -> tuple[Note, ...]:
    """A note for every magic and shell line of code cell `number`."""
    return tuple(_left_out(number, one, dropped=neutral.dropped) for one in neutral.left_out)


def _left_out(number: int, out: LeftOut, *, dropped: bool) -> Note:
    what = f"code cell {number}, line {out.line}: `{snippet(out.text)}`"
    if out.kept:
        return Note(f"{what} was left out, what it runs was kept", number, out.line)
    if dropped:
        return Note(f"{what} is not run here, the whole cell was left out", number, out.line)
    return Note(f"{what} is not Python and was left out", number, out.line)
