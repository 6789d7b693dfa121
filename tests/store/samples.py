"""Small reports and records for tests of the store, the batch and the command line."""

from __future__ import annotations

import hashlib
from typing import Literal

from grader.core.observation import Exchange, Observation, Program, Run, Setup
from grader.core.record import Graded, Record
from grader.core.report import (
    Automatic,
    CriterionResult,
    CriterionStatus,
    Diagnosis,
    Evidence,
    Final_,
    Manual,
    Place,
    Report,
    RubricFacts,
    RunFacts,
    SubmissionFacts,
    TargetFacts,
    Worst,
)
from grader.core.slice import Location, Slice, Statement
from grader.core.tensor import RawTensor
from grader.store import submission_id

__all__ = ["criterion", "graded", "record", "report"]


def criterion(
    identifier: str = "values", status: CriterionStatus = "passed", points: float = 4.0
) -> CriterionResult:
    wrong = Evidence(
        fixture="values/pair",
        outcome="wrong",
        error=0.5,
        bound=1e-6,
        worst=Worst(index=(0, 1), got=0.25, expected=0.75),
        text="0.25 at (0, 1), expected 0.75",
        visibility="visible",
    )
    held = Evidence(fixture="values/row", outcome="ok", visibility="hidden")
    return CriterionResult(
        id=identifier,
        title=identifier.title(),
        points=points,
        max_points=4.0,
        bonus=False,
        visibility="visible",
        status=status,
        feedback=f"{identifier} is {status}.",
        evidence=(held,) if status == "passed" else (wrong, held),
    )


def report(
    source: str = "ada/work.ipynb",
    data: bytes = b"data",
    *criteria: CriterionResult,
    status: Literal["graded", "needs_person", "ungradable"] = "graded",
    reason: str = "",
    rubric: str = "0" * 64,
    diagnoses: tuple[str, ...] = (),
) -> Report:
    rows = criteria or (criterion(),)
    return Report(
        submission=SubmissionFacts(
            id=submission_id(source, data),
            source=source,
            sha256=hashlib.sha256(data).hexdigest(),
            format="ipynb",
        ),
        rubric=RubricFacts(id="sample", version="1.0", sha256=rubric),
        status=status,
        reason=reason,
        automatic=Automatic(score=sum(row.points for row in rows), max=4.0 * len(rows)),
        manual=Manual(score=None, max=0.0),
        final=Final_(score=None, max=4.0 * len(rows)),
        targets=(
            TargetFacts(
                role="forward",
                symbol="good_f",
                form="function",
                form_basis="defined so",
                location=Place(cell=6, line=1),
            ),
        ),
        criteria=rows,
        diagnoses=tuple(
            Diagnosis(
                id=one,
                role="forward",
                confidence="proved",
                message="What is wrong.",
                hint="Where to look.",
                location=Place(cell=6, line=2),
                criteria=("values",),
            )
            for one in diagnoses
        ),
        run=RunFacts(seconds=0.5, at="2026-01-01T00:00:00Z", environment={}),
    )


def record(source: str = "ada/work.ipynb", data: bytes = b"data", seconds: float = 0.25) -> Record:
    statement = Statement(
        code="def good_f(x): return x", filename="<cell 6>", location=Location(6, 1)
    )
    sliced = Slice(role="forward", state="found", symbol="good_f", statements=(statement,))
    value = RawTensor("float32", (1, 2), b"\x00\x00\x80\x3e\x00\x00\x40\x3f")
    run = Run(
        setup=Setup("ok", form="function"),
        calls={"values/pair": Observation("ok", value=value, returned="tensor", seconds=seconds)},
        seconds=seconds,
    )
    return Record(
        submission_id=submission_id(source, data),
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        format="ipynb",
        slices={"forward": sliced},
        exchanges={"forward": {"main": Exchange(Program((statement,), "good_f"), run)}},
        isolation="none",
        torch="2.0",
    )


def graded(source: str = "ada/work.ipynb", data: bytes = b"data") -> Graded:
    return Graded(report(source, data), record(source, data))
