"""The bench: many programs in one child, whatever one of them does to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.core.observation import Call, Limits, Observation, Program, Setup
from grader.sandbox.bench import MOST_LOST, Bench
from grader.sandbox.parent import Sandbox
from grader.sandbox.zygote import Child
from tests.sandbox.conftest import ROWS, call, gradient_call, statement

SHORT = Limits(
    call_seconds=0.3, first_call_seconds=0.6, setup_seconds=0.6, call_seconds_most=1.0,
    frame_bytes=2**20,
)  # fmt: skip
RIGHT = "def f(x):\n    return x"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """One zygote, its layers proved by a run."""
    with Sandbox("strict", limits=SHORT) as found:
        found.run(_program(RIGHT), (call(),))
        yield found


@pytest.fixture
def bench(running: Sandbox) -> Iterator[Bench]:
    with running.bench() as found:
        yield found


def _program(code: str, symbol: str = "f") -> Program:
    return Program((statement("import torch"), statement(code, cell=2)), symbol)


def _tried(bench: Bench, code: str, *calls: Call) -> tuple[Setup, list[Observation]]:
    setup = bench.start(_program(code))
    return setup, [bench.ask(each) for each in calls or (call(),)]


def _is_right(bench: Bench) -> bool:
    """Whether a right program still does right."""
    setup, (observation,) = _tried(bench, RIGHT)
    value = observation.value
    return setup.outcome == "ok" and value is not None and value.numbers().tolist() == ROWS


def test_a_bench_that_nothing_is_tried_on_starts_no_child(
    running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running._zygote, "spawn", lambda: pytest.fail("a child was started"))
    with running.bench() as bench:
        assert not bench.spent
        assert bench.ask(call()).outcome == "not_run"


def test_programs_are_answered_one_after_another_by_one_child(
    running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[Child] = []
    spawn = running._zygote.spawn

    def spawned() -> Child:
        children.append(spawn())
        return children[-1]

    monkeypatch.setattr(running._zygote, "spawn", spawned)
    with running.bench() as bench:
        for factor in (2, 3, 5):
            setup, (first, second) = _tried(
                bench, f"def f(x):\n    return {factor} * x", call(), gradient_call()
            )
            assert (setup.outcome, setup.form) == ("ok", "function")
            assert first.value is not None
            assert first.value.numbers().tolist() == [[factor * x for x in row] for row in ROWS]
            assert second.gradient is not None
    assert len(children) == 1


def test_a_program_cannot_see_the_names_of_the_one_before(bench: Bench) -> None:
    _tried(bench, "left = 7\ndef f(x):\n    global late\n    late = 1\n    return x")
    _, (observation,) = _tried(bench, "def f(x):\n    return x + left")
    assert (observation.outcome, observation.fault and observation.fault.missing_name) == (
        "raised", "left",
    )  # fmt: skip
    _, (observation,) = _tried(bench, "def f(x):\n    return x + late")
    assert observation.fault is not None
    assert observation.fault.missing_name == "late"


def test_the_function_of_the_program_before_is_never_asked(bench: Bench) -> None:
    _tried(bench, RIGHT)
    setup, (observation,) = _tried(bench, "def g(x):\n    return x")
    assert setup.outcome == "raised"
    assert observation.value is None


def test_the_dice_are_the_same_for_every_program(bench: Bench) -> None:
    code = "def f(x):\n    return torch.rand(3)"
    (first,), (second,) = (_tried(bench, code)[1] for _ in range(2))
    assert first.value is not None
    assert first.value == second.value


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    while True: pass",
        "import os\ndef f(x):\n    os._exit(0)",
        "import ctypes\ndef f(x):\n    ctypes.string_at(0)",
        "def f(x):\n    return torch.zeros(2**20)",
        "while True: pass\ndef f(x):\n    return x",
        "import os\nos._exit(0)\ndef f(x):\n    return x",
    ],
    ids=["hangs", "exits", "crashes", "too-large", "hangs-at-once", "exits-at-once"],
)
def test_after_a_program_that_takes_its_child_along_others_are_still_tried(
    bench: Bench, code: str
) -> None:
    assert _is_right(bench)
    setup, (observation, further) = _tried(bench, code, call(), call("b"))
    assert {setup.outcome, observation.outcome} & {"timed_out", "killed"}
    assert further.outcome == "not_run"
    assert not bench.spent
    assert _is_right(bench)


def test_a_flood_of_output_neither_blocks_nor_is_kept(bench: Bench) -> None:
    code = "print('a' * 2**20)\ndef f(x):\n    print('b' * 2**20)\n    return x"
    setup, (observation,) = _tried(bench, code)
    assert (setup.outcome, observation.outcome) == ("ok", "ok")
    assert (setup.stdout, observation.stdout) == ("", "")
    assert _is_right(bench)


@pytest.mark.parametrize(
    "body", ["raise SystemExit(0)", "raise KeyboardInterrupt", "exit()", "assert False", "1 / 0"]
)
def test_an_exception_is_an_answer_and_loses_nothing(bench: Bench, body: str) -> None:
    _, (observation, further) = _tried(bench, f"def f(x):\n    {body}", call(), call("b"))
    assert observation.outcome == further.outcome == "raised"
    assert _tried(bench, f"{body}\n{RIGHT}")[0].outcome == "raised"
    assert _is_right(bench)
    assert not bench.spent


@pytest.mark.parametrize(
    "poison",
    [
        "torch.exp = None",
        "torch.Tensor.__add__ = lambda a, b: a",
        "torch.set_default_dtype(torch.float64)",
        "torch.set_grad_enabled(False)",
        "import builtins; builtins.len = None",
        "import sys; sys.stdout = sys.stderr = None",
        "import sys; sys.setrecursionlimit(60)",
        "import os; os.write = os.read = None",
        "import gc; gc.disable()",
    ],
)
def test_a_program_that_spoils_its_child_spoils_no_bench_and_no_other_child(
    running: Sandbox, poison: str
) -> None:
    with running.bench() as bench:
        _tried(bench, f"{poison}\n{RIGHT}")
        for _ in range(MOST_LOST + 1):
            if not bench.spent:
                setup, (observation,) = _tried(bench, RIGHT)
                assert setup.outcome in {"ok", "raised", "killed", "timed_out"}
                assert observation.outcome in {"ok", "raised", "killed", "timed_out", "not_run"}
    code = (
        "def f(x):\n    assert len(str(torch.exp(x) + 1)) and x.dtype.itemsize == 4\n    return x"
    )
    run = running.run(_program(code), (call(),))
    assert run.calls["a"].outcome == "ok"
    with running.bench() as bench:
        assert _is_right(bench)


def test_after_a_few_lost_children_nothing_more_should_be_tried(bench: Bench) -> None:
    for lost in range(MOST_LOST):
        assert not bench.spent, lost
        _tried(bench, "import os\ndef f(x):\n    os._exit(1)")
    assert bench.spent


def test_an_answer_that_nobody_asked_for_loses_the_child(bench: Bench) -> None:
    code = (
        "import os\nfor each in range(3, 64):\n    try:\n        os.write(each, b'x' * 64)\n"
        "    except OSError:\n        pass\n" + RIGHT
    )
    _tried(bench, code)
    assert _is_right(bench)


def test_leaving_a_bench_ends_its_child(running: Sandbox) -> None:
    with running.bench() as bench:
        assert _is_right(bench)
    assert bench.ask(call()).outcome == "not_run"


def test_a_bench_may_be_left_by_an_exception(running: Sandbox) -> None:
    def left() -> None:
        with running.bench() as bench:
            assert _is_right(bench)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        left()
    assert running.run(_program(RIGHT), (call(),)).calls["a"].outcome == "ok"


def test_a_run_between_two_programs_disturbs_no_bench(running: Sandbox, bench: Bench) -> None:
    assert bench.start(_program("def f(x):\n    return 2 * x")).outcome == "ok"
    assert running.run(_program(RIGHT), (call(),)).calls["a"].outcome == "ok"
    value = bench.ask(call()).value
    assert value is not None
    assert value.numbers().tolist() == [[2 * x for x in row] for row in ROWS]
