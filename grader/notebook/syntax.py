"""Parsing a stranger's Python: a tree or a problem, never an exception and never a warning."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grader.core.text import plain

__all__ = ["Problem", "in_triple_quotes", "parse", "parsing_prefix"]

_TOKEN: Final = re.compile(
    r'(?P<comment>#.*)|(?P<triple>"""|\'\'\')'
    r"|\"(?:[^\"\\]++|\\.?)*+(?:\"|$)|'(?:[^'\\]++|\\.?)*+(?:'|$)"
)
# Nothing is given back, so that a line of megabytes takes no memory.
_CLOSING: Final = {
    mark * 3: re.compile(rf"(?:[^\\{mark}]++|\\.?|{mark}(?!{mark}{mark}))*+{mark * 3}")
    for mark in "\"'"
}

_LONGEST_LINE: Final = 200_000
_FREELY: Final = 100_000
_AS_LONG: Final = 4


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is not Python: the 1-based line and the parser's words."""

    line: int
    message: str


def parse(source: str) -> ast.Module | Problem:
    """The syntax tree of `source`, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        last = source.count("\n") + 1
        return Problem(min(max(error.lineno or 1, 1), last), plain(str(error.msg)))
    except (RecursionError, MemoryError):
        return Problem(1, "nested too deeply")
    except ValueError as error:
        return Problem(1, plain(str(error)))


def parsing_prefix(lines: Sequence[str]) -> int:
    """How many of the first `lines` make the longest prefix that parses.

    Every parser error says that no prefix reaching its line can parse, so the search jumps there.
    Only text made for it needs more parsing than is done; it gets a shorter prefix.
    """
    count = len(lines)
    left: int | None = None
    while count:
        source = "\n".join(lines[:count])
        left = max(_FREELY, _AS_LONG * len(source)) if left is None else left - len(source)
        found = parse(source)
        if not isinstance(found, Problem):
            return count
        count = min(count - 1, found.line - 1) if left > 0 else count // 2
    return 0


def in_triple_quotes(lines: Sequence[str]) -> frozenset[int]:
    """0-based numbers of the lines that begin inside a triple-quoted string.

    Works on text that does not tokenize as well, which is why it is not `tokenize`.
    """
    inside: set[int] = set()
    quote = ""
    for number, whole in enumerate(lines):
        line = whole[:_LONGEST_LINE]
        if not quote and '"""' not in line and "'''" not in line:
            continue
        at = 0
        if quote:
            inside.add(number)
            at = _closing(line, 0, quote)
            if at < 0:
                continue
            quote = ""
        while token := _TOKEN.search(line, at):
            at = token.end()
            if token["triple"]:
                at = _closing(line, at, token["triple"])
                if at < 0:
                    quote = token["triple"]
                    break
    return frozenset(inside)


def _closing(line: str, at: int, quote: str) -> int:
    """Where the text behind the next closing `quote` begins, -1 if it is not in the line."""
    found = _CLOSING[quote].match(line, at)
    return found.end() if found else -1
