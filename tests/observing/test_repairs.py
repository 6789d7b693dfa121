"""Looking for a repair: when it is looked for, what is run again, and what a liar gets of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from grader.core.errors import SandboxFault
from grader.core.observation import Call, Observation
from grader.core.record import Exam, Graded, Submission
from grader.core.repair import Fix, Repair, Rule
from grader.judging.judge import MAIN
from grader.observing.repairs import MOST_CONFIRMED, observe_repair
from grader.pipeline import grade
from grader.repairing.verified import REPAIR, verified, without
from grader.sandbox.parent import Sandbox
from tests.builders import answer, criterion
from tests.repairing.workshop import Workshop, made, observed, repaired, swap, target

MORE = swap(" + 1", "")
SIGN = swap("-x", "x", "turned")
IDLE = swap("* 1.0", "* 1.00", "turned", name="idle")


class NoBench(Workshop):
    """A runner on whose bench nothing may be tried."""

    def bench(self) -> Workshop:
        raise AssertionError("a bench was started")


class Lying(Workshop):
    """A runner on whose bench whatever is tried answers rightly."""

    def ask(self, call: Call) -> Observation:
        return answer(call.arguments[0].tensor.numbers())


def _looked_for(
    body: str, *rules: Rule, runner: Workshop | None = None, reads: bool = False
) -> tuple[Repair | None, dict[str, Any]]:
    exam, sliced = made(*rules), target(body, reads=reads)
    exchanges = observed(exam, sliced)
    return observe_repair(exam, "forward", sliced, exchanges, runner or Workshop())


def test_an_edit_that_mends_is_found_and_run_again_by_itself() -> None:
    runner = Workshop()
    repair, exchanges = _looked_for("return x + 1", SIGN, MORE, runner=runner)
    assert repair is not None
    assert [each.bugs for each in repair.sets] == [("added",)]
    assert (repair.tried, repair.unread) == (1, ())
    assert list(exchanges) == [f"{REPAIR}/{MAIN}"]
    assert repaired(exchanges) == "def good_f(x):\n    return x"
    assert (runner.benches, len(runner.tried), len(runner.run_)) == (1, 1, 1)


def test_of_two_edits_each_is_also_left_out_once() -> None:
    repair, exchanges = _looked_for("return -x + 1", SIGN, MORE)
    assert repair is not None
    assert [each.bugs for each in repair.sets] == [("added", "turned")]
    assert [name.partition("/")[0] for name in exchanges] == [REPAIR, without(0), without(1)]
    assert repaired(exchanges).endswith("return x")
    assert repaired(exchanges, without(0)).endswith("return -x")
    assert repaired(exchanges, without(1)).endswith("return x + 1")


def test_experiments_are_made_again_with_what_was_mended() -> None:
    repair, exchanges = _looked_for("return x + 0 * far + 1", MORE, reads=True)
    assert repair is not None
    assert repair.sets
    assert set(exchanges) == {f"{REPAIR}/{name}" for name in (MAIN, "own/vary-1", "own/vary-2")}
    assert exchanges[f"{REPAIR}/own/vary-1"].program.vary == 1


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("return x * 1.0", (IDLE, MORE)),
        ("return x + 1", ()),
        ("return x + 1", (SIGN,)),
        ("x *= 2\nreturn x / 2 * 1.0", (IDLE,)),
    ],
    ids=["right", "no-rules", "no-edits", "explained"],
)
def test_where_there_is_nothing_to_look_for_no_bench_is_started(
    body: str, rules: tuple[Rule, ...]
) -> None:
    runner = NoBench()
    assert _looked_for(body, *rules, runner=runner) == (None, {})
    assert runner.run_ == []


def test_what_a_limit_stopped_starts_no_bench() -> None:
    exam, sliced = made(MORE), target("return x + 1")
    exchanges = observed(exam, sliced)
    calls = {**exchanges[MAIN].run.calls, "values/pair": Observation("timed_out")}
    exchanges[MAIN] = replace(exchanges[MAIN], run=replace(exchanges[MAIN].run, calls=calls))
    assert observe_repair(exam, "forward", sliced, exchanges, NoBench()) == (None, {})


def test_a_rule_that_stumbles_is_told_even_where_nothing_is_tried() -> None:
    def stumble(_: object) -> list[Fix]:
        raise RecursionError

    bad = Rule("bad", "added", stumble)
    assert _looked_for("return x + 1", bad, runner=NoBench()) == (Repair(unread=("bad",)), {})
    repair, _ = _looked_for("return x + 1", bad, MORE)
    assert repair is not None
    assert (repair.unread, len(repair.sets)) == (("bad",), 1)


def test_a_rule_that_experiments_speak_against_is_not_tried() -> None:
    writes = swap(" + 1", " + 1 - 1", "writes")
    assert _looked_for("return x + 1", writes, runner=NoBench()) == (None, {})


def test_a_rule_is_tried_only_where_a_wrong_answer_shows_its_bug() -> None:
    asked: list[tuple[Any, Any]] = []

    def seen(inputs: Any, found: Any) -> bool:
        asked.append((inputs["x"], found))
        return bool((found < inputs["x"]).any())

    rule = replace(MORE, seen=seen)
    assert _looked_for("return x + 1", rule, runner=NoBench()) == (None, {})
    assert len(asked) == 4
    assert all((found == x + 1).all() for x, found in asked)
    repair, _ = _looked_for("return x - 1", replace(swap(" - 1", ""), seen=seen))
    assert repair is not None
    assert repair.sets


def test_a_spent_bench_ends_the_search() -> None:
    nothing = Repair((), 0, complete=False)
    assert _looked_for("return x + 1", MORE, runner=Workshop(most=0)) == (nothing, {})
    repair, _ = _looked_for("return x + 1", SIGN, MORE, runner=Workshop(most=1))
    assert repair is not None
    assert repair.tried == 1


def test_a_fault_of_the_sandbox_is_not_hidden() -> None:
    class Faulty(Workshop):
        def bench(self) -> Workshop:
            raise SandboxFault("no child")

    with pytest.raises(SandboxFault):
        _looked_for("return x + 1", MORE, runner=Faulty())


def test_candidates_are_not_watched() -> None:
    forbid = {"ops": ("aten::relu",)}
    criteria = (
        criterion(fixtures=("values",)),
        criterion("scratch", "from-scratch", fixtures=("values",), forbid=forbid),
    )
    exam, sliced, runner = made(MORE, criteria=criteria), target("return x + 1"), Workshop()
    exchanges = observed(exam, sliced)
    assert exchanges[MAIN].program.watch
    observe_repair(exam, "forward", sliced, exchanges, runner)
    assert [program.watch for program in runner.tried] == [()]
    assert runner.run_[0].watch == exchanges[MAIN].program.watch


def test_what_holds_only_in_the_search_is_no_repair() -> None:
    runner = Lying()
    repair, exchanges = _looked_for("return x * 1.0 + 2", IDLE, runner=runner)
    assert (repair, exchanges) == (Repair((), 1), {})
    assert len(runner.run_) == 1


def test_so_many_sets_are_confirmed_at_most() -> None:
    rules = [swap(f"{at}.0", f"{at}.00", name=str(at)) for at in range(1, MOST_CONFIRMED + 3)]
    body = "return x + 2 + 0 * (" + " + ".join(f"{at}.0" for at in range(1, len(rules) + 1)) + ")"
    runner = Lying()
    repair, exchanges = _looked_for(body, *rules, runner=runner)
    assert (repair, exchanges) == (Repair((), len(rules)), {})
    assert len(runner.run_) == MOST_CONFIRMED


def test_the_set_that_is_confirmed_comes_first_and_the_others_still_count() -> None:
    exam, sliced = made(IDLE, MORE), target("return x * 1.0 + 1")
    exchanges = observed(exam, sliced)
    repair, confirming = observe_repair(exam, "forward", sliced, exchanges, Lying())
    assert repair is not None
    assert [each.bugs for each in repair.sets] == [("added",), ("turned",)]
    found = verified(exam, "forward", sliced, {**exchanges, **confirming}, repair)
    assert found is not None
    assert (found.agreed, found.alone) == (frozenset(), False)


def test_a_name_that_an_experiment_speaks_against_is_never_confirmed() -> None:
    # the data is read only for batches; a wrapper mends that, and the sign with it
    body = "if x.shape[0] > 1:\n    return -x\nreturn x + far"
    wrapper = swap("return x + far", "return x", "added")
    repair, exchanges = _looked_for(body, wrapper, SIGN, reads=True)
    assert repair is not None
    assert (repair.sets, exchanges) == ((), {})


@pytest.mark.parametrize("body", ["return x + 1", "return -x + 1", "return -x * 1.0 + 2"])
def test_the_same_target_is_mended_alike_every_time(body: str) -> None:
    first, again = (_looked_for(body, SIGN, MORE, IDLE) for _ in range(2))
    assert first == again


# through real children


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as running:
        yield running


def _graded(exam: Exam, code: str, sandbox: Sandbox) -> Graded:
    data = f"import torch\n\n{code}\n".encode()
    return grade(Submission("ada-1", "ada/work.py", data), exam, sandbox)


def _proved(graded: Graded) -> list[str]:
    return [each.id for each in graded.report.diagnoses if each.confidence == "proved"]


def _function(*body: str, before: str = "") -> str:
    return f"{before}\n\ndef good_f(x):\n    " + "\n    ".join(body)


def test_a_right_submission_starts_no_bench(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "bench", lambda: pytest.fail("a bench was started"))
    graded = _graded(made(MORE, IDLE), _function("return x * 1.0 + 1 - 1"), sandbox)
    assert graded.record.repairs == {}
    assert {row.status for row in graded.report.criteria} == {"passed"}


def test_a_submission_is_mended_alike_by_every_child(sandbox: Sandbox) -> None:
    code = _function("return -x + 1")
    first, again = (_graded(made(SIGN, MORE), code, sandbox) for _ in range(2))
    assert first.record.repairs == again.record.repairs
    assert [each.bugs for each in first.record.repairs["forward"].sets] == [("added", "turned")]
    assert sorted(_proved(first)) == ["added", "turned"]
    assert _proved(again) == _proved(first)


@pytest.mark.parametrize(
    "body",
    [
        "return x + 1",
        "return -x + 1",
        "return -x if len(x) > 1 else x",
        "return x * 1.0 + 2",
        "raise ValueError",
    ],
)
def test_a_search_never_changes_a_mark(sandbox: Sandbox, body: str) -> None:
    with_rules, without_rules = (
        _graded(made(*rules), _function(body), sandbox).report for rules in ((SIGN, MORE, IDLE), ())
    )
    assert with_rules.automatic == without_rules.automatic
    assert [(row.id, row.status, row.points) for row in with_rules.criteria] == [
        (row.id, row.status, row.points) for row in without_rules.criteria
    ]


LATER = "torch.told = sum((getattr(torch, 'told', 0), 1))"
LIES = {
    "from the second set-up on": _function(
        "return x if torch.told > 1 else x * 1.0 + 2", before=LATER
    ),
    "from the third set-up on": _function(
        "return x if torch.told > 2 else x * 1.0 + 2", before=LATER
    ),
    "from the fifth call on": _function(
        "torch.told = sum((torch.told, 1))",
        "return x if torch.told > 5 else x * 1.0 + 2",
        before="torch.told = 0",
    ),
    "from the ninth call of a child on": _function(
        LATER, "return x if torch.told > 9 else x * 1.0 + 2"
    ),
    "by another add": _function(
        "return x * 1.0 + 2",
        before=LATER + "\nif torch.told > 1:\n    torch.Tensor.__add__ = lambda a, b: a",
    ),
}
SPARE = swap("1.0 + 2", "1.00 + 2", name="spare")


@pytest.mark.parametrize("code", LIES.values(), ids=LIES)
def test_who_answers_rightly_in_the_search_alone_gets_no_proof(sandbox: Sandbox, code: str) -> None:
    graded = _graded(made(SPARE, IDLE), code, sandbox)
    repair = graded.record.repairs.get("forward", Repair())
    assert repair.sets == ()
    assert not {"added", "turned"} & {each.id for each in graded.report.diagnoses}
    honest = _graded(made(), code, sandbox)
    assert graded.report.automatic == honest.report.automatic


def test_a_true_repair_beside_lies_is_not_proved_by_them(sandbox: Sandbox) -> None:
    code = _function("return x if torch.told > 1 else x * 1.0 + 1", before=LATER)
    graded = _graded(made(MORE, IDLE), code, sandbox)
    repair = graded.record.repairs["forward"]
    assert [each.bugs for each in repair.sets] == [("added",), ("turned",)]
    assert _proved(graded) == []


def test_a_candidate_that_hangs_or_exits_leaves_the_others_their_turn(sandbox: Sandbox) -> None:
    leaves = swap("+ 1", "+ __import__('os')._exit(1)", "turned", name="leaves")
    graded = _graded(made(leaves, MORE), _function("return x + 1"), sandbox)
    assert _proved(graded) == ["added"]
    assert not graded.record.stopped
