"""A report in words: what held, what did not, and the smallest input that shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from grader.cli.paste import numbers
from grader.cli.scene import Scene
from grader.cli.screen import Screen
from grader.core.fixture import Truth
from grader.core.observation import Observation
from grader.core.record import Exam, Record
from grader.core.report import (
    CriterionResult,
    Diagnosis,
    Evidence,
    Place,
    RepairFacts,
    Report,
)
from grader.core.tensor import RawTensor
from grader.core.text import inline, plain
from grader.judging.settle import settle

__all__ = ["explain"]

_HELD: Final = frozenset({"passed", "not_applicable", "skipped", "pending"})
_NAMED: Final = 6
_STATUS: Final = {"needs_person": "needs a person", "ungradable": "cannot be graded"}
_WIDEST: Final = 100
_OUTCOMES: Final = {
    "timed_out": "nothing within its time",
    "killed": "nothing: it used more than it may, and was ended",
    "not_run": "nothing: it was not run",
}


@dataclass(frozen=True, slots=True)
class _Scene(Scene):
    full: bool
    width: int


def explain(
    screen: Screen,
    report: Report,
    record: Record | None,
    exam: Exam | None,
    criterion: str | None = None,
) -> None:
    """Print the explanation of a report, or of one criterion of it in full.

    `record` has what came back, `exam` the inputs and what should have; without them the report's
    own words have to do. Hidden fixtures are shown, and marked: this is for staff.
    """
    width = min(screen.console.width, _WIDEST)
    if record is not None and exam is not None:
        record = settle(record, exam)
    scene = _Scene(report, record, exam, full=criterion is not None, width=width)
    if criterion is None:
        for line in _head(report, width):
            screen.line(line)
    for row in report.criteria:
        if criterion in (None, row.id):
            screen.line()
            screen.line(screen.sign(row.status), " ", *_title(row))
            for line in _body(scene, row):
                screen.line("    ", line)


def _head(report: Report, width: int) -> Iterator[str | Text]:
    facts, automatic = report.submission, report.automatic
    bonus = f" and {automatic.bonus:g} bonus" if automatic.max_bonus else ""
    manual = report.manual
    hand = f" and {manual.score:g} of {manual.max:g} by hand" if manual.score is not None else ""
    judged = report.status != "ungradable"  # what was not judged has no score, not even 0
    points = f"  {automatic.score:g} of {automatic.max:g}" if judged else ""
    yield Text(f"{inline(facts.source)}{points}", style="bold")
    reason = f": {inline(report.reason)}" if report.reason else ""
    yield from _wrapped(f"{_STATUS.get(report.status, report.status)}{bonus}{hand}{reason}", width)
    yield f"    id {inline(facts.id)}"
    for target in report.targets:
        told = inline(target.symbol or "not found")
        form = f", {inline(target.form)}" if target.form else ""
        form += f", called as {inline(target.convention)}" if target.convention else ""
        form += " (guessed)" if target.form_basis == "guessed" else ""
        yield f"    {target.role}: {told}{form}{_where(target.location)}"
    for written in report.written:
        told = f"{written.role}, in words, for a mark by hand: {len(written.text)} characters"
        yield f"    {inline(told)}{_where(written.location)}"
    for change in report.adjustments:
        yield f"    {change.points:+g}: {inline(change.reason)} (by {inline(change.by)})"
    if report.execution and report.execution.notes:
        for note in report.execution.notes:
            for line in _wrapped(f"note: {inline(note)}", width):
                yield Text(line, style="dim")
    if report.headline:
        yield ""
        yield Text(inline(report.headline), style="bold")
    for diagnosis in report.diagnoses:
        yield from _diagnosis(diagnosis, width)
    for repair in report.repairs:
        yield from _repair(repair, width)


def _wrapped(text: str, width: int, indent: str = "    ") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def _diagnosis(diagnosis: Diagnosis, width: int) -> Iterator[str | Text]:
    yield ""
    where = _where(diagnosis.location)
    yield Text(f"{inline(diagnosis.id)} ({diagnosis.confidence}{where})", style="bold red")
    for text in (diagnosis.message, diagnosis.hint):
        yield from _wrapped(plain(text), width)
    if diagnosis.criteria:
        yield from _wrapped(inline(f"explains {', '.join(diagnosis.criteria)}"), width)


def _repair(repair: RepairFacts, width: int) -> Iterator[str | Text]:
    """For staff: the edit that mends the target, and what it would earn."""
    yield ""
    shown = "students see it" if repair.revealed else "for staff only"
    points = f", worth {repair.points:g} points" if repair.points else ""
    yield Text(f"with this edit the {inline(repair.role)} target holds ({shown}{points})")
    for line in repair.diff.splitlines()[2:]:
        style = {"+": "green", "-": "red"}.get(line[:1], "dim")
        yield Text(f"    {plain(line)}", style=style)
    for others in repair.alternatives:
        told = f"as small an edit mends it as {', '.join(others)}"
        yield from _wrapped(inline(told), width)


def _where(place: Place | None) -> str:
    if place is None:
        return ""
    line = f", line {place.file_line} of the file" if place.file_line else ""
    return f", cell {place.cell}, line {place.line}{line}"


def _title(row: CriterionResult) -> tuple[str | Text, ...]:
    points = f"{row.points:g} of {row.max_points:g}" if row.max_points else "no points"
    points += ", scaled" if row.status == "passed" and row.points < row.max_points else ""
    bonus = " bonus" if row.bonus else ""
    hidden = " (hidden)" if row.visibility == "hidden" else ""
    status = row.status.replace("_", " ")
    return Text(f"{row.id}", style="bold"), f"  {status}, {points}{bonus}{hidden}  {row.title}"


def _body(scene: _Scene, row: CriterionResult) -> Iterator[str | Text]:
    if row.feedback:
        yield from _wrapped(plain(row.feedback), scene.width - 4, "")
    decide = [one for one in row.evidence if one.scored]
    bad = [one for one in decide if one.outcome != "ok"]
    if not bad and scene.full and decide:
        yield f"holds on {len(decide)} fixtures"
    if scene.full:
        yield from _for_information(scene, row)
    if not bad or (row.status in _HELD and not scene.full):
        return
    shown = sorted(bad, key=lambda one: _size(scene, one))
    for one in shown if scene.full else shown[:1]:
        yield from _shown(scene, row, one)
    if not scene.full and len(decide) > 1:
        for line in _wrapped(_counted(bad, len(decide)), scene.width - 4, ""):
            yield Text(line, style="dim")


def _for_information(scene: _Scene, row: CriterionResult) -> Iterator[Text]:
    """What came of fixtures that decide nothing."""
    for one in row.evidence:
        if not one.scored:
            fixture = scene.fixture(one.fixture)
            says = f" ({fixture.says})" if fixture and fixture.says else ""
            told = inline(one.text) if one.outcome != "ok" else "right"
            line = f"for information, no points: {_name(one)}{inline(says)}: {told}"
            for part in _wrapped(line, scene.width - 4, ""):
                yield Text(part, style="dim")


def _size(scene: _Scene, one: Evidence) -> tuple[bool, bool, int, str]:
    """What to show first: visible, written out, small."""
    fixture = scene.fixture(one.fixture)
    if fixture is None:
        return one.visibility == "hidden", True, 0, one.fixture
    count = sum(len(argument.tensor.data) for argument in fixture.arguments)
    return one.visibility == "hidden", not fixture.literal, count, one.fixture


def _counted(bad: Sequence[Evidence], of: int) -> str:
    names = [_name(one) for one in bad[:_NAMED]]
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return f"not so on {len(bad)} of {of} fixtures: {', '.join(names)}{more}"


def _name(one: Evidence) -> str:
    return inline(one.fixture) + (" (hidden)" if one.visibility == "hidden" else "")


def _shown(scene: _Scene, row: CriterionResult, one: Evidence) -> Iterator[str | Text]:
    fixture = scene.fixture(one.fixture)
    gradient = scene.check(row.id)[0] == "gradient"
    says = f": {fixture.says}" if fixture and fixture.says else ""
    yield Text(f"{_name(one)}{inline(says)}", style="bold")
    if fixture is not None and fixture.literal:
        for line in scene.lines(row.id, fixture, gradient=gradient):
            yield Text(f"  {inline(line)}", style="cyan")
    seen = scene.observation(row.id, one.fixture)
    back = _came_back(seen, one, gradient=gradient)
    if back:
        yield f"  came back    {back}"
    truth = scene.truth(row.id, one.fixture)
    if truth is not None:
        yield f"  should have  {_should(truth, one)}"
    if one.text and inline(one.text) != back:
        yield f"  {inline(one.text)}"


def _came_back(seen: Observation | None, one: Evidence, *, gradient: bool) -> str:
    if one.outcome in _OUTCOMES:
        return _OUTCOMES[one.outcome]
    if one.outcome == "raised" and one.text:
        return inline(one.text)
    if seen is not None and seen.fault is not None:
        return inline(f"{seen.fault.type}: {seen.fault.message}")
    value = (seen.gradient if gradient else seen.value) if seen is not None else None
    if value is None and seen is not None:
        return "no gradient" if gradient else f"no numbers, but {inline(seen.returned)}"
    return _values(value, one)


def _values(value: RawTensor | None, one: Evidence) -> str:
    at = f", {one.worst.got:.6g} at {list(one.worst.index)}" if one.worst else ""
    if value is None:
        return at.removeprefix(", ")
    told = numbers(value)
    whole = told.startswith("[") or not value.shape
    return f"{told}{'' if whole else at}  ({value.dtype})"


def _should(truth: Truth, one: Evidence) -> str:
    told = numbers(truth.expected)
    if told.startswith("[") or one.worst is None:
        return told
    return f"{told}, {one.worst.expected:.6g} at {list(one.worst.index)}"
