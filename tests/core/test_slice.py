from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader.core.notebook import Note
from grader.core.slice import Location
from tests.builders import cut, statement

BASE = cut(statement(), wide=(statement("import os"),))
ONE = BASE.statements[0]


def test_the_digest_is_a_sha256_of_what_would_run() -> None:
    assert len(BASE.digest) == 64
    assert BASE.digest == cut(statement(), wide=(statement("import os"),)).digest


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "other"},
        {"dynamic": True},
        {"devices": True},
        {"wide": ()},
        {"statements": ()},
        {"statements": (replace(ONE, code="def good_f(x): return 0"),)},
        {"statements": (replace(ONE, filename="<cell 7>"),)},
        {"statements": (replace(ONE, location=Location(6, 2, "id6")),)},
        {"statements": (replace(ONE, binds=()),)},
        {"statements": (replace(ONE, data="random"),)},
        {"statements": (replace(ONE, tolerant=True),)},
        {"statements": (ONE, ONE)},
    ],
)
def test_whatever_changes_the_run_changes_the_digest(change: dict[str, Any]) -> None:
    assert replace(BASE, **change).digest != BASE.digest


@pytest.mark.parametrize(
    "change", [{"notes": (Note("taken"),)}, {"near": ("goodf",)}, {"location": None}]
)
def test_what_is_only_told_does_not(change: dict[str, Any]) -> None:
    assert replace(BASE, **change).digest == BASE.digest


def test_a_lone_surrogate_in_the_source_has_a_digest() -> None:
    assert len(cut(statement("x = '\ud800'")).digest) == 64
