"""JSON Schemas of rubric files (for editors) and of reports (for other programs).

Generated from the models and shipped beside the rubrics; to write them anew:
`grader rubric schema > rubrics/schema/rubric.schema.json`, and `--report` for the other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

from grader.core.rubric import Rubric
from grader.resources import shipped

__all__ = ["report_schema", "rubric_schema", "schema_file", "schema_text"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Kind = Literal["rubric", "report"]


def rubric_schema() -> dict[str, Any]:
    """What a rubric file may hold; unknown keys are refused."""
    return {"$schema": _DIALECT, **Rubric.model_json_schema()}


def report_schema() -> dict[str, Any]:
    """What a report holds; readers ignore keys they do not know."""
    from grader.core.report import Report  # noqa: PLC0415 - rubrics are read without it

    return {"$schema": _DIALECT, **Report.model_json_schema(mode="serialization")}


def schema_text(kind: Kind) -> str:
    """The schema as the shipped file has it, to the byte."""
    schema = rubric_schema() if kind == "rubric" else report_schema()
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def schema_file(kind: Kind) -> Path:
    """Where the shipped schema lies."""
    return shipped("rubrics") / "schema" / f"{kind}.schema.json"
