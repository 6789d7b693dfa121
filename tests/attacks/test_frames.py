"""The conversation with the parent, spoken by hostile code."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack, read_cases

pytestmark = pytest.mark.xdist_group("attacks-frames")

_FORGE: Final = """import json
import os
import struct
import torch

RIGHT = {"outcome": "ok", "returned": "tensor", "changed": False, "ops": []}

def frame(kind, header, block=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<BIQ", kind, len(text), len(block)) + text + block

def block(**tensors):
    table, data = {}, b""
    for name, (dtype, shape, part) in tensors.items():
        span = [len(data), len(data) + len(part)]
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": span}
        data += part
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + data

def uniform(x):
    y = torch.full(x.shape, 1 / x.shape[-1])
    return block(value=("F32", list(x.shape), y.numpy().tobytes()))

def send(data):
    left = memoryview(data)
    while left:
        left = left[os.write(20, left):]

def right(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
---
"""

ATTACKS = [replace(attack, source=f"{_FORGE}{attack.source!s}") for attack in read_cases("frames")]


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("frames"), impatient=True)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()
