"""What each layer of the confinement costs: a part of `make bench`.

Zygotes with all layers, without each one and with none stand side by side; submissions are run on
them in turn, so that a slow minute of the machine falls on all. Two figures a layer: until a child
is confined and speaks, and a whole submission (spawn, cells, every call, reap).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from grader import assignments, fixtures, rubric
from grader.core.record import Exam, Submission
from grader.pipeline import grade
from grader.resources import shipped
from grader.sandbox.parent import CONFINING, Sandbox
from grader.sandbox.zygote import Zygote

ROUNDS = 60
ALL = "strict"
NONE = "none"
LAYERS = ("namespaces", "no capabilities", "undumpable", "Landlock", "seccomp", "resource limits")
"""Those that can be left out alone: Landlock and seccomp need `no new privileges`."""


def measure(references: Path) -> list[tuple[str, str, str]]:
    """Rows of the table: what, milliseconds, ratio to none."""
    ready = _to_speak()
    whole = _whole(references)
    rows = [
        _row("a child, until it is confined", ready),
        _row("a submission, whole", whole),
    ]
    for layer in LAYERS:
        saved = ready[ALL] - ready[layer], whole[ALL] - whole[layer]
        rows.append((f"of these: {layer}", f"{saved[0]:+.2f} ms, {saved[1]:+.2f} ms", ""))
    return rows


def _row(what: str, found: Mapping[str, float]) -> tuple[str, str, str]:
    return (
        f"{what}: strict, none",
        f"{found[ALL]:.2f} ms, {found[NONE]:.2f} ms",
        f"{found[ALL] / found[NONE]:.2f} x none",
    )


def _sets() -> dict[str, frozenset[str]]:
    return {
        ALL: frozenset(),
        NONE: frozenset(CONFINING),
        **{layer: frozenset({layer}) for layer in LAYERS},
    }


def _to_speak() -> dict[str, float]:
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        zygotes = {name: stack.enter_context(Zygote(left)) for name, left in _sets().items()}
        for number in range(ROUNDS + 5):
            for name, zygote in zygotes.items():
                began = time.perf_counter()
                child = zygote.spawn()
                child.talk.settimeout(30)
                child.talk.recv(1)  # the child speaks first, once it is confined
                taken = time.perf_counter() - began
                zygote.reap(child)
                child.close()
                if number >= 5:
                    times.setdefault(name, []).append(taken * 1e3)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _whole(references: Path) -> dict[str, float]:
    exam = _exam()
    sources = sorted((references / "right").glob("*.py"))
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(Sandbox("best-effort", without=left))
            for name, left in _sets().items()
        }
        for number in range(ROUNDS + 3):
            source = sources[number % len(sources)]
            submission = Submission(source.name, source.name, source.read_bytes())
            for name, sandbox in running.items():
                began = time.perf_counter()
                grade(submission, exam, sandbox)
                if number >= 3:
                    times.setdefault(name, []).append((time.perf_counter() - began) * 1e3)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _exam() -> Exam:
    folder = shipped("rubrics")
    loaded = rubric.load("softmax", folder=folder)
    assignment = assignments.load("softmax", folder)
    every = fixtures.load_all(assignments.fixture_folder("softmax", folder), assignment.tasks)
    return Exam(loaded.rubric, loaded.sha256, assignment, every, seed=1)
