"""What a student wrote in text cells about a target: a derivation in formulas or in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from grader.core.notebook import Cell, Notebook
from grader.core.slice import Location, Passage, Wanted

__all__ = ["outputs_of", "printed_by", "prose"]

_MOST: Final = 10
_LONGEST: Final = 4_000
_MOST_READ: Final = 400_000  # characters of all text cells; more is pasted data
_LONGEST_PARAGRAPH: Final = 2_000  # characters looked at in one go: patterns may take its square
_LONGEST_LABEL: Final = 80
_SHORTEST_LABEL: Final = 4

_QUESTION: Final = re.compile(r"(?:[#>*_\s]|<\w+>)*question\b", re.IGNORECASE)
_HANDOUT: Final = re.compile(r"\s*\*\*question\b", re.IGNORECASE)  # also right below other text
_HEADING: Final = re.compile(r"\s{0,3}#{1,6}\s")
_COMMENT: Final = re.compile(r"^\s*# ?")
_FORMULA: Final = re.compile(r"\$|\\\(|\\\[|\\begin\b|\\frac\b|\\sum\b|[∂∇∑δ]")
_OUTPUT: Final = re.compile(
    r"[^\w$\\]*(?:tensor|array|torch\.Size|Parameter containing|Out\[\d*\])\s*[(:\[]"
    r"|<(?:Figure|AxesSubplot|matplotlib)\b|Traceback \(most recent|\S+:\d+: \w*Warning:"
)
_VALUES: Final = re.compile(
    r"(?=.*(?:\d\.\d|\[|\de[+-]?\d))[\s\d.,:;()\[\]{}eE+\-]*|\s*(?:True|False|None|nan|inf)\s*"
)
_TEXT: Final = re.compile(r"""["'](?:\\n|\s)*([^"'\n]{4,160})""")
_VALUE_BEGINS: Final = re.compile(r"[:={%]|\d|\\n")
_GOES_ON: Final = re.compile(
    r"[\s\d.,;()\[\]{}eE+\-]*(?:(?:nan|inf|\.\.\.|(?:grad_fn|dtype|device|size|requires_grad)=\S*)"
    r"[\s\d.,;()\[\]{}eE+\-]*)*"
)
_RULE: Final = re.compile(r"-{20,}\s*$")
_RAISED: Final = re.compile(r"[\w.]*(?:Error|Exception|Interrupt)\s*(?::|$)")
_LONGEST_TRACEBACK: Final = 300


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Lines without a blank one between them; `line` is the first one's, counted from 1."""

    lines: tuple[str, ...]
    line: int
    told: bool

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def is_heading(self) -> bool:
        return len(self.lines) == 1 and _HEADING.match(self.lines[0]) is not None

    @property
    def is_formula(self) -> bool:
        return _FORMULA.search(self.text) is not None


def prose(notebook: Notebook, wanted: Wanted) -> tuple[Passage, ...]:
    """Passages of text cells that one of `wanted.prose` matches: at most ten, each cut.

    The handout's questions are not the student's, and neither are the outputs that text exports
    mix in. Of a notebook's own text cell all the rest is taken; a text export runs cells together,
    so there a passage is from the first formula or matching paragraph to the last. Never raises.
    """
    patterns = [re.compile(each, re.IGNORECASE | re.MULTILINE) for each in wanted.prose]
    exported = notebook.format == "export"
    printed = printed_by(notebook) if exported and patterns else frozenset()
    found: list[Passage] = []
    left = _MOST_READ
    for cell in notebook.cells if patterns else ():
        if cell.kind != "text" or left <= 0 or len(found) >= _MOST:
            continue
        source = cell.source[:left]
        left -= len(source)
        lines = source.split("\n")
        if notebook.format in ("script", "percent"):  # text stands in comments there
            lines = [_COMMENT.sub("", line) for line in lines]
        shown = outputs_of(lines, printed) if exported else frozenset()
        for run in _runs(lines, shown, patterns):
            found += _passage(cell, run, exported=exported)
    return tuple(found[:_MOST])


def printed_by(notebook: Notebook) -> frozenset[str]:
    """How texts in the code begin, which outputs may begin with too."""
    found = (_label(text) for cell in notebook.code_cells for text in _TEXT.findall(cell.source))
    return frozenset(found) - {""}


def outputs_of(lines: Sequence[str], printed: frozenset[str]) -> frozenset[int]:
    """0-based numbers of the lines that no student typed: values, labels of values, tracebacks."""
    shown: set[int] = set()
    in_formula = False
    at = 0
    while at < len(lines):
        line = lines[at]
        end = at
        if not in_formula:
            end = _end_of_output(lines, at, printed)
            shown |= set(range(at, end))
        if end == at:
            in_formula ^= line.count("$$") % 2 == 1
            end += 1
        at = end
    return frozenset(shown | set(_labels(lines, shown)))


def _end_of_output(lines: Sequence[str], at: int, printed: frozenset[str]) -> int:
    """The line behind an output that begins at line `at`; `at` itself where none does."""
    line = lines[at]
    if _RULE.match(line):
        further = range(at + 1, min(at + _LONGEST_TRACEBACK, len(lines)))
        return next((number for number in further if _RAISED.match(lines[number])), at) + 1
    if _OUTPUT.match(line) or _VALUES.fullmatch(line) or _is_printed(line, printed):
        return _end_of_value(lines, at)
    return at


def _end_of_value(lines: Sequence[str], at: int) -> int:
    """Behind the line that closes what line `at` opens, blank ones between; or where it breaks."""
    depth = _depth(lines[at])
    end = at + 1
    while depth > 0 and end < len(lines) and _GOES_ON.fullmatch(lines[end]):
        depth += _depth(lines[end])
        end += 1
    return end


def _depth(line: str) -> int:
    return sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")


def _is_printed(line: str, printed: frozenset[str]) -> bool:
    """Whether the code has the line's beginning as a text: `gradients: ` of a `print`."""
    return _label(line) in printed and not _FORMULA.search(line)


def _label(text: str) -> str:
    """A text up to the first value in it; empty where that says little."""
    label = _VALUE_BEGINS.split(text[: 2 * _LONGEST_LABEL].strip(), maxsplit=1)[0].strip()
    return label if _SHORTEST_LABEL <= len(label) <= _LONGEST_LABEL else ""


def _labels(lines: Sequence[str], shown: set[int]) -> Iterator[int]:
    """`Gradients:` right above a value."""
    for number in shown:
        above = lines[number - 1].rstrip() if number else ""
        if above.endswith((":", "=")) and number - 1 not in shown:
            yield number - 1


def _runs(
    lines: Sequence[str], shown: frozenset[int], patterns: Sequence[re.Pattern[str]]
) -> Iterator[list[_Paragraph]]:
    """Paragraphs between questions and outputs."""
    run: list[_Paragraph] = []
    held: list[str] = []
    size = 0

    def close(number: int) -> None:
        nonlocal held, size
        if held:
            text = "\n".join(held)[: 2 * _LONGEST_PARAGRAPH]
            told = any(pattern.search(text) for pattern in patterns)
            run.append(_Paragraph(tuple(held), number - len(held) + 1, told))
        held, size = [], 0

    for number, line in enumerate(lines):
        asks = (_HANDOUT if held else _QUESTION).match(line) is not None
        if number in shown or asks:
            close(number)
            yield run
            run = []
        elif not line.strip():
            close(number)
        else:
            if size > _LONGEST_PARAGRAPH:
                close(number)
            held.append(line)
            size += len(line)
    close(len(lines))
    yield run


def _passage(cell: Cell, run: list[_Paragraph], *, exported: bool) -> Iterator[Passage]:
    """What of a run is told, if anything of it matches."""
    telling = [at for at, each in enumerate(run) if each.told and not each.is_heading]
    if not telling:
        return
    first, last = 0, len(run) - 1
    if exported:
        first = telling[0]
        while first and run[first - 1].is_formula:
            first -= 1
        said = (at for at, each in enumerate(run) if not each.is_heading)
        last = max(at for at in said if run[at].told or run[at].is_formula)
        while last + 1 < len(run) and not run[last + 1].is_heading:
            last += 1
    while run[last].is_heading and last > first:
        last -= 1
    taken = run[first : last + 1]
    text = taken[0].text
    for above, each in pairwise(taken):
        gap = each.line - above.line - len(above.lines)
        text += "\n" * (min(gap, 1) + 1) + each.text
        if len(text) > _LONGEST:
            break
    line = taken[0].line
    yield Passage(text[:_LONGEST], Location(cell.number, line, cell.cell_id, cell.file_line(line)))
