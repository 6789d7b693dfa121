"""The pipeline with a runner that answers from a table: real reading and slicing, no child."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from grader.core.errors import RubricError, SandboxFault
from grader.core.observation import Call, Fault, Limits, Observation, Outcome, Program, Run, Setup
from grader.core.record import Exam, Runner, Submission
from grader.core.rubric import Criterion
from grader.pipeline import grade, observe, rejudge, template_of
from tests.builders import answer, criterion, exam, fixture, no_answer, task

FIXTURES = (fixture("a/1"), fixture("a/2", ((3.0, 4.0),), visibility="hidden"))
CRITERIA = (
    criterion("implemented", "implemented", points=0, gate=True),
    criterion("values", fixtures=("a",)),
)
RIGHT = "def good_f(x):\n    return x\n"
MISSING = Observation("raised", fault=Fault("NameError", "no", "<cell 1>", 2, missing_name="scale"))


def _echo(_: Program, call: Call) -> Observation:
    return Observation("ok", value=call.arguments[0].tensor, returned="tensor")


@dataclass
class _Runner:
    """Answers every call by `reply`, and remembers what it was asked."""

    reply: Callable[[Program, Call], Observation] = _echo
    setup: Callable[[Program], Setup] = lambda _: Setup("ok", "function")
    limits: Limits = field(default_factory=Limits)
    isolation: str = "none"
    torch: str = "2.0"
    asked: list[tuple[Program, tuple[Call, ...]]] = field(default_factory=list)

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        self.asked.append((program, tuple(calls)))
        setup = self.setup(program)
        if setup.outcome != "ok":
            return Run(setup, {call.key: no_answer("not_run") for call in calls})
        return Run(setup, {call.key: self.reply(program, call) for call in calls})


def _submission(source: str = RIGHT, name: str = "ada/work.py") -> Submission:
    return Submission("ada-1", name, source.encode())


def _made(*more: Criterion) -> Exam:
    return exam((*CRITERIA, *more), FIXTURES)


def _codes(program: Program) -> str:
    return "\n".join(each.code for each in program.statements)


def test_the_runner_here_is_one() -> None:
    runner: Runner = _Runner()
    assert runner.isolation == "none"


def test_a_right_submission_from_file_to_report() -> None:
    runner = _Runner()
    found = grade(_submission(), _made(), runner)
    assert (found.report.status, found.report.automatic.score) == ("graded", 4.0)
    assert [row.status for row in found.report.criteria] == ["passed", "passed"]
    record = found.record
    assert (record.submission_id, record.source) == ("ada-1", "ada/work.py")
    assert (record.format, record.fault, record.ungradable) == ("script", "", "")
    assert (record.isolation, record.torch, record.retried) == ("none", "2.0", False)
    assert len(record.sha256) == 64
    ((program, calls),) = runner.asked
    assert [call.key for call in calls] == ["a/1", "a/2", "a/1#again"]
    assert (program.symbol, _codes(program)) == ("good_f", RIGHT.strip())


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe\x00", b""])
def test_a_file_that_cannot_be_read_is_ungradable_and_nothing_runs(data: bytes) -> None:
    runner = _Runner()
    found = grade(Submission("ada-1", "ada/work.ipynb", data), _made(), runner)
    assert found.report.status == "ungradable"
    assert found.report.reason == found.record.ungradable != ""
    assert (found.record.slices, found.record.exchanges, runner.asked) == ({}, {}, [])
    assert len(found.record.sha256) == 64


def test_a_notebook_without_the_function_is_graded_and_nothing_runs() -> None:
    runner = _Runner()
    found = grade(_submission("def goodf(x):\n    return x\n"), _made(), runner)
    assert (found.report.status, found.report.automatic.score) == ("graded", 0.0)
    assert [row.status for row in found.report.criteria] == ["failed", "skipped"]
    assert [each.id for each in found.report.diagnoses] == ["missing"]
    assert runner.asked == []


def test_a_fault_of_the_sandbox_needs_a_person() -> None:
    def fail(_: Program, __: Call) -> Observation:
        raise SandboxFault("the zygote is gone")

    found = grade(_submission(), _made(), _Runner(fail))
    assert (found.record.fault, found.record.exchanges) == ("the zygote is gone", {})
    assert found.report.status == "ungradable"
    assert found.report.reason == "needs a person: the zygote is gone"
    assert found.report.final.score is None


def test_a_fault_in_the_second_role_spoils_no_answer_of_the_first() -> None:
    tasks = (task("forward"), task("backward", symbol="good_b"))
    back = criterion("back", role="backward", fixtures=("a",))
    made = exam((*CRITERIA, back), FIXTURES, tasks=tasks)

    def fail(program: Program, call: Call) -> Observation:
        if program.symbol == "good_b":
            raise SandboxFault("gone")
        return _echo(program, call)

    both = RIGHT + "def good_b(x):\n    return x\n"
    found = grade(_submission(both), made, _Runner(fail)).record
    assert (found.fault, list(found.exchanges), set(found.slices)) == (
        "gone",
        ["forward"],
        {"forward", "backward"},
    )
    found = grade(_submission(both), made, _Runner()).record
    assert [set(each) for each in found.exchanges.values()] == [{"main"}, {"main"}]


# More of the notebook, where the slice reaches for what it does not hold. ---------------------

LOOSE = """\
globals().update(scale=1)
def good_f(x):
    return x * scale
