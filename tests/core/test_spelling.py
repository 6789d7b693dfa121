from __future__ import annotations

from grader.core.spelling import nearest


def test_the_nearest_choice_is_offered_in_its_own_spelling() -> None:
    assert nearest("Tilte", ["title", "size"]) == ", nearest: `title`"
    assert nearest("title", ["Title"]) == ", nearest: `Title`"


def test_nothing_is_said_where_nothing_is_near() -> None:
    assert nearest("zzz", ["title", "size"]) == ""
    assert nearest("", []) == ""
