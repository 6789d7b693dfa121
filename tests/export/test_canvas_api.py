from __future__ import annotations

import json
from typing import Any

import pytest

from grader.core.errors import UsageError
from grader.export import EXPORTERS, Options
from tests.export.samples import GOLDEN, book, line, student


def _data(**options: Any) -> dict[str, Any]:
    made = EXPORTERS["canvas-api"].make(book(), Options(**options))
    found: dict[str, Any] = json.loads(made.files["canvas-api.json"])["grade_data"]
    return found


def test_the_golden_body() -> None:
    made = EXPORTERS["canvas-api"].make(book(), Options())
    assert made.files["canvas-api.json"] == (GOLDEN / "canvas-api.json").read_bytes()


def test_grades_are_texts_and_open_marks_are_left_out() -> None:
    data = _data()
    assert sorted(data) == ["101", "102", "103", "106"]
    assert data["101"]["posted_grade"] == "12.50"
    assert data["106"] == {"excuse": True}
    assert data["103"]["group_comment"] is False
    assert "104" in _data(partial=True)


def test_a_rubric_takes_the_points_and_the_comment_tells_the_rest() -> None:
    ada = _data(rubric_ids={"values": "_1", "secret": "_9"})["101"]
    assert ada["rubric_assessment"] == {"_1": {"points": 4.0, "comments": "values is passed."}}
    assert "Values" not in ada["text_comment"]
    assert "Batch" in ada["text_comment"]


def test_hidden_criteria_are_in_no_comment() -> None:
    assert "ecret" not in json.dumps(_data())


def test_an_unknown_criterion_is_refused() -> None:
    with pytest.raises(UsageError, match="nearest: `values`"):
        _data(rubric_ids={"value": "_1"})


def test_points_that_do_not_add_up_are_told() -> None:
    made = EXPORTERS["canvas-api"].make(book(), Options(rubric_ids={"values": "_1"}))
    assert any("do not add up" in told for told in made.warnings)


def test_students_without_an_id_are_told_and_a_class_without_is_refused() -> None:
    nobody = line(student("Zoe Zed"))
    made = EXPORTERS["canvas-api"].make(book(nobody, line(student("Ada", 1))), Options())
    assert any("Zoe Zed" in told for told in made.warnings)
    with pytest.raises(UsageError, match="no student has a Canvas id"):
        EXPORTERS["canvas-api"].make(book(nobody), Options())
