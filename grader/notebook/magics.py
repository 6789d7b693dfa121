"""Magics, shell lines and prompts out, line for line, by IPython's own rules.

IPython is imported only for a cell that is not plain Python as it stands: what parses needs no
help, and a continued line beginning with `%` is string formatting.
"""

from __future__ import annotations

import ast
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grader.notebook.syntax import Problem, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LeftOut", "Neutral", "neutralise"]

_NEEDED: Final = re.compile(
    r"^[ \t]*(?:[%!?,;/]|>>>|(?:\[\w+\] )?In \[\d+\]: )|=\s*[%!]|\?[ \t]*(?:#.*)?$|^[ \t]*\.{3,}:",
    re.MULTILINE,
)
_CELL_MAGIC: Final = re.compile(r"%%(\S+)")
_LINE_MAGIC: Final = re.compile(r"%\s*(\w+)\s+(.*)")
_OPTIONS: Final = re.compile(r"(?:-{1,2}\w+(?:[ =]\d+)?\s+)*")
_RUNS_BODY: Final = re.compile(
    "time|timeit|capture|prun|memit|mprun|lprun|debug|heat|snakeviz|pyinstrument|scalene"
    "|wandb|ipytest|run_pytest|black|nb_black"
)
_RUNS_STATEMENT: Final = frozenset({"time", "prun", "memit", "mprun", "lprun"})
_RUNS_EXPRESSION: Final = frozenset({"timeit"})  # what it assigns is gone afterwards
_FAULTS: Final = (
    SyntaxError,
    tokenize.TokenError,
    ValueError,
    IndexError,
    AssertionError,
    RecursionError,
    MemoryError,
)
# Every find tokenizes the whole cell again. A thousand lines with a hundred magics stay below it.
_MOST_TOKENIZED: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One magic or shell line: its 1-based line, its text, and whether a statement was kept."""

    line: int
    text: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Neutral:
    """A cell as plain Python.

    lines     as many as there were
    left_out  in line order; for a cell magic the one of its first line
    dropped   a cell magic took the whole cell
    """

    lines: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    dropped: bool = False


def neutralise(lines: Sequence[str]) -> Neutral:
    """The same cell with magics replaced by `pass` or by the statement they run."""
    told = tuple(lines)
    source = "\n".join(told)
    first = next((number for number, line in enumerate(told) if line.strip()), None)
    if first is None:
        return Neutral(told)
    cell_magic = _CELL_MAGIC.match(told[first])
    if cell_magic and not cell_magic[1].endswith("?"):
        return _without_cell_magic(told, first, cell_magic[1])
    needed = _NEEDED.search(source) or told[first][0] in " \t"
    if not needed:
        return Neutral(told)
    if not isinstance(parse(source), Problem) and not re.match(r"In \[\d+\]: ", told[first]):
        return Neutral(told)
    return _by_ipython(told, first)


def _without_cell_magic(lines: tuple[str, ...], first: int, name: str) -> Neutral:
    out = LeftOut(first + 1, lines[first].strip(), kept=bool(_RUNS_BODY.fullmatch(name)))
    if not out.kept:
        return Neutral(("",) * len(lines), (out,), dropped=True)
    body = neutralise(("",) * (first + 1) + lines[first + 1 :])
    return Neutral(body.lines, (out, *body.left_out), body.dropped)


def _by_ipython(lines: tuple[str, ...], first: int) -> Neutral:
    from IPython.core import inputtransformer2 as ipython  # noqa: PLC0415  (0.2 s, seldom needed)

    cleaners: tuple[Callable[[list[str]], list[str]], ...] = (
        ipython.leading_indent,
        ipython.classic_prompt,
        ipython.ipython_prompt,
    )
    work = [line + "\n" for line in lines]
    for clean in cleaners:
        try:
            cleaned = clean(work[first:])
        except _FAULTS:
            continue
        # It splits at form feeds and other separators too; a count that moved is not to be used.
        if len(cleaned) == len(work) - first:
            work[first:] = cleaned
    left_out: list[LeftOut] = []
    budget = _MOST_TOKENIZED
    size = sum(map(len, work))
    while budget > 0:
        budget -= size
        try:
            found = _step(work, ipython)
        except _FAULTS:
            break
        if found is None:
            break
        left_out.append(found)
    return Neutral(tuple(line.removesuffix("\n") for line in work), tuple(left_out))


def _step(work: list[str], ipython: Any) -> LeftOut | None:
    """Replace the first magic of `work` in place; None where no magic is left."""
    tokens = ipython.make_tokens_by_line(work)
    finders = ipython.TransformerManager().token_transformers
    found = [one for finder in finders if (one := finder.find(tokens))]
    for one in sorted(found, key=lambda candidate: candidate.sortby()):
        try:
            changed = one.transform(work)
        except SyntaxError:
            continue
        taken = len(work) - len(changed) + 1
        # A backslash at the very end of the cell continues into nothing.
        start, stop = one.start_line, min(one.start_line + max(taken, 1), len(work))
        old = "".join(work[start:stop]).rstrip("\n")
        indent = re.match(r"[ \t]*", old)
        kept = _kept(old)
        statement = (indent[0] if indent else "") + (kept or "pass")
        work[start:stop] = [statement + "\n"] + ["\n"] * (stop - start - 1)
        return LeftOut(start + 1, old.strip(), kept=bool(kept))
    return None


def _kept(text: str) -> str | None:
    """The statement a line magic runs in the notebook's own namespace, as one line."""
    magic = _LINE_MAGIC.fullmatch(re.sub(r"\\\n", " ", text).strip())
    if magic is None or magic[1] not in _RUNS_STATEMENT | _RUNS_EXPRESSION:
        return None
    options = _OPTIONS.match(magic[2])
    statement = magic[2][options.end() if options else 0 :].strip()
    tree = parse(statement)
    if isinstance(tree, Problem) or not tree.body:
        return None
    expression = all(isinstance(node, ast.Expr) for node in tree.body)
    return statement if expression or magic[1] in _RUNS_STATEMENT else None
