"""The report, schema 1.0: the document other programs read.

Readers ignore unknown keys; a minor version only adds. The JSON Schema is generated from here
(`grader rubric schema --report`) and shipped. Only the `run` block may differ between two runs
over the same submission, rubric, seed, torch build and CPU type.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

__all__ = [
    "RUN_NOTE",
    "SCHEMA_VERSION",
    "Adjustment",
    "Answer",
    "Attempt",
    "Automatic",
    "Cap",
    "CriterionResult",
    "CriterionStatus",
    "Diagnosis",
    "Evidence",
    "Execution",
    "Final_",
    "Late",
    "Manual",
    "Marked",
    "Place",
    "Policy",
    "RepairFacts",
    "Report",
    "RubricFacts",
    "RunFacts",
    "Slug",
    "SubmissionFacts",
    "TargetFacts",
    "Worst",
    "Written",
]

SCHEMA_VERSION: Final = "1.0"

RUN_NOTE: Final = "run: "
"""How a note in `Execution.notes` begins that tells what the code did while it ran.

That may be on a hidden fixture and chosen by the code (a signal, a length): it is for staff.
"""

CriterionStatus = Literal[
    "passed", "partial", "failed", "pending", "skipped", "not_applicable", "error"
]

_Measured = Annotated[
    float,
    WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}),
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=60)]


class Attempt(_Frozen):
    """Which of a student's attempts this is; unknown parts are null."""

    number: int = 1
    of: int = 1
    submitted_at: str | None = None
    late_flag: bool | None = None
    late_seconds: int | None = None
    chosen_by: str = "only"


class SubmissionFacts(_Frozen):
    id: str
    source: str
    sha256: str
    format: str | None
    submitters: tuple[str, ...] = ()
    attempt: Attempt = Attempt()


class Late(_Frozen):
    """What lateness costs: shares of the final maximum.

    per_day  for every day begun after `grace_minutes`
    most     never more than that
    """

    per_day: Annotated[float, Field(gt=0, le=1)]
    most: Annotated[float, Field(gt=0, le=1)] = 1.0
    grace_minutes: Annotated[int, Field(ge=0)] = 0


class Cap(_Frozen):
    """The automatic score is at most `score` where the criterion `failed` has failed."""

    failed: Slug
    score: Annotated[float, Field(ge=0)]
    reason: str


class Policy(_Frozen):
    """How a rubric makes the final mark of its parts.

    bonus  on-top: may lead above the maximum; fills-up: replaces lost points, up to the maximum
    late   what lateness costs, None: nothing
    caps   in the order they are taken
    """

    bonus: Literal["on-top", "fills-up"] = "on-top"
    late: Late | None = None
    caps: tuple[Cap, ...] = ()


class RubricFacts(_Frozen):
    id: str
    version: str
    sha256: str
    policy: Policy = Policy()


class Automatic(_Frozen):
    score: float
    max: float
    bonus: float = 0.0
    max_bonus: float = 0.0


class Manual(_Frozen):
    score: float | None
    max: float


class Final_(_Frozen):  # noqa: N801 - `Final` is typing's
    score: float | None
    max: float


class Adjustment(_Frozen):
    """A change to the sum of the rows: a cap of the rubric, lateness, a human decision.

    `entry` is the ledger's, for a human decision.
    """

    kind: str
    criterion: str | None
    points: float
    reason: str
    by: str
    at: str | None = None
    entry: str | None = None


class Place(_Frozen):
    """1-based code cell, line in the cell, and line in the file where known."""

    cell: int
    cell_id: str | None = None
    line: int
    file_line: int | None = None


class TargetFacts(_Frozen):
    """What fills a role; `convention` is how it was called, where that was the student's choice."""

    role: str
    symbol: str | None
    form: str | None
    form_basis: str | None
    location: Place | None
    convention: str | None = None


class Written(_Frozen):
    """A text of the student's about a target, for whoever marks by hand.

    `location.cell` is the code cell before it, 0 at the top.
    """

    role: str
    location: Place | None
    text: str


