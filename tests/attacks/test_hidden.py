"""Functions that try to hand their author the inputs that a student must not see."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from grader.core.report import Report
from grader.reporting.student import student_view
from tests.attacks.arena import Battle, hold
from tests.attacks.cases import Attack, read_cases

pytestmark = pytest.mark.xdist_group("attacks-hidden")

RUBRIC: Final = Path(__file__).with_name("hidden.yaml")
ATTACKS: Final = read_cases("hidden")
LEAKED: Final = re.compile(r"leaked|777|SIG[A-Z]|secret|protocol")


@pytest.fixture(scope="module")
def battle(tmp_path_factory: pytest.TempPathFactory) -> Battle:
    return hold(ATTACKS, tmp_path_factory.mktemp("hidden"), rubric=str(RUBRIC))


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_gets_what_it_deserves(battle: Battle, attack: Attack) -> None:
    assert not battle.amiss(attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_no_student_ever_sees_it(battle: Battle, attack: Attack) -> None:
    report = Report.model_validate(battle.report(attack))
    seen = json.loads(student_view(report).model_dump_json())
    assert seen["criteria"]
    # a hash and the name of the file may hold any digits
    shown = json.dumps({name: part for name, part in seen.items() if name != "submission"})
    assert not LEAKED.findall(shown.replace(report.rubric.sha256, ""))


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_control_after_it_is_unharmed(battle: Battle, attack: Attack) -> None:
    assert not battle.unfair(attack)


def test_leaves_nothing_behind(battle: Battle) -> None:
    assert not battle.remains()
