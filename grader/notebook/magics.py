"""Magics, shell lines and prompts out, line for line, by IPython's own rules.

IPython is imported only for a cell that is not plain Python as it stands: what parses needs no
help, and a continued line beginning with `%` is string formatting.
"""

from __future__ import annotations

import ast
import re
import tokenize
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from grader.notebook.syntax import Problem, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Allowance", "LeftOut", "Neutral", "neutralise"]

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
_NOTHING: Final = frozenset(
    {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)
_MOST_TOKENIZED: Final = 200_000
_EACH: Final = 200  # what looking for a magic costs beside its characters
_MOST_CELL_MAGICS: Final = 5  # of one cell, one under the other


@dataclass(slots=True)
class Allowance:
    """Characters that may still be tokenized for the magics of a file.

    IPython's tokenizer is slow, and a text can be made so that every line asks for all lines above
    it again. Only such a text needs more; its further magics stay, and it is not Python.
    """

    left: int = _MOST_TOKENIZED


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


def neutralise(lines: Sequence[str], allowance: Allowance | None = None) -> Neutral:
    """The same cell with magics replaced by `pass` or by the statement they run.

    `allowance` is that of the file, shared by its cells; without one the cell has its own.
    """
    told = tuple(lines)
    out: list[LeftOut] = []
    for _ in range(_MOST_CELL_MAGICS):
        first = next((number for number, line in enumerate(told) if line.strip()), None)
        magic = None if first is None else _CELL_MAGIC.match(told[first])
        if first is None or magic is None or magic[1].endswith("?"):
            break
        kept = bool(_RUNS_BODY.fullmatch(magic[1]))
        out.append(LeftOut(first + 1, told[first].strip(), kept=kept))
        if not kept:
            return Neutral(("",) * len(told), tuple(out), dropped=True)
        told = ("",) * (first + 1) + told[first + 1 :]
    inner = _without_line_magics(told, allowance or Allowance())
    return replace(inner, left_out=(*out, *inner.left_out)) if out else inner


def _without_line_magics(told: tuple[str, ...], allowance: Allowance) -> Neutral:
    source = "\n".join(told)
    first = next((number for number, line in enumerate(told) if line.strip()), None)
    if first is None:
        return Neutral(told)
    needed = _NEEDED.search(source) or told[first][0] in " \t"
    if not needed:
        return Neutral(told)
    if not isinstance(parse(source), Problem) and not re.match(r"In \[\d+\]: ", told[first]):
        return Neutral(told)
    return _by_ipython(told, first, allowance)


def _by_ipython(lines: tuple[str, ...], first: int, allowance: Allowance) -> Neutral:
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
    left_out = tuple(_replace_all(work, ipython, allowance))
    return Neutral(tuple(line.removesuffix("\n") for line in work), left_out)


def _replace_all(work: list[str], ipython: Any, allowance: Allowance) -> Iterator[LeftOut]:
    """Replace every magic of `work` in place.

    IPython tokenizes the whole cell again for every magic. Only a line that looks like one can
    be one, and tokens depend on nothing above the first column, so a window does.
    """
    finders = ipython.TransformerManager().token_transformers
    base = 0
    for line in range(len(work)):
        if not _NEEDED.search(work[line]):
            continue
        stop = min(ipython.find_end_of_continued_line(work, line) + 1, len(work))
        window = work[base:stop]
        allowance.left -= sum(map(len, window)) + _EACH
        if allowance.left < 0:
            return
        try:
            tokens = ipython.make_tokens_by_line(window)
            found = _replace_one(window, [finder.find(tokens) for finder in finders])
        except _FAULTS:
            continue
        if found is not None:
            work[base:stop] = window
            yield LeftOut(base + found.line, found.text, found.kept)
        base += _settled(tokens)


def _settled(tokens: list[list[tokenize.TokenInfo]]) -> int:
    """0-based line of a window where its last statement in the first column begins."""
    for line in reversed(tokens):
        if line and line[0].type not in _NOTHING and line[0].start[1] == 0:
            return line[0].start[0] - 1
    return 0


def _replace_one(window: list[str], found: Sequence[Any]) -> LeftOut | None:
    """Replace the first magic that `found` in place; None where there is none."""
    for one in sorted(filter(None, found), key=lambda candidate: candidate.sortby()):
        try:
            taken = len(window) - len(one.transform(window)) + 1
        except SyntaxError:
            continue
        start, stop = one.start_line, one.start_line + taken
        old = "".join(window[start:stop]).rstrip("\n")
        indent = re.match(r"[ \t]*", old)
        kept = _kept(old)
        statement = (indent[0] if indent else "") + (kept or "pass")
        blank = ["\n"] * (len(window[start:stop]) - 1)
        window[start:stop] = [statement + "\n", *blank]
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
