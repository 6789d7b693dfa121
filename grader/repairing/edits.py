"""From rules to edits: each rule at all of its places, then at some of them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from grader.core.repair import Change, Edit, Fix, RepairSet, Rule
from grader.core.slice import Location, Statement
from grader.editing.code import Code
from grader.editing.text import Lines, apply, compatible, diff

__all__ = ["MOST_EDITS", "edits_for", "fit_together", "mended", "told"]

MOST_EDITS: Final = 60
MOST_PLACES: Final = 8
MOST_OF_RULE: Final = 40
ALL_SUBSETS: Final = 3
"""Of up to so many places every subset is tried, of more only all and each alone."""


def edits_for(code: Code, rules: Iterable[Rule]) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """Every edit that can be tried, those at all places of a rule first; and rules that failed.

    Edits that come to the same text are one, that of the first rule. Those that leave no valid
    Python are none.
    """
    found: list[tuple[int, Edit]] = []
    failed: list[str] = []
    for rule in rules:
        try:
            found += itertools.islice(_of_rule(code, rule), MOST_OF_RULE)
        except Exception:  # noqa: BLE001 - a rule that stumbles over odd source costs no grade
            failed.append(rule.name)
    found.sort(key=lambda edit: edit[0])
    kept: dict[object, Edit] = {}
    for _, edit in found:
        if len(kept) == MOST_EDITS:
            break
        changed = mended(code.statements, [edit])
        key = tuple(statement.code for statement in changed)
        if changed != code.statements and all(map(_parses, _touched(changed, edit))):
            kept.setdefault(key, edit)
    return tuple(kept.values()), tuple(failed)


def _of_rule(code: Code, rule: Rule) -> Iterator[tuple[int, Edit]]:
    """Edits with a rank: 0 at all places, 1 at some."""
    by_variant: dict[str, list[Fix]] = {}
    for fix in rule.find(code):
        fixes = by_variant.setdefault(fix.variant, [])
        if len(fixes) < MOST_PLACES and fix not in fixes:
            fixes.append(fix)
    for fixes in by_variant.values():
        for chosen in _subsets(fixes):
            if compatible(chosen):
                rank = 0 if len(chosen) == len(fixes) else 1
                yield rank, Edit(rule.name, rule.bug, tuple(chosen))


def _subsets(fixes: Sequence[Fix]) -> Iterator[Sequence[Fix]]:
    count = len(fixes)
    sizes = range(count, 0, -1) if count <= ALL_SUBSETS else (count, 1)
    for size in sizes:
        yield from itertools.combinations(fixes, size)


def fit_together(edits: Sequence[Edit]) -> bool:
    """Whether edits of different rules touch different text."""
    rules = {edit.rule for edit in edits}
    fixes = [fix for edit in edits for fix in edit.fixes]
    return len(rules) == len(edits) and compatible(fixes)


def mended(statements: Sequence[Statement], edits: Iterable[Edit]) -> tuple[Statement, ...]:
    """The statements with the edits put in."""
    by_statement: dict[int, list[Fix]] = {}
    for edit in edits:
        for fix in edit.fixes:
            by_statement.setdefault(fix.statement, []).append(fix)
    return tuple(
        replace(each, code=apply(each.code, by_statement[at])) if at in by_statement else each
        for at, each in enumerate(statements)
    )


def _touched(statements: Sequence[Statement], edit: Edit) -> Iterator[str]:
    for at in {fix.statement for fix in edit.fixes}:
        yield statements[at].code


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def told(statements: Sequence[Statement], edits: Sequence[Edit]) -> RepairSet:
    """The edits as a report tells them."""
    changes = tuple(
        Change(edit.rule, edit.bug, tuple(_place(statements, fix) for fix in edit.fixes))
        for edit in edits
    )
    after = mended(statements, edits)
    parts = [
        diff(old.code, new.code, old.filename.strip("<>"), old.location.line)
        for old, new in zip(statements, after, strict=True)
        if old.code != new.code
    ]
    return RepairSet(changes, "\n".join(parts))


def _place(statements: Sequence[Statement], fix: Fix) -> Location:
    statement = statements[fix.statement]
    further = Lines(statement.code).line(fix.at[0]) - 1
    at = statement.location
    return replace(
        at,
        line=at.line + further,
        file_line=None if at.file_line is None else at.file_line + further,
    )