class Answer(_Frozen):
    """What the student wrote in answer to a question: Markdown as typed.

    criterion  the one marked by hand that it belongs to
    question   the template's text before it, empty where none is known
    text       empty where nothing was added to the template
    """

    criterion: str
    question: str
    text: str
    location: Place | None = None


class Worst(_Frozen):
    """The entry furthest outside its bound; numbers are strings where not finite."""

    index: tuple[int, ...]
    got: _Measured
    expected: _Measured


class Evidence(_Frozen):
    """One fixture of a criterion. `error` and `bound` are absolute, at the worst entry.

    `scored` is false for a fixture that is shown for information and decides nothing.
    """

    fixture: str
    outcome: Literal["ok", "wrong", "raised", "timed_out", "killed", "not_run"]
    error: _Measured | None = None
    bound: _Measured | None = None
    worst: Worst | None = None
    text: str = ""
    visibility: Literal["visible", "hidden"] = "hidden"
    scored: bool = True


class Marked(_Frozen):
    """Who gave a criterion's points by hand; `entry` is the ledger's."""

    by: str
    at: str
    comment: str
    entry: str


class CriterionResult(_Frozen):
    """One row. `marked` says who decided one that is marked by hand; `feedback` stays as it was.

    `close` tells that every result that lost points was outside its bound by less than the bound.
    """

    id: str
    title: str
    points: float
    max_points: float
    bonus: bool
    visibility: Literal["visible", "hidden"]
    status: CriterionStatus
    feedback: str
    evidence: tuple[Evidence, ...] = ()
    diagnoses: tuple[str, ...] = ()
    marked: Marked | None = None
    close: bool = False


class Diagnosis(_Frozen):
    id: str
    role: str
    confidence: Literal["proved", "matched", "static"]
    message: str
    hint: str
    location: Place | None
    criteria: tuple[str, ...]


class RepairFacts(_Frozen):
    """Small edits that make a target right, as a unified diff: for staff, unless `revealed`.

    bugs          ids of what is mended
    criteria      those that hold with it and did not before
    tried         how many candidates the search ran
    alternatives  bugs of other sets of edits, as small, that held in the search
    points        what the automatic score and bonus would gain if all were given back
    """

    role: str
    bugs: tuple[str, ...]
    diff: str
    criteria: tuple[str, ...]
    tried: int
    alternatives: tuple[tuple[str, ...], ...] = ()
    points: float = 0.0
    revealed: bool = False


class Isolation(_Frozen):
    mode: str
    layers: tuple[str, ...]


class Execution(_Frozen):
    """How the code was run. Text is truncated and control characters are escaped.

    `hidden_output` tells that something was printed while a hidden fixture ran; such text is in no
    report: `stdout` and `stderr` end where the first hidden fixture begins.
    """

    isolation: Isolation
    limits: dict[str, float]
    stdout: str = ""
    stderr: str = ""
    hidden_output: bool = False
    notes: tuple[str, ...] = ()


class RunFacts(_Frozen):
    """The one block outside promise 4."""

    seconds: float
    at: str
    environment: dict[str, str]


class Report(_Frozen):
    """`headline` leads with causes: how many bugs explain how many of the lost criteria."""

    schema_version: Annotated[str, Field(pattern=r"^1\.\d+$")] = SCHEMA_VERSION
    submission: SubmissionFacts
    rubric: RubricFacts
    status: Literal["graded", "needs_person", "ungradable"]
    reason: str = ""
    headline: str = ""
    automatic: Automatic
    manual: Manual
    final: Final_
    adjustments: tuple[Adjustment, ...] = ()
    targets: tuple[TargetFacts, ...] = ()
    criteria: tuple[CriterionResult, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    repairs: tuple[RepairFacts, ...] = ()
    written: tuple[Written, ...] = ()
    answers: tuple[Answer, ...] = ()
    execution: Execution | None = None
    run: RunFacts
