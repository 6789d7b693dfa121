"""What the structure checks let through can be scored; whatever they are given, they answer."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.core.rubric import CHECKS, Rubric
from grader.judging.score import score
from grader.rubric.structure import mistakes

IDS = ("a", "b", "c")
NAMED = st.lists(st.sampled_from((*IDS, "d")), max_size=2)
FLAG = st.booleans()
LIBRARY = st.lists(
    st.sampled_from(("torch.relu", "aten::relu", "aten::*", "[", "", " ")), max_size=2
)
CRITERIA = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "title": st.sampled_from(("T", "T", " ")),
        "check": st.sampled_from(CHECKS),
        "points": st.sampled_from((0, 1, 2.5, 0.125)),
    },
    optional={
        "bonus": FLAG,
        "gate": FLAG,
        "stand_in": FLAG,
        "role": st.sampled_from(("", "second")),
        "fixtures": NAMED,
        "skip_unless": NAMED,
        "scale_with": NAMED,
        "forbid": st.fixed_dictionaries({}, optional={"names": LIBRARY, "ops": LIBRARY}),
    },
)
CAPS = st.fixed_dictionaries(
    {
        "failed": st.sampled_from((*IDS, "d")),
        "score": st.sampled_from((0, 1, 3, 0.125)),
        "reason": st.sampled_from(("R", "")),
    }
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CRITERIA, min_size=1, max_size=3), st.lists(CAPS, max_size=2))
def test_what_is_let_through_can_be_scored(criteria: list[Any], caps: list[Any]) -> None:
    head = {"id": "made", "version": "1", "title": "Made", "assignment": "made"}
    rubric = Rubric.model_validate({**head, "criteria": criteria, "caps": caps})
    found = list(mistakes(rubric))
    assert all(mistake.message for mistake in found)
    if not any(mistake.severity == "error" for mistake in found):
        assert len(score(rubric, {}).rows) == len(criteria)
