"""The student's page: one file that needs no network and runs no script.

It is made from `student_view` alone; every text of it is escaped by the template.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from grader.core.report import CriterionResult, Diagnosis, Evidence, Report
from grader.core.text import plain
from grader.pages.code import CodeCell
from grader.pages.marking_text import markup
from grader.pages.picture import Picture, svg

__all__ = ["shown", "student_page"]

_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "passed": ("✓", "holds"),
    "partial": ("~", "holds in part"),
    "failed": ("✗", "does not hold"),
    "skipped": ("-", "not checked"),
    "not_applicable": ("✓", "does not apply, counts as earned"),
    "pending": ("?", "waits for a person"),
    "error": ("!", "could not be judged"),
}
_SURE: Final = {
    "proved": "Shown by an experiment with your code.",
    "matched": "What your code returns is what this bug gives, and no other known one.",
    "static": "Seen in your code; nothing was tried.",
}
_OUTCOMES: Final = {
    "wrong": "another result",
    "raised": "an exception",
    "timed_out": "no result within its time",
    "killed": "ended: it used more than it may",
    "not_run": "not run",
}
_KINDS: Final = {
    "override": "decided by a person",
    "comment": "comment",
    "excuse": "excused",
    "late": "late",
    "cap": "limit",
    "cap-lifted": "limit lifted",
    "follow-through": "given back",
    "fills-up": "limit of the bonus",
    "floor": "never below zero",
}
_MOST_EVIDENCE: Final = 5
_MOST_OUTPUT: Final = 4_000


@dataclass(frozen=True, slots=True)
class _Row:
    """A criterion as the page shows it."""

    row: CriterionResult
    sign: str
    word: str
    tried: str
    shown: tuple[Evidence, ...]
    causes: tuple[Diagnosis, ...]


def student_page(
    view: Report,
    code: Sequence[CodeCell] = (),
    pictures: Mapping[str, Picture] | None = None,
    *,
    appeal: str = "",
    title: str = "",
) -> bytes:
    """The page, UTF-8.

    view    of `student_view`, nothing else: the page shows all that is in it
    code    the student's own, of `code_of`
    pictures  by criterion, of an input that is shown
    appeal  whom to ask; a sentence of the course's
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only pages need it

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    style = _file("student.css")
    policy = ("default-src 'none'", f"style-src '{_hash(style)}'", "base-uri 'none'")
    page = environment.from_string(_file("student.html")).render(
        view=view,
        title=title or view.rubric.id,
        policy="; ".join((*policy, "form-action 'none'")),
        style=_Markup(style),
        rows=[_row(row, view.diagnoses) for row in view.criteria],
        pictures={name: (one, _Markup(svg(one))) for name, one in (pictures or {}).items()},
        sure=_SURE,
        outcomes=_OUTCOMES,
        kinds=_KINDS,
        cells=[_cell(each, view.diagnoses) for each in code],
        answers=[(each, _Markup(markup(each.text))) for each in view.answers if each.text],
        printed=_printed(view),
        appeal=appeal,
    )
    return page.encode("utf-8", "replace")


def shown(row: CriterionResult) -> tuple[Evidence, ...]:
    """The inputs of a criterion that its table has."""
    open_ = [one for one in row.evidence if one.scored and one.visibility == "visible"]
    return tuple([one for one in open_ if one.outcome != "ok"][:_MOST_EVIDENCE])


def _shown(value: Any) -> Any:
    """Whatever is put into the page: plain letters, or markup made here."""
    return plain(value) if type(value) is str else value


def _Markup(text: str) -> Any:  # noqa: N802 - it stands for the class, which is imported late
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(text)  # noqa: S704 - of our own style sheet, highlighter and `markup` only


def _row(row: CriterionResult, diagnoses: Iterable[Diagnosis]) -> _Row:
    sign, word = _SIGNS[row.status]
    decide = [one for one in row.evidence if one.scored]
    bad = [one for one in decide if one.outcome != "ok"]
    open_ = [one for one in bad if one.visibility == "visible"]
    tried = ""
    if decide:
        tried = f"Tried on {len(decide)} inputs: right on {len(decide) - len(bad)}."
        if bad and not open_:
            tried += " The ones it fails on are not shown."
        elif len(bad) > len(open_):
            tried += f" {len(bad) - len(open_)} of those it fails on are not shown."
    return _Row(
        row=row,
        sign=sign,
        word=word,
        tried=tried,
        shown=shown(row),
        causes=tuple(one for one in diagnoses if row.id in one.criteria),
    )


def _cell(
    cell: CodeCell, diagnoses: Iterable[Diagnosis]
) -> tuple[int, list[tuple[int, Any, list[Diagnosis]]]]:
    """Lines of the cell, each with its number, its highlighted text and the bugs at it."""
    marked: dict[int, list[Diagnosis]] = {}
    for one in diagnoses:
        if one.location is not None and one.location.cell == cell.cell:
            marked.setdefault(one.location.line, []).append(one)
    lines = _highlighted(plain(cell.source))
    told = [(number, line, marked.get(number, [])) for number, line in enumerate(lines, cell.first)]
    return cell.cell, told


def _highlighted(source: str) -> list[Any]:
    """Each line as markup of Pygments' classes: nothing but spans around escaped text."""
    from pygments import highlight  # noqa: PLC0415 - only pages need it
    from pygments.formatters import HtmlFormatter  # noqa: PLC0415 - likewise
    from pygments.lexers import PythonLexer  # noqa: PLC0415 - likewise

    lexer = PythonLexer(stripnl=False, ensurenl=False)
    text = highlight(source, lexer, HtmlFormatter(nowrap=True))
    lines = str(text).split("\n")
    wanted = source.count("\n") + 1
    return [_Markup(line) for line in (lines + [""] * wanted)[:wanted]]


def _printed(view: Report) -> str:
    if view.execution is None:
        return ""
    parts = [text for text in (view.execution.stdout, view.execution.stderr) if text.strip()]
    text = "\n".join(parts)
    return text if len(text) <= _MOST_OUTPUT else text[:_MOST_OUTPUT] + "\n(cut)"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


def _file(name: str) -> str:
    return (resources.files("grader.pages") / "templates" / name).read_text(encoding="utf-8")