"""


def _reaches(program: Program, call: Call) -> Observation:
    return _echo(program, call) if "update" in _codes(program) else MISSING


def test_a_name_that_is_missing_at_run_time_widens_the_slice() -> None:
    runner = _Runner(_reaches)
    found = grade(_submission(LOOSE), _made(), runner)
    assert found.report.automatic.score == 4.0
    (narrow, _), (wide, calls) = runner.asked
    assert "update" not in _codes(narrow)
    assert "update" in _codes(wide)
    assert found.record.exchanges["forward"]["main"].program is wide
    assert [call.key for call in calls] == ["a/1", "a/2", "a/1#again"]


def test_another_exception_does_not_widen_it() -> None:
    other = Observation("raised", fault=Fault("ValueError", "bad"))
    runner = _Runner(lambda *_: other)
    grade(_submission(LOOSE), _made(), runner)
    assert len(runner.asked) == 1


def test_a_name_missing_while_the_cells_ran_widens_it_too() -> None:
    def setup(program: Program) -> Setup:
        if "update" in _codes(program):
            return Setup("ok", "function")
        return Setup("raised", faults=((0, MISSING.fault),) if MISSING.fault else ())

    runner = _Runner(setup=setup)
    assert grade(_submission(LOOSE), _made(), runner).report.automatic.score == 4.0
    assert len(runner.asked) == 2


def test_where_nothing_more_is_there_the_name_stays_missing() -> None:
    runner = _Runner(lambda *_: MISSING)
    found = grade(_submission("def good_f(x):\n    return x * scale\n"), _made(), runner)
    assert len(runner.asked) == 1
    assert [row.status for row in found.report.criteria] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("outcome", "alone", "wide"),
    [
        ("raised", False, False),
        ("raised", True, False),
        ("timed_out", False, True),
        ("timed_out", True, False),
        ("killed", False, True),
        ("killed", True, False),
    ],
)
def test_more_of_the_notebook_never_costs_what_less_of_it_answered(
    outcome: Outcome, *, alone: bool, wide: bool
) -> None:
    def reply(program: Program, call: Call) -> Observation:
        return _echo(program, call) if call.key != "a/2" else MISSING

    def setup(program: Program) -> Setup:
        return Setup(outcome if "update" in _codes(program) else "ok")

    runner = _Runner(reply, setup)
    found = grade(_submission(LOOSE), _made(), runner, alone=alone)
    taken = found.record.exchanges["forward"]["main"].program
    assert ("update" in _codes(taken)) == wide
    # a limit that cut the wider run short decides nothing before it was met alone
    assert found.record.stopped == wide
    assert wide or found.report.automatic.score == 2.0


def test_a_slice_that_looks_names_up_runs_more_of_the_notebook_at_once() -> None:
    source = "scale = 1\ndef good_f(x):\n    return x * globals()['sca' + 'le']\n"
    runner = _Runner(lambda *_: MISSING)
    found = grade(_submission(source), _made(), runner)
    ((program, _),) = runner.asked
    assert found.record.slices["forward"].dynamic
    assert "scale = 1" in _codes(program)


# Experiments, names, limits. ------------------------------------------------------------------

DATA = """\
import torch
z = torch.rand(1, 2)
def good_f(x):
    return x + 0 * z
