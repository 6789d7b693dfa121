from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.core.observation import Exchange, Outcome, Program
from grader.core.record import Exam, Record
from grader.core.slice import Slice, TargetState
from grader.core.verdict import Verdict
from grader.judging.discovery import STAND_IN
from grader.judging.judge import MAIN, all_right, better_run, decided_on, judge, judge_target
from grader.judging.score import score
from tests.builders import (
    Player,
    answer,
    backward_exam,
    backward_record,
    candidate,
    criterion,
    cut,
    exam,
    fixture,
    identity_answers,
    ran,
    record,
    statement,
    task,
)

DATA = statement("z = [1.0]", cell=2, binds=("z",), data="literal")
ALL = (
    criterion("implemented", "implemented", points=0, gate=True),
    criterion("values", fixtures=("a",)),
    criterion("pure", "pure", fixtures=("a",)),
    criterion("own", "own-argument", fixtures=("a",)),
    criterion("essay", "manual"),
)
FIXTURES = (fixture("a/1"), fixture("a/2", ((3.0, 4.0),), visibility="hidden"))


def _made() -> Exam:
    return exam(ALL, FIXTURES)


def _statuses(one: Record, made: Exam) -> dict[str, str]:
    return {name: verdict.status for name, verdict in judge(one, made).items()}


def _without(one: Record, *names: str) -> Record:
    kept = {name: each for name, each in one.exchanges["forward"].items() if name not in names}
    return replace(one, exchanges={"forward": kept})


def test_every_automatic_criterion_gets_a_verdict() -> None:
    made = _made()
    found = judge(record(made, ran(identity_answers(made))), made)
    assert {name: verdict.criterion for name, verdict in found.items()} == {
        name: name for name in ("implemented", "values", "pure", "own")
    }
    assert {verdict.status for verdict in found.values()} == {"passed"}


@pytest.mark.parametrize("change", [{"fault": "the zygote is gone"}, {"ungradable": "not JSON"}])
def test_what_was_not_run_or_read_has_no_verdict(change: dict[str, Any]) -> None:
    made = _made()
    assert judge(replace(record(made, ran(identity_answers(made))), **change), made) == {}


@pytest.mark.parametrize("state", ["missing", "stub", "unparsed"])
def test_nothing_to_call_is_skipped_and_not_an_error(state: TargetState) -> None:
    made = _made()
    one = replace(record(made, ran()), slices={"forward": cut(state=state)}, exchanges={})
    assert _statuses(one, made) == {
        "implemented": "failed",
        "values": "skipped",
        "pure": "skipped",
        "own": "skipped",
    }


@pytest.mark.parametrize("outcome", ["raised", "timed_out", "killed"])
def test_cells_that_did_not_run_leave_nothing_to_call(outcome: Outcome) -> None:
    made = _made()
    found = judge(record(made, ran(setup=outcome)), made)
    assert found["implemented"].status == "failed"
    assert {found[name].status for name in ("values", "pure", "own")} == {"skipped"}


def test_a_target_that_was_found_and_never_run_is_an_error_everywhere() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)))
    assert set(_statuses(_without(one, MAIN), made).values()) == {"error"}
    assert set(_statuses(replace(one, exchanges={}), made).values()) == {"error"}
    without_gate = exam(ALL[1:], FIXTURES)
    assert set(_statuses(replace(one, exchanges={}), without_gate).values()) == {"error"}


def test_a_role_that_was_never_cut_has_no_verdict() -> None:
    tasks = (task("forward"), task("backward", symbol="good_b"))
    back = criterion("back", role="backward", fixtures=("a",))
    made = exam((*ALL, back), FIXTURES, tasks=tasks)
    one = record(made, ran(identity_answers(made)))
    assert "back" not in judge(one, made)
    both = replace(one, slices={**one.slices, "backward": cut(role="backward")})
    assert judge(both, made)["back"].status == "error"


def test_an_experiment_called_for_and_never_made_is_an_error() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)), cut(DATA, statement()))
    assert _statuses(one, made)["own"] == "passed"
    lacking = judge(_without(one, "own/vary-2"), made)
    assert lacking["own"].status == "error"
    assert "own/vary-2" in lacking["own"].feedback
    assert lacking["values"].status == "passed"


