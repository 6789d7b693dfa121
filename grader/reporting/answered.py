"""The written answers of a report: to each criterion marked by hand what the student wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from grader.core.record import Answered
from grader.core.report import Answer
from grader.core.rubric import Criterion, Rubric
from grader.core.slice import Location
from grader.core.text import plain
from grader.diagnosis.observed import place

__all__ = ["CUT", "MOST_ANSWERS", "MOST_TEXT", "answers_of"]

MOST_ANSWERS: Final = 20
MOST_TEXT: Final = 8_000
CUT: Final = "\n(cut)"

_SHORT: Final = 30
"""Words; who typed fewer may have answered in comments as well."""
_SAYS_SOMETHING: Final = 25
"""Words above the first question that are more than names and a title."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A question and what was added behind it, up to the next one; without `text` what is loose."""

    text: str
    parts: tuple[Answered, ...]


def answers_of(answered: Sequence[Answered] | None, rubric: Rubric) -> tuple[Answer, ...]:
    """What belongs to each criterion marked by hand, in the rubric's order; at most twenty.

    A criterion has an answer for each question that its `asks` is found in, with an empty text
    where nothing was added; one answer that holds everything where it is found in none. Where all
    of them would be empty, an addition elsewhere in which `asks` is found is taken for the answer.
    Nothing at all of a record that was made before answers were kept (None).
    """
    if answered is None:
        return ()
    manual = [each for each in rubric.criteria if each.check == "manual"]
    loose, questions = _questions(answered, manual)
    found = [one for each in manual for one in _of(each, loose, questions)]
    return tuple(found[:MOST_ANSWERS])


def _questions(
    answered: Sequence[Answered], manual: Sequence[Criterion]
) -> tuple[_Question, list[_Question]]:
    """What stands above all questions, and the questions."""
    loose: list[Answered] = []
    found: list[tuple[str, list[Answered]]] = []
    for one in answered:
        named = any(each.asks and _is_in(each, one.prompt) for each in manual)
        if one.prompt and (one.asked or named):
            found.append((one.prompt, []))
        (found[-1][1] if found else loose).append(one)
    return (
        _Question("", tuple(loose)),
        [_Question(prompt, tuple(parts)) for prompt, parts in found],
    )


def _is_in(criterion: Criterion, text: str) -> bool:
    return re.search(criterion.asks, text, re.IGNORECASE) is not None


def _of(criterion: Criterion, loose: _Question, questions: Sequence[_Question]) -> Iterator[Answer]:
    mine = [each for each in questions if _is_in(criterion, each.text)]
    if not mine:
        everything = [part for each in (loose, *questions) for part in each.parts]
        yield _answer(criterion, "", everything)
        return
    found = [_answer(criterion, each.text, each.parts) for each in mine]
    if not any(each.text for each in found):
        parts = [part for each in (loose, *questions) for part in each.parts]
        elsewhere = [part for part in parts if _may_be_meant(criterion, part, loose)]
        found[0] = _answer(criterion, mine[0].text, elsewhere)
    yield from found


def _may_be_meant(criterion: Criterion, part: Answered, loose: _Question) -> bool:
    if criterion.asks:
        return _is_in(criterion, part.text)
    return part in loose.parts and len(part.text.split()) >= _SAYS_SOMETHING


def _answer(criterion: Criterion, question: str, parts: Iterable[Answered]) -> Answer:
    """Of the parts what was typed; prose in code where that is little."""
    kept = [part for part in parts if part.text or part.beside]
    texts = [part.text for part in kept if part.text]
    if sum(len(text.split()) for text in texts) < _SHORT:
        texts += [part.beside for part in kept if part.beside]
    text = plain("\n\n".join(texts))
    return Answer(
        criterion=criterion.id,
        question=plain(question),
        text=text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + CUT,
        location=place(_first(kept)) if text else None,
    )


def _first(parts: Sequence[Answered]) -> Location | None:
    told = [part for part in parts if part.text] or parts
    return told[0].location if told else None
