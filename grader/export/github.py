"""What GitHub Actions reads: annotations, the summary of a step, and what GitHub Classroom takes.

A line that begins with `::` is a command to the runner. Whatever a submission may have written is
either escaped into the data of a command of ours, or printed between `stop_commands` and its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from grader.core.report import CriterionResult, Diagnosis, Report
from grader.core.text import inline

__all__ = ["Tally", "errors", "notices", "stop_commands", "summary", "tally"]

_LOST: Final = ("failed", "partial")
_MOST: Final = 10
"""GitHub shows no more errors of one step."""

_SIGNS: Final = {
    "passed": "✅ holds",
    "not_applicable": "✅ does not apply",
    "partial": "🟡 in part",
    "failed": "❌ does not hold",
    "skipped": "⚪ not checked",
    "pending": "👤 marked by a person",
    "error": "❗ could not be judged",
}


@dataclass(frozen=True, slots=True)
class Tally:
    """Points of the criteria that students see and that no person marks."""

    points: float
    most: float
    bonus: float = 0.0


def tally(view: Report) -> Tally:
    """Count a `student_view`: what hidden criteria earned is not in it, and neither are marks."""
    rows = [row for row in view.criteria if row.status != "pending" and row.marked is None]
    plain = [row for row in rows if not row.bonus]
    seen = {row.id for row in view.criteria}
    caps = (each for each in view.adjustments if each.kind == "cap" and each.criterion in seen)
    points = max(0.0, sum(row.points for row in plain) + sum(each.points for each in caps))
    return Tally(
        points=round(points, 2),
        most=round(sum(row.max_points for row in plain), 2),
        bonus=round(sum(row.points for row in rows if row.bonus), 2),
    )


def stop_commands(token: str) -> tuple[str, str]:
    """Lines around text that must not be heard; `token` has to be unknown to whoever wrote it."""
    return f"::stop-commands::{token}", f"::{token}::"


def errors(view: Report, path: str) -> Iterator[str]:
    """An error for each cause and each lost criterion that no cause explains, at most ten.

    path  of the notebook, from the top of the repository
    """
    for each in _told(view)[:_MOST]:
        if isinstance(each, Diagnosis):
            line = each.location.file_line if each.location else None
            at = f",line={line}" if line else ""
            where = f" ({_place(each)})" if each.location and not line else ""
            text = f"{each.message}{where} {each.hint}".strip()
            yield f"::error file={_property(path)}{at},title={_property(each.id)}::{_data(text)}"
        else:
            text = each.feedback or "does not hold"
            yield f"::error file={_property(path)},title={_property(each.title)}::{_data(text)}"
    if view.status == "ungradable":
        text = f"cannot be graded: {view.reason}"
        yield f"::error file={_property(path)},title=not graded::{_data(text)}"


def notices(counted: Tally) -> tuple[str, str]:
    """The two notices from which GitHub Classroom takes the points."""
    points, most = _number(counted.points), _number(counted.most)
    report = json.dumps({"totalPoints": points, "maxPoints": most})
    return (
        f"::notice title=Autograding complete::Points {points}/{most}",
        f"::notice title=Autograding report::{_data(report)}",
    )


def summary(view: Report, counted: Tally) -> str:
    """Markdown for the page of the run."""
    bonus = f", and {_number(counted.bonus)} bonus" if counted.bonus else ""
    lines = [
        f"## {_text(view.rubric.id)}: {_number(counted.points)} of {_number(counted.most)}{bonus}",
        "",
    ]
    if view.status == "ungradable":
        return "\n".join([*lines, f"Cannot be graded: {_text(view.reason)}", ""])
    if view.headline:
        lines += [f"**{_text(view.headline)}**", ""]
    for each in view.diagnoses:
        at = f", {_place(each)}" if each.location else ""
        hint = f" *{_text(each.hint)}*" if each.hint else ""
        lines.append(f"- {_text(each.message)} ({_text(each.id)}{at}){hint}")
    lines += ["", "| | criterion | points | |", "|---|---|---:|---|"]
    for row in view.criteria:
        said = row.feedback if row.status in (*_LOST, "error", "skipped") else ""
        points = "" if row.status == "pending" else _number(row.points)
        lines.append(
            f"| {_SIGNS[row.status]} | {_text(row.title)} | {points}/{_number(row.max_points)} "
            f"| {_text(said)} |"
        )
    return "\n".join([*lines, ""])


def _told(view: Report) -> Sequence[Diagnosis | CriterionResult]:
    explained = {name for each in view.diagnoses for name in each.criteria}
    rows = [row for row in view.criteria if row.status in _LOST and row.id not in explained]
    return [*view.diagnoses, *rows]


def _place(each: Diagnosis) -> str:
    return f"cell {each.location.cell}, line {each.location.line}" if each.location else ""


def _data(text: str) -> str:
    escaped = inline(text.replace("\n", " ")).replace("%", "%25")
    return escaped.replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _text(text: str) -> str:
    """Text that is no markup, neither Markdown nor HTML, on one line."""
    return re.sub(
        r"[^\w\s.,;()/=“”'-]|_",
        lambda one: f"&#{ord(one[0])};",
        inline(text.replace("\n", " ")),
    )


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 2)
