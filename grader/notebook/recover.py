"""What is left of a Python file that does not parse as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grader.notebook.syntax import Problem, parse

__all__ = ["Broken", "Recovered", "recover"]

_NO_START: Final = re.compile(r"[\s)\]}#]|$|(?:else|elif|except|finally)\b")
_CONFLICT: Final = re.compile(r"<{7}|={7}$|>{7}|\|{7}")
_UNFINISHED: Final = ("was never closed", "unterminated triple-quoted", "unexpected EOF")
_MOST_JOINED: Final = 300
_MOST_PARSED: Final = 300_000


@dataclass(frozen=True, slots=True)
class Broken:
    """1-based first and last line of a region that is not Python, and why."""

    first: int
    last: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Recovered:
    """As many lines as there were, the broken regions blank."""

    lines: tuple[str, ...]
    broken: tuple[Broken, ...]


def recover(lines: Sequence[str]) -> Recovered:
    """Keep the top-level blocks of `lines` that parse on their own."""
    starts = [*_starts(lines), len(lines)]
    kept = [""] * len(lines)
    broken: list[Broken] = []
    budget = _MOST_PARSED
    at = 0
    while at < len(starts) - 1:
        stop, problem, spent = _block(lines, starts, at, budget)
        budget -= spent
        begin, end = starts[at], starts[stop]
        if problem is None:
            kept[begin:end] = lines[begin:end]
        else:
            _add(broken, _region(lines, begin, end, problem))
        at = stop
    return Recovered(tuple(kept), tuple(broken))


def _starts(lines: Sequence[str]) -> list[int]:
    """0-based lines where a top-level block may begin."""
    starts = [0]
    for number in range(1, len(lines)):
        line, before = lines[number], lines[number - 1]
        if _NO_START.match(line) or before.endswith("\\") or before.startswith("@"):
            continue
        if _CONFLICT.match(line) and _inside_block(lines, number):
            continue
        starts.append(number)
    return starts


def _inside_block(lines: Sequence[str], number: int) -> bool:
    """A merge marker followed by an indented line cuts the block it stands in."""
    after = next((line for line in lines[number + 1 : number + 50] if line.strip()), "")
    return after[:1] in {" ", "\t"}


def _block(
    lines: Sequence[str], starts: Sequence[int], at: int, budget: int
) -> tuple[int, Problem | None, int]:
    """Index behind the block that begins at `starts[at]`, its problem, characters parsed.

    A string or bracket left open is followed over what look like starts of further blocks.
    """
    first: Problem | None = None
    spent = 0
    stop = at + 1
    while stop < len(starts) and stop - at < _MOST_JOINED:
        source = "\n".join(lines[starts[at] : starts[stop]])
        spent += len(source)
        found = parse(source)
        if not isinstance(found, Problem):
            return stop, None, spent
        first = first or found
        if not any(words in found.message for words in _UNFINISHED) or spent > budget:
            break
        stop += 1
        if "triple" in found.message:
            while stop < len(starts) and not _has_quotes(lines[starts[stop - 1] : starts[stop]]):
                stop += 1
    return at + 1, first, spent


def _has_quotes(lines: Sequence[str]) -> bool:
    return any('"""' in line or "'''" in line for line in lines)


def _region(lines: Sequence[str], begin: int, end: int, problem: Problem) -> Broken:
    while end > begin + 1 and not lines[end - 1].strip():
        end -= 1
    return Broken(begin + 1, end, Problem(begin + problem.line, problem.message))


def _add(broken: list[Broken], region: Broken) -> None:
    """Neighbouring regions are one."""
    if broken and broken[-1].last + 1 == region.first:
        broken[-1] = Broken(broken[-1].first, region.last, broken[-1].problem)
    else:
        broken.append(region)
