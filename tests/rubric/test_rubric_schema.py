"""The shipped schemas are current, and an independent reader agrees with the models."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grader.core.documents import read
from grader.core.report import (
    Automatic,
    CriterionResult,
    Evidence,
    Final_,
    Manual,
    Report,
    RubricFacts,
    RunFacts,
    SubmissionFacts,
    Worst,
)
from grader.resources import shipped
from grader.rubric.loading import shipped_names
from grader.rubric.schema import Kind, report_schema, rubric_schema, schema_file, schema_text


@pytest.mark.parametrize("kind", ["rubric", "report"])
def test_the_shipped_file_is_current(kind: Kind) -> None:
    command = f"grader rubric schema{' --report' if kind == 'report' else ''}"
    text = schema_file(kind).read_text(encoding="utf-8")
    assert text == schema_text(kind), f"write it anew: {command} > rubrics/schema/..."


@pytest.mark.parametrize("schema", [rubric_schema(), report_schema()])
def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_rubrics_fit_and_say_where_their_schema_is(name: str) -> None:
    path = shipped("rubrics") / f"{name}.yaml"
    jsonschema.validate(read(path).value, rubric_schema())
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.split("=", 1)[1]).resolve() == schema_file("rubric").resolve()


@pytest.mark.parametrize(
    "change",
    [{"titel": "x"}, {"version": 1}, {"criteria": []}, {"id": "Not A Slug"}],
)
def test_the_rubric_schema_refuses(change: dict[str, Any]) -> None:
    value: Any = read(shipped("rubrics") / "log_softmax.yaml").value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, **change}, rubric_schema())


def report(worst: float) -> Report:
    evidence = Evidence(
        fixture="values/pair",
        outcome="wrong",
        error=worst,
        bound=0.5,
        worst=Worst(index=(0, 1), got=worst, expected=1.0),
    )
    row = CriterionResult(
        id="values",
        title="Values",
        points=0,
        max_points=4,
        bonus=False,
        visibility="visible",
        status="failed",
        feedback="",
        evidence=(evidence,),
    )
    return Report(
        submission=SubmissionFacts(id="a", source="a.py", sha256="0", format=None),
        rubric=RubricFacts(id="made", version="1.0", sha256="0"),
        status="graded",
        automatic=Automatic(score=0, max=4),
        manual=Manual(score=None, max=0),
        final=Final_(score=None, max=4),
        criteria=(row,),
        run=RunFacts(seconds=0, at="", environment={}),
    )


@pytest.mark.parametrize("worst", [1.5, math.nan, math.inf, -math.inf])
def test_reports_fit_whatever_the_numbers(worst: float) -> None:
    jsonschema.validate(json.loads(report(worst).model_dump_json()), report_schema())


def test_a_later_minor_version_fits() -> None:
    later = {**json.loads(report(1.0).model_dump_json()), "schema_version": "1.7", "new": []}
    jsonschema.validate(later, report_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**later, "schema_version": "2.0"}, report_schema())


def test_the_schemas_lie_beside_the_rubrics() -> None:
    folder = shipped("rubrics") / "schema"
    assert schema_file("report").parent == folder
    assert sorted(path.name for path in Path(folder).iterdir()) == [
        "report.schema.json",
        "rubric.schema.json",
    ]
