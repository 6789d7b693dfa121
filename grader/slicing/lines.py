"""The lines of a notebook that are read as text: of text cells, and prose inside code cells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Final

from grader.core.notebook import Cell, Format, Notebook
from grader.notebook.syntax import Problem, parse

# What a text export mixes in is told apart in one place.
from grader.slicing.prose import outputs_of, printed_by

__all__ = [
    "Line",
    "asks",
    "ends_in_question",
    "is_placeholder",
    "label",
    "said_in_code",
    "typed",
    "word_spans",
]

_MOST_READ: Final = 400_000
"""Characters of all text cells; more is pasted data."""
_MOST_LINES: Final = 20_000
_MOST_PARSED: Final = 40_000
"""Characters of a code cell in which texts are looked for, and of all its comments."""
_MOST_WORDS: Final = 600

_HIDDEN: Final = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9]{0,15}(?:\s[^<>\n]{0,300})?/?>|&#?\w{1,8};|<!--|-->"
)
_WORD: Final = re.compile(r"[^\W_]+")
_INLINED: Final = re.compile(r"data:[\w/+.;=-]{1,100},[A-Za-z0-9+/=%]{100,}")
_COMMENT: Final = re.compile(r"[ \t]*#+!?[ \t]?(.*)")
_MARKED: Final = re.compile(r"^[ \t]*# ?")
_QUOTES: Final = re.compile(r"\s*[rR]?(?:\"\"\"|''')\s*$")
_LABEL: Final = re.compile(
    r"\s{0,8}(?:>\s{0,4})?(?:[-\d.)]{1,4}\s{1,4})?"
    r"(?:#{1,6}\s[^\n]{0,80}?|(?:\*\*|__|<(?:b|strong|h[1-6])>)[^\n]{0,40}?)\b(?:question\b(?:\W{0,3}(\d{1,2})\b)?|q(\d{1,2})\b)",
    re.IGNORECASE,
)
_ENDS_IN_QUESTION: Final = re.compile(r"[?？][\s*_)\"'”»]*$")
_PLACEHOLDER: Final = re.compile(
    r"(?:todo |please )?(?:(?:type|write|enter|put|insert|add) )?(?:your |the |my )?"
    r"(?:written )?(?:answers?|solution|response|text)(?: goes)?(?: here| below)?"
)
_PROSE: Final = re.compile(r"\W{0,4}[^\W\d_]+(?:[ ,'’-]{1,2}[^\W\d_]+){4,}")
_UNDONE: Final = frozenset({"todo", "fixme"})
_FEWEST: Final = 6
"""Words of a comment, a docstring or a printed text that is more than a label."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line with something in it.

    cell   index into `Notebook.cells`; `number`, from 1, is the line in it
    start  of the line in the cell's text as it is read, up to `end`
    words  lower-case, at most 600; what formats them is left out
    block  for prose in code: lines of equal number belong together; 0 in a text cell
    """

    cell: int
    number: int
    start: int
    end: int
    text: str
    words: tuple[str, ...]
    block: int = 0
    bag: frozenset[str] = field(default=frozenset(), compare=False)


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """The words of a text, lower-case, with where each begins and ends; at most 600."""
    bare = _HIDDEN.sub(lambda found: " " * len(found[0]), text)
    spans: list[tuple[str, int, int]] = []
    for found in _WORD.finditer(bare):
        if len(spans) == _MOST_WORDS:
            break
        spans.append((found[0].lower(), *found.span()))
    return spans


def asks(text: str) -> bool:
    """Whether a line is a question in the form of a handout: bold, or a heading."""
    return label(text) is not None


def label(text: str) -> str | None:
    """The number of such a question, empty where it has none; None for any other line."""
    found = _LABEL.match(text[:200])
    return None if found is None else found[1] or found[2] or ""


def ends_in_question(text: str) -> bool:
    """Whether a text ends in a question mark, whatever formats it."""
    return _ENDS_IN_QUESTION.search(text.rstrip()[-40:]) is not None


def is_placeholder(line: Line) -> bool:
    """`*Your answer here*`, `Answer:`, a rule: there to be replaced, or to set apart."""
    if not line.words:
        return not any(each.isalnum() or ord(each) > 127 for each in _HIDDEN.sub("", line.text))
    return len(line.words) <= 8 and _PLACEHOLDER.fullmatch(" ".join(line.words)) is not None


def _read_as(cell: Cell, form: Format | None) -> str:
    """A text cell's text, line for line: out of its comments, without pictures written in it."""
    source = cell.source[: 20 * _MOST_READ]
    if form in ("script", "percent"):
        lines = [_MARKED.sub("", line) for line in source.split("\n")]
        source = "\n".join("" if _QUOTES.match(line) else line for line in lines)
    if "data:" in source:
        source = _INLINED.sub("data:", source)
    return source