print(good_f(z))
"""
OWN = criterion("own", "own-argument", fixtures=("a",))


def test_experiments_are_made_in_programs_of_their_own() -> None:
    def reply(program: Program, call: Call) -> Observation:
        return _echo(program, call) if program.vary is None else answer(((8.0, 8.0),))

    runner = _Runner(reply)
    found = grade(_submission(DATA), _made(OWN), runner)
    main, *varied = runner.asked
    assert (main[0].vary, [program.vary for program, _ in varied]) == (None, [1, 2])
    assert {tuple(call.key for call in calls) for _, calls in varied} == {("a/1", "a/2")}
    assert list(found.record.exchanges["forward"]) == ["main", "own/vary-1", "own/vary-2"]
    assert found.report.criteria[2].status == "failed"
    assert [each.id for each in found.report.diagnoses] == ["reaches-out"]


def test_a_wider_program_is_what_experiments_vary() -> None:
    source = DATA.replace("0 * z", "0 * z * scale") + LOOSE.splitlines(keepends=True)[0]
    runner = _Runner(_reaches)
    grade(_submission(source), _made(OWN), runner)
    assert [("update" in _codes(program), program.vary) for program, _ in runner.asked] == [
        (False, None),
        (True, None),
        (True, 1),
        (True, 2),
    ]


@pytest.mark.parametrize(("names", "taken"), [({}, "good_f"), ({"forward": "mine"}, "mine")])
def test_a_name_can_be_given_for_a_role(names: Mapping[str, str], taken: str) -> None:
    source = RIGHT + "def mine(x):\n    return x\n"
    runner = _Runner()
    found = grade(_submission(source), _made(), runner, names=names)
    assert runner.asked[0][0].symbol == taken
    assert found.report.targets[0].symbol == taken


def test_a_time_out_counts_once_it_was_met_alone() -> None:
    runner = _Runner(lambda program, call: no_answer("timed_out"), limits=Limits().doubled())
    first = grade(_submission(), _made(), replace(runner, limits=Limits()))
    assert first.record.stopped
    assert not first.record.retried
    again = grade(_submission(), _made(), runner, alone=True)
    assert (again.record.stopped, again.record.retried) == (False, True)
    assert again.record.limits == Limits().doubled()
    assert again.report.execution is not None
    assert "run again alone, with twice the limits" in again.report.execution.notes


def test_judging_again_gives_the_same_report() -> None:
    made = _made(OWN)
    found = grade(_submission(DATA), made, _Runner())
    again = rejudge(found.record, made)
    assert again.record is found.record
    assert again.report.model_dump_json(exclude={"run"}) == found.report.model_dump_json(
        exclude={"run"}
    )


def test_observing_judges_nothing() -> None:
    record = observe(_submission(), _made(), _Runner(), names={}, alone=False)
    assert rejudge(record, _made()).report.automatic.score == 4.0


def _asking(folder: Path, template: str) -> Exam:
    made = exam((*CRITERIA, criterion("essay", "manual")), FIXTURES)
    return replace(made, assignment=replace(made.assignment, folder=folder, template=template))


def test_what_is_added_to_the_template_is_an_answer(tmp_path: Path) -> None:
    asked = "# %% [markdown]\n# **Question:** Why?\n"
    (tmp_path / "given.py").write_text(f"{asked}# %%\n")
    made = _asking(tmp_path, "given.py")
    answered = grade(_submission(f"{asked}#\n# Because.\n\n# %%\n{RIGHT}"), made, _Runner())
    (found,) = answered.report.answers
    assert (found.criterion, found.question, found.text) == (
        "essay",
        "**Question:** Why?",
        "Because.",
    )
    assert rejudge(answered.record, made).report.answers == (found,)
    (blank,) = grade(_submission(f"{asked}\n# %%\n{RIGHT}"), made, _Runner()).report.answers
    assert (blank.question, blank.text) == ("**Question:** Why?", "")


def test_without_a_template_there_is_still_an_answer() -> None:
    (found,) = grade(_submission(), _asking(Path(), ""), _Runner()).report.answers
    assert (found.question, found.text) == ("", "")


def test_a_template_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match=r"lost\.ipynb: the template cannot be read"):
        template_of(_asking(tmp_path, "lost.ipynb").assignment)
