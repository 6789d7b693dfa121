"""Processes that end, crash, or lose their streams."""

from __future__ import annotations

import pytest

from grader.core.observation import Call, Program
from grader.core.slice import Location, Statement
from grader.sandbox.parent import Sandbox
from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack, read_cases

pytestmark = pytest.mark.xdist_group("attacks-death")

ATTACKS = read_cases("death")


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("death"), impatient=True)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()


def test_a_signal_without_a_name_is_told_of_by_number() -> None:
    code = "def f():\n    import os, signal\n    os.kill(os.getpid(), 40)"
    program = Program((Statement(code, "<cell 1>", Location(1, 1)),), "f")
    # the first process of a namespace of its own would not heed it
    with Sandbox("strict", without={"namespaces"}) as sandbox:
        run = sandbox.run(program, [Call("a", ())])
    assert run.calls["a"].outcome == "killed"
    assert any("signal 40" in note for note in run.notes)
