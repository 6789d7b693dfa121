"""Which lines of a submission are the template's, perhaps in other words, and what was added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher
from typing import Final

from grader.slicing.lines import Line, label, word_spans

__all__ = ["added_to", "pairs"]

_MOST_OF_TEMPLATE: Final = 300
_MOST_OF_SUBMISSION: Final = 600
"""Lines that are compared each with each; of further ones only equal ones are known."""

_LONG: Final = 8
"""Words from which on two lines may be the same text in another wording."""
_REWORDED: Final = 0.4
_ALIKE: Final = 0.6
_IN_CODE: Final = 0.75
_FEW: Final = 3
"""As many words more are no typo."""


def pairs(template: Sequence[Line], lines: Sequence[Line]) -> dict[int, int]:
    """Indices of lines that are the template's, to indices of the template's, both rising.

    Among all ways to pair them the one is taken in which most is alike. At most 300 lines of the
    template and 600 of the submission are looked at.
    """
    ours, theirs = template[:_MOST_OF_TEMPLATE], lines[:_MOST_OF_SUBMISSION]
    gains = [[_gain(one, other) for one in ours] for other in theirs]
    best = [[0.0] * (len(ours) + 1) for _ in range(len(theirs) + 1)]
    for at in range(len(theirs) - 1, -1, -1):
        row, below, gain = best[at], best[at + 1], gains[at]
        for to in range(len(ours) - 1, -1, -1):
            row[to] = max(below[to], row[to + 1], gain[to] + below[to + 1] if gain[to] else 0.0)
    found: dict[int, int] = {}
    at = to = 0
    while at < len(theirs) and to < len(ours):
        if gains[at][to] and best[at][to] == gains[at][to] + best[at + 1][to + 1]:
            found[at] = to
            at, to = at + 1, to + 1
        elif best[at][to] == best[at][to + 1]:
            to += 1
        else:
            at += 1
    return found


def _gain(ours: Line, line: Line) -> float:
    """What pairing them is worth: more for what is more alike, and longer."""
    alike = _likeness(ours, line)
    return alike * (1 + min(len(ours.words), 40) / 4) if ours.words else alike / 10


def _likeness(ours: Line, line: Line) -> float:
    """From 0, for lines of which one cannot be the other, to 1."""
    if ours.words == line.words:
        return float(bool(ours.words) or ours.text.split() == line.text.split())
    labels = (label(ours.text), label(line.text))
    both = None not in labels and (labels[0] == labels[1] or "" in labels)
    if not both and ours.bag.isdisjoint(line.bag):
        return 0.0
    shortest = min(len(ours.words), len(line.words))
    alike = _shared(ours.bag, line.bag)
    room = len(ours.words) + len(ours.words) // 5 + 1
    if len(line.words) > room:  # an answer may stand behind a question, or before it
        alike = max(
            alike,
            _shared(ours.bag, frozenset(line.words[:room])),
            _shared(ours.bag, frozenset(line.words[-room:])),
        )
    if both:
        return max(alike, 0.5)
    needed = _REWORDED if shortest >= _LONG and labels == (None, None) else _ALIKE
    return alike if shortest > _FEW and alike >= (_IN_CODE if line.block else needed) else 0.0


def _shared(ours: frozenset[str], theirs: frozenset[str]) -> float:
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


def added_to(ours: Line, line: Line) -> Iterator[tuple[int, int]]:
    """Where in a line's text there is more than in the template's line that it is paired with.

    Words that were only replaced, and few that were put in between, are corrections. In another
    wording only what is much longer counts, and of a quite other one the whole line if it is much
    longer: nobody can tell question and answer apart there.
    """
    if ours.words == line.words:
        return
    if ours.words and line.text.startswith(ours.text.rstrip()):
        yield len(ours.text.rstrip()), len(line.text)
        return
    spans = word_spans(line.text)
    words = [word for word, _, _ in spans]
    matcher = SequenceMatcher(None, ours.words, words, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    kept = sum(block.size for block in blocks)
    if 2 * kept < len(ours.words) or not blocks:
        if len(words) > len(ours.words) + len(ours.words) // 2 + 2 * _LONG:
            yield 0, len(line.text)
        return
    few = _FEW if 5 * kept >= 4 * len(ours.words) else 2 * _LONG
    last = blocks[-1].b + blocks[-1].size
    for begin, end, replaced in _gaps(blocks, len(words), len(ours.words)):
        more = end - begin - replaced
        if more > few or (begin == last and more > 0 == replaced):
            start = spans[begin - 1][2] if begin else 0
            yield start, spans[end][1] if end < len(spans) else len(line.text)


def _gaps(blocks: Sequence[Match], count: int, ours: int) -> Iterator[tuple[int, int, int]]:
    """Between matching blocks: the words from `begin` to `end`, and how many they replace."""
    a = b = 0
    for block in blocks:
        if block.b > b:
            yield b, block.b, block.a - a
        a, b = block.a + block.size, block.b + block.size
    if count > b:
        yield b, count, ours - a
