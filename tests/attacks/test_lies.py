"""Answers and exceptions that are not what they seem, and library answers in disguise."""

from __future__ import annotations

from typing import Final

import pytest

from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack, read_cases

pytestmark = pytest.mark.xdist_group("attacks-lies")

ATTACKS: Final = read_cases("lies")


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("lies"))


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()
