"""Which criteria of a rubric must be decided before which."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter

from grader.core.rubric import Criterion, Rubric

__all__ = ["in_order", "points_wait_for", "status_waits_for"]


def status_waits_for(rubric: Rubric, main_role: str = "") -> dict[str, tuple[str, ...]]:
    """Criterion id -> the criteria that can skip it: the gates of its role, then `skip_unless`.

    `main_role` is the role that an empty `role` stands for. A gate is skipped by no other gate of
    its role, and a criterion decided by hand by none.
    """
    return {
        criterion.id: tuple(
            dict.fromkeys((*_gates(rubric, criterion, main_role), *criterion.skip_unless))
        )
        for criterion in rubric.criteria
    }


def points_wait_for(rubric: Rubric) -> dict[str, tuple[str, ...]]:
    """Criterion id -> the criteria whose points scale its own."""
    return {criterion.id: criterion.scale_with for criterion in rubric.criteria}


def in_order(waits_for: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The ids, each after those it waits for; graphlib.CycleError (a ValueError) on a cycle.

    The cycle is `error.args[1]`, its first id repeated at the end.
    """
    return tuple(TopologicalSorter(waits_for).static_order())


def _gates(rubric: Rubric, criterion: Criterion, main_role: str) -> tuple[str, ...]:
    if criterion.gate or criterion.check == "manual":
        return ()
    role = criterion.role or main_role
    return tuple(
        gate.id for gate in rubric.criteria if gate.gate and (gate.role or main_role) == role
    )
