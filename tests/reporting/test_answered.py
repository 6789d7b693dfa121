"""Which of what a student wrote belongs to which criterion that is marked by hand."""

from __future__ import annotations

from typing import Final

import pytest

from grader.core.record import Answered
from grader.core.rubric import Criterion, Rubric
from grader.core.slice import Location
from grader.reporting.answered import CUT, MOST_ANSWERS, MOST_TEXT, answers_of
from tests.builders import criterion

ABOVE: Final = Answered("", text="Ada, group 7")
TITLE: Final = Answered("# Rounding", asked=False)
WHY: Final = Answered("**Question:** Why?", asked=True, text="Small numbers vanish.")
REMARK: Final = Answered("A remark.", text="More on that.")
HOW: Final = Answered("**Question:** How?", asked=True)
ALL: Final = (ABOVE, TITLE, WHY, REMARK, HOW)


def rubric(*manual: Criterion) -> Rubric:
    rows = (criterion("values", "values", fixtures=("a",)), *manual)
    head = {"id": "made", "version": "1", "title": "Made", "assignment": "made"}
    return Rubric.model_validate({**head, "criteria": [each.model_dump() for each in rows]})


def essay(asks: str = "", name: str = "essay") -> Criterion:
    return criterion(name, "manual", asks=asks)


def told(*answered: Answered, asks: str = "") -> list[tuple[str, str]]:
    found = answers_of(answered, rubric(essay(asks)))
    assert {each.criterion for each in found} == {"essay"}
    return [(each.question, each.text) for each in found]


def test_of_one_criterion_are_the_answers_to_all_questions() -> None:
    assert told(*ALL) == [
        (WHY.prompt, "Small numbers vanish.\n\nMore on that."),
        (HOW.prompt, ""),
    ]


def test_a_criterion_asks_in_its_own_words_ignoring_case() -> None:
    assert told(*ALL, asks="HOW|when") == [(HOW.prompt, "")]


def test_each_criterion_has_its_question() -> None:
    found = answers_of(ALL, rubric(essay("how", "second"), essay("why", "first")))
    assert [(each.criterion, each.question) for each in found] == [
        ("second", HOW.prompt),
        ("first", WHY.prompt),
    ]


def test_a_text_without_the_form_of_a_question_is_one_where_a_criterion_asks_so() -> None:
    assert told(*ALL, asks="remark") == [(REMARK.prompt, "More on that.")]


def test_a_question_that_is_not_there_gets_everything() -> None:
    everything = "Ada, group 7\n\nSmall numbers vanish.\n\nMore on that."
    assert told(*ALL, asks="whence") == [("", everything)]


def test_nothing_handed_in_is_one_blank_answer() -> None:
    assert told() == [("", "")]


def test_of_an_old_record_nothing_is_known() -> None:
    assert answers_of(None, rubric(essay())) == ()


def test_without_manual_criteria_there_are_no_answers() -> None:
    assert answers_of(ALL, rubric()) == ()


def test_an_answer_in_the_wrong_place_is_found_by_what_it_says() -> None:
    how = Answered(HOW.prompt, asked=True, text="As to why: small numbers vanish.")
    assert told(TITLE, Answered(WHY.prompt, asked=True), how, asks="why") == [
        (WHY.prompt, how.text)
    ]


def test_a_blank_one_is_not_filled_with_what_belongs_elsewhere() -> None:
    assert told(*ALL, asks="how") == [(HOW.prompt, "")]


@pytest.mark.parametrize(("words", "kept"), [(12, False), (30, True)])
def test_above_all_questions_an_answer_is_more_than_a_name(words: int, *, kept: bool) -> None:
    above = Answered("", text="word " * words)
    found = told(above, Answered(WHY.prompt, asked=True))
    assert found == [(WHY.prompt, above.text if kept else "")]


class TestProseInCode:
    def test_counts_where_little_was_typed(self) -> None:
        one = Answered(WHY.prompt, asked=True, text="See below.", beside="It rounds a lot.")
        assert told(one) == [(WHY.prompt, "See below.\n\nIt rounds a lot.")]

    def test_is_left_out_beside_a_typed_answer(self) -> None:
        one = Answered(WHY.prompt, asked=True, text="word " * 40, beside="It rounds a lot.")
        assert "rounds" not in told(one)[0][1]


def test_the_place_is_that_of_what_was_typed_first() -> None:
    code = Answered(WHY.prompt, asked=True, beside="In code.", location=Location(1, 1))
    typed = Answered("A remark.", text="Typed.", location=Location(3, 2, "c", 9))
    (found,) = answers_of((code, typed), rubric(essay()))
    assert found.location is not None
    assert (found.location.cell, found.location.line) == (3, 2)
    assert (found.location.cell_id, found.location.file_line) == ("c", 9)
    (blank,) = answers_of((Answered(WHY.prompt, asked=True),), rubric(essay()))
    assert blank.location is None


def test_a_cut_is_seen() -> None:
    ((_, text),) = told(Answered(WHY.prompt, asked=True, text="a" * (MOST_TEXT + 1)))
    assert text == "a" * MOST_TEXT + CUT
    ((_, text),) = told(Answered(WHY.prompt, asked=True, text="a" * MOST_TEXT))
    assert text == "a" * MOST_TEXT


def test_many_questions_are_bounded() -> None:
    many = [Answered(f"**Question {at}**", asked=True) for at in range(50)]
    assert len(told(*many)) == MOST_ANSWERS


def test_hostile_characters_are_escaped() -> None:
    ((question, text),) = told(Answered("**Question** \x1b", asked=True, text="a\u202eb\x00"))
    assert (question, text) == ("**Question** \\x1b", "a\\u202eb\\x00")
