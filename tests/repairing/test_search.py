"""The search: bounded, in a fixed order, the smallest sets first."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.repair import Edit
from grader.repairing.search import MOST_RULES, MOST_TRIED, Found, Held, Tried, search
from tests.repairing.workshop import edit

EDITS = tuple(edit(name, 2 * at) for at, name in enumerate("abcdef"))
Judge = Callable[[frozenset[str]], Held]


@dataclass
class Judged:
    """Says of a set of edits what `judge` says of their names; `mends` by name of a single one."""

    judge: Judge
    mends: Mapping[str, Collection[str]] = field(default_factory=dict)
    most: int = 10**6
    asked: list[str] = field(default_factory=list)
    unions: dict[str, frozenset[str]] = field(default_factory=dict)

    def evaluate(self, edits: tuple[Edit, ...], union: frozenset[str]) -> Tried | None:
        if len(self.asked) >= self.most:
            return None
        names = "".join(each.rule for each in edits)
        self.asked.append(names)
        self.unions[names] = union
        return Tried(frozenset(self.mends.get(names, ())), self.judge(frozenset(names)))


def whole(*sets: str) -> Judge:
    return lambda names: "whole" if names in set(map(frozenset, sets)) else "no"


def _names(found: Found) -> list[str]:
    return ["".join(sorted(each.rule for each in chosen)) for chosen in found.sets]


def _searched(judged: Judged, edits: Sequence[Edit] = EDITS) -> list[str]:
    return _names(search(edits, judged.evaluate))


def test_nothing_is_found_among_nothing() -> None:
    judged = Judged(whole("a"))
    assert search((), judged.evaluate) == Found((), 0)


def test_every_single_edit_that_holds_is_found_and_no_pair_is_tried() -> None:
    judged = Judged(whole("b", "e", "ab"))
    assert _searched(judged) == ["b", "e"]
    assert judged.asked == list("abcdef")


def test_every_pair_that_holds_is_found_and_no_triple_is_tried() -> None:
    judged = Judged(whole("ad", "bc", "abd"))
    assert sorted(_searched(judged)) == ["ad", "bc"]
    assert len(judged.asked) == 6 + 15


def test_no_set_is_larger_than_three() -> None:
    judged = Judged(whole("abcd"))
    assert _searched(judged) == []
    assert max(map(len, judged.asked)) == MOST_RULES


@settings(deadline=None)
@given(
    st.sets(
        st.frozensets(st.sampled_from("abcdef"), min_size=1, max_size=4), min_size=0, max_size=5
    )
)
def test_what_is_found_is_every_smallest_set(sets: set[frozenset[str]]) -> None:
    found = _searched(Judged(lambda names: "whole" if names in sets else "no"))
    small = [each for each in sets if len(each) <= MOST_RULES]
    least = min(map(len, small), default=0)
    assert sorted(found) == sorted("".join(sorted(each)) for each in small if len(each) == least)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.data())
def test_a_search_is_bounded_and_ends_alike_every_time(count: int, data: st.DataObject) -> None:
    edits = [edit(f"({at})", 2 * at) for at in range(count)]
    mends = {
        each.rule: data.draw(st.frozensets(st.sampled_from("pqrs")), label=each.rule)
        for each in edits[:6]
    }
    first, again = (Judged(lambda _: "no", mends) for _ in range(2))
    found = search(edits, first.evaluate)
    assert found.sets == ()
    assert found.tried == len(first.asked) <= MOST_TRIED
    assert len(first.asked) == len(set(first.asked))
    assert search(edits, again.evaluate) == found
    assert again.asked == first.asked


def test_pairs_that_mend_more_alone_are_tried_first() -> None:
    mends = {"b": "p", "c": "pq", "e": "q", "f": "rs"}
    judged = Judged(whole(), mends)
    _searched(judged)
    pairs = [names for names in judged.asked if len(names) == 2]
    assert pairs[0] == "cf"
    assert pairs[1:3] == ["bf", "ef"]
    assert judged.unions["cf"] == frozenset("pqrs")
    assert judged.unions["ad"] == frozenset()


def test_a_triple_has_an_edit_that_mends_something_where_any_does() -> None:
    judged = Judged(whole("abc", "def"), {"d": "p"})
    assert _searched(judged) == ["def"]
    assert all("d" in names for names in judged.asked if len(names) == 3)


def test_what_two_mend_together_counts_for_the_triples_with_them() -> None:
    judged = Judged(whole("bde"), {"b": "p", "de": "qr"})
    _searched(judged)
    assert next(names for names in judged.asked if len(names) == 3) == "bde"


def test_edits_of_one_rule_or_of_the_same_text_are_never_together() -> None:
    edits = (edit("a", 0), edit("a", 2), edit("b", 2), edit("c", 4))
    judged = Judged(whole())
    search(edits, judged.evaluate)
    assert [names for names in judged.asked if len(names) > 1] == ["ab", "ac", "ac", "bc", "abc"]


def test_what_nearly_holds_is_kept_where_nothing_more_makes_it_whole() -> None:
    judged = Judged(lambda names: "nearly" if "c" in names else "no")
    assert _searched(judged) == ["c"]
    assert [names for names in judged.asked if len(names) == 2] == ["ac", "bc", "cd", "ce", "cf"]
    assert not any(len(names) == 3 for names in judged.asked)


def test_what_nearly_holds_gives_way_to_an_extension_that_holds_whole() -> None:
    def judge(names: frozenset[str]) -> Held:
        if names >= {"c", "e"}:
            return "whole"
        return "nearly" if "c" in names else "no"

    assert _searched(Judged(judge)) == ["ce"]


def test_what_holds_whole_is_preferred_to_what_nearly_does_at_the_same_size() -> None:
    judged = Judged(lambda names: {"b": "whole", "a": "nearly"}.get("".join(names), "no"))  # type: ignore[arg-type,return-value]  # literals of Held
    assert _searched(judged) == ["b"]
    assert judged.asked == list("abcdef")


def test_a_nearly_holding_pair_is_extended_by_one_more() -> None:
    def judge(names: frozenset[str]) -> Held:
        if names == set("abe"):
            return "whole"
        return "nearly" if names == set("ab") else "no"

    judged = Judged(judge)
    assert _searched(judged) == ["abe"]
    assert all(set("ab") <= set(names) for names in judged.asked if len(names) == 3)


@pytest.mark.parametrize("most", range(12))
def test_where_nothing_more_can_be_tried_the_search_ends_with_what_it_has(most: int) -> None:
    judged = Judged(whole("c", "e"), most=most)
    found = search(EDITS, judged.evaluate)
    assert _names(found) == [name for name in ("c", "e") if name in "abcdef"[:most]]
    assert found.tried == len(judged.asked) == min(most, 6)


@pytest.mark.parametrize("most", [7, 10, 21, 24])
def test_only_what_was_tried_is_counted(most: int) -> None:
    judged = Judged(whole(), most=most)
    assert search(EDITS, judged.evaluate).tried == most == len(judged.asked)


def test_sets_are_told_in_the_order_of_their_edits() -> None:
    pairs = [each for each in itertools.combinations("abcdef", 2) if "a" in each]
    judged = Judged(whole(*map("".join, pairs)))
    found = search(EDITS, judged.evaluate)
    assert ["".join(each.rule for each in chosen) for chosen in found.sets] == [
        "".join(each) for each in pairs
    ]
