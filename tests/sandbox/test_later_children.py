"""Children that come after one that died: what they may say, and what they may cost."""

from __future__ import annotations

import time
from dataclasses import replace

from grader.core.observation import Program
from grader.sandbox.parent import Sandbox
from tests.sandbox.conftest import Ask, call, statement

SLOW_TO_START = "import os, time\ntime.sleep(0.3)\ndef f(x):\n    os._exit(0)"
TURNS_AT = """
import os, time
print("cells")
if time.time() > {moment}:
    print("told by the second")
    raise KeyError("told by the second")
def f(x):
    while time.time() <= {moment}:
        pass
    os._exit(0)
"""


def test_cells_that_use_up_the_time_are_no_fault_of_the_sandbox(sandbox: Sandbox) -> None:
    usual, sandbox.limits = sandbox.limits, replace(sandbox.limits, total_seconds=0.7)
    try:
        calls = [call(str(number)) for number in range(9)]
        run = sandbox.run(Program((statement(SLOW_TO_START),), "f"), calls)
    finally:
        sandbox.limits = usual
    assert run.calls["0"].outcome == "killed"
    assert run.calls["8"].outcome == "not_run"
    assert any("over 0.7 s in all" in note for note in run.notes)


def test_a_later_childs_cells_have_no_words(ask: Ask) -> None:
    """It may have learnt from the first what a hidden input was, by whatever way there is."""
    ask("def f(x):\n    return x")  # the zygote is there, so the first child starts at once
    run = ask(TURNS_AT.format(moment=time.time() + 2), call("a"), call("b"))
    assert (run.calls["a"].outcome, run.calls["b"].outcome) == ("killed", "not_run")
    assert run.setup.outcome == "raised"
    assert run.setup.stdout == "cells\n"
    assert "told by" not in repr(run)
