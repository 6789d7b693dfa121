"""The trial of the confinement: what it finds, and what strict makes of it."""

from __future__ import annotations

import pytest

from grader.core.errors import IsolationRefused
from grader.core.observation import Program
from grader.sandbox.parent import CONFINING, Sandbox
from grader.sandbox.trial import ACTS, Trial, layers_missing_here, refusal, refusal_without
from tests.sandbox.conftest import call, statement


def test_a_confined_child_fails_at_every_act_and_can_compute(sandbox: Sandbox) -> None:
    trial = sandbox.trial()
    assert trial.done == ()
    assert trial.needs == ""
    assert refusal(trial) == ""
    assert set(trial.missing) <= {"namespaces"}


def test_an_unconfined_child_does_them_all() -> None:
    with Sandbox("none") as sandbox:
        trial = sandbox.trial()
    assert trial.done == tuple(ACTS)
    assert trial.needs == ""
    assert set(trial.missing) == set(CONFINING)


@pytest.mark.parametrize(
    ("layer", "done"), [("Landlock", ("read",)), ("seccomp", ("socket", "fork"))]
)
def test_strict_makes_sure_itself_and_runs_nothing(layer: str, done: tuple[str, ...]) -> None:
    program = Program((statement("def f(x):\n    return x"),), "f")
    with Sandbox("strict", without=frozenset({layer})) as sandbox:
        assert sandbox.trial().done[: len(done)] == done
        with pytest.raises(IsolationRefused, match=f"{layer} is missing: a confined child could"):
            sandbox.run(program, [call()])


def test_a_refusal_names_layer_remedy_and_way_out() -> None:
    told = refusal(Trial((), (), ("read", "socket", "exec")))
    assert "Landlock and seccomp are missing" in told
    assert "could read a file of yours, open a socket, run a program" in told
    assert "lsm=landlock" in told
    assert "CONFIG_SECCOMP_FILTER" in told
    assert "--isolation best-effort" in told
    assert "\n" not in told


def test_python_that_a_child_cannot_read_is_refused_in_other_words() -> None:
    told = refusal(Trial((), (), (), needs="import: PermissionError"))
    assert "cannot do what grading needs (import: PermissionError)" in told
    assert "--isolation best-effort" in told


def test_namespaces_are_not_needed() -> None:
    assert refusal_without(["namespaces"]) == ""
    assert refusal_without([]) == ""
    assert "seccomp is missing. " in refusal_without(["namespaces", "seccomp"])


def test_what_is_missing_here_is_what_a_child_lacks(sandbox: Sandbox) -> None:
    assert layers_missing_here() == sandbox.trial().missing
