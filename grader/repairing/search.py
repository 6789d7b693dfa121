"""The search for the smallest sets of edits that make a target right: bounded by counts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from grader.core.repair import Edit
from grader.repairing.edits import fit_together

__all__ = ["MOST_TRIED", "Found", "Tried", "search"]

MOST_TRIED: Final = 320
MOST_PAIRS: Final = 180
MOST_RULES: Final = 3

Held = Literal["no", "nearly", "whole"]


@dataclass(frozen=True, slots=True)
class Tried:
    """How one candidate did.

    mended  names of the telling questions whose answers became right
    held    whole: everything a candidate can be asked in a search is right; nearly: all but what
            an experiment has already explained
    """

    mended: frozenset[str]
    held: Held


@dataclass(frozen=True, slots=True)
class Found:
    """The smallest sets that held, in the order they were tried.

    complete  whether every set of that size was tried: else another might hold as well
    """

    sets: tuple[tuple[Edit, ...], ...]
    tried: int
    complete: bool = True


Evaluate = Callable[[tuple[Edit, ...], frozenset[str]], Tried | None]
"""(edits, what single edits of them mended) -> how they did; None: nothing more can be tried."""


def search(edits: Sequence[Edit], evaluate: Evaluate) -> Found:
    """Every single edit, then pairs, then triples of different rules; the first size that holds.

    Pairs and triples in the order of how many telling questions their edits mend alone. A set
    that holds but for what an experiment explained is kept while its extensions are tried: with
    one edit more it may hold whole.
    """
    run = _Run(evaluate)
    alone = [(edit, run.of((edit,), frozenset())) for edit in edits]
    mended = {id(edit): tried.mended for edit, tried in alone if tried is not None}
    known = [edit for edit in edits if id(edit) in mended]
    for size in range(1, MOST_RULES + 1):
        if size > 1:
            for chosen in _promising(known, mended, size, run):
                union = frozenset[str]().union(*(mended[id(each)] for each in chosen))
                if run.of(chosen, union) is None:
                    break
        if run.whole or (run.nearly and size > len(run.nearly[0])):
            break
    return Found(tuple(run.whole or run.nearly), run.tried, complete=not run.cut)


class _Run:
    """What has been tried so far."""

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate
        self.tried = 0
        self.cut = False
        self.mended: dict[frozenset[int], frozenset[str]] = {}
        self.whole: list[tuple[Edit, ...]] = []
        self.nearly: list[tuple[Edit, ...]] = []

    def of(self, chosen: tuple[Edit, ...], union: frozenset[str]) -> Tried | None:
        """None where the bound is reached or nothing more can be tried."""
        found = self._evaluate(chosen, union) if self.tried < MOST_TRIED else None
        if found is None:
            self.cut = True
            return None
        self.tried += 1
        self.mended[frozenset(map(id, chosen))] = found.mended
        if found.held == "whole":
            self.whole.append(chosen)
        if found.held == "nearly" and self._is_smallest(chosen):
            self.nearly.append(chosen)
        return found

    def _is_smallest(self, chosen: tuple[Edit, ...]) -> bool:
        return not self.nearly or len(self.nearly[0]) == len(chosen)


def _promise(chosen: Sequence[Edit], run: _Run) -> int:
    """How many telling questions its edits mend, alone or two together."""
    found: set[str] = set()
    for size in range(1, len(chosen)):
        for some in itertools.combinations(chosen, size):
            found |= run.mended.get(frozenset(map(id, some)), frozenset())
    return len(found)


def _promising(
    edits: Sequence[Edit], mended: dict[int, frozenset[str]], size: int, run: _Run
) -> Iterator[tuple[Edit, ...]]:
    """Sets of that size in order of promise; where some nearly held, their extensions alone."""
    bases = run.nearly
    if bases:
        sets: Iterator[tuple[Edit, ...]] = (
            tuple(each for each in edits if each in base or each is one)
            for base in bases
            if len(base) == size - 1
            for one in edits
            if one not in base
        )
    elif size == 2:
        sets = itertools.combinations(edits, size)
    else:
        telling = [each for each in edits if mended[id(each)]] or list(edits)
        sets = (
            (one, *pair)
            for one in telling
            for pair in itertools.combinations(edits, 2)
            if one not in pair
        )
    ranked = sorted(
        ((-_promise(chosen, run), at, chosen) for at, chosen in enumerate(sets)),
        key=lambda each: each[:2],
    )
    met: set[frozenset[int]] = set()
    count = 0
    for _, _, chosen in ranked:
        key = frozenset(map(id, chosen))
        if key in met or not fit_together(chosen):
            continue
        met.add(key)
        count += 1
        if count > MOST_PAIRS:
            run.cut = True
            return
        yield chosen
