"""Running what pure functions of `judging` and `repairing` ask for, by a runner handed in."""

from __future__ import annotations

from grader.observing.relations import observe_relations
from grader.observing.repairs import observe_repair
from grader.observing.target import observe_target

__all__ = ["observe_relations", "observe_repair", "observe_target"]
