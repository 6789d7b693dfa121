from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.core.report import SCHEMA_VERSION, Evidence, Report, Worst
from grader.judging.judge import judge
from grader.reporting.assemble import assemble
from tests.builders import answer, criterion, cut, exam, fixture, ran, record


def _report() -> Report:
    made = exam(
        (criterion("values", fixtures=("a",)), criterion("essay", "manual")), (fixture("a/1"),)
    )
    one = record(made, ran({"a/1": answer(((math.nan, math.inf),)), "a/1#again": answer()}), cut())
    return assemble(one, made, judge(one, made))


def test_a_report_survives_its_own_json() -> None:
    report = _report()
    text = report.model_dump_json()
    assert Report.model_validate_json(text).model_dump_json() == text
    assert json.loads(text)["schema_version"] == SCHEMA_VERSION == "1.0"


def test_its_json_is_strict() -> None:
    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} is not JSON")

    text = _report().model_dump_json()
    assert '"got":"NaN"' in text
    json.loads(text, parse_constant=refuse)


@settings(deadline=None)
@given(st.floats(), st.floats(), st.floats(min_value=0))
def test_measured_numbers_survive_also_where_they_are_not_finite(
    got: float, expected: float, error: float
) -> None:
    worst = Worst(index=(0, 1), got=got, expected=expected)
    one = Evidence(fixture="a/1", outcome="wrong", error=error, bound=1e-9, worst=worst)
    again = Evidence.model_validate_json(one.model_dump_json())
    assert again.model_dump_json() == one.model_dump_json()
    assert again.worst is not None
    assert again.worst.got == got or math.isnan(got)
    assert again.error == error


def test_a_later_minor_version_is_read_and_its_new_keys_are_ignored() -> None:
    told = json.loads(_report().model_dump_json())
    told |= {"schema_version": "1.7", "later": 1}
    told["criteria"][0]["later"] = {"x": 1}
    read = Report.model_validate(told).model_copy(update={"schema_version": SCHEMA_VERSION})
    assert read.model_dump_json(exclude={"run"}) == _report().model_dump_json(exclude={"run"})


@pytest.mark.parametrize("version", ["2.0", "1", "1.x", "", "01.0"])
def test_another_major_version_is_refused(version: str) -> None:
    told = json.loads(_report().model_dump_json())
    with pytest.raises(ValidationError):
        Report.model_validate({**told, "schema_version": version})


def test_an_unknown_status_is_refused() -> None:
    told = json.loads(_report().model_dump_json())
    with pytest.raises(ValidationError):
        Report.model_validate({**told, "status": "lost"})


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        _report().status = "graded"


def test_evidence_is_hidden_unless_it_says_otherwise() -> None:
    assert Evidence(fixture="a/1", outcome="ok").visibility == "hidden"
