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
    from collections.abc import Callable, Iterator, Sequence

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
_NOTHING: Final = frozenset(
    {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)
_MOST_TOKENIZED: Final = 2_000_000  # characters a cell; only text made for it needs more


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
    left_out = tuple(_replace_all(work, ipython))
    return Neutral(tuple(line.removesuffix("\n") for line in work), left_out)


def _replace_all(work: list[str], ipython: Any) -> Iterator[LeftOut]:
    """Replace every magic of `work` in place.

    IPython tokenizes the whole cell again for every magic. Only a line that looks like one can
    be one, and tokens depend on nothing above the first column, so a window does.
    """
    finders = ipython.TransformerManager().token_transformers
    base = 0
    budget = _MOST_TOKENIZED
    for line in range(len(work)):
        if budget <= 0:
            return
        if not _NEEDED.search(work[line]):
            continue
        stop = min(ipython.find_end_of_continued_line(work, line) + 1, len(work))
        window = work[base:stop]
        budget -= sum(map(len, window))
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