def test_an_experiment_that_asked_less_than_wanted_is_an_error() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)), cut(DATA, statement()))
    made_of = one.exchanges["forward"]["own/vary-1"]
    short = Exchange(made_of.program, ran({"a/1": answer()}))
    exchanges = {"forward": {**one.exchanges["forward"], "own/vary-1": short}}
    assert _statuses(replace(one, exchanges=exchanges), made)["own"] == "error"


def test_the_main_run_is_no_experiment() -> None:
    made = exam((criterion("main", "own-argument", fixtures=("a",)),), FIXTURES)
    one = record(made, ran(identity_answers(made)))
    assert _statuses(one, made) == {"main": "passed"}


def test_a_wider_rubric_than_the_record_knows_of_is_an_error_in_what_is_new() -> None:
    narrow = exam(ALL, FIXTURES[:1])
    one = record(narrow, ran(identity_answers(narrow)))
    assert _statuses(one, _made()) == {
        "implemented": "passed",
        "values": "error",
        "pure": "error",
        "own": "error",
    }


def test_the_program_that_ran_decides_which_experiments_are_due() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)))
    main = one.exchanges["forward"][MAIN]
    wide = Exchange(Program((DATA, *main.program.statements), "good_f"), main.run)
    exchanges = {"forward": {MAIN: wide}}
    assert _statuses(replace(one, exchanges=exchanges), made)["own"] == "error"


# A target that calls the student's own `forward`, as handed in and with that replaced.

BACKWARD = backward_exam()
LEANING = candidate("upstream", "x", leans_on="good_f")
NOTE = (
    "Judged with a right good_f in place of yours, with which it does better: "
    "look for the fault there."
)
Played = Callable[..., Any]


def right(upstream: Any, x: Any) -> Any:
    return 3 * x**2 * upstream


def right_near(upstream: Any, x: Any) -> Any:
    """Breaks down where the argument is large, as what lacks a shift does."""
    return right(upstream, x) if np.abs(x).max() < 10 else np.full_like(x, np.nan)


def right_far(upstream: Any, x: Any) -> Any:
    return right(upstream, x) if np.abs(x).max() > 10 else np.zeros_like(x)


def right_on_rows(upstream: Any, x: Any) -> Any:
    return right(upstream, x) if len(x) == 1 else np.zeros_like(x)


def wrong(upstream: Any, x: Any) -> Any:
    return x + upstream


def fails(*_: Any) -> Any:
    raise ValueError("no")


def _judged(
    handed_in: Played, instead: Played, made: Exam = BACKWARD, cut_: Slice = LEANING
) -> dict[str, Verdict]:
    return judge(backward_record(made, (cut_, Player(handed_in, instead))), made)


def _told(verdicts: Mapping[str, Verdict]) -> dict[str, tuple[str, float]]:
    return {name: (each.status, each.share) for name, each in verdicts.items()}


def test_what_is_right_as_handed_in_is_judged_so() -> None:
    found = _judged(right, wrong)
    assert _told(found) == {"slope": ("passed", 1.0), "far": ("passed", 1.0)}
    assert {each.note for each in found.values()} == {""}


def test_what_counts_with_a_stand_in_comes_from_the_better_run() -> None:
    found = _judged(wrong, right)
    assert _told(found) == {"slope": ("passed", 1.0), "far": ("failed", 0.0)}
    assert found["slope"].note == NOTE
    assert found["far"].note == ""


def test_what_does_not_count_with_one_comes_from_the_first_run() -> None:
    found = _judged(right_far, right_near)
    assert _told(found) == {"slope": ("passed", 1.0), "far": ("passed", 1.0)}
    assert (found["slope"].note, found["far"].note) == (NOTE, "")


@pytest.mark.parametrize("instead", [wrong, fails, right_far])
def test_a_stand_in_that_does_no_better_changes_nothing(instead: Played) -> None:
    found = _judged(wrong, instead)
    assert _told(found)["slope"] == ("failed", 0.0)
    assert {each.note for each in found.values()} == {""}
    one = backward_record(BACKWARD, (LEANING, Player(wrong, instead)))
    assert better_run(BACKWARD, "backward", LEANING, one.exchanges["backward"]) == MAIN


