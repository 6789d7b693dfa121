from __future__ import annotations

import json
import re
from typing import Any

import pytest

from grader.core.errors import UsageError
from grader.export import EXPORTERS, Options
from tests.export.samples import GOLDEN, book

AT = "2026-11-23T09:00:00+01:00"
_ACTIVITY = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
_GRADING = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")


def _scores(*, partial: bool = False) -> dict[str, dict[str, Any]]:
    made = EXPORTERS["lti-ags"].make(book(), Options(at=AT, partial=partial))
    documents = (json.loads(data) for name, data in made.files.items() if name.startswith("sc"))
    return {one["userId"]: one for one in documents}


def ags_would_say(score: dict[str, Any]) -> None:
    """The specification's rules as FORMATS tells them."""
    assert score["userId"]
    assert score["activityProgress"] in _ACTIVITY
    assert score["gradingProgress"] in _GRADING
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)", score["timestamp"])
    if "scoreGiven" in score:
        assert score["scoreGiven"] >= 0
        assert score["scoreMaximum"] > 0


def test_the_golden_documents() -> None:
    made = EXPORTERS["lti-ags"].make(book(), Options(at=AT))
    for name in ("index.json", "scores/0001.json"):
        assert made.files[name] == (GOLDEN / "lti-ags" / name.rpartition("/")[2]).read_bytes()
    index = json.loads(made.files["index.json"])["scores"]
    assert {one["file"] for one in index} == set(made.files) - {"index.json"}


def test_only_final_marks_are_fully_graded_and_carry_a_score() -> None:
    scores = _scores()
    for score in scores.values():
        ags_would_say(score)
    assert scores["u-101"]["gradingProgress"] == "FullyGraded"
    assert scores["u-101"]["scoreGiven"] == 12.5
    for user in ("u-104", "u-105"):
        assert scores[user]["gradingProgress"] == "PendingManual"
        assert "scoreGiven" not in scores[user]
    assert "u-106" not in scores
    partial = _scores(partial=True)["u-104"]
    assert (partial["scoreGiven"], partial["gradingProgress"]) == (4.0, "PendingManual")


def test_time_stamps_grow() -> None:
    stamps = [one["timestamp"] for one in _scores().values()]
    assert stamps[0] == "2026-11-23T08:00:00.000000Z"
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize("at", ["", "today", "2026-11-23T09:00:00"])
def test_a_time_needs_a_zone(at: str) -> None:
    with pytest.raises(UsageError, match="time"):
        EXPORTERS["lti-ags"].make(book(), Options(at=at))


def test_the_time_is_needed() -> None:
    assert EXPORTERS["lti-ags"].lacking(Options()) == ("at",)
    with pytest.raises(UsageError, match="cannot be made without: at"):
        EXPORTERS["lti-ags"].make(book(), Options())
