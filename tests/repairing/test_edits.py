"""From rules to edits, and from edits to text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.repair import Edit, Fix, Patch, Rule
from grader.core.slice import Statement
from grader.editing import Code
from grader.repairing.edits import (
    ALL_SUBSETS,
    MOST_EDITS,
    MOST_PLACES,
    edits_for,
    fit_together,
    mended,
    told,
)
from tests.builders import statement
from tests.repairing.workshop import edit, swap


def _tried(code: str, *rules: Rule) -> list[str]:
    """The text after each edit, in the order in which they are tried."""
    statements = (statement(code),)
    found, failed = edits_for(Code.of(statements), rules)
    assert failed == ()
    return [mended(statements, [each])[0].code for each in found]


def _stumbling(code: Any) -> Iterable[Fix]:
    yield Fix(0, (0, 1), (Patch(0, 1, "b"),))
    raise ValueError(code)


def test_a_rule_is_tried_at_all_its_places_and_then_at_every_choice_of_a_few() -> None:
    assert _tried("a + a", swap("a", "b")) == ["b + b", "b + a", "a + b"]
    of_three = _tried("a + a + a", swap("a", "b"))
    assert of_three[0] == "b + b + b"
    assert len(of_three) == len(set(of_three)) == 2**ALL_SUBSETS - 1


def test_of_many_places_only_all_and_each_alone_are_tried() -> None:
    found = _tried(" + ".join("a" * 4), swap("a", "b"))
    assert [text.count("b") for text in found] == [4, 1, 1, 1, 1]


def test_all_places_of_every_rule_come_before_some_places_of_any() -> None:
    found = _tried("a + a + c", swap("a", "b"), swap("c", "d"))
    assert found == ["b + b + c", "a + a + d", "b + a + c", "a + b + c"]


def test_a_rule_is_tried_at_a_bounded_number_of_places() -> None:
    found = _tried(" + ".join("a" * 20), swap("a", "b"))
    assert max(text.count("b") for text in found) == MOST_PLACES
    assert len(found) == MOST_PLACES + 1


def test_edits_are_bounded_in_number() -> None:
    rules = [swap(f"a{at:02}", "b") for at in range(MOST_EDITS + 20)]
    code = " + ".join(f"a{at:02}" for at in range(MOST_EDITS + 20))
    assert len(_tried(code, *rules)) == MOST_EDITS


def test_two_ways_of_one_rule_are_never_mixed() -> None:
    ways = (swap("a", "b", variant="one"), swap("a", "c", variant="two"))

    def both(code: Code) -> Iterator[Fix]:
        for each in ways:
            yield from each.find(code)

    found = _tried("a + a", Rule("both", "added", both))
    assert set(found) == {"b + b", "b + a", "a + b", "c + c", "c + a", "a + c"}


def test_places_that_touch_the_same_text_are_not_mended_together() -> None:
    def overlapping(_: object) -> Iterator[Fix]:
        yield Fix(0, (0, 5), (Patch(0, 5, "b"),))
        yield Fix(0, (4, 5), (Patch(4, 5, "c"),))

    assert _tried("a + a", Rule("overlapping", "added", overlapping)) == ["b", "a + c"]


def test_a_place_found_twice_is_one() -> None:
    def twice(code: Code) -> Iterator[Fix]:
        yield from swap("a", "b").find(code)
        yield from swap("a", "b").find(code)

    assert _tried("a + c", Rule("twice", "added", twice)) == ["b + c"]


def test_edits_to_the_same_text_are_one_that_of_the_first_rule() -> None:
    statements = (statement("a"),)
    rules = (swap("a", "b", "turned", name="first"), swap("a", "b", "added", name="second"))
    ((found,), _) = edits_for(Code.of(statements), rules)
    assert (found.rule, found.bug) == ("first", "turned")


@pytest.mark.parametrize("new", ["a", "(", "a b", "\0"])
def test_what_changes_nothing_or_leaves_no_python_is_no_edit(new: str) -> None:
    assert _tried("a", swap("a", new)) == []


def test_what_nests_deeper_than_a_parser_goes_is_no_edit() -> None:
    assert _tried("a", swap("a", "(" * 5000 + "a" + ")" * 5000)) == []


def test_a_rule_that_stumbles_costs_only_itself_and_is_told() -> None:
    rules = (Rule("stumbles", "added", _stumbling), swap("a", "b"))
    found, failed = edits_for(Code.of((statement("a"),)), rules)
    assert [each.rule for each in found] == ["a -> b"]
    assert failed == ("stumbles",)


def test_no_rule_no_edit() -> None:
    assert edits_for(Code.of((statement("a"),)), ()) == ((), ())


@pytest.mark.parametrize(
    ("edits", "fit"),
    [
        ([edit("r", 0), edit("s", 1)], True),
        ([edit("r", 0), edit("r", 4)], False),
        ([edit("r", 0, size=3), edit("s", 2)], False),
        ([edit("r", 0, size=3), edit("s", 2, statement_=1)], True),
        ([edit("r", 0), edit("s", 1), edit("t", 1)], False),
    ],
)
def test_edits_fit_together_where_rules_and_text_are_apart(edits: list[Edit], *, fit: bool) -> None:
    assert fit_together(edits) is fit
    assert fit_together(edits[::-1]) is fit


def test_only_the_source_of_a_mended_statement_changes() -> None:
    first, second = statement("far = 3", cell=2, binds=("far",), data="literal"), statement()
    after = mended((first, second), [edit("r", 0)])
    assert after == (
        Statement("yar = 3", first.filename, first.location, first.binds, first.data),
        second,
    )
    assert mended((first, second), []) == (first, second)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", "ü", "𝔵", "(a)", "a * a"]), min_size=1, max_size=8), st.data()
)
def test_all_places_are_those_that_replacing_the_text_would_mend(
    terms: list[str], data: st.DataObject
) -> None:
    code = " + ".join(terms)
    old = data.draw(st.sampled_from(["a", "ü"]))
    found = _tried(code, swap(old, "(b)"))
    if old not in code:
        assert found == []
    elif code.count(old) <= MOST_PLACES:
        assert found[0] == code.replace(old, "(b)")


@settings(deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_edits_does_not_matter(order: list[int]) -> None:
    statements = (statement("a + c + d + e"),)
    edits = [edit(str(at), 4 * at) for at in range(4)]
    after = mended(statements, [edits[at] for at in order])
    assert after[0].code == "y + y + y + y"


def test_a_report_is_told_where_each_change_is_and_what_it_would_be() -> None:
    code = "def good_f(x):\n    y = x + 1\n    return y + 1"
    statements = (statement("far = 3"), statement(code, cell=6, line=4, file_line=40))
    found, _ = edits_for(Code.of(statements), [swap(" + 1", "")])
    whole = told(statements, found[:1])
    ((change,), diff) = whole.changes, whole.diff
    assert (change.rule, change.bug) == (" + 1 -> ", "added")
    assert [(at.cell, at.line, at.file_line) for at in change.places] == [(6, 5, 41), (6, 6, 42)]
    assert "-    y = x + 1\n" in diff
    assert "+    y = x\n" in diff
    assert "far" not in diff
    assert "@@ -4," in diff
    assert whole.bugs == ("added",)


def test_a_change_is_told_without_a_line_of_the_file_where_none_is_known() -> None:
    statements = (statement("a"),)
    found, _ = edits_for(Code.of(statements), [swap("a", "b")])
    assert told(statements, found).changes[0].places == (statements[0].location,)