def typed(notebook: Notebook, texts: dict[int, str]) -> Iterator[Line]:
    """Lines of the text cells, outputs of a text export left out; `texts` gets what is read."""
    printed = printed_by(notebook) if notebook.format == "export" else frozenset()
    left, count = _MOST_READ, 0
    for index, cell in enumerate(notebook.cells):
        if cell.kind != "text" or left <= 0:
            continue
        text = texts[index] = _read_as(cell, notebook.format)[:left]
        left -= len(text) + 1
        lines = text.split("\n")
        shown = outputs_of(lines, printed) if notebook.format == "export" else frozenset()
        start = 0
        for number, line in enumerate(lines, 1):
            if line.strip() and number - 1 not in shown and count < _MOST_LINES:
                count += 1
                yield _line(index, number, start, line)
            start += len(line) + 1


def said_in_code(notebook: Notebook) -> Iterator[Line]:
    """Lines of prose in code cells: comments, texts that stand alone or are printed.

    What reads as code that was commented out is none, nor are the few words of a label.
    """
    left, block = _MOST_READ, 0
    for index, cell in enumerate(notebook.cells):
        if cell.kind != "code" or left <= 0:
            continue
        left -= len(cell.source)
        for lines in _blocks(cell.source[:_MOST_PARSED]):
            block += 1
            made = [_line(index, number, 0, text, block) for number, text in lines]
            told = [line for line in made if line.words and line.words[0] not in _UNDONE]
            if sum(len(line.words) for line in told) >= _FEWEST and not _is_code(told):
                yield from told


def _line(cell: int, number: int, start: int, text: str, block: int = 0) -> Line:
    words = tuple(word for word, _, _ in word_spans(text))
    return Line(cell, number, start, start + len(text), text, words, block, frozenset(words))


def _blocks(source: str) -> Iterator[list[tuple[int, str]]]:
    """What may be prose of a code cell, in order: numbered lines that belong together."""
    found: list[list[tuple[int, str]]] = []
    above = -1
    for number, line in enumerate(source.split("\n"), 1):
        comment = _COMMENT.fullmatch(line)
        if comment is None:
            continue
        text = comment[1].rstrip(" \t#")
        if not _WORD.search(text):
            continue
        if above == number - 1:
            found[-1].append((number, text))
        else:
            found.append([(number, text)])
        above = number
    tree = parse(source)
    if isinstance(tree, Problem):
        found += [
            [(number, line)]
            for number, line in enumerate(source.split("\n"), 1)
            if _PROSE.match(line[:400])
        ]
    else:
        found += [_numbered(node) for node in ast.walk(tree) if _is_text(node)]
    yield from sorted(found, key=lambda lines: lines[0][0])


def _is_text(node: ast.AST) -> bool:
    return _text_of(node) is not None


def _text_of(node: ast.AST) -> ast.Constant | None:
    """The text that a statement is, or prints first; None for any other node."""
    if not isinstance(node, ast.Expr):
        return None
    value = node.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
        value = value.args[0] if value.func.id in ("print", "display", "Markdown") else value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
        value = value.args[0] if value.func.id == "Markdown" else value
    return value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _numbered(node: ast.AST) -> list[tuple[int, str]]:
    constant = _text_of(node)
    if constant is None:
        return []
    lines = str(constant.value).split("\n")
    last = constant.end_lineno or constant.lineno
    return [(min(constant.lineno + at, last), line) for at, line in enumerate(lines)]


def _is_code(lines: list[Line]) -> bool:
    """Whether lines are code that was commented out: together, or all but a few of them."""
    text = dedent("\n".join(line.text for line in lines))
    if not isinstance(parse(text), Problem):
        return True
    alone = sum(_parses_alone(line.text.strip()) for line in lines[:50])
    return 2 * alone > min(len(lines), 50)


def _parses_alone(line: str) -> bool:
    head = f"{line} pass" if line.endswith(":") else line
    return not isinstance(parse(head), Problem)
