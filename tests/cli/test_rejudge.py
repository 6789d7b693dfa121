from __future__ import annotations

from dataclasses import replace

import numpy as np

from grader.cli.rejudge import moves, unobserved
from grader.core.fixture import Argument, Fixture, Truth
from grader.core.tensor import pack
from grader.store import row_of
from tests.batch.fakes import exam
from tests.store.samples import criterion, record, report


def _fixture(name: str, *, scored: bool = True, role: str = "forward") -> Fixture:
    return Fixture(
        name=name,
        says="",
        kind="ordinary",
        dtype="float32",
        visibility="visible",
        scored=scored,
        literal=True,
        arguments=(Argument("x", pack(np.zeros(1), "float32")),),
        truth=Truth(np.zeros(1), np.zeros(1)),
        digest="",
        role=role,
    )


def test_nothing_moves_between_equal_reports() -> None:
    row = row_of(report())
    assert moves(row, row) == ()


def test_moved_points_are_told_with_their_criterion() -> None:
    old = row_of(report("a.py", b"", criterion("values"), criterion("gone")))
    new = row_of(report("a.py", b"", criterion("values", "partial", 1.5), criterion("new")))
    assert moves(old, new) == (
        "8/8 -> 5.5/8",
        "values 4 -> 1.5 of 4 (passed -> partial)",
        "gone is gone: it had 4 of 4",
        "new is new: 4 of 4 (passed)",
    )


def test_a_status_that_moved_is_told() -> None:
    old, new = row_of(report()), row_of(report(status="needs_person"))
    assert moves(old, new) == ("graded -> needs_person",)


def test_an_ungradable_submission_had_no_points() -> None:
    old = row_of(report(status="ungradable", reason="empty"))
    assert moves(old, row_of(report())) == ("- -> 4/4", "ungradable -> graded")


def test_fixtures_that_were_never_asked_are_named() -> None:
    fixtures = (
        _fixture("values/pair"),
        _fixture("values/new"),
        _fixture("values/info", scored=False),
        _fixture("back/pair", role="backward"),
    )
    known = replace(exam(), fixtures=fixtures)
    assert unobserved(record(), known) == ("values/new",)
    assert unobserved(replace(record(), exchanges={}), known) == ()