def test_a_run_that_earns_the_same_gives_way_to_the_first() -> None:
    def right_on_batches(upstream: Any, x: Any) -> Any:
        return right(upstream, x) if len(x) == 2 else np.zeros_like(x)

    found = _judged(right_on_rows, right_on_batches)
    assert [each.outcome for each in found["slope"].evidence] == ["ok", "wrong"]
    assert found["slope"].note == ""


def _split(*criteria: Any) -> Exam:
    """Criteria for the role `backward` in place of the usual ones, each with a stand-in."""
    told: dict[str, Any] = {"role": "backward", "bonus": True, "stand_in": True}
    made = tuple(
        criterion(name, fixtures=(fixture_,), **{**told, **changes})
        for name, fixture_, changes in criteria
    )
    return replace(BACKWARD, rubric=BACKWARD.rubric.model_copy(update={"criteria": made}), seed=2)


def test_the_better_run_is_taken_as_a_whole() -> None:
    """Never the better of the two for each criterion alone."""
    made = _split(("row", "slope/row", {"points": 1}), ("batch", "slope/batch", {"points": 3}))

    def right_on_batches(upstream: Any, x: Any) -> Any:
        return right(upstream, x) if len(x) == 2 else np.zeros_like(x)

    found = _judged(right_on_rows, right_on_batches, made)
    assert _told(found) == {"row": ("failed", 0.0), "batch": ("passed", 1.0)}
    assert {each.note for each in found.values()} == {NOTE}
    turned = _judged(right_on_batches, right_on_rows, made)
    assert _told(turned) == {"row": ("failed", 0.0), "batch": ("passed", 1.0)}
    assert {each.note for each in turned.values()} == {""}


def test_all_or_nothing_earns_nothing_for_a_part() -> None:
    """The run that earns more is the one whose points are more, not whose shares are."""
    made = _split(("both", "slope", {"partial": False}), ("far", "far", {"points": 1}))

    def right_on_one(upstream: Any, x: Any) -> Any:
        return right_near(upstream, x) if len(x) == 1 else np.zeros_like(x)

    # as handed in half of what is all or nothing, so no point; with a stand-in one point
    scored = score(made.rubric, _judged(right_on_one, right_far, made), main_role="forward")
    assert scored.automatic.bonus == 1.0


def test_a_stand_in_run_that_was_never_made_is_not_missed() -> None:
    one = backward_record(BACKWARD, (candidate("upstream", "x"), wrong))
    assert STAND_IN not in one.exchanges["backward"]
    assert _told(judge(one, BACKWARD))["slope"] == ("failed", 0.0)
    assert better_run(BACKWARD, "backward", LEANING, one.exchanges["backward"]) == MAIN


@pytest.mark.parametrize(
    ("handed_in", "instead", "slope"),
    [(right, right, MAIN), (wrong, right, STAND_IN), (wrong, wrong, MAIN)],
)
def test_what_a_criterion_was_decided_on(handed_in: Played, instead: Played, slope: str) -> None:
    one = backward_record(BACKWARD, (LEANING, Player(handed_in, instead)))
    exchanges = one.exchanges["backward"]
    first, second = BACKWARD.rubric.criteria
    assert decided_on(one, BACKWARD, first) is exchanges[slope]
    assert decided_on(one, BACKWARD, second) is exchanges[MAIN]
    assert better_run(BACKWARD, "backward", LEANING, exchanges) == slope


def test_what_never_ran_was_decided_on_nothing() -> None:
    one = backward_record(BACKWARD, (candidate(state="missing"), wrong))
    assert [decided_on(one, BACKWARD, each) for each in BACKWARD.rubric.criteria] == [None, None]
    assert decided_on(replace(one, slices={}), BACKWARD, BACKWARD.rubric.criteria[0]) is None
    made = _made()
    plain = record(made, ran(identity_answers(made)))
    assert decided_on(plain, made, ALL[1]) is plain.exchanges["forward"][MAIN]


