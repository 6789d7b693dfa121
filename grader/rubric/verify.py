"""Does a rubric mark known submissions as it must: references in full, junk with nothing.

`references.yaml`, in the folder of the references, lists them under its one key `references`:

    - {file: right/row-loop.py, expect: full}
    - {file: right/numpy.py, expect: full, except: {gradients: failed}}
    - {file: junk/zeros.py, expect: nothing}
    - {file: wrong/off-by-one.py, expect: {values: passed, batch: failed}, score: 4}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from grader.core.documents import Document, read, validate
from grader.core.errors import RubricError
from grader.core.report import CriterionResult, CriterionStatus, Report

__all__ = ["Outcome", "Reference", "Verification", "examine", "load_references", "verify"]

_INDEX: Final = "references.yaml"

Expectation = Literal["full", "nothing"] | dict[str, CriterionStatus]


@dataclass(frozen=True, slots=True)
class Reference:
    """A submission whose mark is known.

    file       relative to the folder of `references.yaml`; `path` is where it lies
    expect     full: every automatic criterion that is no bonus holds and has all its points, no
               cap, no diagnosis; nothing: 0 points, no bonus; or statuses by criterion, the
               others are left open
    otherwise  full: criteria that have another status (`except` in the file); they may lose points
    score      the automatic score, where it is part of the expectation
    diagnoses  exactly these ids; None: `full` has none, others are left open
    """

    file: str
    path: Path
    expect: Literal["full", "nothing"] | Mapping[str, CriterionStatus]
    otherwise: Mapping[str, CriterionStatus] = field(default_factory=dict)
    score: float | None = None
    diagnoses: tuple[str, ...] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The mark a reference got; `misses` says in clauses what is not as expected."""

    reference: Reference
    score: float
    max: float
    misses: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.misses


@dataclass(frozen=True, slots=True)
class Verification:
    """One outcome a reference, in order."""

    outcomes: tuple[Outcome, ...]

    @property
    def holds(self) -> bool:
        return all(outcome.holds for outcome in self.outcomes)


def verify(references: Sequence[Reference], grade: Callable[[Reference], Report]) -> Verification:
    """Grade every reference and compare with what it must get."""
    return Verification(tuple(examine(each, grade(each)) for each in references))


def examine(reference: Reference, report: Report) -> Outcome:
    """Compare one report with what its reference must get."""
    automatic = report.automatic
    return Outcome(reference, automatic.score, automatic.max, tuple(_misses(reference, report)))


def load_references(folder: Path) -> tuple[Reference, ...]:
    """The references of `folder`, as its `references.yaml` lists them.

    RubricError where the list is wrong, names a file twice or one that is not in `folder`.
    """
    document = read(folder / _INDEX)
    listed = validate(document, _Index).references
    findings = tuple(_misnamed(document, folder, [each.file for each in listed]))
    if findings:
        raise RubricError(findings)
    return tuple(
        Reference(
            file=each.file,
            path=folder / each.file,
            expect=each.expect,
            otherwise=each.otherwise,
            score=each.score,
            diagnoses=each.diagnoses,
            note=each.note,
        )
        for each in listed
    )


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Entry(_Frozen):
    file: Annotated[str, Field(min_length=1)]
    expect: Expectation
    otherwise: Annotated[dict[str, CriterionStatus], Field(alias="except")] = {}
    score: Annotated[float, Field(ge=0)] | None = None
    diagnoses: tuple[str, ...] | None = None
    note: str = ""


class _Index(_Frozen):
    references: Annotated[tuple[_Entry, ...], Field(min_length=1)]


def _misnamed(document: Document, folder: Path, files: list[str]) -> Iterator[str]:
    root = folder.resolve()
    for at, name in enumerate(files):
        loc = ("references", at, "file")
        path = (folder / name).resolve()
        if not path.is_relative_to(root):
            yield document.finding(loc, f"expected a file in this folder, found `{name}`")
        elif not path.is_file():
            yield document.finding(loc, f"no file `{name}` in this folder")
        elif name in files[:at]:
            yield document.finding(loc, f"expected each file once, `{name}` is here again")


def _misses(reference: Reference, report: Report) -> Iterator[str]:
    expected = dict(reference.otherwise)
    if report.status == "ungradable":
        yield f"could not be graded: {report.reason}"
    if reference.expect == "full":
        yield from _short_of_full(reference, report)
    elif reference.expect == "nothing":
        earned = report.automatic.score + report.automatic.bonus
        if earned:
            yield f"earned {earned:g} points, expected none"
    else:
        expected |= reference.expect
    yield from _other_statuses(expected, report)
    if reference.score is not None and report.automatic.score != reference.score:
        yield f"earned {report.automatic.score:g} points, expected {reference.score:g}"
    yield from _other_diagnoses(reference, report)


def _short_of_full(reference: Reference, report: Report) -> Iterator[str]:
    for row in report.criteria:
        if row.bonus or row.status == "pending" or row.id in reference.otherwise:
            continue
        if row.status not in ("passed", "not_applicable"):
            yield f"{row.id} {row.status}, expected passed{_why(row)}"
        elif row.points != row.max_points:
            yield f"{row.id} earned {row.points:g} of {row.max_points:g} points"
    for adjustment in report.adjustments:
        yield f"{adjustment.points:g} points: {adjustment.reason}"


def _other_statuses(expected: Mapping[str, CriterionStatus], report: Report) -> Iterator[str]:
    found = {row.id: row for row in report.criteria}
    for identifier, status in expected.items():
        row = found.get(identifier)
        if row is None:
            yield f"no criterion {identifier}, expected it {status}"
        elif row.status != status:
            yield f"{identifier} {row.status}, expected {status}{_why(row)}"


def _other_diagnoses(reference: Reference, report: Report) -> Iterator[str]:
    expected = reference.diagnoses
    if expected is None and reference.expect == "full" and not reference.otherwise:
        expected = ()
    if expected is None:
        return
    found = tuple(diagnosis.id for diagnosis in report.diagnoses)
    if sorted(found) != sorted(expected):
        yield f"diagnosed {_listed(found)}, expected {_listed(expected)}"


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing"


def _why(row: CriterionResult) -> str:
    """The first fixture that does not hold: where to look."""
    first = next((each for each in row.evidence if each.outcome != "ok"), None)
    return f" ({first.fixture}: {first.outcome})" if first else ""
