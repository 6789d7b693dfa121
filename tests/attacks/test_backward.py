"""Backward passes that attack: what the forward pass earned is never touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack, read_cases

pytestmark = pytest.mark.xdist_group("attacks-backward")

RIGHT: Final = """import torch

def good_softmax(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
---
"""
ATTACKS: Final = [replace(one, source=f"{RIGHT}{one.source!s}") for one in read_cases("backward")]


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("backward"), impatient=True)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()