def test_all_right_looks_at_what_another_run_could_better() -> None:
    def verdict(function: Played) -> bool:
        one = backward_record(BACKWARD, (candidate("upstream", "x"), function))
        return all_right(BACKWARD, "backward", LEANING, one.exchanges["backward"])

    assert verdict(right)
    assert verdict(right_near)
    assert not verdict(right_far)
    assert not verdict(right_on_rows)
    assert not verdict(fails)


def test_what_says_nothing_of_it_is_not_applicable() -> None:
    """Handed the cube, it has no say in how large an argument may be."""
    from_cube = candidate("y")
    matrix = backward_record(
        BACKWARD, (from_cube, lambda y: np.stack([np.diag(3 * np.cbrt(row) ** 2) for row in y]))
    )
    found = judge(matrix, BACKWARD)
    assert _told(found) == {"slope": ("passed", 1.0), "far": ("not_applicable", 1.0)}
    from_x = backward_record(
        BACKWARD, (candidate("x"), lambda x: np.stack([np.diag(3 * row**2) for row in x]))
    )
    assert _told(judge(from_x, BACKWARD))["far"] == ("passed", 1.0)


def test_an_experiment_with_a_stand_in_must_have_been_made() -> None:
    forbid = {"names": ["torch.relu"]}
    made = _split(
        ("slope", "slope", {}),
        ("scratch", "slope", {"check": "from-scratch", "forbid": forbid, "points": 1}),
    )
    mentions = replace(LEANING, references=cut(references=("torch.relu",)).references)
    one = backward_record(made, (mentions, Player(wrong, right)))
    exchanges = one.exchanges["backward"]
    assert {"stand-in/scratch/nudge", "stand-in/scratch/roll", "scratch/nudge"} <= set(exchanges)
    assert _told(judge(one, made)) == {"slope": ("passed", 1.0), "scratch": ("passed", 1.0)}
    without = {key: each for key, each in exchanges.items() if key != "stand-in/scratch/roll"}
    lacking = judge_target(made, "backward", mentions, without)
    assert (lacking["slope"].status, lacking["scratch"].status) == ("passed", "error")


def test_each_run_is_held_against_its_own_experiments() -> None:
    """The answers differ between the runs; only within one do they prove anything."""
    forbid = {"names": ["torch.relu"]}
    made = _split(
        ("slope", "slope", {}),
        ("scratch", "slope", {"check": "from-scratch", "forbid": forbid, "points": 1}),
    )
    mentions = replace(LEANING, references=cut(references=("torch.relu",)).references)

    class Borrowing(Player):
        """With a stand-in its answer follows the library's."""

        def run(self, program: Any, calls: Any) -> Any:
            run = super().run(program, calls)
            if program.poison is None or program.statements[-1].filename != "<handout>":
                return run
            moved = {key: answer(((7.0,),)) for key in run.calls}
            return replace(run, calls=moved)

    one = backward_record(made, (mentions, Borrowing(wrong, right)))
    found = judge(one, made)
    assert found["scratch"].status == "failed"
    assert found["scratch"].note == NOTE


@pytest.mark.parametrize("text", ["", "A text of the rubric's own."])
def test_the_note_follows_the_feedback_whoever_words_it(text: str) -> None:
    feedback = {"passed": text, "partial": text, "failed": text}
    made = backward_exam(feedback=feedback)
    for instead, status in ((right, "passed"), (right_on_rows, "partial")):
        scored = score(made.rubric, _judged(wrong, instead, made), main_role="forward")
        slope, far = scored.rows
        assert slope.status == status
        assert slope.feedback.startswith(text or "")
        assert slope.feedback.endswith(NOTE)
        assert len(slope.feedback) > len(NOTE) + 1
        assert NOTE not in far.feedback


def test_a_further_candidate_is_not_judged() -> None:
    one = backward_record(
        BACKWARD, (candidate("upstream", "x"), wrong), (candidate("upstream", "x"), right)
    )
    assert _told(judge(one, BACKWARD))["slope"] == ("failed", 0.0)
