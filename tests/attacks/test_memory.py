"""Code that wants more memory than there is."""

from __future__ import annotations

import pytest

from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack, read_cases

pytestmark = pytest.mark.xdist_group("attacks-memory")

_KEPT = 100 * 2**20
"""Bytes: far above what right answers to every fixture take up."""

ATTACKS = read_cases("memory")


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("memory"), impatient=True)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()


def test_what_is_stored_of_large_answers_is_bounded(battle: Battle) -> None:
    assert sum(path.stat().st_size for path in battle.folder.rglob("*")) < _KEPT
