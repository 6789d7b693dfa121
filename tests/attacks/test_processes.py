"""Reaching out of the process, or making others."""

from __future__ import annotations

import pytest

from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack
from tests.attacks.tries import trying

pytestmark = pytest.mark.xdist_group("attacks-processes")

ATTACKS = trying("processes")


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("processes"))


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()
