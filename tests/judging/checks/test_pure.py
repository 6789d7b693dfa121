from __future__ import annotations

import pytest

from grader.core.observation import Observation
from grader.judging.checks import CHECKS
from tests.builders import answer, asked, fixture, no_answer, raised, ran

PURE = CHECKS["pure"]
PAIR = fixture("pure/pair")
OTHER = fixture("pure/other", visibility="hidden")
KEPT = {"pure/pair": answer(), "pure/other": answer()}


def test_an_argument_left_alone_passes_whatever_came_back() -> None:
    wrong = {**KEPT, "pure/other": answer(((9.0, 9.0),))}
    found = PURE.verdict(asked("pure", (PAIR, OTHER), ran(wrong)))
    assert (found.status, found.share, found.diagnoses) == ("passed", 1.0, ())
    assert [each.outcome for each in found.evidence] == ["ok", "ok"]


@pytest.mark.parametrize("changed", [answer(changed=True), raised(changed=True)])
def test_one_change_fails_and_proves_it(changed: Observation) -> None:
    calls = {**KEPT, "pure/other": changed}
    found = PURE.verdict(asked("pure", (PAIR, OTHER), ran(calls)))
    assert (found.status, found.share, found.diagnoses) == ("failed", 0.0, ("writes",))
    assert [each.outcome for each in found.evidence] == ["ok", "wrong"]


def test_every_call_is_a_witness() -> None:
    calls = {**KEPT, "values/elsewhere": answer(changed=True)}
    found = PURE.verdict(asked("pure", (PAIR, OTHER), ran(calls)))
    assert (found.status, found.diagnoses) == ("failed", ("writes",))
    assert {each.outcome for each in found.evidence} == {"ok"}


def test_a_call_that_failed_is_no_witness_against_it() -> None:
    calls = {"pure/pair": answer(), "pure/other": raised()}
    found = PURE.verdict(asked("pure", (PAIR, OTHER), ran(calls)))
    assert found.status == "passed"
    assert [each.outcome for each in found.evidence] == ["ok", "raised"]


def test_without_any_answer_there_is_nothing_to_say() -> None:
    calls = {"pure/pair": raised(), "pure/other": no_answer("timed_out")}
    found = PURE.verdict(asked("pure", (PAIR, OTHER), ran(calls)))
    assert (found.status, found.share) == ("skipped", 0.0)
    assert [each.outcome for each in found.evidence] == ["raised", "timed_out"]


def test_a_result_that_is_no_tensor_can_leave_its_argument_alone() -> None:
    calls = {"pure/pair": no_answer(returned="str"), "pure/other": answer()}
    found = PURE.verdict(asked("pure", (PAIR, OTHER), ran(calls)))
    assert (found.status, found.evidence[0].outcome) == ("passed", "ok")


def test_an_observation_never_made_is_an_error() -> None:
    found = PURE.verdict(asked("pure", (PAIR, OTHER), ran({"pure/pair": answer()})))
    assert (found.status, found.share) == ("error", 0.0)
    calls = {"pure/pair": answer(changed=True)}
    assert PURE.verdict(asked("pure", (PAIR, OTHER), ran(calls))).status == "failed"
