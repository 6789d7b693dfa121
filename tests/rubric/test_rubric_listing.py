"""Rubrics in words."""

from __future__ import annotations

from grader.core.rubric import Rubric
from grader.rubric.listing import describe, rows, shipped_rubrics

MADE = Rubric.model_validate(
    {
        "id": "made",
        "version": "2.1",
        "title": "Made up",
        "assignment": "made",
        "criteria": [
            {"id": "there", "title": "There", "check": "implemented", "points": 0, "gate": True},
            {
                "id": "right-values",
                "title": "Right",
                "check": "values",
                "points": 4.5,
                "fixtures": ["values", "batch/odd"],
                "partial": False,
            },
            {
                "id": "own",
                "title": "Own work",
                "check": "from-scratch",
                "points": 1,
                "bonus": True,
                "role": "second",
                "visibility": "hidden",
                "fixtures": ["values"],
                "skip_unless": ["right-values"],
                "stand_in": True,
                "scale_with": ["right-values"],
                "forbid": {"names": ["torch.relu"], "ops": ["aten::relu"]},
            },
            {"id": "essay", "title": "Essay", "check": "manual", "points": 5},
        ],
        "caps": [{"failed": "own", "score": 2, "reason": "It is not your own."}],
    }
)

DESCRIBED = """\
made 2.1: Made up
assignment made; 4.5 points, 1 bonus, 5 by hand

       gate  there         There
        4.5  right-values  Right
                           values on values, batch/odd; all or nothing
    1 bonus  own           Own work
                           about second; from-scratch on values; skipped where right-values failed;
                           scaled with right-values; also judged with a right function in place of
                           another role's; forbids 2 library names and operators; hidden from
                           students
  5 by hand  essay         Essay

  At most 2 points where own fails: It is not your own.
"""


def test_described() -> None:
    assert describe(MADE) == DESCRIBED


def test_every_criterion_has_a_row() -> None:
    assert [row.id for row in rows(MADE)] == ["there", "right-values", "own", "essay"]
    assert [row.points for row in rows(MADE)] == ["gate", "4.5", "1 bonus", "5 by hand"]


def test_shipped_rubrics_by_name() -> None:
    found = {listed.name: listed for listed in shipped_rubrics()}
    assert list(found) == ["cross_entropy", "log_softmax", "numpy_softmax", "softmax"]
    points = {name: (each.points, each.bonus, each.manual) for name, each in found.items()}
    assert points == {
        "cross_entropy": (20, 5, 0),
        "log_softmax": (20, 0, 0),
        "numpy_softmax": (20, 0, 0),
        "softmax": (20, 5, 5),
    }
    assert {name: each.assignment for name, each in found.items()} == {name: name for name in found}
